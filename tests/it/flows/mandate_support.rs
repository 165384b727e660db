//! A desk with a real identity provider behind it: a small server that answers whoever a test says.
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use entremise::crypto::jwt::{self, Alg, SigningKey};
use entremise::domain::ids::StructureId;
use entremise::domain::person::Role;
use entremise::domain::secret::Secret;
use entremise::domain::time::Clock;
use entremise::oidc::federation::{AuthMethod, Federation, IdentityProvider, SignatureAlg};
use serde_json::{Value, json};
use url::Url;

use super::people_support::Worker;
use crate::support::{Answer, TestApp};

/// What the provider will answer for a code.
#[derive(Clone)]
pub struct Person {
    pub userinfo: Value,
    pub acr: &'static str,
    /// Takes the place of the right nonce, issuer or audience.
    pub id_token: Value,
    pub userinfo_status: u16,
}

pub fn person(sub: &str, userinfo: Value) -> Person {
    let mut userinfo = userinfo;
    userinfo["sub"] = json!(sub);
    Person { userinfo, acr: "eidas1", id_token: json!({}), userinfo_status: 200 }
}

pub fn josette() -> Person {
    person(
        "josette",
        json!({ "given_name": "Josette Angélique", "family_name": "MARTIN", "birthdate": "1948-03-04",
                "gender": "female", "birthplace": "03118", "birthcountry": "99100", "email": "josette@exemple.fr" }),
    )
}

/// Born on a day nobody knows, abroad, without an e-mail address.
pub fn fatou() -> Person {
    person(
        "fatou",
        json!({ "given_name": "Fatou", "family_name": "DIALLO", "birthdate": "1962-00-00", "gender": "female",
                "birthplace": "", "birthcountry": "99341" }),
    )
}

struct Inner {
    issuer: String,
    key: SigningKey,
    clock: Arc<dyn Clock>,
    codes: Mutex<HashMap<String, (Person, String)>>,
    tokens: Mutex<HashMap<String, Person>>,
}

#[derive(Clone)]
pub struct Provider(Arc<Inner>);

