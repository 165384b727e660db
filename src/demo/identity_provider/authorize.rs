//! The authorization endpoint: checks the request, then shows one page after the other.
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use url::Url;

use crate::demo::{browser, page};

use super::params::Params;
use super::{Fault, INTERACTION_LIFETIME, IdentityProvider, Interaction, Request, pages};

pub(super) const BROWSER: &str = "identite_navigateur";
pub(super) const SESSION: &str = "identite_session";

/// Errors that go back to the client by redirection (RFC 6749 §4.1.2.1).
struct Refused {
    error: &'static str,
    description: &'static str,
}

pub(super) async fn get(
    State(provider): State<IdentityProvider>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    authorize(&provider, query.unwrap_or_default().as_bytes(), &headers)
}

pub(super) async fn post(
    State(provider): State<IdentityProvider>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    authorize(&provider, &body, &headers)
}

fn authorize(provider: &IdentityProvider, text: &[u8], headers: &HeaderMap) -> Response {
    if let Some(down) = provider.down() {
        return down;
    }
    let Ok(params) = Params::parse(text) else {
        return pages::broken_request(headers);
    };
    // Until client and address are known to belong together, nothing is sent anywhere.
    let client = params.get("client_id").and_then(|id| provider.client(id));
    let redirect_uri = params.get("redirect_uri").unwrap_or("");
    let Some(client) = client.filter(|client| client.redirect_uris.iter().any(|uri| uri == redirect_uri))
    else {
        return pages::broken_request(headers);
    };
    let request = Request {
        client_id: client.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        scope: params.get("scope").unwrap_or("").to_owned(),
        state: params.get("state").map(str::to_owned),
        nonce: params.get("nonce").map(str::to_owned),
        code_challenge: params.get("code_challenge").map(str::to_owned),
    };
    match check(&params, &request) {
        Ok(()) => begin(provider, &params, request, headers),
        Err(refused) => answer(
            provider,
            &request,
            &[("error", refused.error), ("error_description", refused.description)],
        ),
    }
}

fn check(params: &Params, request: &Request) -> Result<(), Refused> {
    let refuse = |error, description| Err(Refused { error, description });
    match params.get("response_type") {
        Some("code") => {}
        None => return refuse("invalid_request", "response_type is missing"),
        Some(_) => return refuse("unsupported_response_type", "only code is supported"),
    }
    if !request.scope.split_ascii_whitespace().any(|scope| scope == "openid") {
        return refuse("invalid_scope", "scope must contain openid");
    }
    if request.code_challenge.is_some() && params.get("code_challenge_method") != Some("S256") {
        return refuse("invalid_request", "code_challenge_method must be S256");
    }
    Ok(())
}

/// Remembers the request for this browser and goes to the first page that is needed.
fn begin(provider: &IdentityProvider, params: &Params, request: Request, headers: &HeaderMap) -> Response {
    let now = provider.now();
    let prompt = params.get("prompt").unwrap_or("");
    let asks = |word| prompt.split_ascii_whitespace().any(|asked| asked == word);
    let signed_in =
        browser::read(headers, SESSION).and_then(|session| provider.0.sessions.get(&session, now));
    if asks("none") {
        let error = if signed_in.is_some() { "consent_required" } else { "login_required" };
        return answer(provider, &request, &[("error", error)]);
    }
    let professionals = provider.client(&request.client_id).is_some_and(|client| client.professionals);
    let signed_in = signed_in.filter(|one| !asks("login") && one.persona.is_professional() == professionals);
    let known = browser::read(headers, BROWSER).filter(|value| value.len() == 43);
    let browser = known.clone().unwrap_or_else(|| provider.random());
    let id = provider.random();
    let next = if signed_in.is_some() { "consent" } else { "sign-in" };
    let interaction = Interaction { browser: browser.clone(), request, signed_in };
    provider.0.interactions.put(&id, interaction, now, INTERACTION_LIFETIME);
    let mut response = page::see_other(&format!("/{next}?request={id}"));
    if known.is_none() {
        browser::set(&mut response, BROWSER, &browser);
    }
    response
}

/// Sends the browser back to the client with `parameters`, its state, and who answers (RFC 9207).
pub(super) fn answer(
    provider: &IdentityProvider,
    request: &Request,
    parameters: &[(&str, &str)],
) -> Response {
    let Ok(mut target) = Url::parse(&request.redirect_uri) else {
        return page::see_other("/");
    };
    let fault = provider.fault();
    {
        let mut query = target.query_pairs_mut();
        query.extend_pairs(parameters);
        if let Some(state) = &request.state {
            query.append_pair("state", if fault == Fault::WrongState { "someone-else" } else { state });
        }
        let issuer = if fault == Fault::WrongRedirectIssuer {
            "http://imposture.localhost"
        } else {
            provider.issuer()
        };
        query.append_pair("iss", issuer);
    }
    page::see_other(target.as_str())
}

/// The origin a page of this request may end at, for its Content-Security-Policy.
pub(super) fn origin(request: &Request) -> String {
    Url::parse(&request.redirect_uri).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

/// What a browser sees when its request is gone: too old, already answered, or another browser's.
pub(super) fn gone(headers: &HeaderMap) -> Response {
    pages::message(headers, StatusCode::GONE, &pages::GONE)
}
