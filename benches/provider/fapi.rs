//! The flow of a service under FAPI 2.0: pushed request, token, userinfo, with assertions and proofs of possession signed as
//! it goes. The codes are issued beforehand, bound to the key and to a verifier: the aidant's part is not measured.
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use entremise::crypto::jwt::{Alg, generate};
use entremise::crypto::random::SystemEntropy;
use entremise::domain::ids::Entropy;
use entremise::domain::secret::PlainToken;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::load::{Target, call};

/// The public key of the load, for the servers; where it is set, they register a service under FAPI 2.0.
pub const KEY: &str = "BENCH_FAPI_KEY";
/// Of RFC 7636, appendix B.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// The key of the load: it signs assertions and proofs alike.
#[derive(Clone)]
pub struct Holder {
    private: Arc<EncodingKey>,
    pub public: Jwk,
}

/// The public key given to a server, if it is to serve this flow.
pub fn registered() -> Option<Jwk> {
    let text = std::env::var(KEY).ok()?;
    Some(serde_json::from_str(&text).expect("a public key"))
}

pub fn thumbprint(key: &Jwk) -> String {
    key.thumbprint(ThumbprintHash::SHA256).expect("a thumbprint")
}

impl Holder {
    pub fn fresh() -> Self {
        let private = EncodingKey::from_ec_der(&generate(Alg::Es256).expect("a key"));
        let mut public = Jwk::from_encoding_key(&private, Algorithm::ES256).expect("its public half");
        public.common.key_id = Some("load".to_owned());
        Self { private: Arc::new(private), public }
    }

    fn sign(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.private).expect("a signature")
    }

    fn assertion(&self, target: &Target) -> String {
        let now = now();
        let claims = json!({ "iss": "bench", "sub": "bench", "aud": target.issuer, "iat": now, "exp": now + 60,
            "jti": fresh() });
        self.sign(
            &Header { kid: self.public.common.key_id.clone(), ..Header::new(Algorithm::ES256) },
            &claims,
        )
    }

    fn proof(&self, target: &Target, method: &str, path: &str, token: Option<&str>) -> String {
        let mut claims =
            json!({ "jti": fresh(), "htm": method, "htu": format!("{}{path}", target.base), "iat": now() });
        if let Some(token) = token {
            let hash = PlainToken::presented(token).hash();
            claims["ath"] = BASE64URL_NOPAD.encode(hash.as_bytes()).into();
        }
        let header = Header {
            typ: Some("dpop+jwt".to_owned()),
            jwk: Some(self.public.clone()),
            ..Header::new(Algorithm::ES256)
        };
        self.sign(&header, &claims)
    }
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

fn fresh() -> String {
    PlainToken::generate(&SystemEntropy as &dyn Entropy).reveal().to_owned()
}

/// One whole flow.
pub async fn flow(target: &Target, holder: &Holder, connection: &mut TcpStream, code: &str) {
    let uri = &target.redirect_uri;
    let pushed = format!(
        "client_id=bench&response_type=code&redirect_uri={uri}&scope=openid+profile+email+birth&state=s&nonce=n0nce&\
         code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    let answer = post(target, holder, connection, &target.par, &pushed).await;
    assert!(answer["request_uri"].is_string(), "nothing pushed: {answer}");
    let redeemed =
        format!("grant_type=authorization_code&code={code}&redirect_uri={uri}&code_verifier={VERIFIER}");
    let answer = post(target, holder, connection, &target.token, &redeemed).await;
    assert_eq!(answer["token_type"], "DPoP", "{answer}");
    assert!(answer["id_token"].is_string());
    let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}"));
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nAuthorization: DPoP {token}\r\nDPoP: {}\r\n\r\n",
        target.userinfo,
        target.address,
        holder.proof(target, "GET", &target.userinfo, Some(token))
    );
    let answer: Value = serde_json::from_slice(&call(connection, &request).await).expect("an identity");
    assert_eq!(answer["family_name"], "Martin", "{answer}");
}

/// A form posted with an assertion and a proof, and the JSON that answers it.
async fn post(target: &Target, holder: &Holder, connection: &mut TcpStream, path: &str, form: &str) -> Value {
    let body = format!(
        "{form}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={}",
        holder.assertion(target)
    );
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nDPoP: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        target.address,
        holder.proof(target, "POST", path, None),
        body.len()
    );
    serde_json::from_slice(&call(connection, &request).await).expect("JSON")
}