impl Provider {
    async fn start(clock: Arc<dyn Clock>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let key = SigningKey::from_pkcs8(Alg::Es256, &jwt::generate(Alg::Es256).unwrap()).unwrap();
        let issuer = format!("http://identite.localhost:{}", listener.local_addr().unwrap().port());
        let inner = Inner { issuer, key, clock, codes: Mutex::default(), tokens: Mutex::default() };
        let provider = Self(Arc::new(inner));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route(
                "/jwks",
                get(async |State(p): State<Provider>| Json(json!({ "keys": [p.0.key.public()] }))),
            )
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    fn configured(&self) -> IdentityProvider {
        IdentityProvider {
            issuer: self.0.issuer.clone(),
            client_id: "entremise".into(),
            client_secret: Secret::new("a secret of tests"),
            auth_method: AuthMethod::ClientSecretPost,
            scopes: vec!["openid".into(), "profile".into(), "birth".into()],
            pkce: true,
            acr_values: vec!["eidas1".into()],
            acr_in_claims: false,
            emails_verified: false,
            acr_accepted: vec!["eidas1".into()],
            id_token_alg: SignatureAlg::Es256,
            userinfo_alg: None,
            birthdate_claim: "idp_birthdate".into(),
            label: entremise::domain::catalogue::Words::new("FranceConnect", "FranceConnect"),
        }
    }
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.0.issuer);
    Json(json!({
        "issuer": provider.0.issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"), "userinfo_endpoint": at("/userinfo"), "end_session_endpoint": at("/logout"),
        "response_types_supported": ["code"], "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

async fn token(State(provider): State<Provider>, Form(form): Form<HashMap<String, String>>) -> Response {
    let Some((person, nonce)) = provider.0.codes.lock().unwrap().remove(&form["code"]) else {
        let error = Json(json!({ "error": "invalid_grant" }));
        return (StatusCode::BAD_REQUEST, error).into_response();
    };
    let now = provider.0.clock.now().unix();
    let mut claims = json!({
        "iss": provider.0.issuer, "aud": "entremise", "sub": person.userinfo["sub"], "nonce": nonce,
        "acr": person.acr, "iat": now, "exp": now + 60, "auth_time": now,
    });
    for (claim, value) in person.id_token.as_object().unwrap() {
        claims[claim] = value.clone();
    }
    let id_token = provider.0.key.sign("JWT", &claims).unwrap();
    let access = format!("access-{}", form["code"]);
    provider.0.tokens.lock().unwrap().insert(access.clone(), person);
    let body =
        json!({ "access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": id_token });
    Json(body).into_response()
}

async fn userinfo(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let bearer = headers[header::AUTHORIZATION].to_str().unwrap().trim_start_matches("Bearer ").to_owned();
    let person = provider.0.tokens.lock().unwrap()[&bearer].clone();
    (StatusCode::from_u16(person.userinfo_status).unwrap(), Json(person.userinfo)).into_response()
}

/// A structure, its aidant at work with a card, and an identity provider.
pub struct Desk {
    pub app: TestApp,
    pub structure: StructureId,
    pub aidant: Worker,
    pub provider: Provider,
}

/// Where the browser stands between the desk and the identity provider.
pub struct Leaving {
    pub state: String,
    pub nonce: String,
    /// What the consent cookie holds.
    pub browser: String,
}

impl Desk {
    pub async fn open(mut app: TestApp) -> Self {
        let provider = Provider::start(Arc::new(app.clock.clone())).await;
        app.identify_with(Federation::new(provider.configured()));
        let structure = app.structure("CCAS de Gannat", "21030118500013").await;
        let aidant = app.hire("Nadia Benali", "nadia@exemple.fr", &[Role::Aidant], structure).await;
        Self { app, structure, aidant, provider }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.app.get(path).session(&self.aidant.session).send().await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.app.post(path).session(&self.aidant.session).form(form).send().await
    }

    /// A draft; gives its reference.
    pub async fn propose(&self, domains: &[&str], term: &str) -> String {
        let mut form: Vec<(&str, &str)> = domains.iter().map(|domain| ("domain", *domain)).collect();
        form.push(("term", term));
        let answer = self.post("/mandates/new", &form).await;
        let to = answer.assert_status(303).location().to_owned();
        to.strip_prefix("/mandates/").and_then(|rest| rest.strip_suffix("/identity")).unwrap().to_owned()
    }

    /// The button of the identity page: off to the provider.
    pub async fn leave(&self, reference: &str) -> Leaving {
        let answer = self.post(&format!("/mandates/{reference}/identity"), &[]).await;
        let url = Url::parse(answer.assert_status(303).location()).unwrap();
        let value = |name: &str| url.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned();
        Leaving {
            state: value("state"),
            nonce: value("nonce"),
            browser: answer.set_cookie("consent").unwrap(),
        }
    }

    /// The provider will answer `person` for this code.
    pub fn will_answer(&self, code: &str, person: Person, nonce: &str) {
        self.provider.0.codes.lock().unwrap().insert(code.to_owned(), (person, nonce.to_owned()));
    }

    /// The provider sends the browser back, with `person` identified.
    pub async fn come_back(&self, leaving: &Leaving, person: Person) -> Answer {
        let code = format!("code-{}", leaving.state);
        self.will_answer(&code, person, &leaving.nonce);
        self.back(&leaving.browser, &format!("state={}&code={code}", leaving.state)).await
    }

    pub async fn back(&self, browser: &str, query: &str) -> Answer {
        let path = format!("/consent/back?{query}");
        let call = self.app.get(&path).header("sec-fetch-site", "cross-site");
        call.session(&self.aidant.session).cookie("consent", browser).send().await
    }

    /// By the provider to sign out, and back; gives where that leads.
    pub async fn signed_out(&self, leaving: &Leaving, answer: &Answer) -> String {
        let url = Url::parse(answer.assert_status(303).location()).unwrap();
        assert_eq!(url.path(), "/logout");
        let value = |name: &str| url.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned();
        assert_eq!(value("post_logout_redirect_uri"), "http://localhost:8080/consent/signed-out");
        let path = format!("/consent/signed-out?state={}", value("state"));
        let call = self.app.get(&path).header("sec-fetch-site", "cross-site");
        call.cookie("consent", &leaving.browser).send().await.assert_status(303).location().to_owned()
    }

    /// The user's page; the first visit goes by the provider's sign-out.
    pub async fn consent_page(&self, browser: &str) -> Answer {
        let first = self.app.get("/consent").cookie("consent", browser).send().await;
        if first.location().contains("/logout?") {
            return self.app.get("/consent").cookie("consent", browser).send().await;
        }
        first
    }

    pub async fn answer(&self, browser: &str, form: &[(&str, &str)]) -> Answer {
        self.app.post("/consent").cookie("consent", browser).form(form).send().await
    }

    pub async fn agree(&self, browser: &str) -> Answer {
        self.answer(browser, &[("declaration", "yes"), ("answer", "agree")]).await
    }

    /// Everything but the signature.
    pub async fn ready(&self, person: Person, domains: &[&str], term: &str) -> String {
        let reference = self.propose(domains, term).await;
        let leaving = self.leave(&reference).await;
        let back = self.come_back(&leaving, person).await;
        assert_eq!(back.assert_status(303).location(), "/consent", "{}", back.body);
        self.consent_page(&leaving.browser).await.assert_status(200);
        assert_eq!(self.agree(&leaving.browser).await.assert_status(303).location(), "/consent");
        reference
    }

    pub fn code(&self) -> String {
        self.aidant.card.code(self.app.clock.now())
    }

    pub async fn sign(&self, reference: &str, code: &str) -> Answer {
        self.post(&format!("/mandates/{reference}/signature"), &[("code", code)]).await
    }

    /// A signed mandate. The clock moves on, so that the next code is a fresh one.
    pub async fn signed(&self, person: Person, domains: &[&str], term: &str) -> String {
        let reference = self.ready(person, domains, term).await;
        let answer = self.sign(&reference, &self.code()).await;
        assert_eq!(answer.assert_status(303).location(), format!("/mandates/{reference}/done"));
        self.app.clock.advance(time::Duration::seconds(30));
        reference
    }
}
