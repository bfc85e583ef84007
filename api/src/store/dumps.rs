//! Dumps of the registry system, kept as they were brought, sealed.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::StoreError;
use super::db::{Db, Tx};
use super::entities::registry_dump;
use super::plan::{count, stored};

/// A dump without its content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dump {
    /// Its number.
    pub id: i64,
    /// The name of the file.
    pub file_name: String,
    /// SHA-256 of the file.
    pub digest: String,
    /// How many records it has.
    pub rows: u32,
    /// Who brought it.
    pub by: String,
    /// When, in microseconds of UTC.
    pub at: i64,
}

/// A dump to be kept.
#[derive(Clone, Debug)]
pub struct NewDump<'a> {
    /// The season.
    pub season: &'a str,
    /// The name of the file.
    pub file_name: &'a str,
    /// SHA-256 of the file.
    pub digest: &'a str,
    /// The file, sealed.
    pub content: Vec<u8>,
    /// How many records it has.
    pub rows: u32,
    /// Who brought it.
    pub by: &'a str,
    /// When, in microseconds of UTC.
    pub at: i64,
}

impl<C: ConnectionTrait> Db<C> {
    /// The dumps of a season, latest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn dumps(&self, season: &str) -> Result<Vec<Dump>, StoreError> {
        use registry_dump::Column as D;
        type Row = (i64, String, String, i32, String, i64);
        let rows: Vec<Row> = registry_dump::Entity::find()
            .select_only()
            .columns([D::Id, D::FileName, D::Digest, D::RowCount, D::CreatedBy, D::CreatedAt])
            .filter(D::SeasonId.eq(season))
            .order_by_desc(D::Id)
            .into_tuple()
            .all(self.on())
            .await?;
        let dump = |(id, file_name, digest, rows, by, at): Row| {
            Ok(Dump { id, file_name, digest, rows: count(rows)?, by, at })
        };
        rows.into_iter().map(dump).collect()
    }

    /// The name and the sealed content of a dump of a season; no content where it was destroyed.
    ///
    /// # Errors
    /// What the database said.
    pub async fn dump_content(
        &self,
        season: &str,
        id: i64,
    ) -> Result<Option<(String, Option<Vec<u8>>)>, StoreError> {
        let row = registry_dump::Entity::find_by_id(id)
            .filter(registry_dump::Column::SeasonId.eq(season))
            .one(self.on())
            .await?;
        Ok(row.map(|row| (row.file_name, row.content)))
    }
}

impl Tx {
    /// Keeps a dump and gives its number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn store_dump(&self, new: NewDump<'_>) -> Result<i64, StoreError> {
        let row = registry_dump::ActiveModel {
            season_id: Set(new.season.to_owned()),
            file_name: Set(new.file_name.to_owned()),
            digest: Set(new.digest.to_owned()),
            content: Set(Some(new.content)),
            row_count: Set(stored(new.rows)),
            created_by: Set(new.by.to_owned()),
            created_at: Set(new.at),
            ..Default::default()
        };
        Ok(row.insert(self.on()).await?.id)
    }
}
