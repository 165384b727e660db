//! Every failure of an identity provider, played by a real server on this machine.
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use data_encoding::BASE64URL_NOPAD as BASE64;
use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::crypto::jwt::{Alg, SigningKey};
use crate::crypto::random::SystemEntropy;
use crate::domain::catalogue::Words;
use crate::domain::secret::{PlainToken, Secret};
use crate::domain::time::Timestamp;

const NOW: i64 = 1_795_344_127;

/// How the provider behaves; each test changes one thing.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each test turns one thing")]
struct Behaviour {
    id_token: Value,
    userinfo: Value,
    signed_userinfo: bool,
    /// Sent instead of the real ID token.
    raw_id_token: Option<String>,
    token_status: u16,
    token_body: Option<String>,
    discovery_issuer: Option<String>,
    discovery_status: u16,
    userinfo_status: u16,
    userinfo_body: Option<String>,
    userinfo_delay: Duration,
    promises_iss: bool,
    /// Signs with a key that is not published.
    foreign_key: bool,
    wrong_at_hash: bool,
    redirects: bool,
    received: Arc<Mutex<Vec<(String, String)>>>,
}

#[derive(Clone)]
struct Provider {
    issuer: String,
    behaviour: Arc<Mutex<Behaviour>>,
    key: Arc<Mutex<Arc<SigningKey>>>,
}

fn key() -> Arc<SigningKey> {
    Arc::new(SigningKey::from_pkcs8(Alg::Es256, &crate::crypto::jwt::generate(Alg::Es256).unwrap()).unwrap())
}

impl Provider {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://identite.localhost:{}", listener.local_addr().unwrap().port());
        let provider = Self {
            issuer: issuer.clone(),
            behaviour: Arc::new(Mutex::new(usual(&issuer))),
            key: Arc::new(Mutex::new(key())),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.behaviour.lock().unwrap());
    }

    fn configured(&self) -> IdentityProvider {
        IdentityProvider {
            issuer: self.issuer.clone(),
            client_id: "entremise".into(),
            client_secret: Secret::new("a secret: with reserved & characters"),
            auth_method: AuthMethod::ClientSecretPost,
            scopes: vec!["openid".into(), "profile".into(), "birth".into(), "idp_birthdate".into()],
            pkce: false,
            acr_values: vec!["eidas1".into()],
            acr_in_claims: false,
            emails_verified: false,
            acr_accepted: vec!["eidas1".into(), "eidas2".into()],
            id_token_alg: SignatureAlg::Es256,
            userinfo_alg: None,
            birthdate_claim: "idp_birthdate".into(),
            label: Words::new("Identité", "Identity"),
        }
    }

    fn federation(&self) -> Federation {
        Federation::new(self.configured())
    }
}

fn usual(issuer: &str) -> Behaviour {
    Behaviour {
        id_token: json!({
            "iss": issuer, "sub": "abc", "aud": "entremise", "exp": NOW + 60, "iat": NOW, "acr": "eidas1",
            "auth_time": NOW - 5,
        }),
        userinfo: json!({
            "sub": "abc", "given_name": "Fatou Awa", "family_name": "DIALLO", "birthdate": "1962-01-01",
            "idp_birthdate": "1962-00-00", "gender": "female", "birthplace": "", "birthcountry": "99341",
            "email": "fatou@exemple.fr",
        }),
        signed_userinfo: false,
        raw_id_token: None,
        token_status: 200,
        token_body: None,
        discovery_issuer: None,
        discovery_status: 200,
        userinfo_status: 200,
        userinfo_body: None,
        userinfo_delay: Duration::ZERO,
        promises_iss: false,
        foreign_key: false,
        wrong_at_hash: false,
        redirects: false,
        received: Arc::default(),
    }
}

