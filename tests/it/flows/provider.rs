//! A service is opened in a user's name: the browser's part and the service's part, step by step.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use entremise::domain::ids::UserId;
use entremise::oidc::provider::policy::{ClientAuthMethod, Policy, Profile};
use serde_json::Value;
use time::Duration;

use crate::support::app::{Answer, TestApp};
use crate::support::services::{Desk, Service, ahmed, josette};

/// A browser at the desk: the session of the aidant and the cookie of the requests it brought.
pub struct Browser<'a> {
    pub app: &'a TestApp,
    pub session: Option<String>,
    pub cookie: Option<String>,
}

impl<'a> Browser<'a> {
    pub fn of(app: &'a TestApp, desk: &Desk) -> Self {
        Self { app, session: Some(desk.session.clone()), cookie: None }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.go(self.app.get(path)).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.go(self.app.post(path).form(fields)).await
    }

    async fn go(&mut self, mut call: crate::support::app::Call<'a>) -> Answer {
        if let Some(session) = &self.session {
            call = call.session(session);
        }
        if let Some(cookie) = &self.cookie {
            call = call.cookie("authorization", cookie);
        }
        let answer = call.send().await;
        if let Some(cookie) = answer.set_cookie("authorization") {
            self.cookie = Some(cookie);
        }
        answer
    }

    /// Follows the service's request to our own address for it.
    pub async fn arrive(&mut self, service: &Service, more: &[(&str, &str)]) -> String {
        let answer = self.get(&authorize(service, more)).await;
        answer.assert_status(303);
        assert!(answer.location().starts_with("/authorize/"), "{}", answer.location());
        answer.location().to_owned()
    }

    /// The whole of the aidant's part: gives the address at which the service is answered.
    pub async fn open(&mut self, service: &Service, user: UserId, more: &[(&str, &str)]) -> String {
        let handle = self.arrive(service, more).await;
        assert_eq!(self.get(&handle).await.location(), format!("{handle}/user"));
        let page = format!("{handle}/mandate?user={user}");
        let shown = self.get(&page).await;
        shown.assert_status(200);
        let grant = first_grant(&shown.body);
        let answer = self.post(&page, &[("grant", &grant), ("presence", "present")]).await;
        answer.assert_status(303);
        answer.location().to_owned()
    }
}

/// The value of the first grant offered on a page.
pub fn first_grant(page: &str) -> String {
    let field = page.split(r#"name="grant" value=""#).nth(1).expect("a grant is offered");
    field.split('"').next().expect("its value").to_owned()
}

pub fn authorize(service: &Service, more: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let known = [
        ("client_id", service.client_id.as_str()),
        ("redirect_uri", service.redirect_uri.as_str()),
        ("response_type", "code"),
        ("scope", "openid profile birth email"),
        ("state", "st ate&é"),
        ("nonce", "n0nce"),
    ];
    for (name, value) in known.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)) {
        query.append_pair(name, value);
    }
    for (name, value) in more.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    format!("/authorize?{}", query.finish())
}

/// A parameter of an address.
pub fn param(address: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(address).expect("an absolute address");
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

pub fn basic(service: &Service) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", service.client_id, service.secret)))
}

/// Redeems a code, as the service's server does.
pub async fn redeem(app: &TestApp, service: &Service, code: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", service.redirect_uri.as_str()),
    ];
    fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    fields.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    server(app.post("/token")).header("authorization", basic(service)).form(&fields).send().await
}

