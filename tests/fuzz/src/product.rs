//! The product an input meets: an aidant at a desk, a mandate, a service with a secret and one with keys, live tokens.
use axum::Router;
use axum::body::{Body, to_bytes};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use entremise::crypto::jwt::{Alg, generate};
use entremise::domain::ids::{RowId, SessionId, UseId, UserId};
use entremise::domain::secret::PlainToken;
use entremise::log::kind::Kind;
use entremise::oidc::provider::policy::{ClientAuthMethod, ClientKeys, Policy};
use entremise::store::{StoreError, authorization, use_session};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use jsonwebtoken::jwk::{Jwk, JwkSet, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::Value;
use time::Duration;
use tower::ServiceExt;

use crate::support::services::{Desk, Mandate, Service, josette};
use crate::support::{Engine, TestApp};

pub const ISSUER: &str = "http://localhost:8080";
/// Characters of what a hole may stand for in the body of a form.
const FORM: &str = "application/x-www-form-urlencoded";

pub struct Product {
    test: TestApp,
    router: Router,
    desk: Desk,
    user: UserId,
    mandate: Mandate,
    /// With a secret, and refresh tokens.
    pub open: Service,
    /// With keys, and tokens bound to one.
    pub keyed: Service,
    private: EncodingKey,
    public: Jwk,
    /// A live token of each.
    pub token: String,
    pub bound: String,
    /// What introspection says of the first.
    pub worth: Value,
}

/// An answer, with what it must never be.
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Product {
    pub async fn fresh() -> Self {
        let test = TestApp::fresh(Engine::Sqlite).await;
        let desk = test.desk("Nadia", "35600000012345").await;
        let user = test.user(&josette()).await;
        let mandate = test.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await;
        let private = EncodingKey::from_ec_der(&generate(Alg::Es256).expect("a key"));
        let public = Jwk::from_encoding_key(&private, Algorithm::ES256).expect("its public half");
        let keys = ClientKeys::Inline(JwkSet { keys: vec![public.clone()] });
        let open = test.service("open", |new| new.policy.may_refresh = true).await;
        let keyed = test
            .service("keyed", |new| {
                new.policy =
                    Policy { auth_method: ClientAuthMethod::PrivateKeyJwt, keys, ..Policy::general() };
            })
            .await;
        let router = entremise::web::router(&test.app);
        let (token, bound, worth) = (String::new(), String::new(), Value::Null);
        let mut product =
            Self { test, router, desk, user, mandate, open, keyed, private, public, token, bound, worth };
        product.token = product.redeemed("access_token").await;
        product.bound = product.bound_token().await;
        let asked = format!("token={}", product.token);
        let told = product.post("/introspect", &[("authorization", product.basic())], FORM, asked).await;
        product.worth = told.json();
        assert_eq!(product.worth["active"], true, "the token of the open service is live");
        product
    }

    /// What a hole stands for.
    pub async fn hole(&self, name: &str) -> Option<String> {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        Some(match name {
            "token" => self.token.clone(),
            "bound" => self.bound.clone(),
            "code" => self.code(&self.open, None).await,
            "fresh" => self.redeemed("access_token").await,
            "refresh" => self.redeemed("refresh_token").await,
            "secret" => self.open.secret.clone(),
            "uri" => encoded(&self.open.redirect_uri),
            "assertion" => self.assertion(),
            "now" => self.now().to_string(),
            "soon" => (self.now() + 60).to_string(),
            "jti" => PlainToken::generate(&*self.test.app.entropy).reveal().to_owned(),
            "jwk" => serde_json::to_string(&self.public).ok()?,
            "ath" => self.ath(),
            "jkt" => self.thumbprint(),
            "aidant" => self.worth["act"]["sub"].as_str()?.to_owned(),
            "structure" => self.worth["act"]["act"]["sub"].as_str()?.to_owned(),
            "user" => self.worth["sub"].as_str()?.to_owned(),
            _ => return None,
        })
    }

    fn now(&self) -> i64 {
        self.test.app.now().unix()
    }

    fn thumbprint(&self) -> String {
        self.public.thumbprint(ThumbprintHash::SHA256).expect("a thumbprint")
    }

    fn ath(&self) -> String {
        BASE64URL_NOPAD.encode(PlainToken::presented(&self.bound).hash().as_bytes())
    }

    pub fn basic(&self) -> String {
        format!("Basic {}", BASE64.encode(format!("open:{}", self.open.secret).as_bytes()))
    }

    pub fn session(&self) -> String {
        format!("session={}", self.desk.session)
    }

    /// Any header and any claims, signed by the key of the keyed service.
    pub fn signed(&self, header: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", BASE64URL_NOPAD.encode(header), BASE64URL_NOPAD.encode(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.private, Algorithm::ES256);
        format!("{message}.{}", signature.expect("a signature"))
    }

    fn assertion(&self) -> String {
        let (now, jti) = (self.now(), PlainToken::generate(&*self.test.app.entropy));
        let claims = serde_json::json!({ "iss": "keyed", "sub": "keyed", "aud": ISSUER, "iat": now, "exp": now + 60,
            "jti": jti.reveal() });
        self.signed(br#"{"alg":"ES256"}"#, claims.to_string().as_bytes())
    }

    async fn redeemed(&self, which: &str) -> String {
        let code = self.code(&self.open, None).await;
        let uri: String = form_urlencoded::byte_serialize(self.open.redirect_uri.as_bytes()).collect();
        let asked = format!("grant_type=authorization_code&code={code}&redirect_uri={uri}");
        let answer = self.post("/token", &[("authorization", self.basic())], FORM, asked).await;
        answer.json()[which].as_str().expect("a token").to_owned()
    }

    async fn bound_token(&self) -> String {
        let code = self.code(&self.keyed, Some(&self.thumbprint())).await;
        let uri: String = form_urlencoded::byte_serialize(self.keyed.redirect_uri.as_bytes()).collect();
        let jti = PlainToken::generate(&*self.test.app.entropy);
        let header = serde_json::json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": self.public });
        let claims = serde_json::json!({ "jti": jti.reveal(), "htm": "POST", "htu": format!("{ISSUER}/token"),
            "iat": self.now() });
        let proof = self.signed(header.to_string().as_bytes(), claims.to_string().as_bytes());
        let asked = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={uri}&client_assertion={}&\
             client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            self.assertion()
        );
        let answer = self.post("/token", &[("dpop", proof)], FORM, asked).await.json();
        assert_eq!(answer["token_type"], "DPoP", "{answer}");
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// A code of a use just begun, as the aidant's choice leaves it.
    async fn code(&self, service: &Service, jkt: Option<&str>) -> String {
        let (app, now) = (&self.test.app, self.test.app.now());
        let (code, entry) = (PlainToken::generate(&*app.entropy), self.test.entry(Kind::UseOpened).await);
        entremise::transact!(app.store, "fuzz_issue", tx => {
            let id = UseId::new(now, &*app.entropy);
            let session = SessionId::from_uuid(RowId::new(now, &*app.entropy).uuid());
            use_session::insert(tx, &use_session::NewUse {
                id, session, browser: None, client: service.id, grant: self.mandate.grants[0], mandate: self.mandate.id,
                user: self.user, structure: self.desk.structure, person: self.desk.aidant, card: self.desk.card,
                presence: "present", subject: None, declared_service: None, auth_time: now, started_at: now, entry,
            }).await?;
            authorization::insert_code(tx, &authorization::NewCode {
                hash: &code.hash(), use_id: id, client: service.id, redirect_uri: &service.redirect_uri,
                scope: "openid profile", nonce: Some("n0nce"), challenge: None, dpop_jkt: jkt, issued_at: now,
                claims: None,
                expires_at: now + Duration::minutes(1),
            }).await?;
            Ok::<_, StoreError>(())
        })
        .expect("a code is issued");
        code.reveal().to_owned()
    }

    pub async fn post(
        &self,
        path: &str,
        headers: &[(&'static str, String)],
        kind: &str,
        body: impl Into<Body>,
    ) -> Answered {
        let request = Request::post(path).header("content-type", kind);
        self.call(
            headers.iter().fold(request, |request, (name, value)| request.header(*name, value)),
            body.into(),
        )
        .await
    }

    pub async fn get(&self, path: &str, headers: &[(&'static str, Vec<u8>)]) -> Option<Answered> {
        let mut request = Request::get(path);
        for (name, value) in headers {
            // What no header can hold does not arrive.
            request = request.header(*name, HeaderValue::from_bytes(value).ok()?);
        }
        Some(self.call(request, Body::empty()).await)
    }

    async fn call(&self, request: http::request::Builder, body: Body) -> Answered {
        let request = request.body(body).expect("a request");
        let what = format!("{} {}", request.method(), request.uri().path());
        let response = self.router.clone().oneshot(request).await.expect("the router always answers");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 4 * 1024 * 1024).await.expect("a body of reasonable size").to_vec();
        assert!(parts.status.as_u16() < 500, "{what}: {}\n{}", parts.status, String::from_utf8_lossy(&body));
        Answered { status: parts.status, headers: parts.headers, body }
    }
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{}: {error}\n{}", self.status, String::from_utf8_lossy(&self.body))
        })
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}
