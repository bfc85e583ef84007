//! Requests that carry a key, so that sending them again does nothing twice; forgotten after a while.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
};

use super::StoreError;
use super::db::{Db, Tx};
use super::entities::idempotency;

/// A request that was begun under a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repeat {
    /// SHA-256 of the request.
    pub digest: String,
    /// The sealed answer, once there is one; nothing is left of one that was destroyed.
    pub answer: Option<Vec<u8>>,
    /// When it was begun, in microseconds of UTC.
    pub at: i64,
}

impl<C: ConnectionTrait> Db<C> {
    /// What was begun under a key.
    ///
    /// # Errors
    /// What the database said.
    pub async fn repeat(&self, key: &[u8]) -> Result<Option<Repeat>, StoreError> {
        let row = idempotency::Entity::find_by_id(key.to_vec()).one(self.on()).await?;
        Ok(row.map(|r| Repeat { digest: r.request_digest, answer: r.answer, at: r.created_at }))
    }
}

impl Tx {
    /// Takes a key for a request; false if it is taken. One of many that try at once takes it.
    ///
    /// # Errors
    /// What the database said.
    pub async fn begin_repeat(
        &self,
        key: &[u8],
        digest: &str,
        at: i64,
    ) -> Result<bool, StoreError> {
        let row = idempotency::ActiveModel {
            key_hash: Set(key.to_vec()),
            request_digest: Set(digest.to_owned()),
            answer: Set(None),
            created_at: Set(at),
        };
        let once = OnConflict::column(idempotency::Column::KeyHash).do_nothing().to_owned();
        let insert = idempotency::Entity::insert(row).on_conflict(once);
        Ok(insert.exec_without_returning(self.on()).await? == 1)
    }

    /// Keeps the answer to a request.
    ///
    /// # Errors
    /// What the database said.
    pub async fn end_repeat(&self, key: &[u8], sealed: Vec<u8>) -> Result<(), StoreError> {
        let set = idempotency::ActiveModel { answer: Set(Some(sealed)), ..Default::default() };
        let change = idempotency::Entity::update_many().set(set);
        change.filter(idempotency::Column::KeyHash.eq(key.to_vec())).exec(self.on()).await?;
        Ok(())
    }

    /// Gives a key free whose request did nothing.
    ///
    /// # Errors
    /// What the database said.
    pub async fn drop_repeat(&self, key: &[u8]) -> Result<(), StoreError> {
        idempotency::Entity::delete_by_id(key.to_vec()).exec(self.on()).await?;
        Ok(())
    }

    /// Forgets what was begun before a time, and what was begun before another and never answered.
    ///
    /// # Errors
    /// What the database said.
    pub async fn forget_repeats(&self, before: i64, open_before: i64) -> Result<(), StoreError> {
        let begun = idempotency::Column::CreatedAt;
        let open =
            Condition::all().add(idempotency::Column::Answer.is_null()).add(begun.lt(open_before));
        idempotency::Entity::delete_many()
            .filter(Condition::any().add(begun.lt(before)).add(open))
            .exec(self.on())
            .await?;
        Ok(())
    }
}
