//! The pull API of the registry system: one student, all of them, and what has happened since.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::extract::{Json, Path, Query};
use super::guard::Guard;
use super::listing::encoded;
use super::{App, Problem};
use crate::acts::{FeedPage, GateAnswer, GatePage};

/// Where a page begins and how long it is.
#[derive(Deserialize, IntoParams)]
pub(super) struct Page {
    /// What the page before gave as `next`; the first page without.
    after: Option<String>,
    /// At most so many, 100 if absent, 500 at most.
    limit: Option<u64>,
}

impl Page {
    fn limit(&self) -> u64 {
        self.limit.unwrap_or(100)
    }

    /// `Link` to the page behind this one.
    fn link(&self, path: &str, next: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let Some(next) = next else { return headers };
        let target = format!("{path}?after={}&limit={}", encoded(next), self.limit());
        if let Ok(value) = HeaderValue::from_str(&format!("<{target}>; rel=\"next\"")) {
            headers.insert(header::LINK, value);
        }
        headers
    }
}

/// Somebody asked about by the number that the asking system has already.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    /// 证件号码; in the body, since addresses are logged.
    id_number: String,
}

/// Whether a registry record may be opened for an applicant: eligible, held or refused, with the grounds.
#[utoipa::path(get, path = "/v1/seasons/{season}/registry/{applicant}", tag = "registry",
    params(("season" = String, Path), ("applicant" = String, Path)),
    responses((status = 200, body = GateAnswer), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn one(
    State(app): State<App>,
    guard: Guard,
    Path((season, applicant)): Path<(String, String)>,
) -> Result<Json<GateAnswer>, Problem> {
    Ok(Json(app.office.gate(&guard.actor, &season, &applicant).await?))
}

/// The same for whoever has an id number. A number that nobody has is refused like one that was not admitted.
#[utoipa::path(post, path = "/v1/seasons/{season}/registry-query", tag = "registry",
    params(("season" = String, Path)), request_body = Person,
    responses((status = 200, body = GateAnswer), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn query(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    Json(Person { id_number }): Json<Person>,
) -> Result<Json<GateAnswer>, Problem> {
    Ok(Json(app.office.gate_of_person(&guard.actor, &season, &id_number).await?))
}

/// Everybody ever admitted, by application number, in pages.
#[utoipa::path(get, path = "/v1/seasons/{season}/registry", tag = "registry",
    params(("season" = String, Path), Page),
    responses((status = 200, body = GatePage), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    Query(page): Query<Page>,
) -> Result<(HeaderMap, Json<GatePage>), Problem> {
    let after = page.after.as_deref().unwrap_or_default();
    let found = app.office.gate_page(&guard.actor, &season, after, page.limit()).await?;
    let path = format!("/v1/seasons/{}/registry", encoded(&season));
    Ok((page.link(&path, found.next.as_deref()), Json(found)))
}

/// What has happened at the gate, in order. `next` stays valid: asked again later, it gives what came meanwhile.
#[utoipa::path(get, path = "/v1/seasons/{season}/registry-feed", tag = "registry",
    params(("season" = String, Path), Page),
    responses((status = 200, body = FeedPage), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn feed(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    Query(page): Query<Page>,
) -> Result<(HeaderMap, Json<FeedPage>), Problem> {
    let after = page.after.as_deref();
    let found = app.office.feed(&guard.actor, &season, after, page.limit()).await?;
    let path = format!("/v1/seasons/{}/registry-feed", encoded(&season));
    Ok((page.link(&path, found.next.as_deref()), Json(found)))
}
