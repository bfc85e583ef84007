//! `luqu restore`: puts a backup in the place of the database, if it reaches every checkpoint known outside.

use std::path::{Path, PathBuf};

use super::backup::{MANIFEST, Manifest, sha256_of, succeed, tool};
use super::installation::{Lock, block_on, of_store, private_file, two_people, witnesses};
use super::{Exit, refused, say};
use crate::acts::{Kept, Office, now};
use crate::config::{Config, Flags, ServerFlags};
use crate::error::Failure;
use crate::ledger::Guard;
use crate::store::Store;

/// The arguments of `luqu restore`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    flags: Flags,
    /// 备份目录
    backup: PathBuf,
    /// 备份比已知检查点旧、又确实没有更新的备份时：由两人签名接受丢失，写明原因，记入日志
    #[arg(long, value_name = "REASON", requires = "by", requires = "and")]
    accept_loss: Option<String>,
    /// 第一签名人账号；密码从标准输入读，每人一行
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// 第二签名人账号（复核），须是另一人
    #[arg(long, value_name = "NAME")]
    and: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let config = Config::of(&args.flags, &ServerFlags::default())?;
    let (manifest, copy) = opened(&args.backup)?;
    let wanted = if config.sqlite_file().is_some() { "sqlite" } else { "postgresql" };
    if manifest.kind != wanted {
        return Err(Failure::Usage(format!("备份是 {}，目标数据库是 {wanted}", manifest.kind)));
    }
    if !config.keys.exists() {
        return Err(Failure::Usage(format!(
            "先把密钥文件恢复到 {}（chmod 600）：它不在备份中",
            config.keys.display()
        )));
    }
    match config.sqlite_file() {
        Some(database) => replace_file(args, &config, &copy, database)?,
        None => block_on(fill(args, &config, &copy))?,
    }
    say(format_args!("已恢复，可以启动 luqu serve；建议先运行 luqu doctor"));
    Ok(Exit::Ok)
}

/// The manifest and the file of a backup that is whole.
fn opened(folder: &Path) -> Result<(Manifest, PathBuf), Failure> {
    let path = folder.join(MANIFEST);
    let text = std::fs::read_to_string(&path).map_err(Failure::io(&path))?;
    let manifest: Manifest = serde_json::from_str(&text)
        .map_err(|e| Failure::Usage(format!("{} 不是备份说明：{e}", path.display())))?;
    let plain = Path::new(&manifest.file).file_name().is_some_and(|f| *f == *manifest.file);
    let copy = folder.join(&manifest.file);
    if !plain || sha256_of(&copy)? != manifest.sha256 {
        return Err(Failure::Usage(format!("{} 与备份说明中的摘要不符", copy.display())));
    }
    Ok((manifest, copy))
}

/// Checks a copy beside the database, then lets it take its place; what was there is set aside, not deleted.
fn replace_file(args: &Args, config: &Config, copy: &Path, database: &Path) -> Result<(), Failure> {
    let _lock = Lock::take(config)?;
    let coming = database.with_extension("restoring");
    let beside = |ending: &str| with_ending(&coming, ending);
    let clean = || {
        for path in [beside(""), beside("-wal"), beside("-shm")] {
            // What was never there needs no removal.
            let _ = std::fs::remove_file(path);
        }
    };
    clean();
    let mut from = std::fs::File::open(copy).map_err(Failure::io(copy))?;
    std::io::copy(&mut from, &mut private_file(&coming)?).map_err(Failure::io(&coming))?;
    let url = format!("sqlite://{}", coming.display());
    let lost = block_on(async {
        let store = Store::look_into(&url).await.map_err(of_store)?;
        if let Some(broken) = store.broken().await.map_err(of_store)? {
            return Err(Failure::Usage(format!("备份中的数据库已损坏：{broken}")));
        }
        let lost = checked(args, config, store.clone()).await?;
        store.scrub().await.map_err(of_store)?;
        store.close().await.map_err(of_store)?;
        Ok(lost)
    });
    let lost = lost.inspect_err(|_| clean())?;
    let aside = database.with_extension(format!("before-restore-{}", now()));
    for ending in ["", "-wal", "-shm"] {
        let from = with_ending(database, ending);
        if from.exists() {
            std::fs::rename(&from, with_ending(&aside, ending)).map_err(Failure::io(&from))?;
        }
    }
    std::fs::rename(&coming, database).map_err(Failure::io(database))?;
    clean();
    if aside.exists() {
        say(format_args!("原数据库已移到 {}", aside.display()));
    }
    give_way(config, lost)
}

