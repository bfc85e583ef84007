//! Where a request comes from and how: the connection itself, or what a proxy in front says of it.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

use super::App;

/// The address of the sender, as text; without a connection there is none, and all senders share the blank.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Address(pub(super) String);

/// Whether the sender's end of the connection is encrypted, as far as a proxy of ours says so: this server itself
/// speaks plain HTTP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Encrypted(pub(super) bool);

impl FromRequestParts<App> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
        let told = told(parts, app, "x-forwarded-for").and_then(|ip| ip.parse::<IpAddr>().ok());
        Ok(Self(told.or(peer).map(|ip| ip.to_string()).unwrap_or_default()))
    }
}

impl FromRequestParts<App> for Encrypted {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let told = told(parts, app, "x-forwarded-proto");
        Ok(Self(told.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))))
    }
}

/// What the proxy said last: a sender may say anything of itself, in the same line or in one before.
fn told<'p>(parts: &'p Parts, app: &App, header: &str) -> Option<&'p str> {
    let line = parts.headers.get_all(header).iter().next_back().filter(|_| app.behind_proxy)?;
    line.to_str().ok()?.rsplit(',').next().map(str::trim)
}
