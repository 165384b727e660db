//! The provider, driven through HTTP by the openidconnect crate and a browser.
use std::sync::Arc;

use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreGenderClaim, CoreProviderMetadata};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
    UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::Duration;

use super::*;
use crate::crypto::random::SystemEntropy;
use crate::demo::http;
use crate::demo::testing::{Browser, Hand, Page, listen, serve};
use crate::domain::secret::Secret;

const RETURN: &str = "http://desk.localhost:1/identity/callback";
const BYE: &str = "http://desk.localhost:1/identity/signed-out";
const START: i64 = 1_795_344_127;

struct Scene {
    provider: IdentityProvider,
    clock: Arc<Hand>,
    browser: Browser,
}

async fn scene(userinfo: Userinfo) -> Scene {
    let clock = Hand::at(START);
    let (listener, origin) = listen("identite.localhost").await;
    let client = Client {
        id: "desk".into(),
        secret: Secret::new("a secret with : and %"),
        name: "Entremise".into(),
        redirect_uris: vec![RETURN.into()],
        post_logout_redirect_uris: vec![BYE.into()],
        userinfo,
        professionals: false,
    };
    let provider =
        IdentityProvider::new(origin, vec![client], clock.clone(), Arc::new(SystemEntropy)).unwrap();
    serve(listener, provider.router());
    Scene { provider, clock, browser: Browser::new() }
}

impl Scene {
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.provider.issuer())
    }

    /// From the authorize address to the sign-in page.
    async fn arrive(&mut self, extra: &str) -> Page {
        let query = format!(
            "/authorize?response_type=code&client_id=desk&scope=openid%20given_name&redirect_uri={RETURN}&\
             state=st&nonce=no{extra}"
        );
        let url = self.at(&query);
        let page = self.browser.get(&url).await;
        self.browser.follow(page, RETURN).await
    }

    async fn sign_in(&mut self, request: &str, who: &str) -> Page {
        let persona = Persona::find(false, who).unwrap();
        let form = [("request", request), ("identifier", who), ("password", persona.password)];
        let page = self.browser.post(&self.at("/sign-in"), &form).await;
        self.browser.follow(page, RETURN).await
    }

    async fn agree(&mut self, request: &str) -> Page {
        self.browser.post(&self.at("/consent"), &[("request", request), ("choice", "continue")]).await
    }

    /// The whole way to a code.
    async fn code(&mut self, extra: &str) -> String {
        let request = self.arrive(extra).await.asked("request");
        self.sign_in(&request, "josette").await;
        self.agree(&request).await.told("code").unwrap()
    }

    async fn redeem(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let mut all =
            vec![("grant_type", "authorization_code"), ("client_id", "desk"), ("redirect_uri", RETURN)];
        all.extend(form);
        let answer = http::client().unwrap().post(self.at("/token")).form(&all).send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }
}

const SECRET: (&str, &str) = ("client_secret", "a secret with : and %");

#[derive(Debug, Deserialize, Serialize)]
struct Birth {
    birthplace: Option<String>,
    birthcountry: Option<String>,
    idp_birthdate: Option<String>,
}
impl AdditionalClaims for Birth {}

/// A published client library completes the flow: discovery, keys, ES256, nonce, at_hash, signed userinfo.
async fn whole_flow(userinfo: Userinfo, who: &str) -> UserInfoClaims<Birth, CoreGenderClaim> {
    let mut scene = scene(userinfo).await;
    let send = http::Outbound::new().unwrap();
    let issuer = IssuerUrl::new(scene.provider.issuer().to_owned()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &send).await.unwrap();
    let secret = ClientSecret::new("a secret with : and %".into());
    let rp = CoreClient::from_provider_metadata(metadata, ClientId::new("desk".into()), Some(secret))
        .set_redirect_uri(RedirectUrl::new(RETURN.into()).unwrap());
    let verifier = PkceCodeVerifier::new("v".repeat(43));
    let scopes =
        ["given_name", "family_name", "birthdate", "idp_birthdate", "birth", "email", "preferred_username"];
    let (url, state, nonce) = rp
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            || CsrfToken::new("state-of-this-browser".into()),
            || Nonce::new("nonce-of-this-request".into()),
        )
        .add_scopes(scopes.map(|scope| Scope::new(scope.into())))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .url();
    let page = scene.browser.get(url.as_str()).await;
    let request = scene.browser.follow(page, RETURN).await.asked("request");
    let consent = scene.sign_in(&request, who).await;
    assert!(consent.text.contains(&Persona::find(false, who).unwrap().full_name().replace('\'', "&#39;")));
    let back = scene.agree(&request).await;
    assert_eq!(back.told("state").as_ref(), Some(state.secret()));
    assert_eq!(back.told("iss").as_deref(), Some(scene.provider.issuer()));

    let code = AuthorizationCode::new(back.told("code").unwrap());
    let exchange = rp.exchange_code(code).unwrap().set_pkce_verifier(verifier);
    let answer = exchange.request_async(&send).await.unwrap();
    let now = chrono::DateTime::from_timestamp(START, 0).unwrap();
    let checker = rp.id_token_verifier().set_time_fn(move || now);
    let claims = answer.id_token().unwrap().claims(&checker, &nonce).unwrap();
    assert_eq!(claims.auth_context_ref().unwrap().as_str(), "eidas1");
    assert_eq!(claims.auth_time().unwrap().timestamp(), START);
    assert!(claims.access_token_hash().is_some());
    let token = answer.access_token().clone();
    if userinfo == Userinfo::Json {
        let asked = rp.user_info(token, Some(claims.subject().clone())).unwrap();
        return asked.request_async(&send).await.unwrap();
    }
    // The library reads signed answers with RS256 only: here the check is ours.
    let asked = http::client().unwrap().get(scene.at("/userinfo")).bearer_auth(token.secret());
    let info = asked.send().await.unwrap();
    assert_eq!(info.headers()["content-type"], "application/jwt");
    let told = scene.provider.0.keys.verify(&info.text().await.unwrap()).unwrap();
    assert_eq!((&told["iss"], &told["aud"]), (&Value::from(scene.provider.issuer()), &Value::from("desk")));
    let json = serde_json::to_vec(&told).unwrap();
    UserInfoClaims::from_json::<http::HttpError>(&json, Some(claims.subject())).unwrap()
}

