//! Runs and rounds: queue, watch, compare, sign, publish.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{AppendHeaders, IntoResponse};
use futures_util::stream::{self, Stream};
use serde::Serialize;
use utoipa::ToSchema;

use super::decisions::Signature;
use super::guard::Guard;
use super::output::{Shape, file_answer};
use super::{App, Problem};
use crate::acts::Vacancy;
use crate::store::{JobStatus, Role, RoundStatus};

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

/// A round.
#[derive(Serialize, ToSchema)]
pub(super) struct Round {
    id: i64,
    batch: String,
    #[schema(value_type = String)]
    status: RoundStatus,
    /// Digest of everything that went in.
    input_digest: String,
    /// Digest of everything that came out: what both sign.
    answer_digest: String,
    computed_by: String,
    /// Microseconds of UTC.
    computed_at: i64,
    proposed_by: Option<String>,
    approved_by: Option<String>,
    published_at: Option<i64>,
}

/// What a publication made.
#[derive(Serialize, ToSchema)]
pub(super) struct Published {
    /// How many were admitted.
    admissions: usize,
}

/// Seats of a class and their holders.
#[derive(Serialize, ToSchema)]
pub(super) struct Vacant {
    school_id: String,
    batch: String,
    category: String,
    seats: u32,
    held: u32,
    vacant: u32,
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
    let place = format!("/v1/seasons/{season}/jobs/{id}");
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
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Regulator])?;
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

/// The steps of a run as they happen (server-sent events `job`); ends with the run. Closing it stops nothing.
#[utoipa::path(get, path = "/v1/seasons/{season}/jobs/{job}/events", tag = "office",
    params(("season" = String, Path), ("job" = i64, Path)),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 404, body = Problem)))]
pub(super) async fn events(
    State(app): State<App>,
    guard: Guard,
    Path((season, job)): Path<(String, i64)>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Regulator])?;
    found(&app, &season, job).await?;
    let start: (App, String, Option<Job>, bool) = (app, season, None, false);
    let steps = stream::unfold(start, move |(app, season, told, ended)| async move {
        if ended {
            return None;
        }
        loop {
            let now = found(&app, &season, job).await.ok()?;
            if told.as_ref() == Some(&now) {
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
            let ends = !matches!(now.status, JobStatus::Queued | JobStatus::Running);
            let event = Event::default().event("job").json_data(&now).unwrap_or_default();
            return Some((Ok(event), (app, season, Some(now), ends)));
        }
    });
    Ok(Sse::new(steps).keep_alive(KeepAlive::default()))
}

/// The rounds of a season, oldest first.
#[utoipa::path(get, path = "/v1/seasons/{season}/rounds", tag = "office", params(("season" = String, Path)),
    responses((status = 200, body = Vec<Round>), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
) -> Result<Json<Vec<Round>>, Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Regulator])?;
    let all = app.office.store().read().rounds(&season).await?;
    let round = |r: crate::store::Round| Round {
        id: r.id,
        batch: r.batch,
        status: r.status,
        input_digest: r.input_digest,
        answer_digest: r.answer_digest,
        computed_by: r.computed_by,
        computed_at: r.computed_at,
        proposed_by: r.proposed_by,
        approved_by: r.approved_by,
        published_at: r.published_at,
    };
    Ok(Json(all.into_iter().map(round).collect()))
}

/// A file of a round's answer: `placements.csv`, `cutoffs.csv`, `reasons.csv` or `certificate.json`.
#[utoipa::path(get, path = "/v1/seasons/{season}/rounds/{round}/{file}", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path), ("file" = String, Path)),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = Problem)))]
pub(super) async fn file(
    State(app): State<App>,
    guard: Guard,
    Path((season, round, file)): Path<(String, i64, String)>,
) -> Result<axum::response::Response, Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Regulator])?;
    let bytes = app.office.round_file(&season, round, &file).await?;
    let shape = if file.ends_with(".json") { Shape::Json } else { Shape::Csv };
    Ok(file_answer(&file, shape, bytes))
}

/// The first signature of a round, over its digest.
#[utoipa::path(post, path = "/v1/seasons/{season}/rounds/{round}/sign", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path)), request_body = Signature,
    responses((status = 204), (status = 409, body = Problem)))]
pub(super) async fn sign(
    State(app): State<App>,
    guard: Guard,
    Path((season, round)): Path<(String, i64)>,
    Json(Signature { digest }): Json<Signature>,
) -> Result<StatusCode, Problem> {
    app.office.sign(&guard.actor, &season, round, &digest).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The second signature, by another person, which publishes the round.
#[utoipa::path(post, path = "/v1/seasons/{season}/rounds/{round}/publish", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path)), request_body = Signature,
    responses((status = 200, body = Published), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn publish(
    State(app): State<App>,
    guard: Guard,
    Path((season, round)): Path<(String, i64)>,
    Json(Signature { digest }): Json<Signature>,
) -> Result<Json<Published>, Problem> {
    let admissions = app.office.publish(&guard.actor, &season, round, &digest).await?;
    app.lookups.refresh(&app.office).await?;
    Ok(Json(Published { admissions }))
}

/// Gives an unpublished round up.
#[utoipa::path(post, path = "/v1/seasons/{season}/rounds/{round}/discard", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path)),
    responses((status = 204), (status = 409, body = Problem)))]
pub(super) async fn discard(
    State(app): State<App>,
    guard: Guard,
    Path((season, round)): Path<(String, i64)>,
) -> Result<StatusCode, Problem> {
    app.office.discard(&guard.actor, &season, round).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Seats of every class of the plan, held and vacant.
#[utoipa::path(get, path = "/v1/seasons/{season}/vacancies", tag = "office", params(("season" = String, Path)),
    responses((status = 200, body = Vec<Vacant>), (status = 403, body = Problem)))]
pub(super) async fn vacancies(
    State(app): State<App>,
    _: Guard,
    Path(season): Path<String>,
) -> Result<Json<Vec<Vacant>>, Problem> {
    let all = app.office.vacancies(&season).await?;
    let vacant = |v: Vacancy| Vacant {
        school_id: v.school,
        batch: v.batch,
        category: v.category,
        seats: v.seats,
        held: v.held,
        vacant: v.vacant,
    };
    Ok(Json(all.into_iter().map(vacant).collect()))
}
