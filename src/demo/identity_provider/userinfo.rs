//! The userinfo endpoint (OpenID Connect Core §5.3): the civil identity, signed or plain as registered.
use axum::Json;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::{Access, Fault, IdentityProvider, TOKEN_LIFETIME, Userinfo};

pub(super) async fn userinfo(State(provider): State<IdentityProvider>, headers: HeaderMap) -> Response {
    provider.delay_if(Fault::SlowUserinfo).await;
    if let Some(down) = provider.down() {
        return down;
    }
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
    let access = token.and_then(|token| provider.0.tokens.get(token, provider.now()));
    let Some(access) = access.filter(|_| provider.fault() != Fault::UserinfoRefused) else {
        let challenge = [(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    };
    let signed = provider.client(&access.client_id).map(|client| client.userinfo) == Some(Userinfo::Signed);
    if provider.fault() == Fault::UserinfoMalformed {
        let kind = if signed { "application/jwt" } else { "application/json" };
        return ([(CONTENT_TYPE, kind)], "{\"sub\": ").into_response();
    }
    let claims = claims(&provider, &access);
    if !signed {
        return ([(CACHE_CONTROL, "no-store")], Json(claims)).into_response();
    }
    match sign(&provider, &access, claims) {
        Some(jwt) => ([(CONTENT_TYPE, "application/jwt"), (CACHE_CONTROL, "no-store")], jwt).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn claims(provider: &IdentityProvider, access: &Access) -> Map<String, Value> {
    let mut claims = access.persona.claims(&access.scope);
    claims.insert("sub".into(), json!(access.persona.subject(&access.client_id)));
    match provider.fault() {
        Fault::OtherSubject => drop(claims.insert("sub".into(), json!("someone-else"))),
        Fault::MissingName => drop(claims.remove("family_name")),
        Fault::BadBirthdate => {
            claims.insert("birthdate".into(), json!("1962-13-45"));
            claims.insert("idp_birthdate".into(), json!("1962-13-45"));
        }
        _ => {}
    }
    claims
}

fn sign(provider: &IdentityProvider, access: &Access, mut claims: Map<String, Value>) -> Option<String> {
    let now = provider.now();
    claims.insert("iss".into(), json!(provider.issuer()));
    claims.insert("aud".into(), json!(access.client_id));
    claims.insert("iat".into(), json!(now.unix()));
    claims.insert("exp".into(), json!((now + TOKEN_LIFETIME).unix()));
    // The faults of the ID token are that token's: here the signature is always good.
    provider.0.keys.sign(&claims, Fault::None).ok()
}
