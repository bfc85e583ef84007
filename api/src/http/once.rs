//! `Idempotency-Key`: a POST that is sent again with its key is done once, and answered again. The keys are in the
//! database, so that any server knows them; answers are kept encrypted, for a day.

use std::convert::Infallible;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::extract::MOST;
use super::guard::Guard;
use super::{App, Problem, UPLOAD};
use crate::acts::{Repeated, Ticket};
use crate::store::Role;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The most characters of a key.
const LONGEST: usize = 255;
/// Who brings files; the others send JSON.
const BRINGERS: [Role; 3] = [Role::Clerk, Role::Reviewer, Role::Machine];

/// Marks an answer that holds a secret: it is told once, and kept nowhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Secret;

impl IntoResponseParts for Secret {
    type Error = Infallible;

    fn into_response_parts(self, mut to: ResponseParts) -> Result<ResponseParts, Infallible> {
        to.extensions_mut().insert(self);
        Ok(to)
    }
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    /// Base64; nothing where the answer held a secret.
    body: Option<String>,
}

/// Does a POST with a key once.
pub(super) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    match keyed(app, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn keyed(app: App, request: Request, next: Next) -> Result<Response, Problem> {
    let key = request.headers().get(KEY).and_then(|k| k.to_str().ok()).unwrap_or_default();
    if key.is_empty() || key.len() > LONGEST {
        return Err(Problem::bad_request("Idempotency-Key 应为 1 到 255 个可见字符"));
    }
    let key = key.to_owned();
    // Whoever may not send the request is refused where it goes, and is answered nothing that another was.
    let (mut parts, body) = request.into_parts();
    let Ok(who) = Guard::from_request_parts(&mut parts, &app).await else {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let most = if BRINGERS.contains(&who.actor.role) { UPLOAD } else { MOST };
    let body = to_bytes(body, most).await.map_err(|_| Problem::too_large("请求的内容超过上限"))?;
    let mut digest = Sha256::new();
    for part in [parts.uri.to_string().as_bytes(), &body] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let digest = hex::encode(digest.finalize());
    let ticket = match app.office.begin_once(&who.actor, &key, &digest).await? {
        Repeated::New(ticket) => ticket,
        Repeated::Other => {
            let words = "同一 Idempotency-Key 已用于另一请求";
            return Err(Problem::repeated(StatusCode::UNPROCESSABLE_ENTITY, words));
        }
        Repeated::Open => {
            let words = "同一 Idempotency-Key 的请求正在办理，请稍后再试";
            return Err(Problem::repeated(StatusCode::CONFLICT, words));
        }
        Repeated::Destroyed => {
            let words = "该请求已办理；其答复已随招生季的个人数据销毁";
            return Err(Problem::repeated(StatusCode::CONFLICT, words));
        }
        Repeated::Done(kept) => return again(&kept),
    };
    // Whoever hangs up and sends it again is answered: the work goes on.
    let request = Request::from_parts(parts, Body::from(body));
    let done = tokio::spawn(async move {
        let response = next.run(request).await;
        keep(&app, ticket, response).await
    });
    done.await.map_err(|e| Problem::internal(&e.to_string()))?
}

/// Keeps an answer that did something; one that did nothing frees the key.
async fn keep(app: &App, ticket: Ticket, response: Response) -> Result<Response, Problem> {
    if !response.status().is_success() {
        app.office.drop_once(&ticket).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes: Bytes =
        to_bytes(body, UPLOAD).await.map_err(|_| Problem::internal("a body that ends early"))?;
    let secret = parts.extensions.get::<Secret>().is_some();
    let kept = Kept {
        status: parts.status.as_u16(),
        headers: [header::CONTENT_TYPE, header::CONTENT_DISPOSITION, header::LOCATION]
            .into_iter()
            .filter_map(|name| {
                let value = parts.headers.get(&name)?.to_str().ok()?.to_owned();
                Some((name.to_string(), value))
            })
            .collect(),
        body: (!secret).then(|| STANDARD.encode(&bytes)),
    };
    let kept = serde_json::to_vec(&kept).map_err(|e| Problem::internal(&e.to_string()))?;
    app.office.end_once(&ticket, &kept).await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// The answer that was given before.
fn again(kept: &[u8]) -> Result<Response, Problem> {
    let broken = |_| Problem::internal("a kept answer that cannot be read");
    let kept: Kept = serde_json::from_slice(kept).map_err(broken)?;
    let Some(body) = kept.body else {
        let words = "该请求已办理；其中的密码或令牌只显示一次，请重新签发";
        return Err(Problem::repeated(StatusCode::CONFLICT, words));
    };
    let bytes = STANDARD.decode(body).map_err(|_| Problem::internal("a kept answer"))?;
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let mut response = (status, bytes).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in &kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    Ok(response)
}
