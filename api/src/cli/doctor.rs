//! `luqu doctor`: looks an installation over, changes nothing, and says of everything that is wrong what to do.

use std::path::Path;

use serde::Serialize;

use super::installation::{CLOCK, block_on, of_store, office, witnesses};
use super::{Exit, data, refused};
use crate::acts::{LOST, Office, now};
use crate::auth::keys::Keys;
use crate::auth::password_matches;
use crate::config::{Config, Flags, ServerFlags, without_password};
use crate::error::Failure;
use crate::ledger::{Checkpoint, Guard};
use crate::store::{JobStatus, Mode, Role, Store};

/// Passwords that nobody may have, beside the account's own name.
const KNOWN_PASSWORDS: [&str; 6] =
    ["password123", "1234567890", "luqu123456", "admin12345", "change-me-please", "qwertyuiop"];

/// Free space below which a backup or a batch may fail, in bytes.
const LEAST_FREE: u64 = 1 << 30;

/// The arguments of `luqu doctor`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    flags: Flags,
    /// 以 JSON 输出
    #[arg(long)]
    json: bool,
}

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warn,
    Bad,
}

/// One check.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    found: String,
    /// What to do; empty where all is well.
    help: &'static str,
}

/// The checks so far.
#[derive(Default)]
struct Sheet(Vec<Check>);

impl Sheet {
    fn note(&mut self, name: &'static str, state: State, found: String, help: &'static str) {
        let help = if state == State::Ok { "" } else { help };
        self.0.push(Check { name, state, found, help });
    }

    /// A check that is well or bad.
    fn bad_unless(&mut self, name: &'static str, well: bool, found: String, help: &'static str) {
        self.note(name, if well { State::Ok } else { State::Bad }, found, help);
    }

    /// A check that is well or worth a thought.
    fn warn_unless(&mut self, name: &'static str, well: bool, found: String, help: &'static str) {
        self.note(name, if well { State::Ok } else { State::Warn }, found, help);
    }
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let config = Config::of(&args.flags, &ServerFlags::default())?;
    let mut sheet = Sheet::default();
    places(&config, &mut sheet);
    block_on(examine(&config, &mut sheet))?;
    let bad = sheet.0.iter().any(|c| c.state == State::Bad);
    if args.json {
        let told = serde_json::json!({"well": !bad, "checks": sheet.0});
        data(format_args!("{told:#}\n"))?;
    } else {
        for Check { name, state, found, help } in &sheet.0 {
            let mark = match state {
                State::Ok => "✓",
                State::Warn => "!",
                State::Bad => "✗",
            };
            data(format_args!("{mark} {name}：{found}\n"))?;
            if !help.is_empty() {
                data(format_args!("    → {help}\n"))?;
            }
        }
    }
    Ok(if bad { Exit::Findings } else { Exit::Ok })
}

/// What can be said without the database: folder, space, key file.
fn places(config: &Config, sheet: &mut Sheet) {
    let folder = &config.data;
    let writable = tempfile::NamedTempFile::new_in(folder).is_ok();
    sheet.bad_unless(
        "数据目录",
        writable,
        folder.display().to_string(),
        "建立目录，并让运行 luqu 的用户可写",
    );
    if let Some(free) = free_space(folder) {
        let found = format!("{} MiB 可用", free >> 20);
        sheet.warn_unless(
            "磁盘空间",
            free >= LEAST_FREE,
            found,
            "至少留出 1 GiB：备份和压缩要临时空间",
        );
    }
    let open = open_to_others(config);
    let found = match open.is_empty() {
        true => "只有所有者可读写".to_owned(),
        false => format!("他人可读写：{}", open.join("、")),
    };
    let help = "目录 chmod 700，文件 chmod 600，所有者为运行 luqu 的用户";
    sheet.warn_unless("文件权限", open.is_empty(), found, help);
    let help = "从密钥备份恢复；文件须 chmod 600。没有启动过的安装会在首次 luqu serve 时生成";
    match Keys::read(&config.keys) {
        Ok(_) => sheet.note("密钥文件", State::Ok, config.keys.display().to_string(), ""),
        Err(error) => sheet.note("密钥文件", State::Bad, error.to_string(), help),
    }
}

/// The data folder and the files of the database that others than their owner may read or write.
#[cfg(unix)]
fn open_to_others(config: &Config) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let log = |file: &Path| Path::new(&format!("{}-wal", file.display())).to_owned();
    let files = config.sqlite_file().map(|file| [file.to_owned(), log(file)]);
    let all = std::iter::once(config.data.clone()).chain(files.into_iter().flatten());
    let open = |path: &std::path::PathBuf| {
        std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
    };
    all.filter(open).map(|path| path.display().to_string()).collect()
}

