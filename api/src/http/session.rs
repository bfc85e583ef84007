//! Signing in and out.

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::guard::{Guard, SESSION_COOKIE};
use super::{App, Problem};
use crate::store::Role;

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    name: String,
    password: String,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct Me {
    name: String,
    display: String,
    #[schema(value_type = String)]
    role: Role,
    school: Option<String>,
}

/// A session that has begun.
#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    /// For programs: send as `Authorization: Bearer …`.
    token: String,
    /// For browsers: send as `X-CSRF-Token` with every change.
    csrf: String,
    me: Me,
}

/// Begins a session.
#[utoipa::path(post, path = "/v1/session", tag = "session", request_body = Credentials,
    responses((status = 200, body = Session), (status = 403, body = Problem)))]
pub(super) async fn sign_in(
    State(app): State<App>,
    Json(sent): Json<Credentials>,
) -> Result<impl IntoResponse, Problem> {
    let begun = app.office.sign_in(&sent.name, &sent.password).await?;
    let account = begun.account;
    let me = Me {
        name: account.name,
        display: account.display,
        role: account.role,
        school: account.school,
    };
    let cookie = format!("{SESSION_COOKIE}={}; Path=/; HttpOnly; SameSite=Strict", begun.token);
    let session = Session { token: begun.token, csrf: begun.csrf, me };
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Json(session)))
}

/// Ends the session.
#[utoipa::path(delete, path = "/v1/session", tag = "session",
    responses((status = 204), (status = 401, body = Problem)))]
pub(super) async fn sign_out(
    State(app): State<App>,
    guard: Guard,
) -> Result<axum::http::StatusCode, Problem> {
    app.office.sign_out(&guard.token).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// Who is signed in.
#[utoipa::path(get, path = "/v1/me", tag = "session",
    responses((status = 200, body = Me), (status = 401, body = Problem)))]
pub(super) async fn me(guard: Guard) -> Json<Me> {
    let actor = guard.actor;
    Json(Me { name: actor.name, display: guard.display, role: actor.role, school: actor.school })
}
