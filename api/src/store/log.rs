//! The ledger's rows and the log of looks at personal data.

use std::collections::BTreeMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::StoreError;
use super::db::{Db, Tx};
use super::entities::{access_log, checkpoint, ledger_entry, ledger_payload};
use crate::ledger::{Entry, Event};

/// A look at something personal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Look {
    /// Microseconds of UTC.
    pub at: i64,
    /// Who looked.
    pub account: String,
    /// How.
    pub action: String,
    /// At whom.
    pub subject: String,
    /// Why, in their words.
    pub reason: String,
}

/// The row of personal data beside an entry of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payload {
    /// The season that they are of.
    pub season: String,
    /// Their salt and bytes; nothing once they are destroyed.
    pub kept: Option<(Vec<u8>, Vec<u8>)>,
}

impl<C: ConnectionTrait> Db<C> {
    /// How many entries the ledger has.
    ///
    /// # Errors
    /// What the database said.
    pub async fn ledger_size(&self) -> Result<u64, StoreError> {
        Ok(self.last_entry().await?.map_or(0, |row| row.seq.cast_unsigned() + 1))
    }

    /// The time of the last entry, in microseconds of UTC.
    ///
    /// # Errors
    /// What the database said.
    pub async fn last_recorded(&self) -> Result<Option<i64>, StoreError> {
        Ok(self.last_entry().await?.map(|row| row.recorded_at))
    }

    async fn last_entry(&self) -> Result<Option<ledger_entry::Model>, StoreError> {
        let last = ledger_entry::Entity::find().order_by_desc(ledger_entry::Column::Seq);
        Ok(last.one(self.on()).await?)
    }

    /// The leaves from number `from`, at most `most`, in order.
    ///
    /// # Errors
    /// What the database said.
    pub async fn leaves(&self, from: u64, most: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        Ok(self.entries(from, most).await?.into_iter().map(|(_, leaf)| leaf).collect())
    }

    /// The same with the numbers of the entries.
    ///
    /// # Errors
    /// What the database said.
    pub async fn entries(&self, from: u64, most: u64) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let rows = ledger_entry::Entity::find()
            .filter(ledger_entry::Column::Seq.gte(from.cast_signed()))
            .order_by_asc(ledger_entry::Column::Seq)
            .limit(most)
            .all(self.on())
            .await?;
        Ok(rows.into_iter().map(|row| (row.seq.cast_unsigned(), row.leaf)).collect())
    }

    /// The rows of personal data, emptied ones too, by the number of their entry.
    ///
    /// # Errors
    /// What the database said.
    pub async fn payload_rows(&self) -> Result<BTreeMap<u64, Payload>, StoreError> {
        let rows = ledger_payload::Entity::find().all(self.on()).await?;
        let row = |row: ledger_payload::Model| {
            let payload = Payload { season: row.season_id, kept: row.salt.zip(row.payload) };
            (row.seq.cast_unsigned(), payload)
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// The checkpoints, by the size of the ledger they cover.
    ///
    /// # Errors
    /// What the database said.
    pub async fn checkpoints(&self) -> Result<Vec<(u64, String)>, StoreError> {
        let rows = checkpoint::Entity::find().order_by_asc(checkpoint::Column::Size);
        let rows = rows.all(self.on()).await?;
        Ok(rows.into_iter().map(|row| (row.size.cast_unsigned(), row.note)).collect())
    }

    /// The checkpoint over most entries: its size, note and time.
    ///
    /// # Errors
    /// What the database said.
    pub async fn last_checkpoint(&self) -> Result<Option<(u64, String, i64)>, StoreError> {
        let last = checkpoint::Entity::find().order_by_desc(checkpoint::Column::Size);
        let row = last.one(self.on()).await?;
        Ok(row.map(|row| (row.size.cast_unsigned(), row.note, row.recorded_at)))
    }

    /// The looks at personal data with their numbers, latest first: those before a number, if one is given, at most
    /// `most`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn looks(
        &self,
        before: Option<i64>,
        most: u64,
    ) -> Result<Vec<(i64, Look)>, StoreError> {
        let mut rows = access_log::Entity::find().order_by_desc(access_log::Column::Id).limit(most);
        if let Some(before) = before {
            rows = rows.filter(access_log::Column::Id.lt(before));
        }
        let look = |row: access_log::Model| {
            let look = Look {
                at: row.at,
                account: row.account,
                action: row.action,
                subject: row.subject,
                reason: row.reason,
            };
            (row.id, look)
        };
        Ok(rows.all(self.on()).await?.into_iter().map(look).collect())
    }
}

impl Tx {
    /// Lets nobody else write to the ledger before this transaction ends. SQLite has one writer as it is.
    pub(super) async fn stand_still(&self) -> Result<(), StoreError> {
        if self.on().get_database_backend() == DbBackend::Postgres {
            self.on().execute_unprepared("SELECT pg_advisory_xact_lock(20260705)").await?;
        }
        Ok(())
    }

    /// Appends an event. Its time is `at`, or that of the last entry where the clock has gone back since.
    ///
    /// # Errors
    /// Another wrote to the ledger meanwhile, which [`Store::write`](super::Store::write) lets nobody; what the database
    /// said.
    pub async fn record(&self, event: &Event, at: i64, salt: [u8; 32]) -> Result<u64, StoreError> {
        let last = self.last_entry().await?;
        let seq = last.as_ref().map_or(0, |row| row.seq + 1);
        let recorded_at = last.map_or(at, |row| at.max(row.recorded_at));
        let leaf = Entry::of(event, recorded_at, &salt).leaf();
        self.insert_all::<ledger_entry::Entity>(vec![ledger_entry::Model {
            seq,
            recorded_at,
            leaf,
        }])
        .await?;
        if let Some(personal) = &event.personal {
            let row = ledger_payload::Model {
                seq,
                season_id: personal.season.clone(),
                salt: Some(salt.to_vec()),
                payload: Some(personal.bytes.clone()),
            };
            self.insert_all::<ledger_payload::Entity>(vec![row]).await?;
        }
        Ok(seq.cast_unsigned())
    }

    /// Writes a signed checkpoint over the first `size` entries.
    ///
    /// # Errors
    /// There is one of the size; what the database said.
    pub async fn store_checkpoint(&self, size: u64, note: &str, at: i64) -> Result<(), StoreError> {
        let row =
            checkpoint::Model { size: size.cast_signed(), note: note.to_owned(), recorded_at: at };
        Ok(self.insert_all::<checkpoint::Entity>(vec![row]).await?)
    }

    /// Records a look.
    ///
    /// # Errors
    /// What the database said.
    pub async fn record_look(&self, look: &Look) -> Result<(), StoreError> {
        let row = access_log::Model {
            id: 0,
            at: look.at,
            account: look.account.clone(),
            action: look.action.clone(),
            subject: look.subject.clone(),
            reason: look.reason.clone(),
        };
        Ok(self.insert_numbered::<access_log::Entity>(vec![row], access_log::Column::Id).await?)
    }
}
