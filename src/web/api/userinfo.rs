//! `GET` and `POST /userinfo` (OpenID Connect Core §5.3).
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};

use crate::app::App;
use crate::app::give_userinfo::{self, UserinfoError};
use crate::oidc::provider::error::{ResourceError, describe};
use crate::oidc::provider::metadata::path;
use crate::web::extract::Visit;
use crate::web::route::{Access, Route};

use super::{authorization, error_answer, form, json_answer, source};

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
    body: Bytes,
) -> Response {
    let posted = if method == Method::POST { form(&headers, &body) } else { None };
    match give_userinfo::give(&app, authorization(&headers), posted.as_ref(), &source(&visit)).await {
        Ok(body) => json_answer(StatusCode::OK, body),
        Err(UserinfoError::Refused(error)) => refused(error),
        Err(cause) => {
            tracing::error!(operation = visit.operation, %cause, "userinfo endpoint");
            refused(ResourceError::ServerError)
        }
    }
}

fn refused(error: ResourceError) -> Response {
    let challenge = error.challenge();
    error_answer(error.status(), error.code().unwrap_or("invalid_token"), &describe(&error), Some(&challenge))
}