fn json_answer(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn discovery(State(provider): State<Provider>) -> Response {
    let behaviour = provider.behaviour.lock().unwrap().clone();
    let at = |path: &str| format!("{}{path}", provider.issuer);
    if behaviour.redirects {
        return (StatusCode::FOUND, [(header::LOCATION, at("/jwks"))]).into_response();
    }
    let body = json!({
        "issuer": behaviour.discovery_issuer.unwrap_or_else(|| provider.issuer.clone()),
        "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"), "jwks_uri": at("/jwks"),
        "userinfo_endpoint": at("/userinfo"), "end_session_endpoint": at("/logout"),
        "response_types_supported": ["code"], "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        "authorization_response_iss_parameter_supported": behaviour.promises_iss,
    });
    json_answer(behaviour.discovery_status, body.to_string())
}

async fn jwks(State(provider): State<Provider>) -> Response {
    let key = provider.key.lock().unwrap().clone();
    // A key of a kind nobody here knows must not spoil the others.
    let odd = json!({"kty": "XYZ", "kid": "odd"});
    json_answer(200, json!({ "keys": [odd, key.public()] }).to_string())
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let behaviour = provider.behaviour.lock().unwrap().clone();
    let mut received = form.clone();
    if let Some(basic) = headers.get(header::AUTHORIZATION) {
        received.push(("authorization".into(), basic.to_str().unwrap().into()));
    }
    *behaviour.received.lock().unwrap() = received;
    if let Some(body) = behaviour.token_body {
        return json_answer(behaviour.token_status, body);
    }
    let mut claims = behaviour.id_token.clone();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"the-access-token");
    let half = if behaviour.wrong_at_hash { &digest.as_ref()[16..] } else { &digest.as_ref()[..16] };
    claims["at_hash"] = json!(BASE64.encode(half));
    let signer = if behaviour.foreign_key { key() } else { provider.key.lock().unwrap().clone() };
    let id_token = behaviour.raw_id_token.unwrap_or_else(|| signer.sign("JWT", &claims).unwrap());
    let body = json!({
        "access_token": "the-access-token", "token_type": "Bearer", "expires_in": 60, "id_token": id_token,
    });
    json_answer(behaviour.token_status, body.to_string())
}

async fn userinfo(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let behaviour = provider.behaviour.lock().unwrap().clone();
    assert_eq!(headers[header::AUTHORIZATION], "Bearer the-access-token");
    tokio::time::sleep(behaviour.userinfo_delay).await;
    if let Some(body) = behaviour.userinfo_body {
        return json_answer(behaviour.userinfo_status, body);
    }
    if behaviour.signed_userinfo {
        let signed = provider.key.lock().unwrap().sign("JWT", &behaviour.userinfo).unwrap();
        return ([(header::CONTENT_TYPE, "application/jwt; charset=utf-8")], signed).into_response();
    }
    json_answer(behaviour.userinfo_status, behaviour.userinfo.to_string())
}

fn now() -> Timestamp {
    Timestamp::from_unix(NOW).unwrap()
}

fn back() -> Url {
    Url::parse("http://localhost:8080/consent/back").unwrap()
}

fn code() -> Answer {
    Answer { code: Some(Secret::new("the-code")), ..Answer::default() }
}

/// Goes through the whole exchange; the provider puts our nonce in its ID token unless told otherwise.
async fn identify_with(
    provider: &Provider,
    federation: &Federation,
    answer: Answer,
) -> Result<Identified, FederationError> {
    let begun = federation.begin(now(), &back(), &SystemEntropy).await?;
    provider.behave(|behaviour| {
        let claims = behaviour.id_token.as_object_mut().unwrap();
        claims.entry("nonce").or_insert_with(|| json!(begun.nonce.reveal()));
    });
    let expected = Expected { redirect_uri: back(), nonce: begun.nonce, verifier: begun.verifier };
    federation.complete(now(), answer, &expected).await.map_err(|refused| refused.error)
}

async fn identify(provider: &Provider) -> Result<Identified, FederationError> {
    identify_with(provider, &provider.federation(), code()).await
}

async fn failure(change: impl FnOnce(&mut Behaviour)) -> FederationError {
    let provider = Provider::start().await;
    provider.behave(change);
    identify(&provider).await.unwrap_err()
}

