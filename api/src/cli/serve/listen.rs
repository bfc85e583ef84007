//! The listener: every connection has so long for the head of a request, so that whoever sends slowly on purpose, or
//! nothing, holds none for long. What stalls inside a body is given up by the service (`http`).

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::Layer;

use crate::error::Failure;

/// How long the head of a request may take, the wait for it on an open connection included.
const HEAD: Duration = Duration::from_secs(30);

/// Before it is tried again where the machine has no more connections to give.
const EXHAUSTED: Duration = Duration::from_secs(1);

/// Serves a router at an address until it is told to stop; then whatever is under way is finished.
///
/// # Errors
/// `Usage` where the address cannot be listened at.
pub(super) async fn listen(
    address: SocketAddr,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) -> Result<JoinHandle<()>, Failure> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|e| Failure::Usage(format!("无法监听 {address}：{e}")))?;
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    Ok(tokio::spawn(async move {
        let open = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                // A sender that is gone has stopped as well.
                _ = stopped.wait_for(|stop| *stop) => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    if !is_the_peers(error.kind()) {
                        tracing::error!(%error, "no connection can be accepted");
                        tokio::time::sleep(EXHAUSTED).await;
                    }
                    continue;
                }
            };
            let service = Extension(ConnectInfo(peer)).layer(router.clone());
            let connection =
                builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
            let connection = open.watch(connection);
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection ended");
                }
            });
        }
        drop(listener);
        open.shutdown().await;
    }))
}

/// Whether a connection failed for what its other end did.
const fn is_the_peers(kind: ErrorKind) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(kind, ConnectionAborted | ConnectionRefused | ConnectionReset)
}
