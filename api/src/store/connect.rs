//! Opening a database: the pragmas or roles that the law needs are set and asserted, the schema is the compiled one.

use std::time::Duration;

use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous,
};
use sea_orm::sqlx::{ConnectOptions as _, Connection as _};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, RuntimeErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, TryGetable, sqlx,
};
use sea_orm_migration::MigratorTrait;

use super::db::{Db, Reader, Tx};
use super::migrations::Migrator;
use super::{fingerprint, laws};

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

/// What a database is that cannot be written, and what to do.
const READ_ONLY: &str =
    "数据库只读（只读副本，或设置了 default_transaction_read_only）；请连接主库";
const READ_ONLY_FILE: &str =
    "数据库只读：运行 luqu 的用户不能写数据库文件或它的目录；请用 chown、chmod 交还写权限";

impl StoreError {
    /// The law that refused, if it was one, in words.
    #[must_use]
    pub fn broken_law(&self) -> Option<String> {
        match self {
            Self::Database(error) => laws::told(&error.to_string()),
            Self::Foreign(_) => None,
        }
    }

    /// Whether the same may go well a moment later: a lock that others hold, a deadlock that was broken, a database that
    /// is starting, stopping, full of connections or out of reach.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        let Self::Database(error) = self else { return false };
        let (DbErr::Conn(said) | DbErr::Exec(said) | DbErr::Query(said)) = error else {
            return matches!(error, DbErr::ConnectionAcquire(_));
        };
        let RuntimeErr::SqlxError(said) = said else { return false };
        match &**said {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
            sqlx::Error::Database(said) => said.code().is_some_and(|code| is_passing(&code)),
            _ => false,
        }
    }

    /// The code of the database for what it said, if it said something of its own.
    fn code(&self) -> Option<String> {
        let Self::Database(DbErr::Conn(said) | DbErr::Exec(said) | DbErr::Query(said)) = self
        else {
            return None;
        };
        let RuntimeErr::SqlxError(said) = said else { return None };
        Some(said.as_database_error()?.code()?.into_owned())
    }

    /// Whether an SQLite file, or the folder that its log stands in, may not be written.
    fn is_read_only_file(&self) -> bool {
        let code = self.code().and_then(|code| code.parse::<u32>().ok());
        code.is_some_and(|code| code & 0xff == 8)
    }

    /// Whether this role of PostgreSQL has not the right to what it asked, or to see that it is there.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        matches!(self.code().as_deref(), Some("42501" | "42P01"))
    }

    /// Whether the server of PostgreSQL has no database of the name.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.code().as_deref() == Some("3D000")
    }

    /// A value that this program never writes.
    pub(super) fn foreign(what: &str) -> Self {
        Self::Foreign(format!("the database holds what this program never writes: {what}"))
    }
}

/// How long a server waits for a connection of its own.
const ACQUIRED: Duration = Duration::from_secs(5);

/// How long a server waits for what others have locked.
const LOCKED: Duration = Duration::from_secs(10);

/// An open database.
#[derive(Clone, Debug)]
pub struct Store {
    connection: DatabaseConnection,
    /// Digest of the schema as it was found at the opening; none where nobody looked.
    schema: Option<String>,
}