#[tokio::test]
async fn a_client_library_completes_the_flow_with_signed_userinfo() {
    let info = whole_flow(Userinfo::Signed, "josette").await;
    assert_eq!(info.family_name().unwrap().get(None).unwrap().as_str(), "Martin");
    assert_eq!(info.birthdate().unwrap().as_str(), "1948-03-04");
    assert_eq!(info.additional_claims().birthplace.as_deref(), Some("03118"));
}

#[tokio::test]
async fn a_presumed_date_and_missing_claims_pass_as_they_are() {
    let info = whole_flow(Userinfo::Json, "amadou").await;
    assert_eq!(info.birthdate().unwrap().as_str(), "1962-01-01");
    assert_eq!(info.additional_claims().idp_birthdate.as_deref(), Some("1962-00-00"));
    assert_eq!(info.additional_claims().birthplace.as_deref(), Some(""));
    assert_eq!(info.additional_claims().birthcountry.as_deref(), Some("99335"));
    assert!(whole_flow(Userinfo::Signed, "raymond").await.email().is_none());
    let info = whole_flow(Userinfo::Signed, "eloise").await;
    assert_eq!(info.given_name().unwrap().get(None).unwrap().as_str(), "Anne-Éloïse Zoé");
    assert_eq!(info.preferred_username().unwrap().as_str(), "D’Aubigné");
}

#[tokio::test]
async fn a_code_is_redeemed_once_by_its_client_at_its_address_in_time() {
    let mut scene = scene(Userinfo::Json).await;
    let code = scene.code("").await;
    let (status, body) = scene.redeem(&[("code", &code), ("client_secret", "wrong")]).await;
    assert_eq!((status, &body["error"]), (401, &Value::from("invalid_client")));
    let (status, body) = scene.redeem(&[("code", &code), SECRET]).await;
    assert_eq!(status, 200, "a wrong secret does not consume the code: {body}");
    let token = body["access_token"].as_str().unwrap().to_owned();
    let ask = async |token: &str| {
        let request = http::client().unwrap().get(scene.at("/userinfo")).bearer_auth(token);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask(&token).await, 200);
    let (status, body) = scene.redeem(&[("code", &code), SECRET]).await;
    assert_eq!((status, &body["error"]), (400, &Value::from("invalid_grant")));
    assert_eq!(ask(&token).await, 401, "a second redemption kills the first one's token");

    let late = scene.code("").await;
    scene.clock.pass(Duration::seconds(31));
    assert_eq!(scene.redeem(&[("code", &late), SECRET]).await.0, 400);
    let challenge = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let proven = scene.code(challenge).await;
    assert_eq!(scene.redeem(&[("code", &proven), SECRET]).await.0, 400, "the verifier is missing");
    let proven = scene.code(challenge).await;
    let verifier = ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_eq!(scene.redeem(&[("code", &proven), SECRET, verifier]).await.0, 200);
}

#[tokio::test]
async fn a_refusal_is_told_with_the_state() {
    let mut scene = scene(Userinfo::Json).await;
    let request = scene.arrive("").await.asked("request");
    let back =
        scene.browser.post(&scene.at("/consent"), &[("request", &request), ("choice", "refuse")]).await;
    assert_eq!(back.told("error").as_deref(), Some("access_denied"));
    assert_eq!(back.told("state").as_deref(), Some("st"));
    assert_eq!(back.told("code"), None);
    let again = scene.agree(&request).await;
    assert_eq!(again.status, 410, "answered once");
}

#[tokio::test]
async fn a_request_belongs_to_the_browser_that_brought_it() {
    let mut scene = scene(Userinfo::Json).await;
    let request = scene.arrive("").await.asked("request");
    scene.sign_in(&request, "josette").await;
    let mut stranger = Browser::new();
    let url = scene.at("/consent");
    let stolen = stranger.post(&url, &[("request", &request), ("choice", "continue")]).await;
    assert_eq!(stolen.status, 410);
    assert!(scene.agree(&request).await.told("code").is_some(), "and the stranger spoilt nothing");
}

