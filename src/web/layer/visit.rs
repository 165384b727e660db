//! Puts the visit on the request: language, address, caller. One look at the database, and only when the request
//! carries a session cookie.
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header;

use crate::app::App;
use crate::app::caller::{self, Caller};
use crate::domain::secret::PlainToken;
use crate::web::error::Problem;
use crate::web::extract::Visit;
use crate::web::extract::cookies::{self, Cookie};
use crate::web::layer::operation::OperationId;
use crate::web::ui::Locale;

/// Resolves who is calling and in which language to answer.
pub async fn attach(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let token = cookies::get(&app, headers, Cookie::Session).map(PlainToken::presented);
    let mut visit = Visit {
        operation: request.extensions().get::<OperationId>().map(|id| id.0.clone()).unwrap_or_default(),
        locale: Locale::choose(request.uri(), headers),
        uri: request.uri().clone(),
        caller: Caller::Nobody,
        address: address(&app.config.server.trusted_proxies, &request),
        user_agent: headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .map(|text| text.chars().take(200).collect()),
    };
    if let Some(token) = token {
        match caller::resolve(&app, &token).await {
            Ok(caller) => visit.caller = caller.from(visit.origin()),
            Err(cause) => return Problem::internal(&cause).respond(&visit).into_response(),
        }
    }
    request.extensions_mut().insert(visit);
    next.run(request).await
}

/// Where the request comes from, for rate limits and the technical part of log entries: the peer, or, when the
/// peer is a proxy we trust, the nearest address in `X-Forwarded-For` that is not one. What a client writes into that
/// header itself stands further left and is never believed.
fn address(trusted: &[IpAddr], request: &Request) -> Option<IpAddr> {
    let peer =
        request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical())?;
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let lines =
        request.headers().get_all("x-forwarded-for").iter().rev().filter_map(|value| value.to_str().ok());
    let nearest_first =
        lines.flat_map(|line| line.rsplit(',')).map(|text| text.trim().parse::<IpAddr>().ok());
    nearest_first.map_while(|ip| ip).find(|ip| !trusted.contains(ip)).or(Some(peer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: [u8; 4], forwarded: &[&str]) -> String {
        let mut request = axum::http::Request::builder();
        for line in forwarded {
            request = request.header("x-forwarded-for", *line);
        }
        let mut request = request.body(axum::body::Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 1))));
        address(&["10.0.0.2".parse().unwrap(), "10.0.0.3".parse().unwrap()], &request).unwrap().to_string()
    }

    #[test]
    fn only_what_a_trusted_proxy_wrote_is_believed() {
        assert_eq!(from([192, 0, 2, 1], &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(from([10, 0, 0, 2], &[]), "10.0.0.2");
        assert_eq!(from([10, 0, 0, 2], &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(from([10, 0, 0, 2], &["198.51.100.7, 203.0.113.9, 10.0.0.3"]), "203.0.113.9");
        assert_eq!(from([10, 0, 0, 2], &["198.51.100.7", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(from([10, 0, 0, 2], &["nonsense, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(from([10, 0, 0, 2], &["203.0.113.9, nonsense"]), "10.0.0.2");
    }
}
