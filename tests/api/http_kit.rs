//! Clients of the API: they speak HTTP to the whole service, without a socket.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use luqu::acts::Upload;
use luqu::http::{App, Lookups, router};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::acts_world::{PASSWORD, World};

/// Somebody who sends requests.
#[derive(Clone)]
pub(crate) struct Client {
    service: Router,
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
        let lookups = Arc::new(Lookups::default());
        let service = router(App { office: world.office.clone(), lookups });
        Self { service, token: None }
    }

    /// The same service, signed in.
    pub(crate) async fn signed_in(&self, name: &str) -> Self {
        let reply = self
            .send(Method::POST, "/v1/session", Some(json!({"name": name, "password": PASSWORD})))
            .await
            .must_be(200);
        let token = reply["token"].as_str().expect("a token").to_owned();
        Self { service: self.service.clone(), token: Some(token) }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
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
