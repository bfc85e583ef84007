//! Where a request comes from: the other end of the connection, or what a proxy in front says of it.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

use super::App;

/// The address of the sender, as text; without a connection there is none, and all senders share the blank.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Address(pub(super) String);

impl FromRequestParts<App> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
        // What a sender says of itself counts only where a proxy of ours has said it last.
        let told = parts.headers.get("x-forwarded-for").filter(|_| app.behind_proxy);
        let last = told.and_then(|v| v.to_str().ok()).and_then(|v| v.rsplit(',').next());
        let told = last.and_then(|v| v.trim().parse::<IpAddr>().ok());
        Ok(Self(told.or(peer).map(|ip| ip.to_string()).unwrap_or_default()))
    }
}
