//! Who sends a request: a bearer token of a program, or a cookie of a browser with its second proof.

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use subtle::ConstantTimeEq;

use super::{App, Problem};
use crate::acts::Actor;
use crate::auth::SignedIn;

/// The cookie of a session.
pub(super) const SESSION_COOKIE: &str = "luqu_session";
/// The header that proves that a page of ours sent a request.
const CSRF_HEADER: &str = "x-csrf-token";

/// Whoever is signed in.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) actor: Actor,
    pub(super) display: String,
    pub(super) token: String,
}

impl FromRequestParts<App> for Guard {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let text =
            |name| parts.headers.get(name).and_then(|v: &axum::http::HeaderValue| v.to_str().ok());
        let bearer = text(AUTHORIZATION).and_then(|v| v.strip_prefix("Bearer "));
        let cookie = text(COOKIE).and_then(|all| {
            all.split(';').find_map(|c| c.trim().strip_prefix(SESSION_COOKIE)?.strip_prefix('='))
        });
        let Some(token) = bearer.or(cookie) else { return Err(Problem::unauthorized()) };
        let Some(found) = app.office.signed_in(token).await? else {
            return Err(Problem::unauthorized());
        };
        let SignedIn { actor, display, csrf } = found;
        if bearer.is_none() && !parts.method.is_safe() {
            let sent = text(axum::http::HeaderName::from_static(CSRF_HEADER)).unwrap_or("");
            if !bool::from(sent.as_bytes().ct_eq(csrf.as_bytes())) {
                return Err(Problem::forbidden("请求缺少防伪标记，请刷新页面后重试"));
            }
        }
        Ok(Self { actor, display, token: token.to_owned() })
    }
}
