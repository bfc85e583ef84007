//! Who sends a request: a bearer token of a program, or a cookie of a browser with its second proof.

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use subtle::ConstantTimeEq;

use super::{App, Problem};
use crate::acts::Actor;
use crate::auth::SignedIn;
use crate::store::{Role, Scope};

/// The cookie of a session.
pub(super) const SESSION_COOKIE: &str = "luqu_session";
/// The header that proves that a page of ours sent a request.
const CSRF_HEADER: &str = "x-csrf-token";

/// What programs may call, by what their token is for. Whatever is not listed is refused to them.
const MACHINES: &[(Option<Scope>, Method, &str)] = &[
    (None, Method::GET, "/v1/me"),
    (None, Method::GET, "/v1/seasons"),
    (None, Method::GET, "/v1/seasons/{season}"),
    (Some(Scope::Registry), Method::GET, "/v1/seasons/{season}/registry/{applicant}"),
    (Some(Scope::Registry), Method::GET, "/v1/seasons/{season}/registry"),
    (Some(Scope::Registry), Method::GET, "/v1/seasons/{season}/registry-feed"),
    (Some(Scope::Registry), Method::POST, "/v1/seasons/{season}/registry-query"),
    (Some(Scope::Registry), Method::POST, "/v1/seasons/{season}/registry-dumps"),
    (Some(Scope::Registry), Method::GET, "/v1/seasons/{season}/oneroster"),
    (Some(Scope::Import), Method::GET, "/v1/seasons/{season}/template"),
    (Some(Scope::Import), Method::GET, "/v1/seasons/{season}/imports"),
    (Some(Scope::Import), Method::GET, "/v1/seasons/{season}/imports/{import}"),
    (Some(Scope::Import), Method::POST, "/v1/seasons/{season}/imports"),
    (Some(Scope::Import), Method::POST, "/v1/seasons/{season}/batches/{batch}/wishes"),
    (Some(Scope::Import), Method::PUT, "/v1/seasons/{season}/batches/{batch}/wishes/{applicant}"),
];

/// What whoever has to change the password may call.
const BEFORE_CHANGE: [&str; 3] = ["/v1/me", "/v1/me/password", "/v1/session"];

/// Whoever is signed in.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) actor: Actor,
    pub(super) display: String,
    pub(super) must_change: bool,
    pub(super) token: String,
}

impl Guard {
    /// Passes for those who see everything of a season: the office and the regulator.
    pub(super) fn must_read(&self) -> Result<(), Problem> {
        Ok(self.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Regulator])?)
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok())
}

/// What a request shows of itself: a program's token or session, else a browser's cookie.
fn shown(headers: &HeaderMap) -> Option<(&str, bool)> {
    let bearer = text(headers, AUTHORIZATION).and_then(|v| v.strip_prefix("Bearer "));
    let cookie = text(headers, COOKIE).and_then(|all| {
        all.split(';').find_map(|c| c.trim().strip_prefix(SESSION_COOKIE)?.strip_prefix('='))
    });
    bearer.map(|t| (t, true)).or_else(|| cookie.map(|t| (t, false)))
}

impl FromRequestParts<App> for Guard {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Some((token, bearer)) = shown(&parts.headers) else {
            return Err(Problem::unauthorized());
        };
        let Some(found) = app.office.signed_in(token).await? else {
            return Err(Problem::unauthorized());
        };
        if !bearer && !parts.method.is_safe() {
            let sent = text(&parts.headers, HeaderName::from_static(CSRF_HEADER)).unwrap_or("");
            if !bool::from(sent.as_bytes().ct_eq(found.csrf.as_bytes())) {
                return Err(Problem::forbidden("请求缺少防伪标记，请刷新页面后重试"));
            }
        }
        let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        may_call(&found, &parts.method, path)?;
        let SignedIn { actor, display, must_change, .. } = found;
        Ok(Self { actor, display, must_change, token: token.to_owned() })
    }
}

fn may_call(found: &SignedIn, method: &Method, path: &str) -> Result<(), Problem> {
    if found.must_change && !BEFORE_CHANGE.contains(&path) {
        return Err(Problem::password_change());
    }
    let lets = |(scope, of, at): &(Option<Scope>, Method, &str)| {
        (of, *at) == (method, path) && scope.is_none_or(|s| found.scopes.contains(&s))
    };
    if found.actor.role == Role::Machine && !MACHINES.iter().any(lets) {
        return Err(Problem::forbidden("该令牌不能用于此接口"));
    }
    Ok(())
}
