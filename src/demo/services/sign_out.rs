//! Sign-out here and, through the browser, at Entremise (OpenID Connect RP-Initiated Logout 1.0).
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use url::Url;

use crate::demo::{browser, page};

use super::pages;
use super::{SESSION, Service, Session};

pub(super) async fn sign_out(State(service): State<Service>, headers: HeaderMap) -> Response {
    let session = service.session(&headers).and_then(|(key, _)| service.0.sessions.take(&key, service.now()));
    // Whatever the provider does, this site forgets first.
    let mut response = match session {
        Some(session) => match end_session(&service, &session).await {
            Some(target) => page::see_other(target.as_str()),
            None => page::see_other("/signed-out"),
        },
        None => page::see_other("/signed-out"),
    };
    browser::clear(&mut response, SESSION);
    response
}

async fn end_session(service: &Service, session: &Session) -> Option<Url> {
    let metadata = service.discover().await.ok()?;
    let mut target = metadata.additional_metadata().end_session_endpoint.as_ref()?.url().clone();
    target
        .query_pairs_mut()
        .append_pair("id_token_hint", &session.id_token)
        .append_pair("client_id", &service.0.registration.client_id)
        .append_pair("post_logout_redirect_uri", &service.0.registration.post_logout_redirect_uri())
        .append_pair("state", &service.random());
    Some(target)
}

pub(super) async fn signed_out(State(service): State<Service>, headers: HeaderMap) -> Response {
    pages::signed_out(&service, &headers)
}