async fn failure_with_id_token(claim: &str, value: Value) -> FederationError {
    failure(|behaviour| behaviour.id_token[claim] = value).await
}

async fn failure_with_userinfo(claim: &str, value: Value) -> FederationError {
    failure(|behaviour| behaviour.userinfo[claim] = value).await
}

#[tokio::test]
async fn a_person_is_identified_exactly_as_registered() {
    let provider = Provider::start().await;
    let person = identify(&provider).await.unwrap();
    assert_eq!(person.subject, "abc");
    assert_eq!(person.issuer, provider.issuer);
    assert_eq!(person.acr, "eidas1");
    assert_eq!(person.auth_time, Timestamp::from_unix(NOW - 5).ok());
    assert_eq!(
        person.identity.birthdate.as_str(),
        "1962-00-00",
        "the register's date, not the completed one"
    );
    assert_eq!(person.identity.birthplace.as_deref(), Some(""), "empty stays empty");
    assert_eq!(person.identity.preferred_username, None);
    let received = provider.behaviour.lock().unwrap().received.lock().unwrap().clone();
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "the-code"),
        ("client_id", "entremise"),
        ("client_secret", "a secret: with reserved & characters"),
        ("redirect_uri", "http://localhost:8080/consent/back"),
    ] {
        assert!(received.contains(&(name.into(), value.into())), "{name} in {received:?}");
    }
    assert!(!received.iter().any(|(name, _)| name == "code_verifier"));
}

#[tokio::test]
async fn the_request_to_franceconnect_holds_nothing_it_refuses() {
    let provider = Provider::start().await;
    let begun = provider.federation().begin(now(), &back(), &SystemEntropy).await.unwrap();
    let mut names: Vec<String> = begun.url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    names.sort_unstable();
    let allowed =
        ["acr_values", "client_id", "nonce", "prompt", "redirect_uri", "response_type", "scope", "state"];
    assert_eq!(names, allowed);
    let value = |name: &str| begun.url.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned();
    assert_eq!(value("scope"), "openid profile birth idp_birthdate");
    assert_eq!(value("prompt"), "login");
    assert_eq!(value("state"), begun.state.reveal());
    assert_eq!(value("nonce"), begun.nonce.reveal());
    assert!(begun.nonce.reveal().len() >= 32 && begun.state.reveal().len() >= 32);
}

#[tokio::test]
async fn pkce_and_basic_authentication_where_configured() {
    let provider = Provider::start().await;
    let configured =
        IdentityProvider { pkce: true, auth_method: AuthMethod::ClientSecretBasic, ..provider.configured() };
    let federation = Federation::new(configured);
    let begun = federation.begin(now(), &back(), &SystemEntropy).await.unwrap();
    let challenge = begun.url.query_pairs().find(|(n, _)| n == "code_challenge").unwrap().1.into_owned();
    let verifier = begun.verifier.clone().unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.reveal().as_bytes());
    assert_eq!(challenge, BASE64.encode(digest.as_ref()));
    provider.behave(|behaviour| behaviour.id_token["nonce"] = json!(begun.nonce.reveal()));
    let expected = Expected { redirect_uri: back(), nonce: begun.nonce, verifier: begun.verifier };
    federation.complete(now(), code(), &expected).await.unwrap();
    let received = provider.behaviour.lock().unwrap().received.lock().unwrap().clone();
    assert!(received.contains(&("code_verifier".into(), verifier.reveal().into())));
    assert!(received.iter().any(|(name, value)| name == "authorization" && value.starts_with("Basic ")));
    assert!(!received.iter().any(|(name, _)| name == "client_secret"));
}