#[cfg(not(unix))]
const fn open_to_others(_: &Config) -> Vec<String> {
    Vec::new()
}

#[cfg(target_os = "linux")]
fn free_space(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(target_os = "linux"))]
const fn free_space(_: &Path) -> Option<u64> {
    None
}

/// Compares the schema with the compiled one, for which a database has to make the latter.
async fn same_schema(store: &Store, sheet: &mut Sheet) -> Result<bool, Failure> {
    let difference = store.difference().await.map_err(of_store)?;
    let same = difference.is_none();
    let found = difference.unwrap_or_else(|| "与程序一致".to_owned());
    sheet.bad_unless(
        "数据库结构",
        same,
        found,
        "版本不同则以所有者运行 luqu database migrate；被改动过则恢复备份并查明是谁改的",
    );
    Ok(same)
}

async fn examine(config: &Config, sheet: &mut Sheet) -> Result<(), Failure> {
    let shown = without_password(&config.database);
    let store = match Store::look_into(&config.database).await {
        Ok(store) => store,
        Err(error) => {
            let found = format!("{shown}：{error}");
            sheet.note(
                "数据库",
                State::Bad,
                found,
                "检查地址、口令和数据库服务；新安装先运行 luqu serve",
            );
            return Ok(());
        }
    };
    sheet.note("数据库", State::Ok, shown, "");
    let read_only = store.read_only().await.map_err(of_store)?;
    let wrong = store.wrong_pragmas().await.map_err(of_store)?;
    let found = wrong.iter().map(|(p, f, w)| format!("{p}={f}，应为 {w}"));
    let found =
        if wrong.is_empty() { "符合".to_owned() } else { found.collect::<Vec<_>>().join("；") };
    sheet.bad_unless("数据库参数", wrong.is_empty(), found, "数据库文件所在的文件系统须支持 WAL");
    match read_only {
        Some(why) if config.sqlite_file().is_some() => {
            let help = "luqu serve 会拒绝启动：把文件和目录交还给运行 luqu 的用户";
            sheet.note("数据库可写", State::Bad, why.to_owned(), help);
        }
        Some(why) => {
            let help = "luqu serve 连接主库；数据库结构在主库上核对，其余照查";
            sheet.note("数据库可写", State::Warn, why.to_owned(), help);
        }
        None => sheet.note("数据库可写", State::Ok, "可写".to_owned(), ""),
    }
    // A replica of PostgreSQL cannot make the compiled schema to compare with.
    let comparable = read_only.is_none() || config.sqlite_file().is_some();
    if comparable && !same_schema(&store, sheet).await? {
        return Ok(());
    }
    let missing = store.missing_migrations().await.map_err(of_store)?;
    let found = match missing.is_empty() {
        true => "齐全".to_owned(),
        false => format!("没有 {}", missing.join("、")),
    };
    let help =
        "记录表 seaql_migrations 被删改过，luqu serve 会当作空库而启动失败：恢复备份并查明是谁改的";
    sheet.bad_unless("结构版本记录", missing.is_empty(), found, help);
    let broken = store.broken().await.map_err(of_store)?;
    let whole = broken.is_none();
    let found = broken.unwrap_or_else(|| "完好".to_owned());
    sheet.bad_unless("数据库文件", whole, found, "停止服务，恢复备份");
    let excess = store.excess_rights().await.map_err(of_store)?;
    let found = if excess.is_empty() { "不超过所需".to_owned() } else { excess.join("、") };
    sheet.warn_unless(
        "数据库权限",
        excess.is_empty(),
        found,
        "用 luqu database roles 建立服务角色，luqu serve 用它连接",
    );
    let ahead = store.clock_ahead(now()).await.map_err(of_store)?;
    let found = format!("与数据库相差 {} 毫秒", ahead / 1000);
    sheet.warn_unless(
        "时钟",
        ahead.abs() <= CLOCK,
        found,
        "两台机器都要对时（chrony、systemd-timesyncd）",
    );
    if config.keys.exists()
        && let Ok(office) = office(config, store.clone())
    {
        ledger(config, &office, sheet).await?;
        seasons(&office, sheet).await?;
    }
    jobs(&store, sheet).await?;
    accounts(&store, sheet).await
}

