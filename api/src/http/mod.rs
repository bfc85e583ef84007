//! The JSON API. This page lists every URL, grouped by who calls; handlers are thin and call the acts.

mod accounts;
mod address;
mod applicants;
mod batches;
mod budget;
mod classes;
mod compare;
mod connectors;
mod decisions;
mod described;
mod error;
mod extract;
mod gate;
mod guard;
mod imports;
mod jobs;
mod ledger;
mod listing;
mod lookups;
mod once;
mod output;
mod plan;
mod public;
mod registry;
mod results;
mod rounds;
mod seasons;
mod sections;
mod session;
mod tags;
mod watch;
mod wishes;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use tower_http::trace::TraceLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use self::budget::Budget;
use crate::acts::Office;

pub use error::Problem;
pub use lookups::Lookups;
pub use watch::REQUEST_SECONDS;

/// The most bytes of an upload.
const UPLOAD: usize = 200 * 1024 * 1024;

/// A body of which nothing comes for so long is given up: whoever sends slowly on purpose holds little for long.
const STALLED: Duration = Duration::from_secs(15);

/// A request that is not answered after so long is given up, so that whoever sends a byte now and then holds a
/// connection no longer than that. The largest upload comes in time at 3 Mbit/s.
const LONGEST: Duration = Duration::from_secs(600);

/// What every handler has.
#[derive(Clone, Debug)]
pub struct App {
    /// The acts.
    pub office: Office,
    /// What families look up, in memory.
    pub lookups: Arc<Lookups>,
    /// Wrong passwords by address; those by name are counted in the database.
    wrong: Arc<Budget>,
    /// Whether a proxy of ours stands in front and says where requests come from.
    behind_proxy: bool,
}

impl App {
    /// A service over an office, with nothing to look up yet.
    #[must_use]
    pub fn new(office: Office, behind_proxy: bool) -> Self {
        Self { office, lookups: Arc::default(), wrong: Arc::default(), behind_proxy }
    }
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Luqu 录取", description = "Senior-high enrolment and placement: seasons, rounds, registry gate."),
    tags(
        (name = "session", description = "登录"),
        (name = "office", description = "招办"),
        (name = "school", description = "招生高中"),
        (name = "regulator", description = "督导"),
        (name = "admin", description = "系统管理"),
        (name = "registry", description = "学籍系统对接"),
        (name = "public", description = "公众查询"),
    )
)]
struct Description;

/// Every route with its description.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        // Anybody.
        .routes(routes!(session::sign_in))
        .routes(routes!(public::look_up))
        .routes(routes!(public::explain))
        .routes(routes!(public::seasons))
        .routes(routes!(public::lines))
        .routes(routes!(public::plan))
        .routes(routes!(public::calendar))
        // Whoever is signed in.
        .routes(routes!(session::sign_out))
        .routes(routes!(session::me))
        .routes(routes!(session::change_password))
        .routes(routes!(seasons::list))
        .routes(routes!(seasons::status))
        .routes(routes!(batches::list))
        .routes(routes!(batches::one))
        .routes(routes!(plan::plan))
        .routes(routes!(plan::schools))
        .routes(routes!(rounds::vacancies))
        // The office.
        .routes(routes!(seasons::create))
        .routes(routes!(imports::template))
        .routes(routes!(imports::list, imports::stage))
        .routes(routes!(imports::one))
        .routes(routes!(imports::commit))
        .routes(routes!(imports::undo))
        .routes(routes!(decisions::list, decisions::propose))
        .routes(routes!(decisions::one))
        .routes(routes!(decisions::approve))
        .routes(routes!(decisions::withdraw))
        .routes(routes!(wishes::open))
        .routes(routes!(wishes::close))
        .routes(routes!(wishes::bring))
        .routes(routes!(wishes::submit))
        .routes(routes!(batches::ties, batches::decide))
        .routes(routes!(jobs::run))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::job, jobs::cancel))
        .routes(routes!(jobs::events))
        .routes(routes!(rounds::sign))
        .routes(routes!(rounds::publish))
        .routes(routes!(rounds::discard))
        .routes(routes!(registry::clear))
        .routes(routes!(registry::open))
        .routes(routes!(registry::withdraw))
        .routes(routes!(connectors::hand_over))
        .routes(routes!(connectors::slips))
        .routes(routes!(connectors::dumps, connectors::bring))
        .routes(routes!(connectors::reconciliation))
        // The office and the regulator.
        .routes(routes!(applicants::list))
        .routes(routes!(applicants::find))
        .routes(routes!(applicants::track))
        .routes(routes!(applicants::reveal))
        .routes(routes!(plan::quotas))
        .routes(routes!(rounds::list))
        .routes(routes!(rounds::one))
        .routes(routes!(results::placements))
        .routes(routes!(results::cutoffs))
        .routes(routes!(results::reasons))
        .routes(routes!(rounds::file))
        .routes(routes!(compare::compare))
        .routes(routes!(compare::what_if))
        .routes(routes!(compare::explain))
        .routes(routes!(compare::recompute))
        .routes(routes!(registry::violations))
        // The office and the regulator; a school for itself.
        .routes(routes!(registry::admissions))
        .routes(routes!(registry::arrive))
        .routes(routes!(classes::list, classes::form))
        .routes(routes!(classes::join))
        .routes(routes!(sections::list, sections::form))
        .routes(routes!(sections::join))
        // The administrator.
        .routes(routes!(accounts::list, accounts::create))
        .routes(routes!(accounts::disable))
        .routes(routes!(accounts::enable))
        .routes(routes!(accounts::reset))
        .routes(routes!(accounts::tokens, accounts::create_token))
        .routes(routes!(accounts::revoke_token))
        // The registry system; the office and the regulator; a school for its own pupils.
        .routes(routes!(gate::list))
        .routes(routes!(gate::one))
        .routes(routes!(gate::query))
        .routes(routes!(gate::feed))
        .routes(routes!(connectors::oneroster))
        // The regulator.
        .routes(routes!(accounts::access_log))
        .routes(routes!(ledger::checkpoints))
        .routes(routes!(ledger::entries))
        .routes(routes!(ledger::bundle))
}

/// The whole service.
pub fn router(app: App) -> Router {
    let (router, description) = routes().split_for_parts();
    let description = serde_json::to_value(description).unwrap_or_default();
    let description = described::completed(description);
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    router
        .merge(SwaggerUi::new("/docs").external_url_unchecked("/openapi.json", description))
        .fallback(|| async { Problem::not_found("没有这个地址") })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .with_state(app.clone())
        .layer(from_fn_with_state(app, once::once))
        .layer(from_fn(tags::tagged))
        .layer(DefaultBodyLimit::max(UPLOAD))
        .layer(RequestBodyTimeoutLayer::new(STALLED))
        .layer(from_fn(in_time))
        .layer(header(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; frame-ancestors 'none'",
        ))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(CatchPanicLayer::custom(|_| Problem::internal("panic").into_response()))
        .layer(from_fn(watch::measured))
        .layer(TraceLayer::new_for_http().make_span_with(watch::span))
}

/// Answers in time, or gives the request up as if its sender had gone.
async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(LONGEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::too_slow().into_response(),
    }
}