impl Store {
    /// Opens a database by URL (`sqlite://path`, `postgres://…`), creating an SQLite file that is absent, and brings
    /// its schema up to this build where the role may: the owner does, the role that serves finds it done.
    ///
    /// # Errors
    /// A database that cannot be reached or written, lacks a pragma, or whose schema differs from the compiled one.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let options = options(url, true);
        for_its_owner(options.get_url());
        let connection = Database::connect(options).await?;
        let mut store = Self { connection, schema: None };
        if let Some(why) = store.read_only().await? {
            return Err(StoreError::Foreign(why.to_owned()));
        }
        if let Some((pragma, found, wanted)) = store.wrong_pragmas().await?.into_iter().next() {
            let text = format!("SQLite pragma {pragma} is {found:?}, must be {wanted:?}");
            return Err(StoreError::Foreign(text));
        }
        if store.may_migrate().await? {
            Migrator::up(&store.connection, None).await?;
        }
        if let Some(difference) = store.difference().await? {
            return Err(StoreError::Foreign(difference));
        }
        store.schema = Some(store.schema_digest().await?);
        Ok(store)
    }

    /// The same for a server, where nobody waits long: whoever asks is told to come again.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_to_serve(url: &str) -> Result<Self, StoreError> {
        let Self { connection, schema } = Self::open(url).await?;
        connection.close().await?;
        let mut options = options(url, true);
        options
            .acquire_timeout(ACQUIRED)
            .map_sqlx_postgres_opts(|postgres| {
                postgres.options([("lock_timeout", format!("{}ms", LOCKED.as_millis()))])
            })
            .map_sqlx_sqlite_opts(|sqlite| sqlite_options(sqlite).busy_timeout(LOCKED));
        Ok(Self { connection: Database::connect(options).await?, schema })
    }

    /// Opens a database that is there, whatever is in it, and changes nothing.
    ///
    /// # Errors
    /// A database that is absent or cannot be reached.
    pub async fn look_into(url: &str) -> Result<Self, StoreError> {
        Ok(Self { connection: Database::connect(options(url, false)).await?, schema: None })
    }

    /// What differs between the schema found and the compiled one, in words; nothing if they are the same.
    ///
    /// # Errors
    /// What the database said.
    pub async fn difference(&self) -> Result<Option<String>, StoreError> {
        fingerprint::difference(&self.connection).await
    }

    /// Whether the schema is still the one that was found at the opening.
    ///
    /// # Errors
    /// What the database said.
    pub async fn unchanged(&self) -> Result<bool, StoreError> {
        Ok(self.schema.as_ref() == Some(&self.schema_digest().await?))
    }

    /// A digest of the schema as it stands.
    ///
    /// # Errors
    /// What the database said.
    pub async fn schema_digest(&self) -> Result<String, StoreError> {
        let lines = fingerprint::found(&self.connection).await?.join("\n");
        Ok(luqu_engine::domain::digest::of_bytes(lines.as_bytes()).to_string())
    }

    /// Why nothing can be written here at all, in words: a replica of PostgreSQL, a file of SQLite that belongs to another.
    /// One that others write to just now can be.
    ///
    /// # Errors
    /// What the database said.
    pub async fn read_only(&self) -> Result<Option<&'static str>, StoreError> {
        if self.backend() == DbBackend::Sqlite {
            let tried = self.try_to_write().await;
            let refused = tried.as_ref().is_err_and(StoreError::is_read_only_file);
            return match tried {
                Err(error) if !refused && !error.is_passing() => Err(error),
                _ => Ok(refused.then_some(READ_ONLY_FILE)),
            };
        }
        let asked = "SELECT current_setting('transaction_read_only')::boolean";
        let is = self.ask_one::<bool>(asked).await?.unwrap_or(false);
        Ok(is.then_some(READ_ONLY))
    }

    /// Writes what is at once taken back. A transaction that only begins is let pass by a file that cannot be written.
    async fn try_to_write(&self) -> Result<(), StoreError> {
        let tx = self.jot().await?;
        tx.on().execute_unprepared("PRAGMA user_version = 1").await?;
        Ok(tx.0.rollback().await?)
    }

    /// The migrations of this build that the database does not know to have had.
    ///
    /// # Errors
    /// What the database said.
    pub async fn missing_migrations(&self) -> Result<Vec<String>, StoreError> {
        let there = match self.backend() {
            DbBackend::Postgres => "SELECT count(to_regclass('seaql_migrations'))",
            _ => "SELECT count(*) FROM sqlite_schema WHERE name = 'seaql_migrations'",
        };
        let there = self.ask_one::<i64>(there).await? == Some(1);
        let mut missing = Vec::new();
        for migration in Migrator::migrations() {
            let name = migration.name();
            let asked = format!("SELECT count(*) FROM seaql_migrations WHERE version = '{name}'");
            if !there || self.ask_one::<i64>(&asked).await? == Some(0) {
                missing.push(name.to_owned());
            }
        }
        Ok(missing)
    }

    /// Whether this role makes tables here. SQLite has no roles.
    async fn may_migrate(&self) -> Result<bool, StoreError> {
        if self.backend() == DbBackend::Sqlite {
            return Ok(true);
        }
        let asked = "SELECT has_schema_privilege(current_schema(), 'CREATE')";
        Ok(self.ask_one::<bool>(asked).await?.unwrap_or(false))
    }

    /// The first column of the first row of a query.
    pub(super) async fn ask_one<T: TryGetable>(&self, sql: &str) -> Result<Option<T>, StoreError> {
        let statement = Statement::from_string(self.backend(), sql);
        let row = self.connection.query_one_raw(statement).await?;
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
    }

    /// Closes every connection.
    ///
    /// # Errors
    /// What the database said.
    pub async fn close(self) -> Result<(), StoreError> {
        Ok(self.connection.close().await?)
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

    /// Begins a transaction that writes, and is the only one to: what it reads is what those before it left, and entries
    /// of the ledger become visible in the order of their numbers. Whoever locked a row first and the ledger after it
    /// could wait for one that did the opposite.
    ///
    /// # Errors
    /// What the database said.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        let tx = self.jot().await?;
        tx.stand_still().await?;
        Ok(tx)
    }

    /// Begins a transaction that writes what the ledger does not record, such as a sign of life, beside those that do.
    /// On SQLite, which has one writer, it takes the write lock at once: one that begins by reading could find the
    /// database locked at its first write.
    ///
    /// # Errors
    /// What the database said.
    pub async fn jot(&self) -> Result<Tx, StoreError> {
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

    /// The pragmas that are not as they must be: name, found, wanted. PostgreSQL has none.
    ///
    /// # Errors
    /// What the database said.
    pub async fn wrong_pragmas(
        &self,
    ) -> Result<Vec<(&'static str, String, &'static str)>, StoreError> {
        if self.backend() != DbBackend::Sqlite {
            return Ok(Vec::new());
        }
        let wanted = [
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("foreign_keys", "1"),
            ("recursive_triggers", "1"),
            ("trusted_schema", "0"),
            ("secure_delete", "1"),
        ];
        let mut wrong = Vec::new();
        for (pragma, value) in wanted {
            let statement = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {pragma}"));
            let row = self.connection.query_one_raw(statement).await?;
            let found = row.map(|r| {
                r.try_get_by_index::<String>(0)
                    .or_else(|_| r.try_get_by_index::<i64>(0).map(|v| v.to_string()))
            });
            let found = found.transpose()?.unwrap_or_default();
            if found != value {
                wrong.push((pragma, found, value));
            }
        }
        Ok(wrong)
    }
}

