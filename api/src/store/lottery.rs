//! The seed of a season's lottery: committed when the season begins, published once.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::StoreError;
use super::db::{Db, Tx};
use super::entities::lottery;

/// The lottery of a season.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LotteryRow {
    /// SHA-256 of the secret, in hex.
    pub commitment: String,
    /// The secret under the keys of the installation, where it was drawn here.
    pub sealed: Option<Vec<u8>>,
    /// The seed, once it is published.
    pub seed: Option<String>,
}

impl<C: ConnectionTrait> Db<C> {
    /// The lottery of a season, if it has begun.
    ///
    /// # Errors
    /// What the database said.
    pub async fn lottery(&self, season: &str) -> Result<Option<LotteryRow>, StoreError> {
        let row = lottery::Entity::find_by_id(season).one(self.on()).await?;
        Ok(row.map(|r| LotteryRow { commitment: r.commitment, sealed: r.sealed, seed: r.seed }))
    }
}

impl Tx {
    /// Writes the commitment of a season; with a seed it is public from the start.
    ///
    /// # Errors
    /// There is one; what the database said.
    pub async fn commit_lottery(
        &self,
        season: &str,
        row: &LotteryRow,
        by: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let public = row.seed.is_some();
        let row = lottery::Model {
            season_id: season.to_owned(),
            commitment: row.commitment.clone(),
            sealed: row.sealed.clone(),
            revealed: public.into(),
            seed: row.seed.clone(),
            revealed_by: public.then(|| by.to_owned()),
            revealed_at: public.then_some(at),
        };
        Ok(self.insert_all::<lottery::Entity>(vec![row]).await?)
    }

    /// Publishes the seed; false if it is public already.
    ///
    /// # Errors
    /// What the database said.
    pub async fn reveal_lottery(
        &self,
        season: &str,
        seed: &str,
        by: &str,
        at: i64,
    ) -> Result<bool, StoreError> {
        let changed = lottery::Entity::update_many()
            .set(lottery::ActiveModel {
                revealed: Set(1),
                seed: Set(Some(seed.to_owned())),
                revealed_by: Set(Some(by.to_owned())),
                revealed_at: Set(Some(at)),
                ..Default::default()
            })
            .filter(lottery::Column::SeasonId.eq(season))
            .filter(lottery::Column::Revealed.eq(0))
            .exec(self.on())
            .await?;
        Ok(changed.rows_affected == 1)
    }
}
