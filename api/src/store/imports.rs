//! Imported files: staged, committed, undone. The season's tables are what the committed ones say, the latest first.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use super::StoreError;
use super::db::{Db, Tx};
use super::entities::import_batch;

words! {
    /// What became of an import.
    ImportStatus {
        /// Read and checked, not yet in force.
        Staged = "staged",
        /// Read and faulty: kept to be shown with its faults, never in force.
        Refused = "refused",
        /// In force.
        Committed = "committed",
        /// Taken back.
        Undone = "undone",
    }
}

/// An import without its content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// Its number.
    pub id: i64,
    /// The name of the file as it came.
    pub file_name: String,
    /// SHA-256 of the file as it came.
    pub digest: String,
    /// What became of it.
    pub status: ImportStatus,
    /// What was found in it, as JSON.
    pub summary: String,
    /// Who brought it.
    pub created_by: String,
    /// When, in microseconds of UTC.
    pub created_at: i64,
}

/// An import to be staged.
#[derive(Clone, Debug)]
pub struct NewImport<'a> {
    /// The season.
    pub season: &'a str,
    /// Staged, or refused where faults stand in its way.
    pub status: ImportStatus,
    /// The name of the file as it came.
    pub file_name: &'a str,
    /// SHA-256 of the file as it came.
    pub digest: &'a str,
    /// Its tables, sealed.
    pub content: Vec<u8>,
    /// What was found in it, as JSON.
    pub summary: &'a str,
    /// Who brought it.
    pub by: &'a str,
    /// When, in microseconds of UTC.
    pub at: i64,
}

impl<C: ConnectionTrait> Db<C> {
    /// The imports of a season, oldest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn imports(&self, season: &str) -> Result<Vec<Import>, StoreError> {
        let rows = import_batch::Entity::find()
            .filter(import_batch::Column::SeasonId.eq(season))
            .order_by_asc(import_batch::Column::Id)
            .all(self.on())
            .await?;
        let import = |row: import_batch::Model| {
            Ok(Import {
                id: row.id,
                file_name: row.file_name,
                digest: row.digest,
                status: ImportStatus::of_word(&row.status)?,
                summary: row.summary,
                created_by: row.created_by,
                created_at: row.created_at,
            })
        };
        rows.into_iter().map(import).collect()
    }

    /// The sealed content of an import; none where there is no such import, or its content is gone.
    ///
    /// # Errors
    /// What the database said.
    pub async fn import_content(
        &self,
        season: &str,
        id: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let found: Option<Option<Vec<u8>>> = import_batch::Entity::find()
            .select_only()
            .column(import_batch::Column::Content)
            .filter(import_batch::Column::SeasonId.eq(season))
            .filter(import_batch::Column::Id.eq(id))
            .into_tuple()
            .one(self.on())
            .await?;
        Ok(found.flatten())
    }

    /// The sealed contents of the committed imports of a season with their numbers, in the order of commitment.
    ///
    /// # Errors
    /// What the database said.
    pub async fn committed(&self, season: &str) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let rows: Vec<(i64, Option<Vec<u8>>)> = in_force(season)
            .column(import_batch::Column::Content)
            .into_tuple()
            .all(self.on())
            .await?;
        Ok(rows.into_iter().filter_map(|(id, content)| Some((id, content?))).collect())
    }

    /// The numbers of the committed imports of a season, in the order of commitment.
    ///
    /// # Errors
    /// What the database said.
    pub async fn in_force(&self, season: &str) -> Result<Vec<i64>, StoreError> {
        Ok(in_force(season).into_tuple().all(self.on()).await?)
    }
}

impl Tx {
    /// Keeps an import, staged or refused, and gives its number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn stage(&self, import: NewImport<'_>) -> Result<i64, StoreError> {
        let row = import_batch::ActiveModel {
            season_id: Set(import.season.to_owned()),
            file_name: Set(import.file_name.to_owned()),
            digest: Set(import.digest.to_owned()),
            content: Set(Some(import.content)),
            status: Set(import.status.word().to_owned()),
            summary: Set(import.summary.to_owned()),
            created_by: Set(import.by.to_owned()),
            created_at: Set(import.at),
            ..Default::default()
        };
        Ok(import_batch::Entity::insert(row).exec(self.on()).await?.last_insert_id)
    }

    /// Puts a staged import into force; false if it is not staged.
    ///
    /// # Errors
    /// What the database said.
    pub async fn commit_import(&self, season: &str, id: i64, at: i64) -> Result<bool, StoreError> {
        let set = import_batch::ActiveModel {
            status: Set(ImportStatus::Committed.word().to_owned()),
            committed_at: Set(Some(at)),
            ..Default::default()
        };
        self.change_import(season, id, &[ImportStatus::Staged], set).await
    }

    /// Takes an import back; false if it was taken back before, or refused.
    ///
    /// # Errors
    /// What the database said.
    pub async fn undo_import(&self, season: &str, id: i64) -> Result<bool, StoreError> {
        let set = import_batch::ActiveModel {
            status: Set(ImportStatus::Undone.word().to_owned()),
            content: Set(None),
            ..Default::default()
        };
        let before = [ImportStatus::Staged, ImportStatus::Committed];
        self.change_import(season, id, &before, set).await
    }

    async fn change_import(
        &self,
        season: &str,
        id: i64,
        before: &[ImportStatus],
        set: import_batch::ActiveModel,
    ) -> Result<bool, StoreError> {
        let changed = import_batch::Entity::update_many()
            .set(set)
            .filter(import_batch::Column::Id.eq(id))
            .filter(import_batch::Column::SeasonId.eq(season))
            .filter(import_batch::Column::Status.is_in(before.iter().map(|s| s.word())))
            .exec(self.on())
            .await?;
        Ok(changed.rows_affected == 1)
    }
}

/// The numbers of the committed imports of a season.
fn in_force(season: &str) -> Select<import_batch::Entity> {
    import_batch::Entity::find()
        .select_only()
        .column(import_batch::Column::Id)
        .filter(import_batch::Column::SeasonId.eq(season))
        .filter(import_batch::Column::Status.eq(ImportStatus::Committed.word()))
        .order_by_asc(import_batch::Column::CommittedAt)
        .order_by_asc(import_batch::Column::Id)
}
