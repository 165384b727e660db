//! `POST /token` (RFC 6749 §3.2).
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::app::App;
use crate::app::know_service::ServiceError;
use crate::app::redeem_code::{self, Tokens};
use crate::app::refresh_tokens;
use crate::oidc::provider::error::{TokenError, describe};
use crate::oidc::provider::metadata::path;
use crate::oidc::provider::token::is_refresh;
use crate::web::extract::Visit;
use crate::web::route::{Access, Route};

use super::{Proofs, Sent, authorization, error_answer, form, json_answer};

pub(super) const NOT_A_FORM: TokenError =
    TokenError::InvalidRequest("the body must be application/x-www-form-urlencoded");

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post(path::TOKEN, Access::Service, token).protocol()]
}

async fn token(State(app): State<App>, visit: Visit, headers: HeaderMap, Sent(body): Sent) -> Response {
    let Some(params) = form(&headers, &body) else {
        return refused(NOT_A_FORM);
    };
    let proofs = Proofs::of(&app, &headers, path::TOKEN);
    let (call, shown, source) = (proofs.call("POST"), authorization(&headers), visit.source());
    let answered = if is_refresh(&params) {
        refresh_tokens::refresh(&app, call, shown, &params, &source).await
    } else {
        redeem_code::redeem(&app, call, shown, &params, &source).await
    };
    match answered {
        Ok(tokens) => given(&visit, &tokens),
        Err(error) => failed(&visit, &error),
    }
}

fn given(visit: &Visit, tokens: &Tokens) -> Response {
    match serde_json::to_vec(tokens) {
        Ok(body) => json_answer(StatusCode::OK, body),
        Err(error) => fault(visit, &error),
    }
}

/// Why an endpoint that services call does not answer.
pub(super) fn failed(visit: &Visit, error: &ServiceError) -> Response {
    match error {
        ServiceError::Refused(error) => refused(*error),
        cause => fault(visit, cause),
    }
}

pub(super) fn refused(error: TokenError) -> Response {
    error_answer(error.status(), error.code(), &describe(&error), error.challenge())
}

pub(super) fn fault(visit: &Visit, cause: &dyn std::error::Error) -> Response {
    tracing::error!(operation = visit.operation, %cause, "an endpoint of services");
    refused(TokenError::ServerError)
}
