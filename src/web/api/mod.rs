//! Protocol endpoints: one file each, with its `routes()`.
mod discovery;
mod evaluation;
mod introspect;
mod log;
mod par;
mod token;
mod userinfo;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use super::route::Route;
use crate::app::App;
use crate::app::openid::issuer;
use crate::oidc::provider::dpop::Call;
use crate::oidc::provider::params::Params;

/// A body over the limit, or broken off.
const UNREADABLE_BODY: &str = "the body is larger than 64 KiB, or did not arrive whole";

/// The routes of every endpoint.
pub fn routes() -> Vec<Route> {
    let mut routes = discovery::routes();
    routes.extend(evaluation::routes());
    routes.extend(introspect::routes());
    routes.extend(log::routes());
    routes.extend(par::routes());
    routes.extend(token::routes());
    routes.extend(userinfo::routes());
    routes
}

/// A JSON answer, never cached (RFC 6749 §5.1).
fn json_answer(status: StatusCode, body: impl Into<axum::body::Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    (status, headers, body.into()).into_response()
}

/// An OAuth error in JSON, with its challenge if the status needs one.
fn error_answer(status: u16, code: &str, description: &str, challenge: Option<&str>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({ "error": code, "error_description": description }).to_string();
    let mut response = json_answer(status, body);
    if let Some(challenge) = challenge.and_then(|text| HeaderValue::from_str(text).ok()) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The body of a call, whole. One that cannot be read is refused as everything else is: in JSON.
struct Sent(Bytes);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        Bytes::from_request(request, state).await.map(Self).map_err(|rejection| {
            error_answer(rejection.status().as_u16(), "invalid_request", UNREADABLE_BODY, None)
        })
    }
}

/// The parameters of a form body; none if the body is something else.
fn form(headers: &HeaderMap, body: &Bytes) -> Option<Params> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded").then(|| Params::parse(body))
}

/// The `Authorization` header, if it is text.
fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default())
}

/// The proofs of possession a call brings, and the address it was made to.
struct Proofs<'a> {
    url: String,
    headers: Vec<&'a str>,
}

impl<'a> Proofs<'a> {
    fn of(app: &App, headers: &'a HeaderMap, path: &str) -> Self {
        let text = |value: &'a http::HeaderValue| value.to_str().unwrap_or_default();
        let headers = headers.get_all("dpop").iter().map(text).collect();
        Self { url: format!("{}{path}", issuer(app)), headers }
    }

    fn call<'c>(&'c self, method: &'c str) -> Call<'c> {
        Call { method, url: &self.url, proofs: &self.headers }
    }
}
