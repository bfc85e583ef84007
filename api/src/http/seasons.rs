//! Seasons, how far each has come, and the ledger.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::guard::Guard;
use super::output::{Shape, file_answer};
use super::{App, Problem};
use crate::ledger::Entry;
use crate::store::{DecisionKind, DecisionStatus, Mode, Role, RoundStatus, WindowStatus};

/// A season.
#[derive(Serialize, ToSchema)]
pub(super) struct Season {
    id: String,
    district: String,
    year: u16,
    /// `drill` 演练 or `live` 正式.
    #[schema(value_type = String)]
    mode: Mode,
}

/// A season to begin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSeason {
    /// The text of the policy file.
    policy: String,
    /// `drill` 演练 or `live` 正式.
    #[schema(value_type = String)]
    mode: Mode,
}

/// How far a season has come, and what comes next.
#[derive(Serialize, ToSchema)]
pub(super) struct Status {
    season: Season,
    /// Every step in order.
    steps: Vec<Step>,
    /// 随机号: committed when the season began, published when wishes closed.
    lottery: Option<Lottery>,
}

/// The lottery of a season.
#[derive(Serialize, ToSchema)]
pub(super) struct Lottery {
    /// SHA-256 of the secret, from the first day.
    commitment: String,
    /// The secret, and after a stroke the word of a witness; once it is published.
    seed: Option<String>,
}

/// A step of a season.
#[derive(Serialize, ToSchema)]
pub(super) struct Step {
    /// 步骤
    name: String,
    /// 已完成
    done: bool,
    /// What it waits for, if it is the next.
    next: Option<String>,
}

/// The seasons.
#[utoipa::path(get, path = "/v1/seasons", tag = "office",
    responses((status = 200, body = Vec<Season>), (status = 401, body = Problem)))]
pub(super) async fn list(State(app): State<App>, _: Guard) -> Result<Json<Vec<Season>>, Problem> {
    let rows = app.office.store().read().seasons().await?;
    let season = |r: crate::store::SeasonRow| Season {
        id: r.id,
        district: r.district,
        year: r.year,
        mode: r.mode,
    };
    Ok(Json(rows.into_iter().map(season).collect()))
}

/// Begins a season.
#[utoipa::path(post, path = "/v1/seasons", tag = "office", request_body = NewSeason,
    responses((status = 201, body = Season), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn create(
    State(app): State<App>,
    guard: Guard,
    Json(new): Json<NewSeason>,
) -> Result<(StatusCode, Json<Season>), Problem> {
    let row = app.office.create_season(&guard.actor, &new.policy, new.mode).await?;
    let season = Season { id: row.id, district: row.district, year: row.year, mode: row.mode };
    Ok((StatusCode::CREATED, Json(season)))
}

/// How far a season has come.
#[utoipa::path(get, path = "/v1/seasons/{season}", tag = "office", params(("season" = String, Path)),
    responses((status = 200, body = Status), (status = 404, body = Problem)))]
pub(super) async fn status(
    State(app): State<App>,
    _: Guard,
    Path(season): Path<String>,
) -> Result<Json<Status>, Problem> {
    let read = app.office.store().read();
    let Some(row) = read.season(&season).await? else {
        return Err(Problem::not_found("没有这个招生季"));
    };
    let decisions = read.decisions(&season).await?;
    let approved =
        |kind| decisions.iter().any(|d| d.kind == kind && d.status == DecisionStatus::Approved);
    let waiting =
        |kind| decisions.iter().any(|d| d.kind == kind && d.status == DecisionStatus::Proposed);
    let words = |kind, propose: &str| {
        Some(if waiting(kind) { "等待另一人复核".to_owned() } else { propose.to_owned() })
    };
    let imported = !read.committed(&season).await?.is_empty();
    let mut steps = vec![
        Step {
            name: "导入".to_owned(), done: imported, next: Some("导入学校与计划".to_owned())
        },
        Step {
            name: "计划冻结".to_owned(),
            done: approved(DecisionKind::FreezePlan),
            next: words(DecisionKind::FreezePlan, "提交冻结招生计划"),
        },
        Step {
            name: "指标分配".to_owned(),
            done: read.has_plan(&season).await?,
            next: words(DecisionKind::Quota, "提交指标分配"),
        },
    ];
    let windows = read.windows(&season).await?;
    let rounds = read.rounds(&season).await?;
    let policy = luqu_engine::policy::Policy::load(&row.policy, None)
        .map_err(|_| Problem::internal("stored policy"))?;
    for batch in &policy.batches {
        let status = rounds.iter().filter(|r| batch.id == r.batch).map(|r| r.status).max();
        let done = rounds.iter().any(|r| batch.id == r.batch && r.status == RoundStatus::Published);
        let next = match (windows.get(batch.id.as_str()).map(|w| w.status), status) {
            (None, _) => "开放志愿填报",
            (Some(WindowStatus::Open), _) => "关闭志愿填报",
            (_, Some(RoundStatus::Proposed)) => "等待另一人签发",
            (_, Some(RoundStatus::Computed)) => "核对并签发",
            _ => "计算录取",
        };
        steps.push(Step { name: batch.name.clone(), done, next: Some(next.to_owned()) });
    }
    // What waits for an earlier step says nothing of its own.
    let mut open = false;
    for step in &mut steps {
        if step.done || open {
            step.next = None;
        }
        open |= !step.done;
    }
    let season = Season { id: row.id, district: row.district, year: row.year, mode: row.mode };
    let lottery =
        read.lottery(&season.id).await?.map(|l| Lottery { commitment: l.commitment, seed: l.seed });
    Ok(Json(Status { season, steps, lottery }))
}

