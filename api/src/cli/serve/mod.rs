//! `luqu serve`: the season server, over SQLite or PostgreSQL.

mod clock;
mod demo;
mod gate;
mod listen;
mod metrics;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use self::gate::Gate;
use self::listen::listen;
use super::installation::{CLOCK, Lock, keys_of, private_folder};
use super::{Exit, data, refused, say};
use crate::acts::{Office, now};
use crate::config::{Config, Flags, LogFormat, ServerFlags};
use crate::error::Failure;
use crate::http::{App, router};
use crate::ledger::Guard;
use crate::store::Store;

/// The arguments of `luqu serve`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    server: ServerFlags,
    /// 打印生效的配置（不含口令）后退出
    #[arg(long)]
    print_config: bool,
    /// 空库时建立一个演练招生季（考生 1 万人）和五个账号，并说明如何试用
    #[arg(long)]
    demo: bool,
    /// 示例考生人数
    #[arg(long, value_name = "N", default_value_t = 10_000, requires = "demo")]
    applicants: u32,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let config = Config::of(&args.flags, &args.server)?;
    if args.print_config {
        data(format_args!("{}", config.to_toml()?))?;
        return Ok(Exit::Ok);
    }
    log(config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::Internal(e.to_string()))?;
    let ended = runtime.block_on(serve(args, &config));
    // A computation that outlasted the drain is not waited for: its job goes to whoever serves next.
    runtime.shutdown_background();
    ended.map(|()| Exit::Ok)
}

fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    // What the libraries of the database warn of may hold its address, and that a password.
    let quiet = ["sqlx=error", "sea_orm=error"].into_iter().filter_map(|d| d.parse().ok());
    let filter = quiet.fold(filter, EnvFilter::add_directive);
    // Colours are for people; what keeps a log would keep their codes.
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let log = log.with_ansi(colours);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

async fn serve(args: &Args, config: &Config) -> Result<(), Failure> {
    private_folder(&config.data)?;
    let lock = Lock::take(config)?;
    // From here on health and readiness are told, the latter with "not yet".
    let gate = Gate::default();
    let (stop, stopped) = watch::channel(false);
    let service = listen(config.listen, gate.router(), stopped).await?;
    // That the service is stopping is told until it has stopped.
    let (silence, silenced) = watch::channel(false);
    let told = match config.metrics {
        Some(address) => Some(listen(address, metrics::router(&gate)?, silenced).await?),
        None => None,
    };
    let stop_asked = asked_to_stop()?;
    let office = open(config, &lock).await?;
    misgivings(config, &office).await?;
    if args.demo {
        demo::make(&office, args.applicants).await.map_err(refused)?;
    }
    if office.store().read().accounts().await.map_err(|e| refused(e.into()))?.is_empty() {
        say(format_args!("还没有账号：用 luqu account add-admin 建立第一个系统管理员"));
    }
    let app = App::new(office.clone(), config.behind_proxy);
    let lookups = Arc::clone(&app.lookups);
    let clock = clock::start(&office, &lookups, config).await?;
    gate.open(office.clone(), lookups, router(app));
    say(format_args!("已启动：http://{}/docs （Ctrl-C 停止）", config.listen));

    stop_asked.await;
    tracing::info!("asked to stop");
    let asked = Instant::now();
    gate.close();
    office.close();
    clock.finish(config.drain()).await;
    let _ = stop.send(true);
    let left = config.drain().saturating_sub(asked.elapsed());
    if tokio::time::timeout(left, service).await.is_err() {
        tracing::warn!("connections were still open at the end");
    }
    let _ = silence.send(true);
    if let Some(told) = told {
        // Whoever still reads there reads numbers alone.
        let _ = tokio::time::timeout(SILENCED, told).await;
    }
    tracing::info!("stopped");
    Ok(())
}

/// How long the answer to a question about metrics or readiness is waited for at the end.
const SILENCED: Duration = Duration::from_secs(1);

/// Logs what does not keep the service from starting and is in its way all the same.
async fn misgivings(config: &Config, office: &Office) -> Result<(), Failure> {
    if let Err(error) = Guard::at(config.guard.clone()).try_folder() {
        tracing::error!(%error, "the guard cannot be raised: checkpoints are not kept outside the database");
    }
    let last = office.store().read().last_recorded().await.map_err(|e| refused(e.into()))?;
    if let Some(ahead) = last.map(|last| last - now()).filter(|ahead| *ahead > CLOCK) {
        let seconds = ahead / 1_000_000;
        tracing::error!(seconds, "the clock is behind the last entry of the ledger: set it");
    }
    Ok(())
}

/// Opens the database, reads the keys, and holds what is kept outside against the ledger.
async fn open(config: &Config, lock: &Lock) -> Result<Office, Failure> {
    let store =
        Store::open_to_serve(&config.database).await.map_err(|e| Failure::Usage(e.to_string()))?;
    let keys = keys_of(config, &store).await?;
    let guard = Guard::at(config.guard.clone());
    let office = Office::new(store, Arc::new(keys)).guarded(guard).keeping(config.retention_years);
    office.stand_by(&super::installation::witnesses(config)?).await.map_err(refused)?;
    if lock.alone() {
        let again = office.requeue_all().await.map_err(refused)?;
        if again > 0 {
            tracing::info!(jobs = again, "runs that a stopped server left are queued again");
        }
    }
    Ok(office)
}

/// Ends when the process is asked to. The signals count from the call on, not from the first poll.
fn asked_to_stop() -> Result<impl Future<Output = ()>, Failure> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|e| Failure::Internal(e.to_string()));
        let mut interrupt = listen(SignalKind::interrupt())?;
        let mut terminate = listen(SignalKind::terminate())?;
        Ok(async move {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
