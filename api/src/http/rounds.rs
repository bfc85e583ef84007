//! Rounds: look at, sign, publish.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::applicants::must_exist;
use super::decisions::Signature;
use super::extract::{Json, Path};
use super::guard::Guard;
use super::listing::{FormParams, PageParams, Row, Wanted};
use super::output::{Shape, file_answer};
use super::tags::{IfMatch, IfMatchParams};
use super::{App, Problem};
use crate::acts::Vacancy;
use crate::store::{Role, RoundStatus};
use crate::tables::write::listing::{Listed, number, text, time, word};
use crate::tables::write::words;

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

impl Row for Round {
    const NAME: (&'static str, &'static str) = ("rounds", "轮次");
    const COLUMNS: &'static [Listed] = &[
        number("id", "轮次"),
        text("batch", "批次"),
        word("status", "状态", words::ROUND_STATES),
        text("input_digest", "输入摘要"),
        text("answer_digest", "结果摘要"),
        text("computed_by", "计算人"),
        time("computed_at", "计算时间"),
        text("proposed_by", "签发人"),
        text("approved_by", "复核人"),
        time("published_at", "公布时间"),
    ];
}

impl From<crate::store::Round> for Round {
    fn from(r: crate::store::Round) -> Self {
        Self {
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
        }
    }
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

/// The rounds of a season, oldest first.
#[utoipa::path(get, path = "/v1/seasons/{season}/rounds", tag = "office",
    params(("season" = String, Path), FormParams, PageParams),
    responses((status = 200, body = Vec<Round>), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    guard.must_read()?;
    must_exist(&app, &season).await?;
    let all = app.office.store().read().rounds(&season).await?;
    wanted.numbered(all.into_iter().map(Round::from), |row| row.id)
}

async fn stands(app: &App, season: &str, id: i64) -> Result<Round, Problem> {
    let found = app.office.store().read().round(season, id).await?;
    found.map(|(r, _)| Round::from(r)).ok_or_else(|| Problem::not_found("没有这个轮次"))
}

/// A round; its `ETag` is what signing, publishing and giving it up ask for.
#[utoipa::path(get, path = "/v1/seasons/{season}/rounds/{round}", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path)),
    responses((status = 200, body = Round), (status = 404, body = Problem)))]
pub(super) async fn one(
    State(app): State<App>,
    guard: Guard,
    Path((season, round)): Path<(String, i64)>,
) -> Result<Json<Round>, Problem> {
    guard.must_read()?;
    Ok(Json(stands(&app, &season, round).await?))
}

/// A file of a round's answer: `placements.csv`, `cutoffs.csv`, `reasons.csv` or `certificate.json`.
#[utoipa::path(get, path = "/v1/seasons/{season}/rounds/{round}/{file}", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path), ("file" = String, Path)),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = Problem)))]
pub(super) async fn file(
    State(app): State<App>,
    guard: Guard,
    Path((season, round, file)): Path<(String, i64, String)>,
) -> Result<Response, Problem> {
    guard.must_read()?;
    let bytes = app.office.round_file(&season, round, &file).await?;
    let shape = if file.ends_with(".json") { Shape::Json } else { Shape::Csv };
    Ok(file_answer(&file, shape, bytes))
}

/// The first signature of a round, over its digest.
#[utoipa::path(post, path = "/v1/seasons/{season}/rounds/{round}/sign", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path), IfMatchParams), request_body = Signature,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn sign(
    State(app): State<App>,
    guard: Guard,
    Path((season, round)): Path<(String, i64)>,
    seen: IfMatch,
    Json(Signature { digest }): Json<Signature>,
) -> Result<StatusCode, Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer])?;
    seen.must_be(&stands(&app, &season, round).await?)?;
    app.office.sign(&guard.actor, &season, round, &digest).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The second signature, by another person, which publishes the round.
#[utoipa::path(post, path = "/v1/seasons/{season}/rounds/{round}/publish", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path), IfMatchParams), request_body = Signature,
    responses((status = 200, body = Published), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn publish(
    State(app): State<App>,
    guard: Guard,
    Path((season, round)): Path<(String, i64)>,
    seen: IfMatch,
    Json(Signature { digest }): Json<Signature>,
) -> Result<Json<Published>, Problem> {
    guard.actor.must_be(&[Role::Reviewer])?;
    seen.must_be(&stands(&app, &season, round).await?)?;
    let admissions = app.office.publish(&guard.actor, &season, round, &digest).await?;
    // It is published whatever becomes of this; the keeper of the answers tries again.
    if let Err(error) = app.lookups.refresh(&app.office).await {
        tracing::warn!(%error, "what was published could not be read for look-ups yet");
    }
    Ok(Json(Published { admissions }))
}

/// Gives an unpublished round up.
#[utoipa::path(post, path = "/v1/seasons/{season}/rounds/{round}/discard", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path), IfMatchParams),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn discard(
    State(app): State<App>,
    guard: Guard,
    Path((season, round)): Path<(String, i64)>,
    seen: IfMatch,
) -> Result<StatusCode, Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer])?;
    seen.must_be(&stands(&app, &season, round).await?)?;
    app.office.discard(&guard.actor, &season, round).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Row for Vacant {
    const NAME: (&'static str, &'static str) = ("vacancies", "缺额");
    const COLUMNS: &'static [Listed] = &[
        text("school_id", "学校代码"),
        text("batch", "批次"),
        text("category", "类别"),
        number("seats", "计划数"),
        number("held", "录取数"),
        number("vacant", "缺额"),
    ];
}

/// Seats of every class of the plan, held and vacant.
#[utoipa::path(get, path = "/v1/seasons/{season}/vacancies", tag = "office",
    params(("season" = String, Path), FormParams),
    responses((status = 200, body = Vec<Vacant>), (status = 404, body = Problem)))]
pub(super) async fn vacancies(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::School, Role::Regulator])?;
    must_exist(&app, &season).await?;
    let all = app.office.vacancies(&season).await?;
    let vacant = |v: Vacancy| Vacant {
        school_id: v.school,
        batch: v.batch,
        category: v.category,
        seats: v.seats,
        held: v.held,
        vacant: v.vacant,
    };
    wanted.whole(all.into_iter().map(vacant).collect())
}
