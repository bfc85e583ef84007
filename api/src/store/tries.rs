//! Tries with a password, counted by name over all servers; forgotten after a while.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement};

use super::StoreError;
use super::db::Tx;
use super::entities::sign_in_try;

impl Tx {
    /// Takes one of the tries that a name has, `most` since the first of them; false if they are used up. Of many that
    /// try at once no more than `most` get one.
    ///
    /// # Errors
    /// What the database said.
    pub async fn take_try(&self, name: &[u8], most: u32, at: i64) -> Result<bool, StoreError> {
        let sql = "INSERT INTO sign_in_try (name_hash, tries, since) VALUES ($1, 1, $2) \
                   ON CONFLICT (name_hash) DO UPDATE SET tries = sign_in_try.tries + 1 \
                   WHERE sign_in_try.tries < $3";
        let values = [name.to_vec().into(), at.into(), i64::from(most).into()];
        let backend = self.on().get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        Ok(self.on().execute_raw(statement).await?.rows_affected() == 1)
    }

    /// Forgets the tries of a name, for one was right.
    ///
    /// # Errors
    /// What the database said.
    pub async fn forget_tries(&self, name: &[u8]) -> Result<(), StoreError> {
        sign_in_try::Entity::delete_by_id(name.to_vec()).exec(self.on()).await?;
        Ok(())
    }

    /// Forgets the tries that began before a time.
    ///
    /// # Errors
    /// What the database said.
    pub async fn forget_old_tries(&self, before: i64) -> Result<(), StoreError> {
        let old = sign_in_try::Entity::delete_many().filter(sign_in_try::Column::Since.lt(before));
        old.exec(self.on()).await?;
        Ok(())
    }
}
