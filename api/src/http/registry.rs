//! Admitted lists, arrivals and the registry gate.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::guard::Guard;
use super::output::{Shape, file_answer};
use super::{App, Problem};
use crate::acts::Standing;
use crate::store::Role;
use crate::tables::write::people::people_csv;

/// Somebody on an admitted list.
#[derive(Serialize, ToSchema)]
pub(super) struct Admitted {
    applicant_id: String,
    name: String,
    batch: String,
    category: String,
    /// Points.
    total: String,
    /// How they stand at the registry gate: `eligible`, `not_arrived`, `not_cleared`, `registered`.
    #[schema(value_type = String)]
    standing: Standing,
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
    violations: Vec<Violation>,
}

/// A violation that the audit found.
#[derive(Serialize, ToSchema)]
pub(super) struct Violation {
    code: String,
    school_id: String,
    applicant_id: String,
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

/// In which form a list is wanted.
#[derive(Deserialize, IntoParams)]
pub(super) struct Form {
    /// `json`, or `csv`.
    format: Option<String>,
}

/// The school that may see a list: the office and the regulator see all, a school its own.
fn must_see(guard: &Guard, school: &str) -> Result<(), Problem> {
    match guard.actor.role {
        Role::Regulator => Ok(()),
        _ => Ok(guard.actor.must_serve(school)?),
    }
}

/// The admitted list of a school, by applicant.
#[utoipa::path(get, path = "/v1/seasons/{season}/schools/{school}/admissions", tag = "school",
    params(("season" = String, Path), ("school" = String, Path), Form),
    responses((status = 200, body = Vec<Admitted>), (status = 404, body = Problem)))]
pub(super) async fn admissions(
    State(app): State<App>,
    guard: Guard,
    Path((season, school)): Path<(String, String)>,
    Query(form): Query<Form>,
) -> Result<Response, Problem> {
    must_see(&guard, &school)?;
    let names = app.office.store().read().names(&season).await?;
    let all = app.office.standing(&season, &school).await?;
    let rows: Vec<Admitted> = all
        .into_iter()
        .map(|(a, standing)| Admitted {
            name: names.get(&a.applicant).cloned().unwrap_or_default(),
            applicant_id: a.applicant,
            batch: a.batch,
            category: a.category,
            total: luqu_engine::domain::Score::from_hundredths(a.total).to_string(),
            standing,
        })
        .collect();
    match form.format.as_deref() {
        None | Some("json") => Ok(Json(rows).into_response()),
        Some("csv") => {
            let header = ["报名号", "姓名", "批次", "类别", "总分", "学籍状态"];
            let lines = rows.iter().map(|r| {
                [&r.applicant_id, &r.name, &r.batch, &r.category, &r.total, r.standing.words()]
                    .map(str::to_owned)
            });
            Ok(file_answer("admissions.csv", Shape::Csv, people_csv(&header, lines)))
        }
        Some(_) => Err(Problem::bad_request("format 只能是 json 或 csv")),
    }
}

/// Notes that an admitted applicant has arrived, or takes it back.
#[utoipa::path(put, path = "/v1/seasons/{season}/arrivals/{applicant}", tag = "school",
    params(("season" = String, Path), ("applicant" = String, Path)), request_body = Arrival,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn arrive(
    State(app): State<App>,
    guard: Guard,
    Path((season, applicant)): Path<(String, String)>,
    Json(Arrival { arrived }): Json<Arrival>,
) -> Result<StatusCode, Problem> {
    app.office.arrive(&guard.actor, &season, &applicant, arrived).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How one admitted applicant stands at the registry gate.
#[derive(Serialize, ToSchema)]
pub(super) struct Gate {
    school_id: String,
    #[schema(value_type = String)]
    standing: Standing,
    /// In words.
    words: String,
}

/// How an applicant stands at the registry gate.
#[utoipa::path(get, path = "/v1/seasons/{season}/registry/{applicant}", tag = "school",
    params(("season" = String, Path), ("applicant" = String, Path)),
    responses((status = 200, body = Gate), (status = 404, body = Problem)))]
pub(super) async fn standing(
    State(app): State<App>,
    guard: Guard,
    Path((season, applicant)): Path<(String, String)>,
) -> Result<Json<Gate>, Problem> {
    let none = || Problem::not_found("没有该考生的录取");
    let all = app.office.store().read().admissions(&season).await?;
    let found = all.into_iter().find(|a| a.active && a.applicant == applicant).ok_or_else(none)?;
    if guard.actor.role != Role::Machine {
        must_see(&guard, &found.school).map_err(|_| none())?;
    }
    let standing = app.office.standing(&season, &found.school).await?;
    let mine = standing.into_iter().find(|(a, _)| a.id == found.id).map(|(_, s)| s);
    let standing = mine.ok_or_else(none)?;
    Ok(Json(Gate { school_id: found.school, standing, words: standing.words().to_owned() }))
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
    let violation = |v: luqu_engine::rules::Violation| Violation {
        code: v.code.to_string(),
        school_id: v.school.to_string(),
        applicant_id: v.applicant.to_string(),
        found: v.found,
        allowed: v.allowed,
        detail: v.detail,
    };
    Ok(Json(Cleared {
        cleared: done.cleared,
        held: done.held,
        violations: done.violations.into_iter().map(violation).collect(),
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
