//! `POST /access/v1/evaluation` (OpenID AuthZEN Authorization API 1.0 §10.1.1) and `POST /actions`: what a service may do
//! for a user, and what it did.
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderName, StatusCode, header};
use serde_json::json;

use crate::app::report_action::{self, ReportError};
use crate::app::{App, evaluate};
use crate::oidc::provider::error::{ResourceError, TokenError, describe};
use crate::oidc::provider::evaluation::Evaluation;
use crate::oidc::provider::metadata::path;
use crate::oidc::provider::token::scheme;
use crate::web::extract::Visit;
use crate::web::route::{Access, Route};

use super::token::{failed, refused};
use super::userinfo::refused as refused_token;
use super::{Proofs, Sent, authorization, error_answer, json_answer};

/// Sent back as it came (AuthZEN §10.1.3).
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const NOT_A_QUESTION: TokenError = TokenError::InvalidRequest(
    "the body must be JSON with subject (type, id, properties.structure), action (name) and resource (type, id)",
);

const BEYOND: &str = "insufficient_scope";
const BEYOND_CHALLENGE: &str = "Bearer realm=\"entremise\", error=\"insufficient_scope\"";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(path::EVALUATION, Access::Service, evaluation).protocol(),
        Route::post(path::ACTIONS, Access::Service, action).protocol(),
    ]
}

async fn evaluation(State(app): State<App>, visit: Visit, headers: HeaderMap, Sent(body): Sent) -> Response {
    let asked = is_json(&headers).then(|| Evaluation::parse(&body)).flatten();
    let decided = evaluate::evaluate(&app, authorization(&headers), asked.as_ref(), &visit.source()).await;
    let mut answer = match decided {
        Ok(Some(decision)) => json_answer(StatusCode::OK, json!({ "decision": decision }).to_string()),
        Ok(None) => refused(NOT_A_QUESTION),
        Err(error) => failed(&visit, &error),
    };
    if let Some(id) = headers.get(REQUEST_ID) {
        answer.headers_mut().insert(REQUEST_ID, id.clone());
    }
    answer
}

async fn action(State(app): State<App>, visit: Visit, headers: HeaderMap, Sent(body): Sent) -> Response {
    let key = headers.get("idempotency-key").map(|key| key.to_str().unwrap_or_default());
    let body = if is_json(&headers) { body } else { Bytes::new() };
    let (proofs, shown) = (Proofs::of(&app, &headers, path::ACTIONS), authorization(&headers));
    let call = proofs.call("POST");
    match report_action::report(&app, call, shown, key, &body, &visit.source()).await {
        Ok(receipt) => {
            let status = if receipt.again { StatusCode::OK } else { StatusCode::CREATED };
            let body = json!({ "id": receipt.id, "recorded_at": receipt.recorded_at });
            json_answer(status, body.to_string())
        }
        Err(ReportError::Refused(error)) => refused_token(error, scheme(shown)),
        Err(ReportError::Bad(error)) => error_answer(400, "invalid_request", &describe(&error), None),
        Err(error @ ReportError::Beyond) => {
            error_answer(403, BEYOND, &describe(&error), Some(BEYOND_CHALLENGE))
        }
        Err(error @ ReportError::Conflict) => error_answer(409, "conflict", &describe(&error), None),
        Err(cause @ (ReportError::Store(_) | ReportError::Record(_))) => {
            tracing::error!(operation = visit.operation, %cause, "actions endpoint");
            refused_token(ResourceError::ServerError, None)
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}
