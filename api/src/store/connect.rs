//! Opening a database: the pragmas or roles that the law needs are set and asserted, the schema is the compiled one.

use std::time::Duration;

use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use super::db::{Db, Reader, Tx};
use super::fingerprint;
use super::migrations::Migrator;

/// Why the store cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What the database said.
    #[error("database: {0}")]
    Database(#[from] DbErr),
    /// The database is not what this program made.
    #[error("{0}")]
    Foreign(String),
}

impl StoreError {
    /// The law that refused, if it was one: the message of a constraint, of a history or of a window.
    #[must_use]
    pub fn broken_law(&self) -> Option<String> {
        let Self::Database(error) = self else { return None };
        let text = error.to_string();
        let lower = text.to_lowercase();
        let laws = ["constraint", "history:", "window:", "ledger:"];
        laws.iter().any(|law| lower.contains(law)).then_some(text)
    }

    /// A value that this program never writes.
    pub(super) fn foreign(what: &str) -> Self {
        Self::Foreign(format!("the database holds what this program never writes: {what}"))
    }
}

/// An open database.
#[derive(Clone, Debug)]
pub struct Store {
    connection: DatabaseConnection,
}

impl Store {
    /// Opens a database by URL (`sqlite://path`, `postgres://…`), creating an SQLite file that is absent, and brings
    /// its schema up to this build.
    ///
    /// # Errors
    /// A database that cannot be reached, lacks a pragma, or whose schema differs from the compiled one.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let connection = Database::connect(options(url)).await?;
        let store = Self { connection };
        if store.backend() == DbBackend::Sqlite {
            store.assert_pragmas().await?;
        }
        Migrator::up(&store.connection, None).await?;
        fingerprint::assert(&store.connection).await?;
        Ok(store)
    }

    /// Which database it is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    /// Queries that only read.
    #[must_use]
    pub fn read(&self) -> Reader {
        Db(self.connection.clone())
    }

    /// Begins a transaction that writes. On SQLite it takes the write lock at once: one that begins by reading could
    /// find the database locked at its first write.
    ///
    /// # Errors
    /// What the database said.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(Db(self.connection.begin_with_options(options).await?))
    }

    /// Runs one statement as it stands.
    ///
    /// # Errors
    /// What the database said.
    pub async fn execute_raw(&self, sql: &str) -> Result<u64, StoreError> {
        Ok(self.connection.execute_unprepared(sql).await?.rows_affected())
    }

    async fn assert_pragmas(&self) -> Result<(), StoreError> {
        let wanted = [
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("foreign_keys", "1"),
            ("recursive_triggers", "1"),
            ("trusted_schema", "0"),
        ];
        for (pragma, value) in wanted {
            let statement = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {pragma}"));
            let row = self.connection.query_one_raw(statement).await?;
            let found = row.map(|r| {
                r.try_get_by_index::<String>(0)
                    .or_else(|_| r.try_get_by_index::<i64>(0).map(|v| v.to_string()))
            });
            let found = found.transpose()?.unwrap_or_default();
            if found != value {
                let text = format!("SQLite pragma {pragma} is {found:?}, must be {value:?}");
                return Err(StoreError::Foreign(text));
            }
        }
        Ok(())
    }
}

fn options(url: &str) -> ConnectOptions {
    let url = match url.strip_prefix("sqlite://") {
        Some(path) if !path.contains('?') => format!("sqlite://{path}?mode=rwc"),
        _ => url.to_owned(),
    };
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(30))
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(30))
                .pragma("recursive_triggers", "1")
                .pragma("trusted_schema", "0")
                .disable_statement_logging()
        });
    options
}
