//! Seasons, and how far each has come.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::batches::furthest;
use super::extract::{Json, Path};
use super::guard::Guard;
use super::listing::{FormParams, Row, Wanted};
use super::{App, Problem};
use crate::store::{DecisionKind, DecisionStatus, ImportStatus, Mode, RoundStatus, WindowStatus};
use crate::tables::write::listing::{Listed, number, text, word};
use crate::tables::write::words;

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

impl Row for Season {
    const NAME: (&'static str, &'static str) = ("seasons", "招生季");
    const COLUMNS: &'static [Listed] = &[
        text("id", "招生季"),
        text("district", "区县"),
        number("year", "年份"),
        word("mode", "性质", words::MODES),
    ];
}

/// The seasons.
#[utoipa::path(get, path = "/v1/seasons", tag = "office", params(FormParams),
    responses((status = 200, body = Vec<Season>)))]
pub(super) async fn list(
    State(app): State<App>,
    _: Guard,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let rows = app.office.store().read().seasons().await?;
    let season = |r: crate::store::SeasonRow| Season {
        id: r.id,
        district: r.district,
        year: r.year,
        mode: r.mode,
    };
    wanted.whole(rows.into_iter().map(season).collect())
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
    let approved = |kind| decisions.iter().any(|d| d.made(kind));
    let waiting =
        |kind| decisions.iter().any(|d| d.kind == kind && d.status == DecisionStatus::Proposed);
    let words = |kind, propose: &str| {
        Some(if waiting(kind) { "等待另一人复核".to_owned() } else { propose.to_owned() })
    };
    let imports = read.imports(&season).await?.into_iter();
    let committed: Vec<_> = imports.filter(|i| i.status == ImportStatus::Committed).collect();
    let mut steps = vec![
        Step {
            name: "导入".to_owned(),
            done: !committed.is_empty(),
            next: Some("导入学校与计划".to_owned()),
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
    let people = committed.iter().any(|import| {
        let summary: serde_json::Value = serde_json::from_str(&import.summary).unwrap_or_default();
        summary["applicants"].as_u64().is_some_and(|applicants| applicants > 0)
    });
    steps.push(Step {
        name: "考生".to_owned(),
        done: people || !windows.is_empty(),
        next: Some("导入考生".to_owned()),
    });
    let rounds = read.rounds(&season).await?;
    let policy = luqu_engine::policy::Policy::load(&row.policy, None)
        .map_err(|_| Problem::internal("stored policy"))?;
    for batch in &policy.batches {
        let status = furthest(&batch.id, &rounds).map(|r| r.status);
        let done = status == Some(RoundStatus::Published);
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
