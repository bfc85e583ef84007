//! The gate before the service: tells health and readiness from the first moment on, and lets requests in once the
//! database is open and what was published is in memory.
//!
//! Ready means: the schema is the one that was found at the start, the database answers, and nobody asked to stop.
//! Look-ups are answered from memory even while it is not ready.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tower::ServiceExt;

use crate::acts::Office;
use crate::http::Lookups;

/// The schema is looked at again after so long.
const LOOKED_AT: Duration = Duration::from_secs(2);

/// A database that has not answered after so long does not.
pub(super) const ANSWERED: Duration = Duration::from_millis(1500);

/// What stands behind the gate once it is open.
pub(super) struct Behind {
    pub(super) office: Office,
    pub(super) lookups: Arc<Lookups>,
    service: Router,
}

#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Inner>);

#[derive(Default)]
struct Inner {
    behind: OnceLock<Behind>,
    closing: AtomicBool,
    /// When the schema was last looked at, and whether it was the one of the start.
    schema: Mutex<Option<(Instant, bool)>>,
}

impl Gate {
    /// Health, readiness, and everything else once it is open.
    pub(super) fn router(&self) -> Router {
        self.told().fallback(pass).with_state(self.clone())
    }

    /// Health and readiness alone.
    pub(super) fn told(&self) -> Router<Self> {
        Router::new().route("/healthz", get(|| async { "ok" })).route("/readyz", get(ready))
    }

    pub(super) fn open(&self, office: Office, lookups: Arc<Lookups>, service: Router) {
        // It is opened once; a second opening would change nothing.
        let _ = self.0.behind.set(Behind { office, lookups, service });
    }

    /// From here on it is not ready; what comes is still served.
    pub(super) fn close(&self) {
        self.0.closing.store(true, Ordering::SeqCst);
    }

    pub(super) fn behind(&self) -> Option<&Behind> {
        self.0.behind.get()
    }

    /// Why the service is not ready, in a word.
    async fn hindrance(&self) -> Option<&'static str> {
        if self.0.closing.load(Ordering::SeqCst) {
            return Some("stopping");
        }
        let Some(behind) = self.0.behind.get() else { return Some("starting") };
        let known = *self.0.schema.lock().unwrap_or_else(PoisonError::into_inner);
        let same = match known {
            Some((at, same)) if at.elapsed() < LOOKED_AT => {
                // The database must still answer.
                if behind.office.store().read().ledger_size().await.is_err() {
                    return Some("database");
                }
                same
            }
            _ => {
                let Ok(same) = behind.office.store().unchanged().await else {
                    return Some("database");
                };
                let looked = Some((Instant::now(), same));
                *self.0.schema.lock().unwrap_or_else(PoisonError::into_inner) = looked;
                same
            }
        };
        (!same).then_some("schema")
    }
}

async fn ready(State(gate): State<Gate>) -> Response {
    let hindrance = tokio::time::timeout(ANSWERED, gate.hindrance()).await;
    match hindrance.unwrap_or(Some("database")) {
        None => Json(serde_json::json!({"ready": true})).into_response(),
        Some(why) => {
            let said = Json(serde_json::json!({"ready": false, "why": why}));
            (StatusCode::SERVICE_UNAVAILABLE, said).into_response()
        }
    }
}

async fn pass(State(gate): State<Gate>, request: Request) -> Response {
    let Some(behind) = gate.behind() else {
        let later = [(header::RETRY_AFTER, "5")];
        return (StatusCode::SERVICE_UNAVAILABLE, later, "正在启动，请稍候").into_response();
    };
    match behind.service.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
