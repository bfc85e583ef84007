//! The JSON API. This page lists every URL, grouped by who calls; handlers are thin and call the acts.

mod decisions;
mod error;
mod guard;
mod imports;
mod output;
mod public;
mod registry;
mod rounds;
mod seasons;
mod session;
mod watch;
mod wishes;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use crate::acts::Office;

pub use error::Problem;
pub use public::Lookups;
pub use watch::REQUEST_SECONDS;

/// The most bytes of an upload.
const UPLOAD: usize = 200 * 1024 * 1024;

/// What every handler has.
#[derive(Clone, Debug)]
pub struct App {
    /// The acts.
    pub office: Office,
    /// What families look up, in memory.
    pub lookups: Arc<Lookups>,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Luqu 录取", description = "Senior-high enrolment and placement: seasons, rounds, registry gate."),
    tags(
        (name = "session", description = "登录"),
        (name = "office", description = "招办"),
        (name = "school", description = "招生高中"),
        (name = "regulator", description = "督导"),
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
        // Whoever is signed in.
        .routes(routes!(session::sign_out))
        .routes(routes!(session::me))
        .routes(routes!(seasons::list))
        .routes(routes!(seasons::status))
        // The office.
        .routes(routes!(seasons::create))
        .routes(routes!(imports::list, imports::stage))
        .routes(routes!(imports::commit))
        .routes(routes!(imports::undo))
        .routes(routes!(decisions::list, decisions::propose))
        .routes(routes!(decisions::approve))
        .routes(routes!(decisions::withdraw))
        .routes(routes!(wishes::open))
        .routes(routes!(wishes::close))
        .routes(routes!(wishes::bring))
        .routes(routes!(wishes::submit))
        .routes(routes!(rounds::run))
        .routes(routes!(rounds::job, rounds::cancel))
        .routes(routes!(rounds::events))
        .routes(routes!(rounds::sign))
        .routes(routes!(rounds::publish))
        .routes(routes!(rounds::discard))
        .routes(routes!(registry::clear))
        .routes(routes!(registry::open))
        .routes(routes!(registry::withdraw))
        // The office and the regulator; a school for itself.
        .routes(routes!(rounds::list))
        .routes(routes!(rounds::file))
        .routes(routes!(rounds::vacancies))
        .routes(routes!(registry::admissions))
        .routes(routes!(registry::arrive))
        .routes(routes!(registry::standing))
        // The regulator.
        .routes(routes!(seasons::checkpoints))
        .routes(routes!(seasons::entries))
        .routes(routes!(seasons::bundle))
}

/// The whole service.
pub fn router(app: App) -> Router {
    let (router, description) = routes().split_for_parts();
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    router
        .merge(SwaggerUi::new("/docs").url("/openapi.json", description))
        .fallback(|| async { Problem::not_found("没有这个地址") })
        .with_state(app)
        .layer(DefaultBodyLimit::max(UPLOAD))
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
