//! `POST /par` (RFC 9126 §2).
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::app::App;
use crate::app::push_request::{self, PushError};
use crate::oidc::provider::error::TokenError;
use crate::oidc::provider::metadata::path;
use crate::oidc::provider::par::Refusal;
use crate::web::extract::Visit;
use crate::web::route::{Access, Route};

use super::{Proofs, Sent, authorization, error_answer, form, json_answer};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post(path::PAR, Access::Service, par).protocol()]
}

async fn par(State(app): State<App>, visit: Visit, headers: HeaderMap, Sent(body): Sent) -> Response {
    let Some(params) = form(&headers, &body) else {
        let error = TokenError::InvalidRequest("the body must be application/x-www-form-urlencoded");
        return refused(&error.into());
    };
    let proofs = Proofs::of(&app, &headers, path::PAR);
    match push_request::push(&app, proofs.call("POST"), authorization(&headers), &params, &visit.source())
        .await
    {
        Ok(pushed) => match serde_json::to_vec(&pushed) {
            Ok(body) => json_answer(StatusCode::CREATED, body),
            Err(error) => fault(&visit, &error),
        },
        Err(PushError::Refused(refusal)) => refused(&refusal),
        Err(error) => fault(&visit, &error),
    }
}

fn refused(refusal: &Refusal) -> Response {
    error_answer(refusal.status, refusal.code, &refusal.description, refusal.challenge)
}

fn fault(visit: &Visit, cause: &dyn std::error::Error) -> Response {
    tracing::error!(operation = visit.operation, %cause, "pushed authorization request endpoint");
    refused(&TokenError::ServerError.into())
}
