//! What every command finds of an installation: its lock, its keys, the checkpoints kept outside.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;

use super::{refused, say};
use crate::acts::{ActError, Actor, Kept, Office};
use crate::auth::keys::Keys;
use crate::config::{Config, without_password};
use crate::error::Failure;
use crate::ledger::Guard;
use crate::store::Store;

/// Held by whoever serves or replaces an SQLite database; others are turned away. PostgreSQL takes any number.
pub(super) struct Lock(Option<File>);

impl Lock {
    /// Takes the lock of an SQLite database.
    ///
    /// # Errors
    /// `Conflict` while another process holds it; a file that cannot be made.
    pub(super) fn take(config: &Config) -> Result<Self, Failure> {
        let Some(database) = config.sqlite_file() else { return Ok(Self(None)) };
        let path = database.with_extension("lock");
        let mut options = for_its_owner();
        options.create(true).truncate(false);
        let file = options.open(&path).map_err(Failure::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(Some(file))),
            Err(TryLockError::WouldBlock) => Err(Failure::Conflict(format!(
                "{} 正由另一个 luqu 进程使用；SQLite 只供一台服务器，多台请用 PostgreSQL",
                database.display()
            ))),
            Err(TryLockError::Error(error)) => Err(Failure::io(&path)(error)),
        }
    }

    /// Whether nobody else can be serving this database.
    pub(super) const fn alone(&self) -> bool {
        self.0.is_some()
    }
}

/// A clock that differs by more than this misleads about deadlines, in microseconds.
pub(super) const CLOCK: i64 = 5_000_000;

/// For a file that is written, and that none but its owner can read once it is made.
fn for_its_owner() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a file that is not there yet, for its owner alone.
///
/// # Errors
/// It is there already; what the system said.
pub(super) fn private_file(path: &Path) -> Result<File, Failure> {
    for_its_owner().create_new(true).open(path).map_err(Failure::io(path))
}

/// Makes a folder where it is absent, for its owner alone. One that is there stays as it is.
///
/// # Errors
/// What the system said.
pub(super) fn private_folder(path: &Path) -> Result<(), Failure> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(Failure::io(path))
}

/// Opens the database of an installation that is there, whatever is in it: a command that looks at one makes none.
///
/// # Errors
/// `Usage` for one that is absent or empty; what the database said.
pub(super) async fn existing(config: &Config) -> Result<Store, Failure> {
    let refused = |what: String| {
        Failure::Usage(format!(
            "{what}：用 --data 或 --database 指明已有的数据库；新安装先运行 luqu serve，或以所有者运行 luqu database migrate"
        ))
    };
    let shown = without_password(&config.database);
    if config.sqlite_file().is_some_and(|file| !file.exists()) {
        return Err(refused(format!("没有数据库 {shown}")));
    }
    let store = match Store::look_into(&config.database).await {
        Err(error) if error.is_absent() => return Err(refused(format!("没有数据库 {shown}"))),
        opened => opened.map_err(of_store)?,
    };
    if store.is_empty().await.map_err(of_store)? {
        return Err(refused(format!("数据库 {shown} 是空的")));
    }
    Ok(store)
}

/// The keys; made anew only for a database that nothing was ever recorded in.
///
/// # Errors
/// Keys that are missing where there is a ledger: new ones would open nothing that is sealed.
pub(super) async fn keys_of(config: &Config, store: &Store) -> Result<Keys, Failure> {
    if config.keys.exists() {
        return Keys::read(&config.keys);
    }
    let entries = store.read().ledger_size().await;
    if entries.map_err(|e| Failure::Internal(e.to_string()))? > 0 {
        return Err(Failure::Conflict(format!(
            "密钥文件 {} 不见了，而数据库中已有日志。请从密钥备份恢复；新密钥打不开已封存的数据",
            config.keys.display()
        )));
    }
    Keys::open_or_create(&config.keys)
}

/// The checkpoints kept elsewhere that the configuration names.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn witnesses(config: &Config) -> Result<Vec<Kept>, Failure> {
    let kept = |path: &std::path::PathBuf| {
        let note = std::fs::read_to_string(path).map_err(Failure::io(path))?;
        Ok(Kept { place: format!("外部检查点 {}", path.display()), note })
    };
    config.witness.iter().map(kept).collect()
}

/// The office over a store, with the keys that are there, the guard and the years of the configuration.
///
/// # Errors
/// Keys that are absent or unusable.
pub(super) fn office(config: &Config, store: Store) -> Result<Office, Failure> {
    let keys = Keys::read(&config.keys)?;
    let office = Office::new(store, Arc::new(keys)).guarded(Guard::at(config.guard.clone()));
    Ok(office.keeping(config.retention_years))
}

/// Runs the work of a command that talks to a database.
///
/// # Errors
/// What the work says.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::Internal(e.to_string()))?
        .block_on(work)
}

/// A failure of the store outside an act.
pub(super) fn of_store(error: crate::store::StoreError) -> Failure {
    if error.is_forbidden() {
        return Failure::NotPermitted(format!(
            "数据库的这个角色没有所需的权限，或库中没有 luqu 的表（{error}）"
        ));
    }
    refused(error.into())
}

/// The two people of these accounts, each by the password that they type: a line of standard input each.
///
/// # Errors
/// `NotPermitted` for a wrong name or password.
pub(super) async fn two_people(office: &Office, names: [&str; 2]) -> Result<[Actor; 2], Failure> {
    let person = async |name: &str| {
        let account = office.recognise(name, &password(name)?).await.map_err(refused)?;
        // Whoever gave the password knows it too, until it is changed.
        if account.must_change {
            let text = format!("账号 {name} 的密码由他人设置，请本人先登录改密");
            return Err(refused(ActError::NotPermitted(text)));
        }
        Ok(Actor::of(&account))
    };
    let [first, second] = names;
    Ok([person(first).await?, person(second).await?])
}

/// One line of standard input, not shown where a terminal can be told so.
fn password(of: &str) -> Result<String, Failure> {
    let stdin = std::io::stdin();
    let terminal = stdin.is_terminal();
    let echo = |mode: &str| {
        // Without `stty` the password is shown, which is for whoever types it to notice.
        let _ = std::process::Command::new("stty").arg(mode).status();
    };
    if terminal {
        say(format_args!("{of} 的密码："));
        echo("-echo");
    }
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    if terminal {
        echo("echo");
    }
    read.map_err(|source| Failure::Io { path: "<stdin>".into(), source })?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
