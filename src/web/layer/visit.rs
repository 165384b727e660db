//! Puts the visit on the request: language, address, caller. One look at the database, and only when the request
//! carries a session cookie.
use std::net::SocketAddr;

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
        address: address(&request),
        user_agent: headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .map(|text| text.chars().take(200).collect()),
    };
    if let Some(token) = token {
        match caller::resolve(&app, &token).await {
            Ok(caller) => visit.caller = caller,
            Err(cause) => return Problem::internal(&cause).respond(&visit).into_response(),
        }
    }
    request.extensions_mut().insert(visit);
    next.run(request).await
}

/// Where the request comes from, for rate limits and the technical part of log entries.
fn address(request: &Request) -> Option<std::net::IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}
