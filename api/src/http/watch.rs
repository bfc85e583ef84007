//! What is measured and logged of a request: its route as this program wrote it, never the path as it came, which may
//! hold an application number.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, histogram};

/// How long an answer took, in seconds, by route.
pub const REQUEST_SECONDS: &str = "luqu_http_request_seconds";

/// The route of a request; requests that no route matched are one.
fn route(request: &Request) -> String {
    let matched = request.extensions().get::<MatchedPath>();
    matched.map_or("none", MatchedPath::as_str).to_owned()
}

/// The methods that routes have; whatever else a client makes up is one.
fn method(request: &Request) -> &'static str {
    match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// Counts an answer and its time.
pub(super) async fn measured(request: Request, next: Next) -> Response {
    let (route, method, begun) = (route(&request), method(&request), Instant::now());
    let response = next.run(request).await;
    let seconds = begun.elapsed().as_secs_f64();
    histogram!(REQUEST_SECONDS, "route" => route.clone()).record(seconds);
    let status = response.status().as_u16().to_string();
    counter!("luqu_http_requests_total", "method" => method, "route" => route, "status" => status)
        .increment(1);
    response
}

/// The span of a request in the log.
pub(super) fn span(request: &Request) -> tracing::Span {
    tracing::info_span!("http", method = method(request), route = route(request))
}
