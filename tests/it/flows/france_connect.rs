//! FranceConnect as our client: it sends what it sends to every identity provider, and refuses what it refuses.
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use entremise::crypto::jwt::Alg;
use entremise::oidc::provider::policy::Policy;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::Duration;

use super::provider::{Browser, first_grant, json as read, logged, param, server, userinfo};
use crate::support::TestApp;
use crate::support::services::{Desk, Service, ahmed, josette};

const ISSUER: &str = "http://localhost:8080";
const CALLBACK: &str = "https://franceconnect.example/api/v2/oidc-callback";
const LOGGED_OUT: &str = "https://franceconnect.example/api/v2/client/logout-callback";

/// FranceConnect's own part.
struct Core<'a> {
    app: &'a TestApp,
    us: Service,
    /// What the service behind it asks for, if it knows of mandates.
    wanted: &'a [&'a str],
}

impl<'a> Core<'a> {
    async fn registered(app: &'a TestApp, wanted: &'a [&'a str]) -> Self {
        let us = app
            .service("franceconnect", |new| {
                new.name = "FranceConnect".to_owned();
                new.redirect_uris = vec![CALLBACK.to_owned()];
                new.post_logout_redirect_uris = vec![LOGGED_OUT.to_owned()];
                new.policy = Policy {
                    id_token_alg: Alg::Es256,
                    userinfo_alg: Some(Alg::Es256),
                    ..Policy::france_connect()
                };
            })
            .await;
        Self { app, us: Service { redirect_uri: CALLBACK.to_owned(), ..us }, wanted }
    }

    /// 64 hexadecimal characters, as its state and nonce are.
    fn random(word: &str) -> String {
        HEXLOWER.encode(&Sha256::digest(word))
    }

    /// The request, parameter by parameter: neither PKCE nor anything about the service behind.
    fn request(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("client_id", &self.us.client_id)
            .append_pair("scope", "openid profile email birth")
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", CALLBACK)
            .append_pair("acr_values", "eidas1")
            .append_pair("nonce", &Self::random("nonce"))
            .append_pair("state", &Self::random("state"))
            .append_pair("prompt", "login");
        if !self.wanted.is_empty() {
            let claims = json!({"id_token": {"rep_scope": {"essential": true, "values": self.wanted}}});
            query.append_pair("claims", &claims.to_string());
        }
        format!("/authorize?{}", query.finish())
    }

    /// Three readings of the discovery document and two of the keys at each sign-in, never from a cache.
    async fn discover(&self) -> (Value, jsonwebtoken::jwk::JwkSet) {
        let mut document = Value::Null;
        for _ in 0..3 {
            document = read(
                server(self.app.get("/.well-known/openid-configuration")).send().await.assert_status(200),
            );
        }
        assert_eq!(document["issuer"], ISSUER);
        let path = document["jwks_uri"].as_str().unwrap().strip_prefix(ISSUER).unwrap().to_owned();
        let mut keys = Value::Null;
        for _ in 0..2 {
            keys = read(server(self.app.get(&path)).send().await.assert_status(200));
        }
        (document, serde_json::from_value(keys).unwrap())
    }

    /// The way back: state and issuer are its own, then the code becomes tokens and an identity, each checked.
    async fn callback(&self, address: &str) -> (Value, Value) {
        assert!(address.starts_with(&format!("{CALLBACK}?")), "{address}");
        assert_eq!(param(address, "state").unwrap(), Self::random("state"));
        assert_eq!(param(address, "iss").unwrap(), ISSUER);
        assert_eq!(param(address, "error"), None);
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &param(address, "code").unwrap()),
            ("redirect_uri", CALLBACK),
            ("client_id", &self.us.client_id),
            ("client_secret", &self.us.secret),
        ];
        let answer = server(self.app.post("/token")).form(&fields).send().await;
        answer.assert_status(200);
        let tokens = read(&answer);
        let access = tokens["access_token"].as_str().unwrap();
        assert!(access.is_ascii() && !access.is_empty());
        let claims = self.id_token(tokens["id_token"].as_str().unwrap(), access).await;
        let identity = self.identity(access).await;
        assert_eq!(identity["sub"], claims["sub"]);
        check_identity(&identity);
        (claims, identity)
    }

    /// Userinfo as it takes it: a JWT of the algorithm that was registered, for itself and from us.
    async fn identity(&self, access: &str) -> Value {
        let answer = userinfo(self.app, access).await;
        assert_eq!(answer.assert_status(200).header("content-type"), "application/jwt");
        let (_, keys) = self.discover().await;
        let header = jsonwebtoken::decode_header(&answer.body).unwrap();
        assert_eq!(header.alg, jsonwebtoken::Algorithm::ES256);
        let key = jsonwebtoken::DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
        let mut rules = jsonwebtoken::Validation::new(header.alg);
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        rules.set_audience(&[&self.us.client_id]);
        rules.set_issuer(&[ISSUER]);
        let mut claims =
            jsonwebtoken::decode::<Value>(&answer.body, &key, &rules).expect("a good signature").claims;
        for name in ["iss", "aud"] {
            assert!(claims.as_object_mut().unwrap().remove(name).is_some(), "{name}");
        }
        claims
    }

    async fn id_token(&self, token: &str, access: &str) -> Value {
        let (_, keys) = self.discover().await;
        let header = jsonwebtoken::decode_header(token).unwrap();
        assert_eq!(header.alg, jsonwebtoken::Algorithm::ES256, "exactly the algorithm that was registered");
        let key = keys.find(&header.kid.unwrap()).expect("a published key");
        let mut rules = jsonwebtoken::Validation::new(header.alg);
        // The clock of the test is not that of the machine: times are compared below, without tolerance.
        rules.validate_exp = false;
        rules.set_audience(&[&self.us.client_id]);
        rules.set_issuer(&[ISSUER]);
        let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
        let claims = jsonwebtoken::decode::<Value>(token, &key, &rules).unwrap().claims;
        assert!(claims["exp"].as_i64().unwrap() > self.app.app.now().unix());
        assert!(claims["iat"].as_i64().unwrap() <= self.app.app.now().unix());
        assert_eq!(claims["nonce"], Self::random("nonce"));
        assert_eq!(claims["at_hash"], BASE64URL_NOPAD.encode(&Sha256::digest(access)[..16]));
        assert_eq!(claims["acr"], "eidas1", "mandatory, and never above what is registered");
        let sub = claims["sub"].as_str().unwrap();
        assert!(!sub.is_empty() && sub.is_ascii());
        let told: Vec<&str> = claims["rep_scope"]
            .as_array()
            .expect("an array")
            .iter()
            .map(|one| one.as_str().unwrap())
            .collect();
        assert!(!told.is_empty());
        assert!(self.wanted.is_empty() || told.iter().any(|one| self.wanted.contains(one)), "{told:?}");
        claims
    }

    /// The user leaves the service: FranceConnect closes what it opened here, with a token long expired.
    async fn sign_out(&self, browser: &mut Browser<'_>, hint: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("state", "leaving")
            .append_pair("post_logout_redirect_uri", LOGGED_OUT)
            .append_pair("client_id", &self.us.client_id)
            .append_pair("id_token_hint", hint);
        let answer = browser.get(&format!("/end_session?{}", query.finish())).await;
        answer.assert_status(303);
        answer.location().to_owned()
    }
}

