//! Runs of batches: queue, watch, stop.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{AppendHeaders, IntoResponse, Response};
use futures_util::stream::{self, Stream};
use serde::Serialize;
use utoipa::ToSchema;

use super::applicants::must_exist;
use super::extract::{Json, Path};
use super::guard::Guard;
use super::listing::{FormParams, PageParams, Row, Wanted, encoded};
use super::{App, Problem};
use crate::store::JobStatus;
use crate::tables::write::listing::{Listed, number, text, word};
use crate::tables::write::words;

/// A run.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Job {
    id: i64,
    batch: String,
    #[schema(value_type = String)]
    status: JobStatus,
    /// What is being done.
    step: String,
    /// Why it failed.
    message: String,
    /// The round that it made.
    round: Option<i64>,
}

impl Row for Job {
    const NAME: (&'static str, &'static str) = ("jobs", "任务");
    const COLUMNS: &'static [Listed] = &[
        number("id", "任务"),
        text("batch", "批次"),
        word("status", "状态", words::JOB_STATES),
        text("step", "步骤"),
        text("message", "说明"),
        number("round", "轮次"),
    ];
}

impl From<crate::store::Job> for Job {
    fn from(job: crate::store::Job) -> Self {
        Self {
            id: job.id,
            batch: job.batch,
            status: job.status,
            step: job.step,
            message: job.message,
            round: job.round,
        }
    }
}

/// The runs of a season, oldest first.
#[utoipa::path(get, path = "/v1/seasons/{season}/jobs", tag = "office",
    params(("season" = String, Path), FormParams, PageParams),
    responses((status = 200, body = Vec<Job>), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    guard.must_read()?;
    must_exist(&app, &season).await?;
    let all = app.office.store().read().jobs(&season).await?;
    wanted.numbered(all.into_iter().map(Job::from), |row| row.id)
}

/// Queues a run of a batch.
#[utoipa::path(post, path = "/v1/seasons/{season}/batches/{batch}/runs", tag = "office",
    params(("season" = String, Path), ("batch" = String, Path)),
    responses((status = 202, body = Job), (status = 409, body = Problem)))]
pub(super) async fn run(
    State(app): State<App>,
    guard: Guard,
    Path((season, batch)): Path<(String, String)>,
) -> Result<impl IntoResponse, Problem> {
    let id = app.office.queue_run(&guard.actor, &season, &batch).await?;
    let place = format!("/v1/seasons/{}/jobs/{id}", encoded(&season));
    let job = found(&app, &season, id).await?;
    Ok((StatusCode::ACCEPTED, AppendHeaders([(header::LOCATION, place)]), Json(job)))
}

async fn found(app: &App, season: &str, id: i64) -> Result<Job, Problem> {
    let job = app.office.store().read().job(id).await?.filter(|j| j.season == season);
    job.map(Job::from).ok_or_else(|| Problem::not_found("没有这个任务"))
}

/// How far a run has come.
#[utoipa::path(get, path = "/v1/seasons/{season}/jobs/{job}", tag = "office",
    params(("season" = String, Path), ("job" = i64, Path)),
    responses((status = 200, body = Job), (status = 404, body = Problem)))]
pub(super) async fn job(
    State(app): State<App>,
    guard: Guard,
    Path((season, job)): Path<(String, i64)>,
) -> Result<Json<Job>, Problem> {
    guard.must_read()?;
    Ok(Json(found(&app, &season, job).await?))
}

/// Asks a run to stop.
#[utoipa::path(delete, path = "/v1/seasons/{season}/jobs/{job}", tag = "office",
    params(("season" = String, Path), ("job" = i64, Path)),
    responses((status = 202), (status = 409, body = Problem)))]
pub(super) async fn cancel(
    State(app): State<App>,
    guard: Guard,
    Path((season, job)): Path<(String, i64)>,
) -> Result<StatusCode, Problem> {
    app.office.cancel_run(&guard.actor, &season, job).await?;
    Ok(StatusCode::ACCEPTED)
}

/// How often it is asked whether whoever watches is still signed in.
const ASKED: Duration = Duration::from_secs(1);

/// A run that is watched.
struct Watched {
    app: App,
    season: String,
    /// Who watches.
    token: String,
    /// When it was last asked whether the watcher is still signed in.
    asked: Instant,
    /// What was told last.
    told: Option<Job>,
    ended: bool,
}

impl Watched {
    /// The next step; nothing after the last, or when the watcher has signed out or was shut out.
    async fn next(mut self, job: i64) -> Option<(Result<Event, Infallible>, Self)> {
        while !self.ended {
            if self.asked.elapsed() >= ASKED {
                self.app.office.is_signed_in(&self.token).await.ok().filter(|&still| still)?;
                self.asked = Instant::now();
            }
            let now = found(&self.app, &self.season, job).await.ok()?;
            if self.told.as_ref() == Some(&now) {
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
            self.ended = !matches!(now.status, JobStatus::Queued | JobStatus::Running);
            let event = Event::default().event("job").json_data(&now).unwrap_or_default();
            self.told = Some(now);
            return Some((Ok(event), self));
        }
        None
    }
}

/// The steps of a run as they happen (server-sent events `job`); ends with the run, or with the session. Closing it
/// stops nothing.
#[utoipa::path(get, path = "/v1/seasons/{season}/jobs/{job}/events", tag = "office",
    params(("season" = String, Path), ("job" = i64, Path)),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 404, body = Problem)))]
pub(super) async fn events(
    State(app): State<App>,
    guard: Guard,
    Path((season, job)): Path<(String, i64)>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    guard.must_read()?;
    found(&app, &season, job).await?;
    let start = Watched {
        app,
        season,
        token: guard.token,
        asked: Instant::now(),
        told: None,
        ended: false,
    };
    let steps = stream::unfold(start, move |watched| watched.next(job));
    Ok(Sse::new(steps).keep_alive(KeepAlive::default()))
}