#[tokio::test]
async fn signed_userinfo_is_verified_and_nothing_else_is_taken() {
    let provider = Provider::start().await;
    let configured = IdentityProvider { userinfo_alg: Some(SignatureAlg::Es256), ..provider.configured() };
    let federation = Federation::new(configured.clone());
    assert_eq!(
        identify_with(&provider, &federation, code()).await.unwrap_err(),
        FederationError::WrongAlgorithm,
        "plain JSON where a signature is registered"
    );
    let fresh = |provider: &Provider| {
        provider.behave(|behaviour| {
            behaviour.signed_userinfo = true;
            behaviour.id_token.as_object_mut().unwrap().remove("nonce");
        });
        Federation::new(configured.clone())
    };
    let attempts = [
        (json!(provider.issuer), json!("entremise"), json!(NOW + 60), None),
        (json!(provider.issuer), json!(["other", "entremise"]), json!(NOW + 60), None),
        (json!("http://other"), json!("entremise"), json!(NOW + 60), Some(FederationError::WrongIssuer)),
        (json!(provider.issuer), json!("other"), json!(NOW + 60), Some(FederationError::WrongAudience)),
        (json!(provider.issuer), Value::Null, json!(NOW + 60), Some(FederationError::WrongAudience)),
        (json!(provider.issuer), json!("entremise"), json!(NOW), Some(FederationError::WrongTime)),
        (json!(provider.issuer), json!("entremise"), json!("soon"), Some(FederationError::WrongTime)),
    ];
    for (iss, aud, exp, refusal) in attempts {
        provider.behave(|behaviour| {
            behaviour.userinfo["iss"] = iss;
            behaviour.userinfo["aud"] = aud;
            behaviour.userinfo["exp"] = exp;
        });
        let federation = fresh(&provider);
        assert_eq!(identify_with(&provider, &federation, code()).await.err(), refusal);
    }
    let rs256 = IdentityProvider { userinfo_alg: Some(SignatureAlg::Rs256), ..configured.clone() };
    fresh(&provider);
    let refused = identify_with(&provider, &Federation::new(rs256), code()).await;
    assert_eq!(refused.unwrap_err(), FederationError::WrongAlgorithm);
}

#[tokio::test]
async fn wrong_id_tokens_are_told_apart() {
    use FederationError::*;
    assert_eq!(failure_with_id_token("iss", json!("http://other.localhost")).await, WrongIssuer);
    assert_eq!(failure_with_id_token("aud", json!("other")).await, WrongAudience);
    assert_eq!(failure_with_id_token("aud", json!(["entremise", "other"])).await, WrongAudience);
    assert_eq!(failure_with_id_token("nonce", json!("of another request")).await, WrongNonce);
    assert_eq!(failure_with_id_token("nonce", Value::Null).await, WrongNonce);
    assert_eq!(failure_with_id_token("exp", json!(NOW)).await, WrongTime);
    assert_eq!(failure_with_id_token("iat", json!(NOW + 61)).await, WrongTime);
    assert_eq!(failure_with_id_token("acr", json!("eidas0")).await, LevelNotAccepted);
    assert_eq!(failure_with_id_token("acr", Value::Null).await, LevelNotAccepted);
    assert_eq!(failure(|b| b.foreign_key = true).await, BadSignature);
    assert_eq!(failure(|b| b.wrong_at_hash = true).await, Nonsense("the access token is not the ID token's"));
}

#[tokio::test]
async fn malformed_id_tokens_never_panic() {
    let part = |value: Value| BASE64.encode(value.to_string().as_bytes());
    let claims = usual("http://x").id_token;
    let unsigned = format!("{}.{}.", part(json!({"alg": "none"})), part(claims.clone()));
    let hmac = format!("{}.{}.{}", part(json!({"alg": "HS256"})), part(claims.clone()), BASE64.encode(b"x"));
    let strange = format!("{}.{}.{}", part(json!({"alg": "ES256", "crit": ["x"]})), part(claims), "!!");
    for raw in ["", "a", "a.b.c", "a.b.c.d.e", "é.é.é", "....", &unsigned, &hmac, &strange] {
        let refused = failure(|behaviour| behaviour.raw_id_token = Some(raw.to_owned())).await;
        let kind = refused.code();
        let expected = ["answer_nonsense", "wrong_algorithm", "wrong_issuer", "bad_signature"];
        assert!(expected.contains(&kind), "{raw}: {kind}");
    }
    for (claim, value) in
        [("exp", json!("soon")), ("sub", json!(12)), ("iss", json!([])), ("exp", json!(1e300))]
    {
        let refused = failure_with_id_token(claim, value.clone()).await;
        assert!(!refused.may_pass(), "{claim} {value}: {refused}");
    }
}