/// Fills an empty PostgreSQL database.
async fn fill(args: &Args, config: &Config, copy: &Path) -> Result<(), Failure> {
    let store = Store::look_into(&config.database).await.map_err(of_store)?;
    if !store.is_empty().await.map_err(of_store)? {
        return Err(Failure::Conflict(
            "目标数据库不是空的；请建一个新库再恢复，旧库留作证据".to_owned(),
        ));
    }
    let mut restore = tool("pg_restore", &config.database)?;
    restore.args(["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]);
    succeed(restore.arg(copy))?;
    let lost = checked(args, config, store).await?;
    give_way(config, lost)
}

/// A checkpoint that was given up: the size of the ledger that is lost, and the note in its place.
type Lost = Option<(u64, String)>;

/// Refuses a copy that is not this program's, not under these keys, or older than what is known outside, unless two
/// people accept what is lost.
async fn checked(args: &Args, config: &Config, store: Store) -> Result<Lost, Failure> {
    if let Some(difference) = store.difference().await.map_err(of_store)? {
        return Err(Failure::Usage(difference));
    }
    // Without a guard of its own: what it seals counts only once it is in place.
    let office =
        Office::new(store, std::sync::Arc::new(crate::auth::keys::Keys::read(&config.keys)?));
    let found = office.check_up().await.map_err(refused)?;
    if let Some(finding) = found.findings.first() {
        return Err(Failure::Conflict(format!("备份中的日志：{finding}")));
    }
    let mut kept = witnesses(config)?;
    let guard = Guard::at(config.guard.clone()).note()?;
    if let Some(note) = guard.clone() {
        kept.push(Kept { place: format!("守护文件 {}", config.guard.display()), note });
    }
    let Some(why) = office.lost(&kept).await.map_err(refused)? else { return Ok(None) };
    let (Some(reason), Some(by), Some(and)) = (&args.accept_loss, &args.by, &args.and) else {
        return Err(Failure::Conflict(format!(
            "{why}。备份比已知的检查点旧，其后的办理都会丢失，拒绝恢复。请先找更新的备份；确无更新的，由两人签名：\
             luqu restore … --accept-loss 原因 --by 账号 --and 账号。此举记入日志，持有旧检查点的学校和督导仍会查出丢失"
        )));
    };
    let [first, second] = two_people(&office, [by, and]).await?;
    let highest = kept.iter().max_by_key(|k| size_of(&k.note)).map(|k| k.note.clone());
    let highest = highest.unwrap_or_default();
    let size = office.accept_loss((&first, &second), &highest, reason).await.map_err(refused)?;
    let last = office.store().read().last_checkpoint().await.map_err(of_store)?;
    let note = last.map(|(_, note, _)| note).unwrap_or_default();
    say(format_args!("{why}。{by}、{and} 已签名接受丢失；请把新的检查点发给学校和督导"));
    Ok(Some((size, note)))
}

/// The size that a note claims.
fn size_of(note: &str) -> u64 {
    note.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0)
}

fn give_way(config: &Config, lost: Lost) -> Result<(), Failure> {
    let Some((size, note)) = lost else { return Ok(()) };
    let aside = Guard::at(config.guard.clone()).give_way(size, &note)?;
    say(format_args!("原守护文件已移到 {}", aside.display()));
    Ok(())
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
