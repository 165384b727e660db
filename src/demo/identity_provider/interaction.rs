//! Sign-in and consent: two plain pages, each a form that works without script.
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::demo::lang::Lang;
use crate::demo::{browser, page};
use crate::domain::secret::PlainToken;

use super::authorize::{BROWSER, SESSION, answer, gone, origin};
use super::pages::{ConsentPage, SignInPage};
use super::params::Params;
use super::persona::Persona;
use super::{CODE_LIFETIME, Code, IdentityProvider, Interaction, SESSION_LIFETIME, SignedIn};

#[derive(Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    request: String,
}

/// The request `id`, if it was begun in this very browser.
fn of_this_browser(provider: &IdentityProvider, headers: &HeaderMap, id: &str) -> Option<Interaction> {
    let browser = browser::read(headers, BROWSER)?;
    provider.0.interactions.get(id, provider.now()).filter(|interaction| interaction.browser == browser)
}

pub(super) async fn sign_in_page(
    State(provider): State<IdentityProvider>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Response {
    match of_this_browser(&provider, &headers, &which.request) {
        Some(interaction) => show_sign_in(&provider, &headers, &which.request, &interaction, None),
        None => gone(&headers),
    }
}

fn show_sign_in(
    provider: &IdentityProvider,
    headers: &HeaderMap,
    id: &str,
    interaction: &Interaction,
    rejected: Option<&str>,
) -> Response {
    let client = provider.client(&interaction.request.client_id);
    let template = SignInPage {
        lang: Lang::of(headers),
        request: id,
        client: client.map_or("", |client| client.name.as_str()),
        personas: Persona::of(client.is_some_and(|client| client.professionals)),
        identifier: rejected.unwrap_or(""),
        rejected: rejected.is_some(),
    };
    let status = if rejected.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::html(status, &template, &[&origin(&interaction.request)])
}

pub(super) async fn sign_in(
    State(provider): State<IdentityProvider>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::parse(&body).unwrap_or_default();
    let id = params.get("request").unwrap_or("");
    let Some(interaction) = of_this_browser(&provider, &headers, id) else {
        return gone(&headers);
    };
    let identifier = params.get("identifier").unwrap_or("");
    let password = PlainToken::presented(params.get("password").unwrap_or("")).hash();
    let professionals = provider.client(&interaction.request.client_id).is_some_and(|one| one.professionals);
    let persona = Persona::find(professionals, identifier)
        .filter(|persona| PlainToken::presented(persona.password).hash() == password);
    let Some(persona) = persona else {
        return show_sign_in(&provider, &headers, id, &interaction, Some(identifier));
    };
    let now = provider.now();
    let signed_in = SignedIn { persona, at: now };
    provider.0.interactions.change(id, now, |interaction| interaction.signed_in = Some(signed_in));
    let session = provider.random();
    provider.0.sessions.put(&session, signed_in, now, SESSION_LIFETIME);
    let mut response = page::see_other(&format!("/consent?request={id}"));
    browser::set(&mut response, SESSION, &session);
    response
}

pub(super) async fn consent_page(
    State(provider): State<IdentityProvider>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Response {
    let Some(interaction) = of_this_browser(&provider, &headers, &which.request) else {
        return gone(&headers);
    };
    let Some(signed_in) = interaction.signed_in else {
        return page::see_other(&format!("/sign-in?request={}", which.request));
    };
    let client = provider.client(&interaction.request.client_id);
    let claims = signed_in.persona.claims(&interaction.request.scope);
    let claims: Vec<String> = claims.keys().cloned().collect();
    let template = ConsentPage {
        lang: Lang::of(&headers),
        request: &which.request,
        client: client.map_or("", |client| client.name.as_str()),
        persona: signed_in.persona,
        claims: &claims,
    };
    page::html(StatusCode::OK, &template, &[&origin(&interaction.request)])
}

/// "Continue" gives a code, "refuse" (also offered before sign-in) tells the client so.
pub(super) async fn consent(
    State(provider): State<IdentityProvider>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::parse(&body).unwrap_or_default();
    let id = params.get("request").unwrap_or("");
    if of_this_browser(&provider, &headers, id).is_none() {
        return gone(&headers);
    }
    let now = provider.now();
    let agrees = params.get("choice") == Some("continue");
    let Some(Interaction { request, signed_in, .. }) = provider.0.interactions.take(id, now) else {
        return gone(&headers);
    };
    match signed_in.filter(|_| agrees) {
        None => answer(
            &provider,
            &request,
            &[("error", "access_denied"), ("error_description", "The person refused to be identified")],
        ),
        Some(signed_in) => {
            let code = provider.random();
            let answered = request.clone();
            let kept = Code { request, signed_in, issued: now, redeemed: None };
            // Kept longer than it is valid, so that a second redemption is recognised.
            provider.0.codes.put(&code, kept, now, CODE_LIFETIME * 10);
            answer(&provider, &answered, &[("code", &code)])
        }
    }
}
