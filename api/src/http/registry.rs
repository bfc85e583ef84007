//! Admitted lists, arrivals and the registry gate.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::applicants::must_exist;
use super::extract::{Json, Path, Query};
use super::guard::Guard;
use super::listing::{FormParams, PageParams, Row, Wanted};
use super::tags::IfMatch;
use super::{App, Problem};
use crate::acts::Standing;
use crate::store::Role;
use crate::tables::write::listing::{Listed, number, text, word};
use crate::tables::write::words;

/// Somebody on an admitted list.
#[derive(Serialize, ToSchema)]
pub(super) struct Admitted {
    applicant_id: String,
    name: String,
    batch: String,
    category: String,
    /// Points.
    total: String,
    /// How they stand at the registry gate: `eligible`, `not_arrived`, `not_cleared`, `blocked`,
    /// `registered`.
    #[schema(value_type = String)]
    standing: Standing,
    /// The same in words.
    standing_words: &'static str,
}

/// Whether somebody has arrived.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arrival {
    arrived: bool,
}

/// What an audit cleared.
#[derive(Serialize, ToSchema)]
pub(super) struct Cleared {
    cleared: usize,
    held: usize,
    /// Who has a record and would not be cleared any more: look at each, and withdraw the record where it must go.
    registered: Vec<String>,
    violations: Vec<Violation>,
}

/// A violation that the audit found.
#[derive(Serialize, ToSchema)]
pub(super) struct Violation {
    code: String,
    /// `error`, or `warning` for an older state that must be put right under a plan.
    #[schema(value_type = String)]
    severity: luqu_engine::domain::Severity,
    school_id: String,
    applicant_id: String,
    batch: String,
    category: String,
    /// The item of the policy document.
    item: String,
    found: String,
    allowed: String,
    detail: String,
}

/// What the registry gate did.
#[derive(Serialize, ToSchema)]
pub(super) struct Opened {
    opened: usize,
    refused: Vec<Refused>,
}

/// Somebody without a record.
#[derive(Serialize, ToSchema)]
pub(super) struct Refused {
    applicant_id: String,
    reason: String,
}

/// The school that may see a list: the office and the regulator see all, a school its own.
fn must_see(guard: &Guard, school: &str) -> Result<(), Problem> {
    match guard.actor.role {
        Role::Regulator => Ok(()),
        _ => Ok(guard.actor.must_serve(school)?),
    }
}

impl Row for Admitted {
    const NAME: (&'static str, &'static str) = ("admissions", "录取名册");
    const COLUMNS: &'static [Listed] = &[
        text("applicant_id", "报名号"),
        text("name", "姓名"),
        text("batch", "批次"),
        text("category", "类别"),
        number("total", "总分"),
        text("standing_words", "学籍状态"),
    ];
}

/// Who of a list is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// The beginning of the application number, or a part of the name.
    search: Option<String>,
    /// How they stand: `eligible`, `not_arrived`, `not_cleared`, `blocked`, `registered`.
    #[param(value_type = Option<String>)]
    standing: Option<Standing>,
}

/// The admitted list of a school, by applicant.
#[utoipa::path(get, path = "/v1/seasons/{season}/schools/{school}/admissions", tag = "school",
    params(("season" = String, Path), ("school" = String, Path), Filter, FormParams, PageParams),
    responses((status = 200, body = Vec<Admitted>), (status = 404, body = Problem)))]
pub(super) async fn admissions(
    State(app): State<App>,
    guard: Guard,
    Path((season, school)): Path<(String, String)>,
    Query(filter): Query<Filter>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    must_see(&guard, &school)?;
    must_exist(&app, &season).await?;
    app.office.school_name(&season, &school).await?;
    let names = app.office.store().read().names(&season).await?;
    let all = app.office.standing(&season, &school).await?;
    let rows = all.into_iter().map(|(a, standing)| Admitted {
        name: names.get(&a.applicant).cloned().unwrap_or_default(),
        applicant_id: a.applicant,
        batch: a.batch,
        category: a.category,
        total: luqu_engine::domain::Score::from_hundredths(a.total).to_string(),
        standing,
        standing_words: standing.words(),
    });
    let sought = |a: &Admitted| {
        let text = filter.search.as_deref().unwrap_or_default();
        (a.applicant_id.starts_with(text) || a.name.contains(text))
            && filter.standing.is_none_or(|s| s == a.standing)
            && wanted.after().is_none_or(|after| a.applicant_id.as_str() > after)
    };
    let rows = rows.filter(sought).collect();
    wanted.page(rows, |a: &Admitted| a.applicant_id.clone())
}

