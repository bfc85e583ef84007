//! Signing in and out, and one's own password.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::address::{Address, Encrypted};
use super::extract::Json;
use super::guard::{Guard, SESSION_COOKIE};
use super::{App, Problem};
use crate::acts::ActError;
use crate::store::Role;

/// Wrong passwords from one address before it rests: an office behind one address has many people.
const OF_ADDRESS: u32 = 50;

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    #[schema(example = "clerk", max_length = 64)]
    name: String,
    #[schema(example = "ten characters or more", max_length = 256)]
    password: String,
}

/// One's old password and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    #[schema(example = "the one that was given out", max_length = 256)]
    old: String,
    /// At least ten characters.
    #[schema(example = "a new one of one's own", min_length = 10, max_length = 256)]
    new: String,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct Me {
    name: String,
    display: String,
    #[schema(value_type = String)]
    role: Role,
    school: Option<String>,
    /// The password has to be changed before anything else.
    must_change_password: bool,
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

/// Longer names and passwords are nobody's, and are not worth the work of hashing.
const LONGEST: usize = 256;
/// What is told to whoever tried too often.
const TIRED: &str = "登录失败次数过多，请 15 分钟后再试";

/// Begins a session. A wrong name, a wrong password and a disabled account get one answer; after ten wrong passwords an
/// account rests for a quarter of an hour on all servers, after fifty an address on one.
#[utoipa::path(post, path = "/v1/session", tag = "session", request_body = Credentials, security(()),
    responses((status = 200, body = Session), (status = 403, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn sign_in(
    State(app): State<App>,
    Address(from): Address,
    encrypted: Encrypted,
    Json(sent): Json<Credentials>,
) -> Result<impl IntoResponse, Problem> {
    let address = format!("from {from}");
    if sent.name.len() > LONGEST || sent.password.len() > LONGEST {
        return Err(Problem::bad_request("用户名或密码过长"));
    }
    if !app.wrong.take(&address, OF_ADDRESS) {
        return Err(Problem::too_many(TIRED));
    }
    if !app.office.may_try(&sent.name).await? {
        app.wrong.give_back(&address);
        return Err(Problem::too_many(TIRED));
    }
    let begun = app.office.sign_in(&sent.name, &sent.password).await;
    if !matches!(begun, Err(ActError::NotPermitted(_))) {
        app.wrong.give_back(&address);
    }
    let begun = begun?;
    app.office.forget_tries(&sent.name).await?;
    let account = begun.account;
    let me = Me {
        name: account.name,
        display: account.display,
        role: account.role,
        school: account.school,
        must_change_password: account.must_change,
    };
    let cookie = cookie(&begun.token, encrypted);
    let session = Session { token: begun.token, csrf: begun.csrf, me };
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Json(session)))
}

/// The cookie of a session, which a browser keeps from scripts, from other sites and, where the way to it is
/// encrypted, from every way that is not.
fn cookie(token: &str, Encrypted(encrypted): Encrypted) -> String {
    let secure = if encrypted { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{secure}")
}

/// Ends the session.
#[utoipa::path(delete, path = "/v1/session", tag = "session",
    responses((status = 204)))]
pub(super) async fn sign_out(
    State(app): State<App>,
    guard: Guard,
    encrypted: Encrypted,
) -> Result<impl IntoResponse, Problem> {
    app.office.sign_out(&guard.token).await?;
    let gone = format!("{}; Max-Age=0", cookie("", encrypted));
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, gone)])))
}

/// Who is signed in.
#[utoipa::path(get, path = "/v1/me", tag = "session",
    responses((status = 200, body = Me)))]
pub(super) async fn me(guard: Guard) -> Json<Me> {
    let actor = guard.actor;
    Json(Me {
        name: actor.name,
        display: guard.display,
        role: actor.role,
        school: actor.school,
        must_change_password: guard.must_change,
    })
}

/// Changes one's own password; all other sessions of the account end.
#[utoipa::path(post, path = "/v1/me/password", tag = "session", request_body = PasswordChange,
    responses((status = 204), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 429, body = Problem)))]
pub(super) async fn change_password(
    State(app): State<App>,
    guard: Guard,
    Json(sent): Json<PasswordChange>,
) -> Result<StatusCode, Problem> {
    if sent.old.len() > LONGEST || sent.new.len() > LONGEST {
        return Err(Problem::bad_request("密码过长"));
    }
    let name = &guard.actor.name;
    if !app.office.may_try(name).await? {
        return Err(Problem::too_many("输入错误次数过多，请 15 分钟后再试"));
    }
    let changed =
        app.office.change_password(&guard.actor, &guard.token, &sent.old, &sent.new).await;
    // The old password was right also where the new one is refused.
    if matches!(changed, Ok(()) | Err(ActError::Conflict(_))) {
        app.office.forget_tries(name).await?;
    }
    changed?;
    Ok(StatusCode::NO_CONTENT)
}