async fn ledger(config: &Config, office: &Office, sheet: &mut Sheet) -> Result<(), Failure> {
    let found = office.check_up().await.map_err(refused)?;
    let words = match found.findings.first() {
        Some(first) => format!("{} 处不符，第一处：{first}", found.findings.len()),
        None => format!(
            "{} 条，检查点 {} 个，个人数据承诺 {} 个，全部相符",
            found.entries, found.checkpoints, found.payloads
        ),
    };
    let help = "日志被改动过，或密钥不是这一套：停止服务，保留现场，与外部检查点核对";
    sheet.bad_unless("日志", found.findings.is_empty(), words, help);
    let future = found.last.is_some_and(|last| last > now() + CLOCK);
    let words =
        if future { "最后一条日志的时间在将来" } else { "不早于最后一条日志" };
    sheet.bad_unless("系统时间", !future, words.to_owned(), "先对时再办理业务");
    let kept = witnesses(config)?;
    let outside = office.stand_by(&kept).await;
    let words = match &outside {
        Ok(()) => format!("守护文件和 {} 个外部检查点都在日志之中", kept.len()),
        Err(error) => error.to_string(),
    };
    sheet.bad_unless("外部检查点", outside.is_ok(), words, "数据库比外部留存的旧：恢复更新的备份");
    let guard = Guard::at(config.guard.clone()).note()?;
    let last = office.store().read().last_checkpoint().await.map_err(of_store)?;
    if let Some((size, ..)) = last {
        let key = office.keys().verifying();
        let held = guard.and_then(|note| Checkpoint::open(&note, &key).ok()).map(|c| c.size);
        let words = format!("守护到 {} 条，最后的检查点 {size} 条", held.unwrap_or(0));
        let help = "启动 luqu serve 会补写；写不进去时检查守护文件所在目录的权限";
        sheet.warn_unless("守护文件", held == Some(size), words, help);
    }
    Ok(())
}

/// Seasons that cannot be read, or are no longer as they were signed.
async fn seasons(office: &Office, sheet: &mut Sheet) -> Result<(), Failure> {
    let all = office.store().read().seasons().await.map_err(of_store)?;
    let mut findings = Vec::new();
    for season in &all {
        let found = office.check_season(&season.id).await.map_err(refused)?;
        findings.extend(found.into_iter().map(|finding| format!("{}：{finding}", season.id)));
    }
    let words = match findings.first() {
        Some(first) => format!("{} 处不符，第一处：{first}", findings.len()),
        None => "都可读，与签发时相同".to_owned(),
    };
    let help = "有人绕过程序改过数据库：停止服务，保留现场，恢复备份并查明是谁改的";
    sheet.bad_unless("招生季数据", findings.is_empty(), words, help);
    Ok(())
}

async fn jobs(store: &Store, sheet: &mut Sheet) -> Result<(), Failure> {
    let (counts, stuck) = store.read().job_counts(now() - LOST).await.map_err(of_store)?;
    let of = |status| counts.get(&status).copied().unwrap_or(0);
    let words = format!(
        "排队 {}，运行 {}，其中 {stuck} 个没有动静",
        of(JobStatus::Queued),
        of(JobStatus::Running)
    );
    sheet.warn_unless(
        "计算任务",
        stuck == 0,
        words,
        "启动一台 work = true 的 luqu serve，它会接着算",
    );
    Ok(())
}

async fn accounts(store: &Store, sheet: &mut Sheet) -> Result<(), Failure> {
    let read = store.read();
    let all = read.accounts().await.map_err(of_store)?;
    let active: Vec<_> = all.iter().filter(|a| !a.disabled).collect();
    let office: Vec<_> =
        active.iter().filter(|a| matches!(a.role, Role::Clerk | Role::Reviewer)).collect();
    let reviewers = office.iter().filter(|a| a.role == Role::Reviewer).count();
    sheet.warn_unless(
        "账号",
        office.len() >= 2 && reviewers >= 1,
        format!("{} 个可用，经办和复核 {} 个（复核 {reviewers}）", active.len(), office.len()),
        "至少要有两个人，其中一名复核，才能冻结计划和公布",
    );
    let mut weak = Vec::new();
    for account in &active {
        let (name, hash) = (account.name.clone(), account.password_hash.clone());
        let known = tokio::task::spawn_blocking(move || {
            let own = [name.clone(), format!("{name}123456"), format!("{name}{name}")];
            let known = KNOWN_PASSWORDS.map(str::to_owned);
            known.iter().chain(&own).any(|p| password_matches(p, Some(&hash)))
        });
        if known.await.map_err(|e| Failure::Internal(e.to_string()))? {
            weak.push(account.name.as_str());
        }
    }
    let words = if weak.is_empty() { "没有默认口令".to_owned() } else { weak.join("、") };
    sheet.bad_unless("口令", weak.is_empty(), words, "这些账号用的是人人知道的口令，立即更换");
    let seasons = read.seasons().await.map_err(of_store)?;
    let live = seasons.iter().filter(|s| s.mode == Mode::Live).count();
    let words = format!("{} 个，其中正式 {live} 个", seasons.len());
    sheet.warn_unless(
        "招生季",
        live == 0 || live == seasons.len(),
        words,
        "演练和正式在同一个库中：演练完请另建库，或按期销毁",
    );
    Ok(())
}