#[tokio::test]
async fn incomplete_people_are_told_apart() {
    use FederationError::*;
    for claim in ["given_name", "family_name"] {
        let missing = failure(|b| drop(b.userinfo.as_object_mut().unwrap().remove(claim))).await;
        assert!(matches!(missing, MissingClaim(name) if name == claim), "{missing}");
        assert!(
            matches!(failure_with_userinfo(claim, Value::Null).await, MissingClaim(name) if name == claim)
        );
        assert!(matches!(failure_with_userinfo(claim, json!("")).await, MissingClaim(name) if name == claim));
        assert!(matches!(failure_with_userinfo(claim, json!(["x"])).await, BadClaim(name) if name == claim));
    }
    let no_date = failure(|b| {
        b.userinfo.as_object_mut().unwrap().remove("birthdate");
        b.userinfo.as_object_mut().unwrap().remove("idp_birthdate");
    });
    assert_eq!(no_date.await, MissingClaim("birthdate"));
    assert_eq!(failure_with_userinfo("idp_birthdate", json!("1962")).await, BadClaim("birthdate"));
    assert_eq!(failure_with_userinfo("email", json!(false)).await, BadClaim("email"));
    assert_eq!(failure_with_userinfo("sub", json!("somebody else")).await, WrongSubject);
}

#[tokio::test]
async fn nobody_needs_an_email_address() {
    let provider = Provider::start().await;
    provider.behave(|behaviour| drop(behaviour.userinfo.as_object_mut().unwrap().remove("email")));
    assert_eq!(identify(&provider).await.unwrap().identity.email, None);
}

