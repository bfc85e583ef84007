//! Upkeep of a whole database: rewriting it, copying, checking that pages and keys are whole.

use std::path::Path;

use sea_orm::DbBackend;

use super::retention::scrubbed;
use super::{Store, StoreError};

impl Store {
    /// Rewrites the database so that nothing destroyed is left in its files: on SQLite the whole file and its log, on
    /// PostgreSQL the tables concerned, if this role owns them. False if it does not.
    ///
    /// # Errors
    /// What the database said; on SQLite, a reader that keeps the log from being emptied.
    pub async fn scrub(&self) -> Result<bool, StoreError> {
        if self.backend() == DbBackend::Postgres {
            let owner = "SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class \
                         WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'";
            if !self.ask_one::<bool>(owner).await?.unwrap_or(false) {
                return Ok(false);
            }
            for table in scrubbed() {
                self.execute_raw(&format!("VACUUM (FULL) {table}")).await?;
            }
            return Ok(true);
        }
        self.execute_raw("VACUUM").await?;
        // The log holds pages of before until it is emptied, which waits for whoever still reads.
        for _ in 0..50 {
            let busy = self.ask_one::<i32>("PRAGMA wal_checkpoint(TRUNCATE)").await?;
            if busy == Some(0) {
                return Ok(true);
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        Err(StoreError::Foreign(
            "the log of SQLite could not be emptied: a reader stays".to_owned(),
        ))
    }

    /// Writes a consistent copy of an SQLite database while others go on using it.
    ///
    /// # Errors
    /// The file is there already and not empty; what the database said.
    pub async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let Some(path) = path.to_str() else {
            return Err(StoreError::Foreign("a path that is no text".to_owned()));
        };
        self.execute_raw(&format!("VACUUM INTO '{}'", path.replace('\'', "''"))).await?;
        Ok(())
    }

    /// What is broken in the pages or keys of the database, as the database says it; nothing if it is whole.
    /// PostgreSQL is not asked: it has no such check over SQL.
    ///
    /// # Errors
    /// What the database said.
    pub async fn broken(&self) -> Result<Option<String>, StoreError> {
        if self.backend() == DbBackend::Postgres {
            return Ok(None);
        }
        let pages = self.ask_one::<String>("PRAGMA integrity_check(1)").await?;
        if pages.as_deref() != Some("ok") {
            return Ok(Some(pages.unwrap_or_default()));
        }
        let keys = self.ask_one::<String>("PRAGMA foreign_key_check").await?;
        Ok(keys.map(|table| format!("a key of {table} points nowhere")))
    }

    /// How far the clock of the database is ahead of `now`, in microseconds of UTC. SQLite has none of its own.
    ///
    /// # Errors
    /// What the database said.
    pub async fn clock_ahead(&self, now: i64) -> Result<i64, StoreError> {
        if self.backend() == DbBackend::Sqlite {
            return Ok(0);
        }
        let asked = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT";
        Ok(self.ask_one::<i64>(asked).await?.map_or(0, |theirs| theirs - now))
    }

    /// Whether there is nothing at all in the database.
    ///
    /// # Errors
    /// What the database said.
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        let tables = match self.backend() {
            DbBackend::Postgres => {
                // A role without rights to the schema has no current one.
                "SELECT count(*) FROM pg_class \
                 WHERE relnamespace = coalesce(current_schema(), 'public')::regnamespace"
            }
            _ => "SELECT count(*) FROM sqlite_schema",
        };
        Ok(self.ask_one::<i64>(tables).await? == Some(0))
    }

    /// A table that this role of PostgreSQL may not read, without which there is no whole copy.
    ///
    /// # Errors
    /// What the database said.
    pub async fn unreadable(&self) -> Result<Option<String>, StoreError> {
        if self.backend() == DbBackend::Sqlite {
            return Ok(None);
        }
        let asked = "SELECT relname::text FROM pg_class \
                     WHERE relnamespace = coalesce(current_schema(), 'public')::regnamespace \
                     AND relkind IN ('r', 'S') AND NOT (has_table_privilege(oid, 'SELECT') \
                     AND has_schema_privilege(relnamespace, 'USAGE')) ORDER BY 1 LIMIT 1";
        self.ask_one::<String>(asked).await
    }

    /// Rights of this role on PostgreSQL that the serving role must not have, in words.
    ///
    /// # Errors
    /// What the database said.
    pub async fn excess_rights(&self) -> Result<Vec<&'static str>, StoreError> {
        if self.backend() == DbBackend::Sqlite {
            return Ok(Vec::new());
        }
        let rights = [
            ("superuser", "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"),
            ("CREATE", "SELECT has_schema_privilege(current_schema(), 'CREATE')"),
            ("DELETE", "SELECT has_table_privilege('admission', 'DELETE')"),
            ("TRUNCATE", "SELECT has_table_privilege('admission', 'TRUNCATE')"),
        ];
        let mut has = Vec::new();
        for (right, asked) in rights {
            if self.ask_one::<bool>(asked).await?.unwrap_or(false) {
                has.push(right);
            }
        }
        Ok(has)
    }
}