/// What FranceConnect compares with the national register, exactly as it comes.
fn check_identity(identity: &Value) {
    let text =
        |claim: &str| identity[claim].as_str().unwrap_or_else(|| panic!("{claim} is missing")).to_owned();
    for name in ["given_name", "family_name"] {
        assert!((1..=256).contains(&text(name).chars().count()), "{name}");
    }
    let born = text("birthdate");
    assert!(
        born.len() == 10
            && born.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            }),
        "{born}"
    );
    assert!(["female", "male", "unspecified"].contains(&text("gender").as_str()));
    assert_eq!(text("birthcountry").len(), 5);
    assert_eq!(text("birthcountry") == "99100", text("birthplace").len() == 5);
    assert!(text("email").rsplit_once('@').unwrap().1.contains('.'));
    for (claim, value) in identity.as_object().unwrap() {
        assert!(!value.is_null() && value != "None" && value != "null", "{claim}");
    }
}

/// Josette, with the address FranceConnect wants.
fn reachable() -> Value {
    let mut identity = josette();
    identity["email"] = "josette@courriel.example".into();
    identity
}

/// The aidant's part, from the arrival of the request to the way back.
async fn opened(browser: &mut Browser<'_>, core: &Core<'_>, user: entremise::domain::ids::UserId) -> String {
    let arrived = browser.get(&core.request()).await;
    arrived.assert_status(303);
    let handle = arrived.location().to_owned();
    assert_eq!(
        browser.get(&handle).await.location(),
        format!("{handle}/user"),
        "a code entered lately is enough"
    );
    let page = format!("{handle}/mandate?user={user}");
    let grant = first_grant(&browser.get(&page).await.body);
    let fields = [("grant", grant.as_str()), ("presence", "present"), ("declared", "Mon compte de retraite")];
    browser.post(&page, &fields).await.location().to_owned()
}

async fn desk(app: &TestApp) -> Desk {
    app.desk("Nadia", "35600000012345").await
}

