//! Schools, the plan with its approval numbers, and the quota cells with their ideals and reasons.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::applicants::must_exist;
use super::extract::{Path, Query};
use super::guard::Guard;
use super::listing::{FormParams, Row, Wanted};
use super::{App, Problem};
use crate::acts::QuotaCell;
use crate::store::SeatLine;
use crate::tables::write::listing::{Listed, number, text};

/// A line of the plan.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct PlanLine {
    school_id: String,
    batch: String,
    category: String,
    /// The junior school of a quota cell.
    junior_id: Option<String>,
    seats: u32,
    /// 计划文号
    approval_no: String,
    /// The regions it admits from; `*` is any.
    scope: Vec<String>,
}

impl Row for PlanLine {
    const NAME: (&'static str, &'static str) = ("plan", "招生计划");
    const COLUMNS: &'static [Listed] = &[
        text("school_id", "学校代码"),
        text("batch", "批次"),
        text("category", "类别"),
        text("junior_id", "毕业学校代码"),
        number("seats", "计划数"),
        text("approval_no", "计划文号"),
        text("scope", "招生范围"),
    ];
}

impl From<SeatLine> for PlanLine {
    fn from(l: SeatLine) -> Self {
        Self {
            school_id: l.school,
            batch: l.batch,
            category: l.category,
            junior_id: l.junior,
            seats: l.seats,
            approval_no: l.approval_no,
            scope: l.scope,
        }
    }
}

/// The plan as frozen, with what corrections added; empty before it is.
#[utoipa::path(get, path = "/v1/seasons/{season}/plan", tag = "office",
    params(("season" = String, Path), FormParams),
    responses((status = 200, body = Vec<PlanLine>), (status = 404, body = Problem)))]
pub(super) async fn plan(
    State(app): State<App>,
    _: Guard,
    Path(season): Path<String>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    must_exist(&app, &season).await?;
    let lines = app.office.store().read().seat_lines(&season).await?;
    wanted.whole(lines.into_iter().map(PlanLine::from).collect())
}

/// A school.
#[derive(Serialize, ToSchema)]
pub(super) struct School {
    school_id: String,
    name: String,
}

impl Row for School {
    const NAME: (&'static str, &'static str) = ("schools", "学校");
    const COLUMNS: &'static [Listed] = &[text("school_id", "学校代码"), text("name", "学校名称")];
}

/// The schools as frozen, by code.
#[utoipa::path(get, path = "/v1/seasons/{season}/schools", tag = "office",
    params(("season" = String, Path), FormParams),
    responses((status = 200, body = Vec<School>), (status = 404, body = Problem)))]
pub(super) async fn schools(
    State(app): State<App>,
    _: Guard,
    Path(season): Path<String>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    must_exist(&app, &season).await?;
    let names = app.office.store().read().school_names(&season).await?;
    let school = |(school_id, name)| School { school_id, name };
    wanted.whole(names.into_iter().map(school).collect())
}

impl Row for QuotaCell {
    const NAME: (&'static str, &'static str) = ("quotas", "指标分配");
    const COLUMNS: &'static [Listed] = &[
        text("school_id", "学校代码"),
        text("batch", "批次"),
        text("junior_id", "毕业学校代码"),
        number("ideal", "理想值"),
        number("floor", "下取整"),
        number("seats", "名额"),
        text("reason", "末位名额理由"),
        text("ideal_exact", "理想值（分数）"),
        text("edit_reason", "调整理由"),
        text("edit_document", "调整文号"),
    ];
}

/// Which distribution is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The decision that proposed it; the one in force if absent, or else the last one proposed.
    decision: Option<i64>,
}

/// The quota cells: for each its ideal, its floor and why it got its last seat 指标分配.
#[utoipa::path(get, path = "/v1/seasons/{season}/quotas", tag = "office",
    params(("season" = String, Path), Which, FormParams),
    responses((status = 200, body = Vec<QuotaCell>), (status = 404, body = Problem)))]
pub(super) async fn quotas(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    Query(which): Query<Which>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    guard.must_read()?;
    let report = app.office.quota_report(&season, which.decision).await?;
    wanted.whole(report.cells)
}
