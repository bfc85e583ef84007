//! `luqu serve`: the season server, over SQLite or PostgreSQL.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use luqu_engine::domain::Table;
use luqu_fixtures::{DistrictSpec, district};

use super::{Exit, say};
use crate::acts::{ActError, Actor, Office, Upload, now};
use crate::auth::hash_password;
use crate::auth::keys::{Keys, random};
use crate::error::Failure;
use crate::http::{App, Lookups, router};
use crate::store::{Account, Mode, Role, Store};
use crate::tables::season_csv::table_csv;

/// The arguments of `luqu serve`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 数据目录：SQLite 数据库和密钥文件
    #[arg(long, value_name = "DIR", default_value = "luqu-data", env = "LUQU_DATA")]
    data: PathBuf,
    /// 数据库地址，代替数据目录中的 SQLite，如 postgres://用户@主机/库
    #[arg(long, value_name = "URL", env = "LUQU_DATABASE_URL")]
    database: Option<String>,
    /// 监听地址
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8620", env = "LUQU_LISTEN")]
    listen: SocketAddr,
    /// 空库时建立一个演练招生季（考生 1 万人）和四个账号，并说明如何试用
    #[arg(long)]
    demo: bool,
    /// 示例考生人数
    #[arg(long, value_name = "N", default_value_t = 10_000, requires = "demo")]
    applicants: u32,
    /// 日志格式
    #[arg(long, value_enum, default_value_t, env = "LUQU_LOG_FORMAT")]
    log: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
enum LogFormat {
    /// 文本
    #[default]
    Text,
    /// JSON
    Json,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "info,sqlx=warn,sea_orm_migration=warn".into());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match args.log {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::Internal(e.to_string()))?;
    runtime.block_on(serve(args)).map_err(|error| match error {
        ActError::Failure(failure) => failure,
        other => Failure::Usage(other.to_string()),
    })?;
    Ok(Exit::Ok)
}

async fn serve(args: &Args) -> Result<(), ActError> {
    std::fs::create_dir_all(&args.data).map_err(Failure::io(&args.data))?;
    let url = args.database.clone().unwrap_or_else(|| sqlite_url(&args.data));
    let store = Store::open(&url).await.map_err(|e| Failure::Usage(e.to_string()))?;
    let keys = Keys::open_or_create(&args.data.join("keys.toml"))?;
    let office = Office::new(store, Arc::new(keys));
    if args.demo {
        demo(&office, args).await?;
    }
    let lookups = Arc::new(Lookups::default());
    lookups.refresh(&office).await?;
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .map_err(|e| Failure::Usage(format!("无法监听 {}：{e}", args.listen)))?;
    say(format_args!("已启动：http://{}/docs （Ctrl-C 停止）", args.listen));
    let worker = tokio::spawn(work(office.clone()));
    axum::serve(listener, router(App { office, lookups }))
        .with_graceful_shutdown(stopped())
        .await
        .map_err(|e| Failure::Internal(e.to_string()))?;
    worker.abort();
    Ok(())
}

fn sqlite_url(data: &Path) -> String {
    format!("sqlite://{}", data.join("luqu.db").display())
}

/// Ends when the process is asked to.
async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut terminate) = terminate {
            tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
            return;
        }
    }
    let _ = interrupt.await;
}

/// Works jobs one after another, for as long as the process lives.
async fn work(office: Office) {
    let name = format!("{}-{}", std::process::id(), now());
    loop {
        match office.work_once(&name).await {
            Ok(Some((job, outcome))) => tracing::info!(job, ?outcome, "run ended"),
            Ok(None) => tokio::time::sleep(Duration::from_millis(300)).await,
            Err(error) => {
                tracing::error!(%error, "a run failed");
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        }
    }
}

/// Four people and a made season, imported; the rest is for whoever tries it.
async fn demo(office: &Office, args: &Args) -> Result<(), ActError> {
    if !office.store().read().seasons().await?.is_empty() {
        say(format_args!("数据目录中已有招生季，不再建立示例"));
        return Ok(());
    }
    let source = district(&DistrictSpec::new(args.applicants, 7));
    let policy = &source.policy;
    let key_school = source.draft.plan.rows.first().and_then(|(_, p)| p.school_id.clone());
    let people = [
        ("clerk", "经办员", Role::Clerk, None),
        ("reviewer", "复核员", Role::Reviewer, None),
        ("school", "学校管理员", Role::School, key_school.map(|s| s.to_string())),
        ("regulator", "督导员", Role::Regulator, None),
    ];
    let mut told = Vec::new();
    let tx = office.store().write().await?;
    for (name, display, role, school) in people {
        let password = hex::encode(random::<6>()?);
        let account = Account {
            name: name.to_owned(),
            display: display.to_owned(),
            role,
            school,
            password_hash: hash_password(&password)?,
            disabled: false,
        };
        tx.create_account(&account, now()).await?;
        told.push(format!("  {display:<6} {name:<10} 密码 {password}"));
    }
    tx.commit().await?;
    let clerk = Actor { name: "clerk".to_owned(), role: Role::Clerk, school: None };
    let season = office.create_season(&clerk, &policy.text, Mode::Drill).await?.id;
    let files = [
        (Table::Schools, "schools.csv"),
        (Table::Plan, "plan.csv"),
        (Table::Graduates, "graduates.csv"),
        (Table::Quotas, "quotas.csv"),
        (Table::Applicants, "applicants.csv"),
        (Table::Wishes, "wishes.csv"),
        (Table::SpecialScores, "special_scores.csv"),
        (Table::Restrictions, "restrictions.csv"),
    ];
    let mut uploads = Vec::new();
    for (table, name) in files {
        if let Some(bytes) = table_csv(table, policy, &source.draft)? {
            uploads.push(Upload { name: name.to_owned(), bytes });
        }
    }
    let staged = office.stage(&clerk, &season, uploads).await?;
    let Some(import) = staged.id else { return Err(ActError::Faults(staged.loaded.faults)) };
    office.commit_import(&clerk, &season, import).await?;
    say(format_args!("已建立演练招生季 {season}（考生 {} 人，已导入）和账号：", args.applicants));
    for line in told {
        say(format_args!("{line}"));
    }
    say(format_args!(
        "试用：POST /v1/session 登录取得 token；GET /v1/seasons/{season} 看下一步；各接口见 /docs"
    ));
    Ok(())
}
