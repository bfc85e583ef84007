//! The answer of a round as lists: placements, lines and reasons.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::extract::{Path, Query};
use super::guard::Guard;
use super::listing::{FormParams, PageParams, Row, Wanted};
use super::{App, Problem};
use crate::acts::{CutoffRow, PlacementRow, ReasonRow};
use crate::tables::write::listing::{Listed, number, text, word};
use crate::tables::write::words;

impl Row for PlacementRow {
    const NAME: (&'static str, &'static str) = ("placements", "录取结果");
    const COLUMNS: &'static [Listed] = &[
        text("applicant_id", "报名号"),
        word("outcome", "结果", words::OUTCOMES),
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
        word("full", "是否录满", words::FULL),
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
        word("reason", "理由", words::REASONS),
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

/// The rows of a file of a round that are wanted, as they stand in it.
async fn rows<T: DeserializeOwned>(
    (app, guard): (&App, &Guard),
    (season, round): (&str, i64),
    file: &str,
    wants: impl Fn(&T) -> bool,
) -> Result<Vec<T>, Problem> {
    guard.must_read()?;
    let all: Vec<T> = app.office.round_rows(season, round, file).await?;
    Ok(all.into_iter().filter(wants).collect())
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
    let sought = |p: &PlacementRow| {
        filter.wants(&p.applicant_id, &p.school_id, &p.batch)
            && wanted.after().is_none_or(|after| p.applicant_id.as_str() > after)
    };
    let rows = rows((&app, &guard), (&season, round), "placements.csv", sought).await?;
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
    let filter = Filter { applicant: None, ..filter };
    let sought = |c: &CutoffRow| filter.wants("", &c.school_id, &c.batch);
    wanted.whole(rows((&app, &guard), (&season, round), "cutoffs.csv", sought).await?)
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
    let sought = |r: &ReasonRow| filter.wants(&r.applicant_id, &r.school_id, &r.batch);
    let mut rows = rows((&app, &guard), (&season, round), "reasons.csv", sought).await?;
    let after = usize::try_from(wanted.after_number()?.unwrap_or(0)).unwrap_or(0);
    rows.drain(..after.min(rows.len()));
    let next = after + wanted.shown(rows.len());
    wanted.page(rows, |_: &ReasonRow| next.to_string())
}