/// Notes that an admitted applicant has arrived, or takes it back.
#[utoipa::path(put, path = "/v1/seasons/{season}/arrivals/{applicant}", tag = "school",
    params(("season" = String, Path), ("applicant" = String, Path)), request_body = Arrival,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn arrive(
    State(app): State<App>,
    guard: Guard,
    Path((season, applicant)): Path<(String, String)>,
    seen: IfMatch,
    Json(Arrival { arrived }): Json<Arrival>,
) -> Result<StatusCode, Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::School])?;
    if seen.is_sent() {
        seen.must_be(&app.office.gate(&guard.actor, &season, &applicant).await?)?;
    }
    app.office.arrive(&guard.actor, &season, &applicant, arrived).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<luqu_engine::rules::Violation> for Violation {
    fn from(v: luqu_engine::rules::Violation) -> Self {
        Self {
            code: v.code.to_string(),
            severity: v.severity,
            school_id: v.school.to_string(),
            applicant_id: v.applicant.to_string(),
            batch: v.batch.to_string(),
            category: v.category.to_string(),
            item: v.item,
            found: v.found,
            allowed: v.allowed,
            detail: v.detail,
        }
    }
}

impl Row for Violation {
    const NAME: (&'static str, &'static str) = ("violations", "违规台账");
    const COLUMNS: &'static [Listed] = &[
        text("code", "编号"),
        word("severity", "程度", words::SEVERITIES),
        text("school_id", "学校代码"),
        text("applicant_id", "报名号"),
        text("batch", "批次"),
        text("category", "类别"),
        text("found", "发现"),
        text("allowed", "规定"),
        text("item", "条款"),
        text("detail", "说明"),
    ];
}

/// Which violations are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of one rule, such as `V02`.
    code: Option<String>,
    /// Of one school.
    school: Option<String>,
}

/// What an audit of the published admissions finds now 违规台账. Nothing is changed.
#[utoipa::path(get, path = "/v1/seasons/{season}/violations", tag = "regulator",
    params(("season" = String, Path), Which, FormParams),
    responses((status = 200, body = Vec<Violation>), (status = 404, body = Problem)))]
pub(super) async fn violations(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    Query(which): Query<Which>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let all = app.office.violations(&guard.actor, &season).await?;
    let sought = |v: &Violation| {
        which.code.as_ref().is_none_or(|c| *c == v.code)
            && which.school.as_ref().is_none_or(|s| *s == v.school_id)
    };
    wanted.whole(all.into_iter().map(Violation::from).filter(sought).collect())
}

/// Audits all published admissions and clears those that nothing blocks.
#[utoipa::path(post, path = "/v1/seasons/{season}/audit", tag = "office", params(("season" = String, Path)),
    responses((status = 200, body = Cleared), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn clear(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
) -> Result<Json<Cleared>, Problem> {
    let done = app.office.clear(&guard.actor, &season).await?;
    Ok(Json(Cleared {
        cleared: done.cleared,
        held: done.held,
        registered: done.registered,
        violations: done.violations.into_iter().map(Violation::from).collect(),
    }))
}

/// Opens registry records for everybody of a school who may have one.
#[utoipa::path(post, path = "/v1/seasons/{season}/schools/{school}/records", tag = "office",
    params(("season" = String, Path), ("school" = String, Path)),
    responses((status = 200, body = Opened), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn open(
    State(app): State<App>,
    guard: Guard,
    Path((season, school)): Path<(String, String)>,
) -> Result<Json<Opened>, Problem> {
    let done = app.office.open_records(&guard.actor, &season, &school).await?;
    let refused = |(applicant_id, reason): (String, &str)| Refused {
        applicant_id,
        reason: reason.to_owned(),
    };
    let refused = done.refused.into_iter().map(refused).collect();
    Ok(Json(Opened { opened: done.opened, refused }))
}

/// Withdraws the registry record of an applicant.
#[utoipa::path(delete, path = "/v1/seasons/{season}/records/{applicant}", tag = "office",
    params(("season" = String, Path), ("applicant" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn withdraw(
    State(app): State<App>,
    guard: Guard,
    Path((season, applicant)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    app.office.withdraw_record(&guard.actor, &season, &applicant).await?;
    Ok(StatusCode::NO_CONTENT)
}