/// Of the codes of PostgreSQL: connection lost, transaction rolled back, out of resources, lock not available, stopped
/// by an operator. Of those of SQLite, which are numbers: busy, locked and full.
fn is_passing(code: &str) -> bool {
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6 | 13),
        _ => {
            code == "55P03" || ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))
        }
    }
}

/// Makes the file of an SQLite database that is absent, for its owner alone; its log gets the same rights. What cannot be
/// made is for the driver to say.
fn for_its_owner(url: &str) {
    let Ok(sqlite) = url.parse::<SqliteConnectOptions>() else { return };
    let creates = url.split_once('?').is_some_and(|(_, query)| query.contains("mode=rwc"));
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    if creates {
        let _ = options.open(sqlite.get_filename());
    }
}

fn options(url: &str, create: bool) -> ConnectOptions {
    let url = match url.strip_prefix("sqlite://") {
        Some(path) if !path.contains('?') => {
            format!("sqlite://{path}?mode={}", if create { "rwc" } else { "rw" })
        }
        _ => url.to_owned(),
    };
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(30))
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(sqlite_options)
        .map_sqlx_sqlite_pool_opts(|pool| {
            pool.after_release(|connection, _| Box::pin(has_ended(connection)))
        });
    options
}

/// Whether the transaction of a connection has ended, so that the connection may serve another. A full disk makes SQLite
/// roll back by itself, and the driver, whose own rollback then fails, goes on as if inside of the transaction: what
/// it begins and ends after that is never there. Such a connection is closed, which undoes what is open in it.
async fn has_ended(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // Behind the rollback that is still under way.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

fn sqlite_options(sqlite: SqliteConnectOptions) -> SqliteConnectOptions {
    sqlite
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(30))
        .pragma("recursive_triggers", "1")
        .pragma("trusted_schema", "0")
        // What is destroyed is overwritten, not only forgotten.
        .pragma("secure_delete", "1")
        .disable_statement_logging()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sea_orm::ConnectionTrait as _;

    use super::{Store, StoreError};

    #[test]
    fn what_is_committed_after_sqlite_rolled_back_by_itself_is_there() {
        const ACTS: i64 = 6;
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("luqu.db").display());
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let done = runtime.expect("a runtime").block_on(async {
            let store = Store::open(&url).await?;
            // Connections go back beside the work, and take turns.
            let back = || tokio::time::sleep(Duration::from_millis(50));
            for _ in 0..ACTS {
                // As on a full disk: the driver is not told, and its own rollback fails.
                let tx = store.jot().await?;
                tx.on().execute_unprepared("ROLLBACK").await?;
                drop(tx);
                back().await;
            }
            for _ in 0..ACTS {
                drop(store.jot().await?);
                back().await;
            }
            for act in 0..ACTS {
                let tx = store.jot().await?;
                let insert = format!("INSERT INTO sign_in_try (name_hash, tries, since) VALUES (zeroblob({act}), 1, 1)");
                tx.on().execute_unprepared(&insert).await?;
                tx.commit().await?;
                back().await;
            }
            let anew = Store::open(&url).await?;
            anew.ask_one::<i64>("SELECT count(*) FROM sign_in_try").await
        });
        let found: Result<Option<i64>, StoreError> = done;
        assert_eq!(found.expect("a count"), Some(ACTS));
    }
}
