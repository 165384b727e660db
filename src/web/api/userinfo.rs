//! `GET` and `POST /userinfo` (OpenID Connect Core §5.3).
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::app::App;
use crate::app::give_userinfo::{self, Body, UserinfoError};
use crate::oidc::provider::error::{ResourceError, describe};
use crate::oidc::provider::metadata::path;
use crate::oidc::provider::token::{Scheme, scheme};
use crate::web::extract::Visit;
use crate::web::route::{Access, Route};

use super::{Proofs, Sent, authorization, error_answer, form, json_answer};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(path::USERINFO, Access::Service, userinfo),
        Route::post(path::USERINFO, Access::Service, userinfo).protocol(),
    ]
}

async fn userinfo(
    State(app): State<App>,
    visit: Visit,
    method: Method,
    headers: HeaderMap,
    Sent(body): Sent,
) -> Response {
    let posted = if method == Method::POST { form(&headers, &body) } else { None };
    let (proofs, shown) = (Proofs::of(&app, &headers, path::USERINFO), authorization(&headers));
    let (call, source) = (proofs.call(method.as_str()), visit.source());
    let mut response = match give_userinfo::give(&app, call, shown, posted.as_ref(), &source).await {
        Ok(Body::Json(body)) => json_answer(StatusCode::OK, body),
        Ok(Body::Jwt(token)) => {
            let mut answer = json_answer(StatusCode::OK, token);
            answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jwt"));
            answer
        }
        Err(UserinfoError::Refused(error)) => refused(error, scheme(shown)),
        Err(cause) => {
            tracing::error!(operation = visit.operation, %cause, "userinfo endpoint");
            refused(ResourceError::ServerError, None)
        }
    };
    if let Some(id) = interaction(&headers) {
        response.headers_mut().insert(INTERACTION, id);
    }
    response
}

/// Names one exchange in the journals of both sides (FAPI 2.0 Implementation Advice; FAPI 1.0 Part 1 §6.2.1).
const INTERACTION: &str = "x-fapi-interaction-id";

/// The name the caller gave this exchange, if it can be given back.
fn interaction(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(INTERACTION).filter(|id| id.len() <= 100).cloned()
}

/// Says what is wrong, and by which schemes a token may be shown.
pub(super) fn refused(error: ResourceError, shown: Option<Scheme>) -> Response {
    let challenge = error.challenge(shown.unwrap_or(Scheme::Bearer));
    let code = error.code().unwrap_or("invalid_token");
    let mut response = error_answer(error.status(), code, &describe(&error), Some(&challenge));
    let other = ResourceError::NoToken.challenge(Scheme::Dpop);
    if let (None | Some(Scheme::Bearer), Ok(other)) = (shown, HeaderValue::from_str(&other)) {
        response.headers_mut().append(header::WWW_AUTHENTICATE, other);
    }
    response
}
