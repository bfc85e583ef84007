//! Decisions of ties 同分裁定: who goes first among equals, each with its document.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::StoreError;
use super::db::{Db, Tx};
use super::entities::tie_decision;
use super::plan::{count, stored};

/// The recorded place of an applicant among equals.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TieRow {
    /// 报名号
    pub applicant: String,
    /// Smaller goes first.
    pub order: u32,
    /// The document that decided.
    pub document: String,
    /// Who recorded it.
    pub recorded_by: String,
    /// When, in microseconds of UTC.
    pub recorded_at: i64,
}

impl<C: ConnectionTrait> Db<C> {
    /// The decided ties of a batch, by order and applicant.
    ///
    /// # Errors
    /// What the database said.
    pub async fn tie_rows(&self, season: &str, batch: &str) -> Result<Vec<TieRow>, StoreError> {
        let rows = tie_decision::Entity::find()
            .filter(tie_decision::Column::SeasonId.eq(season))
            .filter(tie_decision::Column::Batch.eq(batch))
            .order_by_asc(tie_decision::Column::Ord)
            .order_by_asc(tie_decision::Column::ApplicantId);
        let row = |t: tie_decision::Model| {
            Ok(TieRow {
                applicant: t.applicant_id,
                order: count(t.ord)?,
                document: t.document,
                recorded_by: t.recorded_by,
                recorded_at: t.recorded_at,
            })
        };
        rows.all(self.on()).await?.into_iter().map(row).collect()
    }
}

impl Tx {
    /// Records the order of applicants in a batch, once each.
    ///
    /// # Errors
    /// One has an order already; what the database said.
    pub async fn store_ties(
        &self,
        season: &str,
        batch: &str,
        rows: &[TieRow],
    ) -> Result<(), StoreError> {
        let row = |t: &TieRow| tie_decision::Model {
            season_id: season.to_owned(),
            batch: batch.to_owned(),
            applicant_id: t.applicant.clone(),
            ord: stored(t.order),
            document: t.document.clone(),
            recorded_by: t.recorded_by.clone(),
            recorded_at: t.recorded_at,
        };
        Ok(self.insert_all::<tie_decision::Entity>(rows.iter().map(row).collect()).await?)
    }
}
