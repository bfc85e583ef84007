//! The answer of a round as lists: placements, lines and reasons.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Path, Query};
use super::guard::Guard;
use super::listing::{FormParams, PageParams, Row, Wanted};
use super::{App, Problem};
use crate::acts::{CutoffRow, PlacementRow, ReasonRow};
use crate::store::Role;
use crate::tables::write::listing::{Listed, number, text};

impl Row for PlacementRow {
    const NAME: (&'static str, &'static str) = ("placements", "录取结果");
    const COLUMNS: &'static [Listed] = &[
        text("applicant_id", "报名号"),
        text("outcome", "结果"),
        text("batch", "批次"),
        number("position", "志愿序号"),
        text("school_id", "学校代码"),
        text("category", "类别"),
        number("total", "总分"),
    ];
}

impl Row for CutoffRow {
    const NAME: (&'static str, &'static str) = ("cutoffs", "录取线");
    const COLUMNS: &'static [Listed] = &[
        text("batch", "批次"),
        text("school_id", "学校代码"),
        text("category", "类别"),
        text("junior_id", "毕业学校代码"),
        number("seats", "计划数"),
        number("placed", "录取数"),
        text("full", "是否录满"),
        number("lowest_total", "录取线"),
        number("lowest_position", "末位志愿"),
        number("floor", "下限"),
    ];
}

impl Row for ReasonRow {
    const NAME: (&'static str, &'static str) = ("reasons", "未录取理由");
    const COLUMNS: &'static [Listed] = &[
        text("applicant_id", "报名号"),
        text("batch", "批次"),
        number("position", "志愿序号"),
        text("school_id", "学校代码"),
        text("category", "类别"),
        text("reason", "理由"),
        text("detail", "分数线"),
    ];
}

/// Which rows of an answer are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of one applicant.
    applicant: Option<String>,
    /// Of one senior school.
    school: Option<String>,
    /// Of one batch.
    batch: Option<String>,
}

impl Filter {
    fn wants(&self, applicant: &str, school: &str, batch: &str) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|w| w == found);
        is(&self.applicant, applicant) && is(&self.school, school) && is(&self.batch, batch)
    }
}

fn must_read(guard: &Guard) -> Result<(), Problem> {
    Ok(guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Regulator])?)
}

/// The outcome of every applicant in a round, by application number.
#[utoipa::path(get, path = "/v1/seasons/{season}/rounds/{round}/placements", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path), Filter, FormParams, PageParams),
    responses((status = 200, body = Vec<PlacementRow>), (status = 404, body = Problem)))]
pub(super) async fn placements(
    State(app): State<App>,
    guard: Guard,
    Path((season, round)): Path<(String, i64)>,
    Query(filter): Query<Filter>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    must_read(&guard)?;
    let all: Vec<PlacementRow> = app.office.round_rows(&season, round, "placements.csv").await?;
    let sought = |p: &PlacementRow| {
        filter.wants(&p.applicant_id, &p.school_id, &p.batch)
            && wanted.after().is_none_or(|after| p.applicant_id.as_str() > after)
    };
    let rows = all.into_iter().filter(sought).collect();
    wanted.page(rows, |p: &PlacementRow| p.applicant_id.clone())
}

/// The line of every seat class in a round.
#[utoipa::path(get, path = "/v1/seasons/{season}/rounds/{round}/cutoffs", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path), Filter, FormParams),
    responses((status = 200, body = Vec<CutoffRow>), (status = 404, body = Problem)))]
pub(super) async fn cutoffs(
    State(app): State<App>,
    guard: Guard,
    Path((season, round)): Path<(String, i64)>,
    Query(filter): Query<Filter>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    must_read(&guard)?;
    let all: Vec<CutoffRow> = app.office.round_rows(&season, round, "cutoffs.csv").await?;
    let none = Filter { applicant: None, ..filter };
    wanted.whole(all.into_iter().filter(|c| none.wants("", &c.school_id, &c.batch)).collect())
}

/// Why every proposal that did not stick did not, by place in the list; the next page begins after that place.
#[utoipa::path(get, path = "/v1/seasons/{season}/rounds/{round}/reasons", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path), Filter, FormParams, PageParams),
    responses((status = 200, body = Vec<ReasonRow>), (status = 404, body = Problem)))]
pub(super) async fn reasons(
    State(app): State<App>,
    guard: Guard,
    Path((season, round)): Path<(String, i64)>,
    Query(filter): Query<Filter>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    must_read(&guard)?;
    let all: Vec<ReasonRow> = app.office.round_rows(&season, round, "reasons.csv").await?;
    let after = usize::try_from(wanted.after_number()?.unwrap_or(0)).unwrap_or(0);
    let sought = |r: &ReasonRow| filter.wants(&r.applicant_id, &r.school_id, &r.batch);
    let rows: Vec<ReasonRow> = all.into_iter().filter(sought).skip(after).collect();
    let next = after + wanted.shown(rows.len());
    wanted.page(rows, |_: &ReasonRow| next.to_string())
}