#[tokio::test]
async fn wrong_addresses_get_a_page_and_never_a_redirection() {
    let mut scene = scene(Userinfo::Json).await;
    for query in [
        "client_id=nobody&redirect_uri=http://desk.localhost:1/identity/callback",
        "client_id=desk&redirect_uri=http://desk.localhost:1/identity/callback/",
        "client_id=desk",
        "client_id=desk&client_id=desk&redirect_uri=http://desk.localhost:1/identity/callback",
    ] {
        let url = scene.at(&format!("/authorize?response_type=code&scope=openid&{query}"));
        let page = scene.browser.get(&url).await;
        assert_eq!((page.status, page.location), (400, None), "{query}");
    }
    let page = scene.arrive("&prompt=none").await;
    assert_eq!(page.told("error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn the_session_lasts_until_a_proven_sign_out() {
    let mut scene = scene(Userinfo::Json).await;
    let code = scene.code("").await;
    let (_, body) = scene.redeem(&[("code", &code), SECRET]).await;
    assert_eq!(scene.arrive("").await.url.path(), "/consent", "still known in this browser");
    assert_eq!(scene.arrive("&prompt=login").await.url.path(), "/sign-in");
    scene.clock.pass(Duration::minutes(10));
    let hint = body["id_token"].as_str().unwrap();
    let page = scene.browser.get(&scene.at("/session/end?id_token_hint=x.y.z")).await;
    assert_eq!((page.status, page.location), (200, None), "an unproven request asks");
    assert_eq!(scene.arrive("").await.url.path(), "/consent");
    let page = scene
        .browser
        .get(&scene.at(&format!("/session/end?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state=s")))
        .await;
    assert_eq!(page.location.unwrap(), format!("{BYE}?state=s"), "an expired hint is accepted");
    assert_eq!(scene.arrive("").await.url.path(), "/sign-in");
    let elsewhere = scene
        .browser
        .get(&scene.at(&format!("/session/end?id_token_hint={hint}&post_logout_redirect_uri={BYE}/other")))
        .await;
    assert_eq!((elsewhere.status, elsewhere.location), (200, None));
}

#[tokio::test]
async fn a_wrong_password_says_so_and_keeps_the_identifier() {
    let mut scene = scene(Userinfo::Json).await;
    let request = scene.arrive("").await.asked("request");
    let form = [("request", request.as_str()), ("identifier", "josette"), ("password", "x")];
    let page = scene.browser.post(&scene.at("/sign-in"), &form).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("value=\"josette\"") && page.text.contains("role=\"alert\""));
}

#[tokio::test]
async fn every_fault_is_on_the_wire() {
    let mut scene = scene(Userinfo::Signed).await;
    let part = |token: &str, index: usize| -> Value {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(token.split('.').nth(index).unwrap().as_bytes());
        serde_json::from_slice(&bytes.unwrap()).unwrap()
    };
    for (fault, claim, expected) in [
        ("wrong_iss", "iss", Value::from("http://imposture.localhost")),
        ("wrong_aud", "aud", Value::from("someone-else")),
        ("wrong_nonce", "nonce", Value::from("someone-else")),
        ("missing_nonce", "nonce", Value::Null),
        ("weak_acr", "acr", Value::from("eidas0")),
        ("missing_acr", "acr", Value::Null),
        ("expired", "exp", Value::from(START - 7_200 + 60)),
    ] {
        let page = scene.browser.post(&scene.at("/faults"), &[("fault", fault)]).await;
        assert_eq!(page.status, 303);
        let code = scene.code("&prompt=login").await;
        let (_, body) = scene.redeem(&[("code", &code), SECRET]).await;
        assert_eq!(part(body["id_token"].as_str().unwrap(), 1)[claim], expected, "{fault}");
    }
    scene.provider.set_fault(Fault::Unsigned);
    let code = scene.code("&prompt=login").await;
    let (_, body) = scene.redeem(&[("code", &code), SECRET]).await;
    assert_eq!(part(body["id_token"].as_str().unwrap(), 0)["alg"], "none");
    for fault in [Fault::WrongSignature, Fault::UnknownKey] {
        scene.provider.set_fault(fault);
        let code = scene.code("&prompt=login").await;
        let (_, body) = scene.redeem(&[("code", &code), SECRET]).await;
        assert!(scene.provider.0.keys.verify(body["id_token"].as_str().unwrap()).is_none(), "{fault:?}");
    }
    scene.provider.set_fault(Fault::CutOff);
    let cut = http::client().unwrap().post(scene.at("/token")).send().await.unwrap().bytes().await;
    assert!(cut.is_err(), "the connection breaks in the middle");
    scene.provider.set_fault(Fault::Down);
    assert_eq!(scene.browser.get(&scene.at("/.well-known/openid-configuration")).await.status, 503);
    assert_eq!(scene.browser.post(&scene.at("/faults"), &[("fault", "none")]).await.status, 303);
    assert_eq!(scene.browser.get(&scene.at("/jwks")).await.status, 200);
}
