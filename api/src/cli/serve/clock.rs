//! What the server does by itself: works the queue of runs, takes in what other servers published, signs the ledger
//! every day.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{counter, histogram};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::metrics::RUN_SECONDS;
use crate::acts::{Office, RunOutcome, now};
use crate::cli::refused;
use crate::config::Config;
use crate::error::Failure;
use crate::http::Lookups;

/// How often the queue is looked at.
const LOOK: Duration = Duration::from_millis(300);

/// How often answers that are past their day are forgotten.
const FORGET: Duration = Duration::from_secs(3600);

/// Both loops, until they are told to finish.
pub(super) struct Clock {
    finish: watch::Sender<bool>,
    worker: Option<JoinHandle<()>>,
    keeper: JoinHandle<()>,
}

/// Reads what is published into memory and starts the loops.
pub(super) async fn start(
    office: &Office,
    lookups: &Arc<Lookups>,
    config: &Config,
) -> Result<Clock, Failure> {
    let seen = office.store().read().publications().await.map_err(|e| refused(e.into()))?;
    lookups.refresh(office).await.map_err(refused)?;
    let (finish, finished) = watch::channel(false);
    let worker = config.work.then(|| tokio::spawn(work(office.clone(), finished)));
    let every = Duration::from_secs(config.refresh_seconds);
    let keeper = tokio::spawn(keep(office.clone(), Arc::clone(lookups), seen, every));
    Ok(Clock { finish, worker, keeper })
}

impl Clock {
    /// Ends the loops; a run under way goes to its next safe point, at most this long.
    pub(super) async fn finish(self, most: Duration) {
        let _ = self.finish.send(true);
        self.keeper.abort();
        let Some(worker) = self.worker else { return };
        if tokio::time::timeout(most, worker).await.is_err() {
            tracing::warn!("a run did not come to a safe point; the next server takes it up");
        }
    }
}

/// Works jobs one after another.
async fn work(office: Office, mut finished: watch::Receiver<bool>) {
    let name = format!("{}-{}", std::process::id(), now());
    while !*finished.borrow() {
        let begun = Instant::now();
        let rest = match office.work_once(&name).await {
            Ok(Some((job, outcome))) => {
                let word = word(&outcome);
                counter!("luqu_runs_total", "outcome" => word).increment(1);
                histogram!(RUN_SECONDS).record(begun.elapsed().as_secs_f64());
                tracing::info!(job, outcome = word, "run ended");
                continue;
            }
            Ok(None) => LOOK,
            Err(error) => {
                counter!("luqu_runs_total", "outcome" => "error").increment(1);
                tracing::error!(%error, "a run failed");
                Duration::from_secs(2)
            }
        };
        let _ = tokio::time::timeout(rest, finished.wait_for(|finish| *finish)).await;
    }
}

const fn word(outcome: &RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Round(_) => "round",
        RunOutcome::Failed(_) => "failed",
        RunOutcome::Cancelled => "cancelled",
        RunOutcome::GivenBack => "given_back",
        RunOutcome::Lost => "lost",
    }
}

/// Looks every so often at what other servers did. Polling needs no connection of its own and is the same on both
/// databases; a look is two counts.
async fn keep(office: Office, lookups: Arc<Lookups>, mut seen: u64, every: Duration) {
    let mut forgot: Option<Instant> = None;
    loop {
        tokio::time::sleep(every).await;
        let looked = async {
            if forgot.is_none_or(|at| at.elapsed() >= FORGET) {
                office.forget_answers().await?;
                forgot = Some(Instant::now());
            }
            let published = office.store().read().publications().await?;
            if published != seen {
                lookups.refresh(&office).await?;
                seen = published;
            }
            office.seal_daily().await
        };
        if let Err(error) = looked.await {
            tracing::warn!(%error, "what was published could not be looked at");
        }
    }
}
