//! The token endpoint (OpenID Connect Core §3.1.3): one code, once, by its own client.
use std::io;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value, json};
use time::Duration;

use super::client::{Client, authenticate};
use super::params::Params;
use super::{Access, CODE_LIFETIME, Code, Fault, IdentityProvider, TOKEN_LIFETIME};

pub(super) async fn token(
    State(provider): State<IdentityProvider>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    provider.delay_if(Fault::SlowToken).await;
    match provider.fault() {
        Fault::CutOff => return cut_off(),
        Fault::NotJson => return Html("<!doctype html><title>Maintenance</title>").into_response(),
        Fault::Huge => {
            return ([(CONTENT_TYPE, "application/json")], vec![b' '; 16 << 20]).into_response();
        }
        Fault::TokenRefused => return refuse("invalid_grant"),
        _ => {}
    }
    if let Some(down) = provider.down() {
        return down;
    }
    let Ok(params) = Params::parse(&body) else {
        return refuse("invalid_request");
    };
    let Ok(client) = authenticate(&provider.0.clients, &headers, &params) else {
        let challenge = [(WWW_AUTHENTICATE, "Basic realm=\"token\""), (CACHE_CONTROL, "no-store")];
        return (StatusCode::UNAUTHORIZED, challenge, Json(json!({"error": "invalid_client"})))
            .into_response();
    };
    if params.get("grant_type") != Some("authorization_code") {
        return refuse("unsupported_grant_type");
    }
    redeem(&provider, client, &params).unwrap_or_else(|| refuse("invalid_grant"))
}

/// The answer for a good code; none when the code is unknown, old, used, another client's or badly proven.
fn redeem(provider: &IdentityProvider, client: &Client, params: &Params) -> Option<Response> {
    let now = provider.now();
    let access_token = provider.random();
    let (code, before) = provider.0.codes.change(params.get("code")?, now, |code| {
        let before = code.redeemed.clone();
        code.redeemed.get_or_insert_with(|| access_token.clone());
        (code.clone(), before)
    })?;
    if let Some(issued) = before {
        provider.0.tokens.take(&issued, now);
        return None;
    }
    let request = &code.request;
    let proven = request.client_id == client.id
        && now < code.issued + CODE_LIFETIME
        && params.get("redirect_uri") == Some(&request.redirect_uri)
        && verifies(request.code_challenge.as_deref(), params.get("code_verifier"));
    if !proven {
        return None;
    }
    let claims = id_claims(provider, &code, &access_token);
    let id_token = provider.0.keys.sign(&claims, provider.fault()).ok()?;
    let persona = code.signed_in.persona;
    let access = Access { client_id: client.id.clone(), scope: request.scope.clone(), persona };
    provider.0.tokens.put(&access_token, access, now, TOKEN_LIFETIME);
    let answer = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFETIME.whole_seconds(),
        "scope": request.scope,
        "id_token": id_token,
    });
    Some(([(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

/// RFC 7636 §4.6, S256; a verifier without a challenge is refused like a challenge without verifier.
fn verifies(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) == challenge
        }
        _ => false,
    }
}

fn id_claims(provider: &IdentityProvider, code: &Code, access_token: &str) -> Map<String, Value> {
    let fault = provider.fault();
    let request = &code.request;
    let hash = digest(&SHA256, access_token.as_bytes());
    let (half, _) = hash.as_ref().split_at(16);
    let at = if fault == Fault::Expired { provider.now() - Duration::hours(2) } else { provider.now() };
    let issuer = if fault == Fault::WrongIssuer { "http://imposture.localhost" } else { provider.issuer() };
    let audience = if fault == Fault::WrongAudience { "someone-else" } else { &request.client_id };
    let mut claims = Map::new();
    claims.insert("iss".into(), json!(issuer));
    claims.insert("sub".into(), json!(code.signed_in.persona.subject(&request.client_id)));
    claims.insert("aud".into(), json!(audience));
    claims.insert("iat".into(), json!(at.unix()));
    claims.insert("exp".into(), json!((at + TOKEN_LIFETIME).unix()));
    claims.insert("auth_time".into(), json!(code.signed_in.at.unix()));
    claims.insert("at_hash".into(), json!(BASE64_URL_SAFE_NO_PAD.encode(half)));
    match fault {
        Fault::MissingAcr => {}
        Fault::WeakAcr => drop(claims.insert("acr".into(), json!("eidas0"))),
        _ => drop(claims.insert("acr".into(), json!("eidas1"))),
    }
    match (&request.nonce, fault) {
        (None, _) | (_, Fault::MissingNonce) => {}
        (Some(_), Fault::WrongNonce) => drop(claims.insert("nonce".into(), json!("someone-else"))),
        (Some(nonce), _) => drop(claims.insert("nonce".into(), json!(nonce))),
    }
    claims
}

fn refuse(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, [(CACHE_CONTROL, "no-store")], Json(json!({ "error": error }))).into_response()
}

/// Headers, half an object, then the connection is dropped.
fn cut_off() -> Response {
    let half = stream::once(async { Ok(Bytes::from_static(b"{\"access_token\": \"abc")) });
    let end = stream::once(async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        Err(io::Error::other("cut off on purpose"))
    });
    ([(CONTENT_TYPE, "application/json")], Body::from_stream(half.chain(end))).into_response()
}
