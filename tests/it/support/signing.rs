//! A service that signs: the assertions and the proofs of possession it makes, good ones and others.
use entremise::crypto::jwt::{Alg, generate};
use entremise::domain::secret::PlainToken;
use entremise::oidc::provider::dpop::Call;
use jsonwebtoken::jwk::{Jwk, JwkSet, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::app::TestApp;

/// A call without any proof.
pub const NO_PROOF: Call<'static> = Call { method: "POST", url: "", proofs: &[] };

pub const ISSUER: &str = "http://localhost:8080";

/// A P-256 key in a service's hands.
pub struct Signer {
    private: EncodingKey,
    pub public: Jwk,
}

impl Signer {
    pub fn fresh() -> Self {
        let private = EncodingKey::from_ec_der(&generate(Alg::Es256).expect("a key"));
        let mut public = Jwk::from_encoding_key(&private, Algorithm::ES256).expect("its public half");
        public.common.key_id = Some(public.thumbprint(ThumbprintHash::SHA256).expect("a thumbprint"));
        Self { private, public }
    }

    pub fn jwks(&self) -> JwkSet {
        JwkSet { keys: vec![self.public.clone()] }
    }

    pub fn thumbprint(&self) -> String {
        self.public.thumbprint(ThumbprintHash::SHA256).expect("a thumbprint")
    }

    /// An assertion for one call of `client_id`, with some claims replaced, or with null left out.
    pub fn assertion(&self, app: &TestApp, client_id: &str, changes: &Value) -> String {
        let now = app.app.now().unix();
        let claims = json!({ "iss": client_id, "sub": client_id, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60,
            "jti": fresh_name(app) });
        let header = Header { kid: self.public.common.key_id.clone(), ..Header::new(Algorithm::ES256) };
        self.sign(&header, claims, changes)
    }

    /// A proof for one call, with some claims replaced, or with null left out.
    pub fn proof(&self, app: &TestApp, method: &str, path: &str, changes: &Value) -> String {
        let claims = json!({ "jti": fresh_name(app), "htm": method, "htu": format!("{ISSUER}{path}"),
            "iat": app.app.now().unix() });
        let header = Header {
            typ: Some("dpop+jwt".to_owned()),
            jwk: Some(self.public.clone()),
            ..Header::new(Algorithm::ES256)
        };
        self.sign(&header, claims, changes)
    }

    /// A proof for a call to a resource, which names the access token.
    pub fn proof_with(&self, app: &TestApp, method: &str, path: &str, token: &str) -> String {
        self.proof(app, method, path, &json!({ "ath": ath(token) }))
    }

    fn sign(&self, header: &Header, mut claims: Value, changes: &Value) -> String {
        for (name, value) in changes.as_object().expect("changes by name") {
            claims[name] = value.clone();
        }
        claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
        jsonwebtoken::encode(header, &claims, &self.private).expect("a signature")
    }
}

fn fresh_name(app: &TestApp) -> String {
    PlainToken::generate(&*app.app.entropy).reveal().to_owned()
}

/// The hash of an access token that a proof names.
pub fn ath(token: &str) -> String {
    data_encoding::BASE64URL_NOPAD.encode(PlainToken::presented(token).hash().as_bytes())
}
