//! Windows of wishes, and wishes as the filling system sends them.

use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::CellFault;
use super::extract::{Json, Path, Query};
use super::guard::Guard;
use super::imports::{Files, uploads_of};
use super::tags::{IfMatch, IfMatchParams};
use super::{App, Problem, batches};
use crate::store::{Role, WishLine, WishList};

/// The wishes of one applicant in one batch; none withdraws those there are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wishes {
    wishes: Vec<Wish>,
}

/// A wish.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// 志愿序号, from 1.
    position: u16,
    school_id: String,
    category: Option<String>,
    #[serde(default)]
    adjust: bool,
}

/// How wishes close.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Close {
    /// What a witness said in public after the last wish, such as a number drawn by a notary; it enters the seed of
    /// the lottery, which the first close of a season publishes.
    witness: Option<String>,
}

/// What was closed.
#[derive(Serialize, ToSchema)]
pub(super) struct Closed {
    /// Digest of the wishes at the close.
    digest: String,
}

/// Whether to write.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Rehearse {
    /// Only read, and say what was found.
    #[serde(default)]
    rehearse: bool,
}

/// What came of a file of wishes.
#[derive(Serialize, ToSchema)]
pub(super) struct Brought {
    /// The applicants whose lists were written; none where faults block.
    lists: usize,
    wishes: usize,
    /// Faults that block, and warnings, at their cells.
    faults: Vec<CellFault>,
    /// Faults beyond those listed.
    omitted: u64,
}

/// Opens the wishes of a batch.
#[utoipa::path(post, path = "/v1/seasons/{season}/batches/{batch}/wishes/open", tag = "office",
    params(("season" = String, Path), ("batch" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn open(
    State(app): State<App>,
    guard: Guard,
    Path((season, batch)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    app.office.open_wishes(&guard.actor, &season, &batch).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes the wishes of a batch for good.
#[utoipa::path(post, path = "/v1/seasons/{season}/batches/{batch}/wishes/close", tag = "office",
    params(("season" = String, Path), ("batch" = String, Path), IfMatchParams), request_body = Option<Close>,
    responses((status = 200, body = Closed), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn close(
    State(app): State<App>,
    guard: Guard,
    Path((season, batch)): Path<(String, String)>,
    seen: IfMatch,
    how: Option<Json<Option<Close>>>,
) -> Result<Json<Closed>, Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer])?;
    seen.must_be(&batches::found(&app, &season, &batch).await?)?;
    let witness = how.and_then(|Json(how)| how?.witness);
    let digest = app.office.close_wishes(&guard.actor, &season, &batch, witness.as_deref()).await?;
    Ok(Json(Closed { digest }))
}

/// Writes the wishes of an applicant as a new version.
#[utoipa::path(put, path = "/v1/seasons/{season}/batches/{batch}/wishes/{applicant}", tag = "office",
    params(("season" = String, Path), ("batch" = String, Path), ("applicant" = String, Path)),
    request_body = Wishes,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn submit(
    State(app): State<App>,
    guard: Guard,
    Path((season, batch, applicant)): Path<(String, String, String)>,
    Json(sent): Json<Wishes>,
) -> Result<StatusCode, Problem> {
    let line = |w: Wish| WishLine {
        position: w.position,
        school: w.school_id,
        category: w.category,
        adjust: w.adjust,
    };
    let list = WishList { applicant, wishes: sent.wishes.into_iter().map(line).collect() };
    app.office.submit_wishes(&guard.actor, &season, &batch, &[list]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads a file of wishes; the list of everybody in it becomes a new version, or nothing does.
#[utoipa::path(post, path = "/v1/seasons/{season}/batches/{batch}/wishes", tag = "office",
    params(("season" = String, Path), ("batch" = String, Path), Rehearse),
    request_body(content = Files, content_type = "multipart/form-data"),
    responses((status = 200, body = Brought), (status = 409, body = Problem), (status = 422, body = Brought)))]
pub(super) async fn bring(
    State(app): State<App>,
    guard: Guard,
    Path((season, batch)): Path<(String, String)>,
    Query(Rehearse { rehearse }): Query<Rehearse>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<(StatusCode, Json<Brought>), Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Machine])?;
    batches::found(&app, &season, &batch).await?;
    let uploads = uploads_of(form).await?;
    let brought =
        app.office.bring_wishes(&guard.actor, &season, &batch, &uploads, rehearse).await?;
    let loaded = &brought.loaded;
    let status = if loaded.blocked() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let told = Brought {
        lists: brought.lists,
        wishes: loaded.counts.wishes,
        faults: loaded.faults.iter().map(CellFault::of).collect(),
        omitted: loaded.omitted,
    };
    Ok((status, Json(told)))
}
