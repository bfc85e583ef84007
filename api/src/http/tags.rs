//! Entity tags: what is read has one, `If-None-Match` spares reading it again, and what is decided must say by
//! `If-Match` what was looked at.

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::Problem;

/// The tag of a representation.
fn tag(bytes: &[u8]) -> String {
    format!("\"{}\"", hex::encode(&Sha256::digest(bytes)[..16]))
}

/// The tags that a header lists; weak ones count as strong, since every byte is compared.
fn listed<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).into_iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(',')).map(|t| t.trim().trim_start_matches("W/"))
}

/// Tags every whole answer to GET, and answers 304 to whoever has it.
pub(super) async fn tagged(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let known: Vec<String> =
        listed(request.headers(), &header::IF_NONE_MATCH).map(str::to_owned).collect();
    let response = next.run(request).await;
    // Events are sent as they happen and have no end to wait for.
    if response.status() != StatusCode::OK || response.body().size_hint().exact().is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Problem::internal("a body that ends early").into_response();
    };
    let tag = tag(&bytes);
    let seen = known.iter().any(|k| k == "*" || *k == tag);
    if let Ok(value) = HeaderValue::try_from(tag) {
        parts.headers.insert(header::ETAG, value);
    }
    if !seen {
        return Response::from_parts(parts, Body::from(bytes));
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}

/// What the sender of a decision looked at.
#[derive(Deserialize, IntoParams)]
#[allow(dead_code, reason = "describes what `IfMatch` reads to the reader of the API")]
#[into_params(parameter_in = Header)]
pub(super) struct IfMatchParams {
    /// The `ETag` of the thing as it was read: 428 without it, 412 if the thing has changed since.
    #[serde(rename = "If-Match")]
    if_match: String,
}

/// What the sender of a decision looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct IfMatch(Vec<String>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(listed(&parts.headers, &header::IF_MATCH).map(str::to_owned).collect()))
    }
}

impl IfMatch {
    /// Passes if the thing is still as its reader saw it.
    ///
    /// # Errors
    /// 428 without `If-Match`, 412 if it has changed since.
    pub(super) fn must_be(&self, now: &impl Serialize) -> Result<(), Problem> {
        if self.0.is_empty() {
            return Err(Problem::precondition_required());
        }
        let bytes = serde_json::to_vec(now).map_err(|e| Problem::internal(&e.to_string()))?;
        let now = tag(&bytes);
        if self.0.iter().any(|t| t == "*" || *t == now) {
            return Ok(());
        }
        Err(Problem::precondition_failed())
    }

    /// Whether the sender says what was looked at, where nobody has to.
    pub(super) fn is_sent(&self) -> bool {
        !self.0.is_empty()
    }
}
