//! FranceConnect or ProConnect as we meet them as a client: a server of its own that keeps to the contract, refuses
//! what the contract refuses, and can be told to commit one fault.
mod contract;
mod faults;
mod serve;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use entremise::crypto::jwt::{self, Alg, SigningKey};
use entremise::domain::catalogue::Words;
use entremise::domain::secret::Secret;
use entremise::domain::time::{Clock, Timestamp};
use entremise::oidc::federation::{AuthMethod, IdentityProvider, SignatureAlg};
use serde_json::Value;

pub use contract::{Contract, FRANCE_CONNECT, PRO_CONNECT};
pub use faults::{Refused, faults};

pub const CLIENT: &str = "entremise";
const SECRET: &str = "a secret of tests, long enough 123";

/// One way of not keeping to the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// Nobody signs in: the browser comes back with this error.
    Error(&'static str),
    NoState,
    RedirectIssuer,
    NoRedirectIssuer,
    Issuer,
    Audience,
    Nonce,
    Level(&'static str),
    NoLevel,
    Expired,
    UnsignedToken,
    ForeignKey,
    PlainUserinfo,
    UnsignedUserinfo,
    UserinfoForeignKey,
    OtherSubject,
    /// The token endpoint never answers.
    Silent,
    Failing,
    /// It does not even say where its endpoints are.
    NoDiscovery,
}

/// Where the browsers of our service may be sent back to.
pub struct Addresses {
    pub redirect: &'static str,
    pub signed_out: &'static str,
}

#[derive(Clone)]
pub struct National(Arc<Inner>);

struct Inner {
    contract: Contract,
    issuer: String,
    addresses: Addresses,
    key: SigningKey,
    foreign: SigningKey,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Who signs in next.
    person: Value,
    fault: Fault,
    codes: HashMap<String, Code>,
    tokens: HashMap<String, Access>,
    /// Sessions open in browsers, by cookie.
    sessions: Vec<String>,
    /// Each ID token given out, with the session it belongs to.
    issued: HashMap<String, String>,
    drawn: u64,
    signs_in_at: Option<&'static str>,
    /// Error pages shown, with why.
    refused: Vec<String>,
}

#[derive(Clone)]
struct Code {
    person: Value,
    nonce: String,
    scope: String,
    session: String,
    at: Timestamp,
}

struct Access {
    person: Value,
    scope: String,
    at: Timestamp,
}

impl National {
    pub async fn start(contract: Contract, addresses: Addresses, clock: Arc<dyn Clock>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let key =
            || SigningKey::from_pkcs8(Alg::Es256, &jwt::generate(Alg::Es256).expect("a key")).expect("a key");
        let national = Self(Arc::new(Inner {
            issuer: format!("http://127.0.0.1:{port}{}", contract.path),
            contract,
            addresses,
            key: key(),
            foreign: key(),
            clock,
            state: Mutex::new(State::default()),
        }));
        let router = serve::router(&national);
        tokio::spawn(async move { axum::serve(listener, router).await.expect("served") });
        national
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("nobody panicked with it")
    }

    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// This person signs in next, in whatever browser comes.
    pub fn meets(&self, person: &Value) {
        self.state().person = person.clone();
    }

    pub fn commits(&self, fault: Fault) {
        self.state().fault = fault;
    }

    /// Its pages are at another origin than its issuer.
    pub fn signs_in_at(&self, origin: &'static str) {
        self.state().signs_in_at = Some(origin);
    }

    /// Sessions that stay open in browsers.
    pub fn open_sessions(&self) -> usize {
        self.state().sessions.len()
    }

    /// The error pages it has shown, with why.
    pub fn refused(&self) -> Vec<String> {
        self.state().refused.clone()
    }

    /// A registration of ours there, with the scopes and levels a deployment configures.
    pub fn registration(&self, scopes: &[&str], levels: &[&str]) -> IdentityProvider {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        IdentityProvider {
            issuer: self.0.issuer.clone(),
            client_id: CLIENT.to_owned(),
            client_secret: Secret::new(SECRET),
            auth_method: AuthMethod::ClientSecretPost,
            scopes: owned(scopes),
            pkce: false,
            acr_values: owned(levels),
            acr_in_claims: !self.0.contract.acr_in_parameter,
            emails_verified: false,
            acr_accepted: owned(levels),
            id_token_alg: SignatureAlg::Es256,
            userinfo_alg: Some(SignatureAlg::Es256),
            birthdate_claim: "idp_birthdate".to_owned(),
            label: Words::new(self.0.contract.label, self.0.contract.label),
        }
    }
}

/// A browser at the provider: one cookie, no redirection followed by itself.
pub struct Browser {
    http: reqwest::Client,
    cookie: Option<String>,
}

/// What it was shown, or where it was sent.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub location: String,
    pub body: String,
}

impl Browser {
    pub fn fresh() -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let http = http.timeout(std::time::Duration::from_secs(30)).build().expect("a client");
        Self { http, cookie: None }
    }

    pub async fn visit(&mut self, url: &str) -> Seen {
        let mut request = self.http.get(url);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("national={cookie}"));
        }
        let answer = request.send().await.expect("it answers");
        let text = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().expect("text").to_owned())
                .unwrap_or_default()
        };
        if let Some((_, rest)) = text("set-cookie").split_once("national=") {
            self.cookie = rest.split(';').next().filter(|value| !value.is_empty()).map(str::to_owned);
        }
        let (status, location) = (answer.status().as_u16(), text("location"));
        Seen { status, location, body: answer.text().await.expect("a page") }
    }
}
