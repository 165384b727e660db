//! From the button to the signed-in page: out to Entremise, and back with a code.
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use crate::demo::{browser, page};

use super::pages::{self, Trouble};
use super::relying_party::RpError;
use super::{PENDING, PENDING_LIFETIME, SESSION, SESSION_LIFETIME, Service};

/// What comes back to the redirect address (RFC 6749 §4.1.2, RFC 9207).
#[derive(Deserialize)]
pub(super) struct Return {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

pub(super) async fn start(State(service): State<Service>, headers: HeaderMap) -> Response {
    match service.begin().await {
        Ok((target, pending)) => {
            let key = service.random();
            service.0.pending.put(&key, Arc::new(pending), service.now(), PENDING_LIFETIME);
            let mut response = page::see_other(target.as_str());
            browser::set(&mut response, PENDING, &key);
            response
        }
        Err(error) => failed(&service, &headers, &error),
    }
}

pub(super) async fn callback(
    State(service): State<Service>,
    Query(back): Query<Return>,
    headers: HeaderMap,
) -> Response {
    // The answer must find, in this very browser, the request it answers; each request is answered once.
    let key = browser::read(&headers, PENDING);
    let pending = key.and_then(|key| service.0.pending.take(&key, service.now()));
    let pending = pending.filter(|pending| back.state.as_deref() == Some(&pending.state));
    let Some(pending) = pending else {
        return pages::trouble(&service, &headers, Trouble::NotAsked);
    };
    if back.iss.as_deref().is_some_and(|issuer| issuer != service.0.registration.issuer) {
        return pages::trouble(&service, &headers, Trouble::Refused);
    }
    match (back.error.as_deref(), back.code) {
        (Some("access_denied"), _) => pages::trouble(&service, &headers, Trouble::Denied),
        (Some(error), _) => {
            tracing::warn!(service = service.0.profile.key, error, "sign-in refused by the provider");
            pages::trouble(&service, &headers, Trouble::Refused)
        }
        (None, None) => pages::trouble(&service, &headers, Trouble::Refused),
        (None, Some(code)) => match service.complete(code, &pending).await {
            Ok(session) => {
                let key = service.random();
                service.0.sessions.put(&key, Arc::new(session), service.now(), SESSION_LIFETIME);
                let mut response = page::see_other("/space");
                browser::set(&mut response, SESSION, &key);
                browser::clear(&mut response, PENDING);
                response
            }
            Err(error) => failed(&service, &headers, &error),
        },
    }
}

pub(super) fn failed(service: &Service, headers: &HeaderMap, error: &RpError) -> Response {
    tracing::warn!(service = service.0.profile.key, %error, "sign-in failed");
    let trouble = match error {
        RpError::Address(_) | RpError::Provider(_) => Trouble::Unreachable,
        _ => Trouble::Refused,
    };
    pages::trouble(service, headers, trouble)
}
