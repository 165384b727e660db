//! Discovery document, public keys, and the description of what services call (OpenAPI 3.1). Fast, and kept by clients for a few minutes: a new key is published an hour
//! before it signs.
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::app::{App, openid, signing_keys};
use crate::oidc::provider::metadata::{metadata, path};
use crate::web::error::Problem;
use crate::web::extract::Visit;
use crate::web::route::{Access, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(path::DISCOVERY, Access::Public, discovery),
        Route::get(path::OAUTH_METADATA, Access::Public, discovery),
        Route::get(path::JWKS, Access::Public, jwks),
        Route::get(path::OPENAPI, Access::Public, openapi),
    ]
}

async fn discovery(State(app): State<App>, visit: Visit) -> Response {
    let signs = match signing_keys::served(&app).await {
        Ok(signs) => signs,
        Err(error) => return Problem::internal(&error).respond(&visit),
    };
    let document = metadata(&openid::issuer(&app), &app.config.identity.acr_accepted, &signs);
    match serde_json::to_string(&document) {
        Ok(body) => public("application/json", body),
        Err(error) => Problem::internal(&error).respond(&visit),
    }
}

async fn jwks(State(app): State<App>, visit: Visit) -> Response {
    match signing_keys::ring(&app).await {
        Ok(ring) => public("application/jwk-set+json", ring.jwks().to_owned()),
        Err(error) => Problem::internal(&error).respond(&visit),
    }
}

async fn openapi() -> Response {
    public("application/json", include_str!("openapi.json").to_owned())
}

fn public(kind: &'static str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    (StatusCode::OK, headers, body).into_response()
}