on_both_engines! {
    async fn a_sign_in_as_the_contract_says(app: TestApp) {
        let desk = desk(&app).await;
        let user = app.user(&reachable()).await;
        app.mandate(&desk, user, &["social", "logement"], Duration::days(31), Some("eidas1")).await;
        let core = Core::registered(&app, &["Logement", "Argent-Impots-Consommation"]).await;
        let mut browser = Browser::of(&app, &desk);
        let back = opened(&mut browser, &core, user).await;
        let (claims, identity) = core.callback(&back).await;
        assert_eq!(claims["rep_scope"], json!(["Logement"]), "what was asked narrows what may be chosen");
        assert_eq!(identity["birthdate"], "1962-00-00", "a presumed date, to the letter");
        for withheld in ["act", "authorization_details"] {
            assert!(claims.get(withheld).is_none() && identity.get(withheld).is_none(), "{withheld}");
        }
    }

    /// Without a service that knows of mandates behind it, nothing is asked for and something is told.
    async fn nothing_asked_and_still_an_array(app: TestApp) {
        let desk = desk(&app).await;
        let mut identity = ahmed();
        identity["birthdate"] = "1950-03-00".into();
        let user = app.user(&identity).await;
        app.mandate(&desk, user, &["social"], Duration::days(31), Some("eidas1")).await;
        let core = Core::registered(&app, &[]).await;
        let back = opened(&mut Browser::of(&app, &desk), &core, user).await;
        let (claims, told) = core.callback(&back).await;
        assert_eq!(claims["rep_scope"], json!(["Social-Santé"]));
        assert_eq!((&told["birthplace"], &told["birthcountry"]), (&json!(""), &json!("99352")), "born abroad");
    }

    /// It closes the use with an ID token that expired long ago; the desk stays open.
    async fn its_sign_out_ends_the_use_alone(app: TestApp) {
        let desk = desk(&app).await;
        let user = app.user(&reachable()).await;
        app.mandate(&desk, user, &["logement"], Duration::days(31), Some("eidas1")).await;
        let core = Core::registered(&app, &[]).await;
        let mut browser = Browser::of(&app, &desk);
        let back = opened(&mut browser, &core, user).await;
        let fields = [("grant_type", "authorization_code"), ("code", &param(&back, "code").unwrap()), ("redirect_uri", CALLBACK),
            ("client_id", &core.us.client_id), ("client_secret", &core.us.secret)];
        let tokens = read(&server(app.post("/token")).form(&fields).send().await);
        app.clock.advance(Duration::minutes(14));
        assert_eq!(core.sign_out(&mut browser, tokens["id_token"].as_str().unwrap()).await, format!("{LOGGED_OUT}?state=leaving"));
        assert_eq!(logged(&app, "use.ended").await, 1);
        userinfo(&app, tokens["access_token"].as_str().unwrap()).await.assert_status(401);
        browser.get("/mandates").await.assert_status(200);
    }

    /// What it would refuse is not sent: the aidant is told why before anything is opened, and it is written down.
    async fn an_identity_it_would_refuse_is_not_sent(app: TestApp) {
        let desk = desk(&app).await;
        let core = Core::registered(&app, &[]).await;
        let cases: [(&str, Value, &str); 3] = [
            ("email", Value::Null, "sans adresse"),
            ("gender", "autre".into(), "Le sexe"),
            ("birthplace", "".into(), "lieu de naissance"),
        ];
        let mut refused = 0;
        for (claim, value, why) in cases {
            let mut identity = reachable();
            identity[claim] = value;
            let user = app.user(&identity).await;
            app.mandate(&desk, user, &["logement"], Duration::days(31), Some("eidas1")).await;
            let mut browser = Browser::of(&app, &desk);
            let handle = browser.get(&core.request()).await.location().to_owned();
            browser.get(&handle).await.assert_status(303);
            let page = format!("{handle}/mandate?user={user}");
            browser.get(&page).await.assert_status(409).assert_contains(why);
            // The form sent all the same opens nothing.
            let fields = [("grant", "x"), ("presence", "present"), ("declared", "Mon logement")];
            browser.post(&page, &fields).await.assert_status(409);
            refused += 2;
            assert_eq!(logged(&app, "authorization.refused").await, refused, "{claim}");
            let back = browser.post(&format!("{handle}/cancel"), &[]).await.location().to_owned();
            assert_eq!(param(&back, "error").unwrap(), "access_denied");
            assert_eq!(param(&back, "state").unwrap(), Core::random("state"));
            refused += 1;
        }
        assert_eq!(logged(&app, "use.opened").await, 0);
    }

    /// A mandate on paper has no level of proofing: there is nobody to choose.
    async fn a_paper_mandate_is_not_offered(app: TestApp) {
        let desk = desk(&app).await;
        let user = app.user(&reachable()).await;
        app.mandate(&desk, user, &["logement"], Duration::days(31), None).await;
        let core = Core::registered(&app, &[]).await;
        let mut browser = Browser::of(&app, &desk);
        let handle = browser.get(&core.request()).await.location().to_owned();
        browser.get(&handle).await.assert_status(303);
        let listed = browser.get(&format!("{handle}/user")).await;
        assert!(!listed.assert_status(200).body.contains("Martin"));
        let page = format!("{handle}/mandate?user={user}");
        assert_eq!(browser.get(&page).await.location(), format!("{handle}/user"));
    }
}
