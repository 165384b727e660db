//! `POST /introspect` (RFC 7662 §2) and `POST /revoke` (RFC 7009 §2): a service about its own tokens.
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::app::{App, introspect, revoke_token};
use crate::oidc::provider::metadata::path;
use crate::web::extract::Visit;
use crate::web::route::{Access, Route};

use super::token::{NOT_A_FORM, failed, refused};
use super::{Sent, authorization, form, json_answer};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(path::INTROSPECTION, Access::Service, introspection).protocol(),
        Route::post(path::REVOCATION, Access::Service, revocation).protocol(),
    ]
}

async fn introspection(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    Sent(body): Sent,
) -> Response {
    let Some(params) = form(&headers, &body) else { return refused(NOT_A_FORM) };
    match introspect::introspect(&app, authorization(&headers), &params, &visit.source()).await {
        Ok(body) => json_answer(StatusCode::OK, body),
        Err(error) => failed(&visit, &error),
    }
}

async fn revocation(State(app): State<App>, visit: Visit, headers: HeaderMap, Sent(body): Sent) -> Response {
    let Some(params) = form(&headers, &body) else { return refused(NOT_A_FORM) };
    match revoke_token::revoke(&app, authorization(&headers), &params, &visit.source()).await {
        Ok(()) => json_answer(StatusCode::OK, "{}"),
        Err(error) => failed(&visit, &error),
    }
}
