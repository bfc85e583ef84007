//! Clients of the API: they speak HTTP to the whole service, without a socket.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use luqu::acts::{Actor, Office, Upload};
use luqu::auth::TokenRequest;
use luqu::http::{App, Lookups, router};
use luqu::store::{Role, Scope};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::acts_world::{PASSWORD, World};

/// Somebody who sends requests.
#[derive(Clone)]
pub(crate) struct Client {
    service: Router,
    lookups: Arc<Lookups>,
    office: Office,
    token: Option<String>,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| Value::String(self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body of a reply that must have this status.
    pub(crate) fn must_be(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self.json()
    }
}

impl Client {
    /// Somebody who is not signed in.
    pub(crate) fn anonymous(world: &World) -> Self {
        Self::of(world, false)
    }

    /// The same at a service that a proxy stands in front of.
    pub(crate) fn behind_proxy(world: &World) -> Self {
        Self::of(world, true)
    }

    fn of(world: &World, behind_proxy: bool) -> Self {
        let app = App::new(world.office.clone(), behind_proxy);
        let lookups = Arc::clone(&app.lookups);
        let service = router(app);
        Self { service, lookups, office: world.office.clone(), token: None }
    }

    /// The same service, signed in; the program `li` with a token that may do what tokens may.
    pub(crate) async fn signed_in(&self, name: &str) -> Self {
        if name == "li" {
            let request = TokenRequest {
                account: name.to_owned(),
                note: "test".to_owned(),
                scopes: Scope::ALL.to_vec(),
                days: None,
            };
            let (_, token) = self.office.create_token(&admin(), &request).await.expect("a token");
            return self.with(&token);
        }
        let reply = self
            .send(Method::POST, "/v1/session", Some(json!({"name": name, "password": PASSWORD})))
            .await
            .must_be(200);
        let token = reply["token"].as_str().expect("a token").to_owned();
        self.with(&token)
    }

    /// What this client shows of itself.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// What the public is told, read anew.
    pub(crate) async fn refresh(&self) {
        self.lookups.refresh(&self.office).await.expect("a reading");
    }

    /// The same service with a token.
    pub(crate) fn with(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        self.send_with(method, path, body, &[]).await
    }

    /// Sends a request with more headers.
    pub(crate) async fn send_with(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.exchange(request.body(body).expect("a request")).await
    }

    pub(crate) async fn exchange(&self, request: Request<Body>) -> Reply {
        let response = self.service.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        Reply { status: parts.status, headers: parts.headers, bytes }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Looks at a thing and decides on what was seen.
    pub(crate) async fn decide(&self, thing: &str, path: &str, body: Value) -> Reply {
        let seen = self.get(thing).await;
        let tag = seen.headers.get(header::ETAG).and_then(|t| t.to_str().ok());
        self.matching(path, tag.unwrap_or("*"), body).await
    }

    /// Posts on what has this tag.
    pub(crate) async fn matching(&self, path: &str, tag: &str, body: Value) -> Reply {
        self.send_with(Method::POST, path, Some(body), &[("if-match", tag)]).await
    }

    /// Sends files as a browser does.
    pub(crate) async fn upload(&self, path: &str, files: &[Upload]) -> Reply {
        const MARK: &str = "luqu-boundary";
        let mut body = Vec::new();
        for file in files {
            let head = format!(
                "--{MARK}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\r\n",
                file.name
            );
            body.extend(head.as_bytes());
            body.extend(&file.bytes);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{MARK}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={MARK}");
        let token = self.token.as_deref().unwrap_or_default();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, kind)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::from(body))
            .expect("a request");
        self.exchange(request).await
    }
}

/// The administrator of the world.
pub(crate) fn admin() -> Actor {
    Actor { name: "zhou".to_owned(), role: Role::Admin, school: None }
}
