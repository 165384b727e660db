//! RP-Initiated Logout 1.0: with a hint of ours the session ends at once; without, the person is asked.
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use url::Url;

use crate::demo::lang::Lang;
use crate::demo::{browser, page};

use super::authorize::SESSION;
use super::pages::{self, SignOutPage};
use super::params::Params;
use super::{Client, IdentityProvider};

pub(super) async fn get(
    State(provider): State<IdentityProvider>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    end(&provider, query.unwrap_or_default().as_bytes(), &headers)
}

pub(super) async fn post(
    State(provider): State<IdentityProvider>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    end(&provider, &body, &headers)
}

/// The person confirmed on the page of [`end`].
pub(super) async fn confirmed(State(provider): State<IdentityProvider>, headers: HeaderMap) -> Response {
    close(&provider, &headers, pages::message(&headers, StatusCode::OK, &pages::SIGNED_OUT))
}

fn end(provider: &IdentityProvider, text: &[u8], headers: &HeaderMap) -> Response {
    let params = Params::parse(text).unwrap_or_default();
    let Some(client) = hinted(provider, &params) else {
        return page::html(StatusCode::OK, &SignOutPage { lang: Lang::of(headers) }, &[]);
    };
    let target = params.get("post_logout_redirect_uri").unwrap_or("");
    let registered = client.post_logout_redirect_uris.iter().any(|uri| uri == target);
    let response = match Url::parse(target) {
        Ok(mut url) if registered => {
            if let Some(state) = params.get("state") {
                url.query_pairs_mut().append_pair("state", state);
            }
            page::see_other(url.as_str())
        }
        _ => pages::message(headers, StatusCode::OK, &pages::SIGNED_OUT),
    };
    close(provider, headers, response)
}

/// The client to which an ID token of ours was issued, when the request shows one and does not contradict it.
fn hinted<'p>(provider: &'p IdentityProvider, params: &Params) -> Option<&'p Client> {
    let claims = provider.0.keys.verify(params.get("id_token_hint")?)?;
    let audience = claims.get("aud")?.as_str()?;
    let agrees = params.get("client_id").is_none_or(|id| id == audience);
    provider.client(audience).filter(|_| agrees)
}

fn close(provider: &IdentityProvider, headers: &HeaderMap, mut response: Response) -> Response {
    if let Some(session) = browser::read(headers, SESSION) {
        provider.0.sessions.take(&session, provider.now());
    }
    browser::clear(&mut response, SESSION);
    response
}