/// A checkpoint, to be kept outside.
#[derive(Serialize, ToSchema)]
pub(super) struct Checkpoint {
    /// How many entries it covers.
    size: u64,
    /// The signed note.
    note: String,
}

/// A page of the ledger.
#[derive(Serialize, ToSchema)]
pub(super) struct Entries {
    entries: Vec<LedgerEntry>,
    /// Where the next page begins, if there is one.
    next: Option<u64>,
}

/// An entry of the ledger.
#[derive(Serialize, ToSchema)]
pub(super) struct LedgerEntry {
    seq: u64,
    kind: String,
    /// Microseconds of UTC.
    recorded_at: i64,
    actor: String,
    subject: String,
    /// JSON with sorted keys.
    facts: String,
}

/// Where a page begins.
#[derive(Deserialize, IntoParams)]
pub(super) struct From {
    /// The number of the first entry; 0 if absent.
    from: Option<u64>,
}

const PAGE: u64 = 500;

fn must_read(guard: &Guard) -> Result<(), Problem> {
    Ok(guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Regulator])?)
}

/// The signed checkpoints of the ledger.
#[utoipa::path(get, path = "/v1/ledger/checkpoints", tag = "regulator",
    responses((status = 200, body = Vec<Checkpoint>), (status = 403, body = Problem)))]
pub(super) async fn checkpoints(
    State(app): State<App>,
    guard: Guard,
) -> Result<Json<Vec<Checkpoint>>, Problem> {
    must_read(&guard)?;
    let all = app.office.store().read().checkpoints().await?;
    Ok(Json(all.into_iter().map(|(size, note)| Checkpoint { size, note }).collect()))
}

/// The entries of the ledger, 500 a page.
#[utoipa::path(get, path = "/v1/ledger/entries", tag = "regulator", params(From),
    responses((status = 200, body = Entries), (status = 403, body = Problem)))]
pub(super) async fn entries(
    State(app): State<App>,
    guard: Guard,
    Query(From { from }): Query<From>,
) -> Result<Json<Entries>, Problem> {
    must_read(&guard)?;
    let from = from.unwrap_or(0);
    let leaves = app.office.store().read().leaves(from, PAGE).await?;
    let next = (leaves.len() as u64 == PAGE).then_some(from + PAGE);
    let entry = |(seq, leaf): (u64, Vec<u8>)| {
        let entry = Entry::of_leaf(&leaf)?;
        Some(LedgerEntry {
            seq,
            kind: entry.kind,
            recorded_at: entry.recorded_at,
            actor: entry.actor,
            subject: entry.subject,
            facts: entry.facts,
        })
    };
    let entries: Option<Vec<LedgerEntry>> = (from..).zip(leaves).map(entry).collect();
    let entries = entries.ok_or_else(|| Problem::internal("a leaf that cannot be read"))?;
    Ok(Json(Entries { entries, next }))
}

/// Everything that is needed to check a season offline with `luqu verify-bundle`. Taking it is logged.
#[utoipa::path(get, path = "/v1/seasons/{season}/bundle", tag = "regulator", params(("season" = String, Path)),
    responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 403, body = Problem)))]
pub(super) async fn bundle(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
) -> Result<Response, Problem> {
    let bytes = app.office.bundle(&guard.actor, &season).await?;
    Ok(file_answer(&format!("{season}.zip"), Shape::Zip, bytes))
}
