//! Its endpoints.
use std::collections::HashMap;

use axum::extract::{Form, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use time::Duration;

use super::{Access, CLIENT, Code, Fault, National, SECRET};

const CODE_LIVES: Duration = Duration::seconds(30);
const TOKEN_LIVES: Duration = Duration::seconds(60);

pub(super) fn router(national: &National) -> Router {
    let at = |path: &str| format!("{}{path}", national.0.contract.path);
    Router::new()
        .route(&at("/.well-known/openid-configuration"), get(discovery))
        .route(&at("/jwks"), get(jwks))
        .route(&at("/authorize"), get(authorize))
        .route(&at("/token"), post(token))
        .route(&at("/userinfo"), get(userinfo))
        .route(&at("/session/end"), get(end))
        .with_state(national.clone())
}

async fn discovery(State(national): State<National>) -> Response {
    let issuer = national.issuer();
    let at = |path: &str| format!("{issuer}{path}");
    if national.state().fault == Fault::NoDiscovery {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let pages = national.state().signs_in_at.unwrap_or(issuer);
    let scopes: Vec<&str> = national.0.contract.scopes.iter().map(|(name, _)| *name).collect();
    Json(json!({
        "issuer": issuer, "authorization_endpoint": format!("{pages}/authorize"), "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"), "userinfo_endpoint": at("/userinfo"), "end_session_endpoint": at("/session/end"),
        "response_types_supported": ["code"], "subject_types_supported": ["pairwise"], "scopes_supported": scopes,
        "id_token_signing_alg_values_supported": ["ES256"], "userinfo_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        // Announced, and refused all the same when it is used.
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    }))
    .into_response()
}

async fn jwks(State(national): State<National>) -> Json<Value> {
    Json(json!({ "keys": [national.0.key.public()] }))
}

fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

/// The page a person is left on, and that nothing leads out of.
fn page(national: &National, why: String) -> Response {
    let body = format!("<title>Erreur</title><p>{why}</p>");
    national.state().refused.push(why);
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response()
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    headers.get(header::COOKIE)?.to_str().ok()?.strip_prefix("national=").map(str::to_owned)
}

fn see(url: &str, session: &str) -> Response {
    let cookie = format!("national={session}; Path=/; HttpOnly");
    (StatusCode::SEE_OTHER, [(header::LOCATION, url.to_owned()), (header::SET_COOKIE, cookie)])
        .into_response()
}

async fn authorize(
    State(national): State<National>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let request = pairs(query.as_deref());
    let known = (value(&request, "client_id"), value(&request, "redirect_uri"));
    if known != (CLIENT, national.0.addresses.redirect) {
        return page(&national, "unknown client or address".to_owned());
    }
    if let Some(why) = national.0.contract.refuses(&request) {
        return page(&national, why);
    }
    let at = national.0.clock.now();
    let mut state = national.state();
    let mut back = form_urlencoded::Serializer::new(String::new());
    if state.fault != Fault::NoState {
        back.append_pair("state", value(&request, "state"));
    }
    match state.fault {
        Fault::RedirectIssuer => drop(back.append_pair("iss", "https://autre.example/api/v2")),
        Fault::NoRedirectIssuer => {}
        _ => drop(back.append_pair("iss", national.issuer())),
    }
    if let Fault::Error(error) = state.fault {
        back.append_pair("error", error);
        return see(&format!("{}?{}", national.0.addresses.redirect, back.finish()), "");
    }
    state.drawn += 1;
    let (code, fresh) = (format!("code-{}", state.drawn), format!("session-{}", state.drawn));
    let session = cookie(&headers).filter(|one| state.sessions.contains(one)).unwrap_or(fresh);
    if !state.sessions.contains(&session) {
        state.sessions.push(session.clone());
    }
    let kept = Code {
        person: state.person.clone(),
        nonce: value(&request, "nonce").to_owned(),
        scope: value(&request, "scope").to_owned(),
        session: session.clone(),
        at,
    };
    state.codes.insert(code.clone(), kept);
    back.append_pair("code", &code);
    see(&format!("{}?{}", national.0.addresses.redirect, back.finish()), &session)
}

fn refuse(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}

async fn token(
    State(national): State<National>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let fault = national.state().fault;
    match fault {
        // Longer than any test lasts: whoever waits for it fails.
        Fault::Silent => tokio::time::sleep(std::time::Duration::from_secs(120)).await,
        Fault::Failing => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => {}
    }
    let given = |name: &str| form.get(name).map_or("", String::as_str);
    if headers.contains_key(header::AUTHORIZATION)
        || (given("client_id"), given("client_secret")) != (CLIENT, SECRET)
    {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response();
    }
    if given("grant_type") != "authorization_code" || form.contains_key("code_verifier") {
        return refuse("invalid_request");
    }
    let (now, mut state) = (national.0.clock.now(), national.state());
    let Some(code) = state.codes.remove(given("code")) else { return refuse("invalid_grant") };
    if now >= code.at + CODE_LIVES || given("redirect_uri") != national.0.addresses.redirect {
        return refuse("invalid_grant");
    }
    state.drawn += 1;
    let access = format!("access-{}", state.drawn);
    let id_token = id_token(&national, fault, &code, &access);
    state.issued.insert(id_token.clone(), code.session);
    state.tokens.insert(access.clone(), Access { person: code.person, scope: code.scope, at: now });
    let body =
        json!({ "access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": id_token });
    Json(body).into_response()
}

fn id_token(national: &National, fault: Fault, code: &Code, access: &str) -> String {
    let now = national.0.clock.now().unix();
    let mut claims = json!({
        "iss": national.issuer(), "sub": code.person["sub"], "aud": CLIENT, "iat": now, "exp": now + 60,
        "nonce": code.nonce, "acr": national.0.contract.levels[0], "auth_time": code.at.unix(),
        "at_hash": BASE64URL_NOPAD.encode(&Sha256::digest(access)[..16]),
    });
    match fault {
        Fault::Issuer => claims["iss"] = json!("https://autre.example/api/v2"),
        Fault::Audience => claims["aud"] = json!("somebody-else"),
        Fault::Nonce => claims["nonce"] = json!("somebody-elses-nonce-of-another-request"),
        Fault::Level(level) => claims["acr"] = json!(level),
        Fault::NoLevel => drop(claims.as_object_mut().expect("claims").remove("acr")),
        Fault::Expired => claims["exp"] = json!(now - 1),
        _ => {}
    }
    sign(national, &claims, fault == Fault::ForeignKey, fault == Fault::UnsignedToken)
}

fn sign(national: &National, claims: &Value, foreign: bool, unsigned: bool) -> String {
    if unsigned {
        let part = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        return format!("{}.{}.", part(json!({ "alg": "none", "typ": "JWT" })), part(claims.clone()));
    }
    let key = if foreign { &national.0.foreign } else { &national.0.key };
    key.sign("JWT", claims).expect("a signature")
}

async fn userinfo(State(national): State<National>, headers: HeaderMap) -> Response {
    let bearer =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let (now, state) = (national.0.clock.now(), national.state());
    let Some(access) =
        bearer.and_then(|token| state.tokens.get(token)).filter(|one| now < one.at + TOKEN_LIVES)
    else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let mut claims: Map<String, Value> = national.0.contract.told(&access.person, &access.scope);
    if state.fault == Fault::OtherSubject {
        claims.insert("sub".to_owned(), json!("somebody-else"));
    }
    if state.fault == Fault::PlainUserinfo {
        return Json(claims).into_response();
    }
    for (claim, value) in [
        ("iss", json!(national.issuer())),
        ("aud", json!(CLIENT)),
        ("iat", json!(now.unix())),
        ("exp", json!(now.unix() + 60)),
    ] {
        claims.insert(claim.to_owned(), value);
    }
    let foreign = state.fault == Fault::UserinfoForeignKey;
    let signed = sign(&national, &Value::Object(claims), foreign, state.fault == Fault::UnsignedUserinfo);
    ([(header::CONTENT_TYPE, "application/jwt")], signed).into_response()
}

/// Closes the session of this browser: the hint is one it issued for that session, address and state are there.
async fn end(State(national): State<National>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let request = pairs(query.as_deref());
    let session = national.state().issued.get(value(&request, "id_token_hint")).cloned();
    let Some(session) = session.filter(|session| cookie(&headers).as_ref() == Some(session)) else {
        return page(&national, "id_token_hint is of no session of this browser".to_owned());
    };
    if value(&request, "post_logout_redirect_uri") != national.0.addresses.signed_out {
        return page(&national, "post_logout_redirect_uri is not registered".to_owned());
    }
    if value(&request, "state").is_empty() || request.len() != 3 {
        return page(&national, "state is missing, or something is there that is not asked for".to_owned());
    }
    national.state().sessions.retain(|one| *one != session);
    let mut back = form_urlencoded::Serializer::new(String::new());
    back.append_pair("state", value(&request, "state"));
    see(&format!("{}?{}", national.0.addresses.signed_out, back.finish()), "")
}
