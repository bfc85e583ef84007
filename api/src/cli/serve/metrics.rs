//! Metrics for Prometheus, on an address of their own. Labels hold routes, statuses and kinds, never a person.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics::gauge;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::gate::{ANSWERED, Gate};
use crate::acts::{LOST, now};
use crate::error::Failure;
use crate::http::REQUEST_SECONDS;
use crate::store::JobStatus;

/// How long a run took, in seconds.
pub(super) const RUN_SECONDS: &str = "luqu_run_seconds";

/// Begins to measure; `/metrics` beside health and readiness.
///
/// # Errors
/// Something else measures in this process already.
pub(super) fn router(gate: &Gate) -> Result<Router, Failure> {
    let broken = |e: &dyn std::fmt::Display| Failure::Internal(format!("metrics: {e}"));
    let requests = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
    let runs = [0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0];
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(REQUEST_SECONDS.to_owned()), &requests)
        .and_then(|b| b.set_buckets_for_metric(Matcher::Full(RUN_SECONDS.to_owned()), &runs))
        .map_err(|e| broken(&e))?
        .install_recorder()
        .map_err(|e| broken(&e))?;
    let tell = move |State(gate): State<Gate>| async move {
        if tokio::time::timeout(ANSWERED, look(&gate)).await.is_err() {
            gauge!("luqu_database_up").set(0.0);
        }
        handle.run_upkeep();
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], rendered(&handle)).into_response()
    };
    Ok(gate.told().route("/metrics", get(tell)).with_state(gate.clone()))
}

fn rendered(handle: &PrometheusHandle) -> String {
    handle.render()
}

/// Looks at what is not counted as it happens.
async fn look(gate: &Gate) {
    let Some(behind) = gate.behind() else {
        gauge!("luqu_database_up").set(0.0);
        return;
    };
    gauge!("luqu_lookups_known").set(count(behind.lookups.known()));
    let read = behind.office.store().read();
    let (jobs, entries) = tokio::join!(read.job_counts(now() - LOST), read.ledger_size());
    gauge!("luqu_database_up").set(if entries.is_ok() { 1.0 } else { 0.0 });
    if let Ok(entries) = entries {
        gauge!("luqu_ledger_entries").set(count(entries));
    }
    if let Ok((counts, stuck)) = jobs {
        for status in JobStatus::ALL {
            let jobs = counts.get(status).copied().unwrap_or(0);
            gauge!("luqu_jobs", "status" => status.word()).set(count(jobs));
        }
        gauge!("luqu_jobs_stuck").set(count(stuck));
    }
}

/// Counts are far below 2^53, where every whole number is a float.
fn count(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}