/// A call from a server: no browser headers.
pub fn server(call: crate::support::app::Call<'_>) -> crate::support::app::Call<'_> {
    call.header("sec-fetch-site", "")
}

pub async fn userinfo(app: &TestApp, token: &str) -> Answer {
    server(app.get("/userinfo")).header("authorization", format!("Bearer {token}")).send().await
}

pub fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Claims of an ID token, its signature checked against the published keys, its times against the test's clock.
pub async fn id_token(app: &TestApp, service: &Service, token: &str) -> Value {
    let keys: jsonwebtoken::jwk::JwkSet =
        serde_json::from_value(json(&app.get("/jwks").send().await)).expect("keys");
    let header = jsonwebtoken::decode_header(token).expect("a header");
    let key = keys.find(&header.kid.expect("a kid")).expect("a published key");
    let mut rules = jsonwebtoken::Validation::new(header.alg);
    rules.validate_exp = false;
    rules.set_audience(&[&service.client_id]);
    rules.set_issuer(&["http://localhost:8080"]);
    let key = jsonwebtoken::DecodingKey::from_jwk(key).expect("a usable key");
    let claims = jsonwebtoken::decode::<Value>(token, &key, &rules).expect("a good signature").claims;
    let now = app.app.now().unix();
    assert!(claims["exp"].as_i64().unwrap() > now && claims["iat"].as_i64().unwrap() <= now);
    claims
}

/// A service, by this name, open in Josette's name: the token it was given.
pub async fn opened(app: &TestApp, desk: &Desk, service: &str) -> String {
    let user = app.user(&josette()).await;
    app.mandate(desk, user, &["argent"], Duration::days(31), None).await;
    let service = app.service(service, |_| {}).await;
    let back = Browser::of(app, desk).open(&service, user, &[]).await;
    let tokens = json(&redeem(app, &service, &param(&back, "code").unwrap(), &[]).await);
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    userinfo(app, &token).await.assert_status(200);
    token
}

on_both_engines! {
    async fn from_the_request_to_the_identity(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&josette()).await;
        app.mandate(&desk, user, &["argent", "social"], Duration::days(31), Some("eidas1")).await;
        let service = app.service("impots", |_| {}).await;
        let mut browser = Browser::of(&app, &desk);
        let back = browser.open(&service, user, &[]).await;
        assert!(back.starts_with("https://impots.example/cb?code="), "{back}");
        assert_eq!(param(&back, "state").unwrap(), "st ate&é");
        assert_eq!(param(&back, "iss").unwrap(), "http://localhost:8080");

        let answer = redeem(&app, &service, &param(&back, "code").unwrap(), &[]).await;
        answer.assert_status(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        let tokens = json(&answer);
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 600);
        let claims = id_token(&app, &service, tokens["id_token"].as_str().unwrap()).await;
        assert_eq!(claims["nonce"], "n0nce");
        assert_eq!(claims["acr"], "eidas1");
        assert_eq!(claims["auth_time"], app.app.now().unix());
        assert_eq!(claims["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
        for personal in ["given_name", "family_name", "birthdate", "email", "rep_scope"] {
            assert!(claims.get(personal).is_none(), "{personal} in the ID token");
        }
        assert!(claims["act"]["sub"].is_string() && claims["act"]["act"]["sub"].is_string());
        let detail = &claims["authorization_details"][0];
        assert_eq!(detail["type"], "urn:entremise:mandate");
        assert_eq!(detail["domains"], serde_json::json!(["argent"]), "the first in the order of the catalogue");
        assert_eq!(detail["ends_at"], (app.app.now() + Duration::days(31)).unix());

        let answer = userinfo(&app, tokens["access_token"].as_str().unwrap()).await;
        answer.assert_status(200);
        let info = json(&answer);
        assert_eq!(info["sub"], claims["sub"]);
        assert_eq!(info["act"], claims["act"]);
        for (claim, value) in josette().as_object().unwrap() {
            assert_eq!(&info[claim], value, "{claim} exactly as stored");
        }
        for absent in ["email", "preferred_username"] {
            assert!(info.get(absent).is_none(), "{absent} was never known");
        }
        for kind in ["use.opened", "code.redeemed", "userinfo.given"] {
            assert!(logged(&app, kind).await == 1, "{kind} is in the log");
        }
    }

    async fn rs256_form_post_and_a_body_secret(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&ahmed()).await;
        app.mandate(&desk, user, &["social"], Duration::days(1), Some("eidas2")).await;
        let service = app.service("caf", |new| {
            new.policy.id_token_alg = entremise::crypto::jwt::Alg::Rs256;
            new.policy.auth_method = ClientAuthMethod::ClientSecretPost;
        }).await;
        let mut browser = Browser::of(&app, &desk);
        let handle = browser.arrive(&service, &[("response_mode", "form_post"), ("scope", "openid email")]).await;
        browser.get(&handle).await;
        let page = format!("{handle}/mandate?user={user}");
        let shown = browser.get(&page).await;
        let answer = browser.post(&page, &[("grant", &first_grant(&shown.body)), ("presence", "telephone")]).await;
        answer.assert_status(200).assert_contains(r#"action="https://caf.example/cb""#);
        assert!(answer.header("content-security-policy").contains("form-action 'self' https://caf.example;"));
        let code = answer.body.split(r#"name="code" value=""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", "https://caf.example/cb"),
            ("client_id", "caf"), ("client_secret", service.secret.as_str())];
        let tokens = json(server(app.post("/token")).form(&fields).send().await.assert_status(200));
        let claims = id_token(&app, &service, tokens["id_token"].as_str().unwrap()).await;
        assert_eq!(claims["acr"], "eidas2");
        let info = json(&userinfo(&app, tokens["access_token"].as_str().unwrap()).await);
        assert_eq!(info["email"], "ahmed@example.fr");
        assert!(info.get("given_name").is_none(), "only the scopes asked for");
        let posted = server(app.post("/userinfo")).form(&[("access_token", tokens["access_token"].as_str().unwrap())]);
        assert_eq!(json(&posted.send().await)["sub"], claims["sub"]);
    }

    async fn two_services_cannot_join_what_they_know(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), None).await;
        let (one, two) = (app.service("one", |_| {}).await, app.service("two", |_| {}).await);
        let mut seen = Vec::new();
        for service in [&one, &two, &one] {
            let back = Browser::of(&app, &desk).open(service, user, &[]).await;
            let tokens = json(&redeem(&app, service, &param(&back, "code").unwrap(), &[]).await);
            seen.push(id_token(&app, service, tokens["id_token"].as_str().unwrap()).await);
            app.get("/uses").session(&desk.session).send().await.assert_status(200);
        }
        for pointer in ["/sub", "/act/sub", "/act/act/sub", "/authorization_details/0/reference"] {
            let of = |at: usize| seen[at].pointer(pointer).unwrap_or_else(|| panic!("{pointer}")).clone();
            assert_ne!(of(0), of(1), "{pointer} joins two services");
            assert_eq!(of(0), of(2), "{pointer} is stable for one service");
        }
        assert!(seen[0].get("acr").is_none(), "a level that is unknown is not claimed");
    }

    async fn a_hub_is_told_its_own_words_and_nothing_else(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let (known, paper) = (app.user(&josette()).await, app.user(&ahmed()).await);
        app.mandate(&desk, known, &["argent", "logement"], Duration::days(31), Some("eidas1")).await;
        app.mandate(&desk, paper, &["logement"], Duration::days(31), None).await;
        let hub = app.service("hub", |new| {
            new.policy = Policy {
                profile: Profile::General,
                auth_method: ClientAuthMethod::ClientSecretBasic,
                ..Policy::france_connect()
            };
        }).await;
        let claims = r#"{"id_token":{"rep_scope":{"essential":true,"values":["Logement"]}}}"#;
        let mut browser = Browser::of(&app, &desk);
        let handle = browser.arrive(&hub, &[("prompt", "login"), ("claims", claims), ("acr_values", "eidas1")]).await;
        assert_eq!(browser.get(&handle).await.location(), format!("{handle}/user"), "a recent code is enough");
        let list = browser.get(&format!("{handle}/user")).await;
        list.assert_contains("Martin");
        assert!(!list.body.contains("Ahmed"), "a paper mandate is not offered to a hub");
        let page = format!("{handle}/mandate?user={known}");
        let grant = first_grant(&browser.get(&page).await.body);
        browser.post(&page, &[("grant", &grant), ("presence", "absent")]).await.assert_status(422);
        let fields = [("grant", grant.as_str()), ("presence", "absent"), ("declared", "Mon logement")];
        let back = browser.post(&page, &fields).await.location().to_owned();
        let tokens = json(&redeem(&app, &hub, &param(&back, "code").unwrap(), &[]).await);
        let claims = id_token(&app, &hub, tokens["id_token"].as_str().unwrap()).await;
        assert_eq!(claims["rep_scope"], serde_json::json!(["Logement"]));
        assert!(claims.get("act").is_none() && claims.get("authorization_details").is_none());
        assert!(tokens.get("authorization_details").is_none());
    }
}

/// How many entries of a kind the log holds.
pub async fn logged(app: &TestApp, kind: &str) -> i64 {
    let kind = kind.to_owned();
    entremise::view!(app.app.store, tx => {
        const SQL: &str = "SELECT COUNT(*) FROM entry WHERE kind = $1";
        match entremise::store::Access::tx(tx) {
            entremise::store::Tx::Pg(c) => sqlx::query_scalar::<_, i64>(SQL).bind(&kind).fetch_one(&mut **c).await,
            entremise::store::Tx::Lite(c) => sqlx::query_scalar::<_, i64>(SQL).bind(&kind).fetch_one(&mut **c).await,
        }
        .map_err(entremise::store::StoreError::from)
    })
    .expect("the log is read")
}