#[tokio::test]
async fn faults_of_the_provider_are_told_apart() {
    use FederationError::*;
    assert_eq!(failure(|b| b.discovery_status = 500).await, Failing(500));
    assert_eq!(failure(|b| b.discovery_status = 404).await, Failing(404));
    assert_eq!(failure(|b| b.discovery_issuer = Some("http://x.localhost".into())).await, WrongIssuer);
    assert_eq!(failure(|b| b.redirects = true).await, Nonsense("a redirection"));
    assert_eq!(failure(|b| b.token_status = 503).await, Failing(503));
    assert_eq!(failure(|b| b.token_body = Some("<html>".into())).await, Nonsense("token answer"));
    assert_eq!(failure(|b| b.token_body = Some("{}".into())).await, Nonsense("token answer"));
    let without = json!({"access_token": "the-access-token", "token_type": "Bearer"}).to_string();
    assert_eq!(failure(|b| b.token_body = Some(without)).await, Nonsense("no ID token"));
    let refused = failure(|b| {
        b.token_status = 400;
        b.token_body = Some(r#"{"error":"invalid_grant"}"#.into());
    });
    assert_eq!(refused.await, CodeRefused("invalid_grant".into()));
    assert_eq!(failure(|b| b.userinfo_status = 500).await, Failing(500));
    assert_eq!(failure(|b| b.userinfo_status = 401).await, Failing(401));
    assert_eq!(failure(|b| b.userinfo_body = Some("[]".into())).await, Nonsense("userinfo"));
    assert_eq!(failure(|b| b.userinfo_body = Some("x".repeat(300 * 1024))).await, TooLarge);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_not_waited_for() {
    let provider = Provider::start().await;
    provider.behave(|behaviour| behaviour.userinfo_delay = Duration::from_secs(30));
    let mut federation = provider.federation();
    federation.http = HttpClient::new(Duration::from_millis(300));
    let started = std::time::Instant::now();
    let refused = identify_with(&provider, &federation, code()).await.unwrap_err();
    assert_eq!(refused, FederationError::Slow);
    assert!(started.elapsed() < Duration::from_secs(5));

    let nobody = IdentityProvider { issuer: "http://127.0.0.1:1".into(), ..provider.configured() };
    let refused = Federation::new(nobody).begin(now(), &back(), &SystemEntropy).await.unwrap_err();
    assert_eq!(refused, FederationError::Down);
    let plain = IdentityProvider { issuer: "http://identite.exemple.fr".into(), ..provider.configured() };
    let refused = Federation::new(plain).begin(now(), &back(), &SystemEntropy).await.unwrap_err();
    assert_eq!(refused, FederationError::Misconfigured("an endpoint is not https"));
}

#[tokio::test]
async fn what_the_browser_brings_back_is_checked() {
    let provider = Provider::start().await;
    let answered = async |answer: Answer| {
        provider.behave(|behaviour| drop(behaviour.id_token.as_object_mut().unwrap().remove("nonce")));
        identify_with(&provider, &provider.federation(), answer).await.err()
    };
    let error = |code: &str| Answer { error: Some(code.into()), ..Answer::default() };
    assert_eq!(answered(error("access_denied")).await, Some(FederationError::RefusedByPerson));
    let told = FederationError::AnsweredError("temporarily_unavailable".into());
    assert_eq!(answered(error("temporarily_unavailable")).await, Some(told));
    let hidden = FederationError::AnsweredError("unreadable".into());
    assert_eq!(answered(error("<script>")).await, Some(hidden));
    let neither = FederationError::Nonsense("neither code nor error");
    assert_eq!(answered(Answer::default()).await, Some(neither));
    let foreign = Answer { iss: Some("http://x.localhost".into()), ..code() };
    assert_eq!(answered(foreign).await, Some(FederationError::WrongIssuer));
    let right = Answer { iss: Some(provider.issuer.clone()), ..code() };
    assert_eq!(answered(right).await, None);
    provider.behave(|behaviour| behaviour.promises_iss = true);
    assert_eq!(answered(code()).await, Some(FederationError::WrongIssuer), "promised and absent");
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_found_after_a_while() {
    let provider = Provider::start().await;
    let federation = provider.federation();
    identify_with(&provider, &federation, code()).await.unwrap();
    *provider.key.lock().unwrap() = key();
    let at = |seconds: i64| Timestamp::from_unix(NOW + seconds).unwrap();
    let attempt = async |seconds: i64| {
        let begun = federation.begin(at(seconds), &back(), &SystemEntropy).await.unwrap();
        provider.behave(|behaviour| {
            behaviour.id_token["nonce"] = json!(begun.nonce.reveal());
            behaviour.id_token["exp"] = json!(NOW + seconds + 60);
        });
        let expected = Expected { redirect_uri: back(), nonce: begun.nonce, verifier: None };
        federation.complete(at(seconds), code(), &expected).await.err().map(|refused| refused.error)
    };
    assert_eq!(attempt(29).await, Some(FederationError::BadSignature), "asked for keys less than 30 s ago");
    assert_eq!(attempt(31).await, None);
}

#[tokio::test]
async fn the_session_at_the_provider_can_be_closed() {
    let provider = Provider::start().await;
    let back = Url::parse("http://localhost:8080/consent/signed-out").unwrap();
    let token = Secret::new("the.id.token");
    let url = provider.federation().logout_url(now(), &token, &back, "s1").await.unwrap().unwrap();
    assert_eq!(url.path(), "/logout");
    let query: Vec<_> = url.query_pairs().into_owned().collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        query,
        [
            pair("id_token_hint", "the.id.token"),
            pair("post_logout_redirect_uri", back.as_str()),
            pair("state", "s1"),
        ]
    );
}

#[test]
fn nothing_secret_is_printed() {
    let nonce = PlainToken::generate(&SystemEntropy);
    let shown = format!("{:?}", Expected { redirect_uri: back(), nonce: nonce.clone(), verifier: None });
    assert!(!shown.contains(nonce.reveal()));
    let shown = format!("{:?}", code());
    assert!(!shown.contains("the-code"), "{shown}");
}
