//! "Identité de démonstration": a small but real national identity provider (OpenID Connect Core 1.0,
//! Discovery 1.0, RP-Initiated Logout 1.0, RFC 9207), in the manner of FranceConnect and without its marks.
//! Sessions, codes and keys live in memory; subjects are the same after a restart.
mod authorize;
mod client;
mod fault;
mod interaction;
mod keys;
mod logout;
mod pages;
mod params;
mod persona;
#[cfg(test)]
mod tests;
mod token;
mod userinfo;

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use time::Duration;

use crate::demo::expiring::Expiring;
use crate::demo::page;
use crate::domain::ids::Entropy;
use crate::domain::secret::PlainToken;
use crate::domain::time::{Clock, Timestamp};

pub use client::{Client, Userinfo};
pub use fault::{FAULTS, Fault};
pub use keys::KeyError;
pub use persona::{PERSONAS, PROFESSIONALS, Persona};

/// As short as FranceConnect's.
const CODE_LIFETIME: Duration = Duration::seconds(30);
const TOKEN_LIFETIME: Duration = Duration::seconds(60);
const SESSION_LIFETIME: Duration = Duration::minutes(30);
const INTERACTION_LIFETIME: Duration = Duration::minutes(30);

/// One running provider. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct IdentityProvider(Arc<Inner>);

struct Inner {
    /// Without a trailing slash; the base of every endpoint.
    issuer: String,
    clients: Vec<Client>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    keys: keys::Keys,
    fault: Mutex<Fault>,
    interactions: Expiring<Interaction>,
    sessions: Expiring<SignedIn>,
    codes: Expiring<Code>,
    tokens: Expiring<Access>,
}

/// What a client asked for, checked.
#[derive(Clone)]
struct Request {
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: Option<String>,
}

/// A request on its way through the sign-in and consent pages of one browser.
#[derive(Clone)]
struct Interaction {
    /// The cookie of the browser that brought the request: no other may go on with it.
    browser: String,
    request: Request,
    signed_in: Option<SignedIn>,
}

#[derive(Clone, Copy)]
struct SignedIn {
    persona: &'static Persona,
    at: Timestamp,
}

#[derive(Clone)]
struct Code {
    request: Request,
    signed_in: SignedIn,
    issued: Timestamp,
    /// The access token it gave, once redeemed: a second redemption kills that token.
    redeemed: Option<String>,
}

#[derive(Clone)]
struct Access {
    client_id: String,
    scope: String,
    persona: &'static Persona,
}

impl IdentityProvider {
    /// A provider at `issuer` (scheme, host and port), with a fresh signing key.
    pub fn new(
        issuer: impl Into<String>,
        clients: Vec<Client>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, KeyError> {
        Ok(Self(Arc::new(Inner {
            issuer: issuer.into().trim_end_matches('/').to_owned(),
            clients,
            clock,
            entropy,
            keys: keys::Keys::generate()?,
            fault: Mutex::new(Fault::None),
            interactions: Expiring::new(),
            sessions: Expiring::new(),
            codes: Expiring::new(),
            tokens: Expiring::new(),
        })))
    }

    /// Every route of the provider, its pages included.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", get(pages::home))
            .route(
                "/style.css",
                get(|| async {
                    page::style(concat!(
                        include_str!("../assets/sites.css"),
                        include_str!("../assets/identity.css")
                    ))
                }),
            )
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/authorize", get(authorize::get).post(authorize::post))
            .route("/sign-in", get(interaction::sign_in_page).post(interaction::sign_in))
            .route("/consent", get(interaction::consent_page).post(interaction::consent))
            .route("/token", post(token::token))
            .route("/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
            .route("/session/end", get(logout::get).post(logout::post))
            .route("/session/end/confirmed", post(logout::confirmed))
            .route("/faults", get(pages::faults).post(pages::set_fault))
            .fallback(pages::not_found)
            .with_state(self.clone())
    }

    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The fault being committed at present.
    pub fn fault(&self) -> Fault {
        *self.0.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, and until told otherwise, commits `fault`.
    pub fn set_fault(&self, fault: Fault) {
        *self.0.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// 256 random bits in base64url.
    fn random(&self) -> String {
        PlainToken::generate(&*self.0.entropy).reveal().to_owned()
    }

    fn client(&self, id: &str) -> Option<&Client> {
        self.0.clients.iter().find(|client| client.id == id)
    }

    /// Waits if that is the fault of the moment: longer than anyone who depends on this should wait.
    async fn delay_if(&self, fault: Fault) {
        if self.fault() == fault {
            tokio::time::sleep(std::time::Duration::from_secs(30)).await;
        }
    }

    /// The answer of an endpoint that is out of order.
    fn down(&self) -> Option<Response> {
        (self.fault() == Fault::Down).then(|| {
            (StatusCode::SERVICE_UNAVAILABLE, "Hors service (panne de démonstration)").into_response()
        })
    }
}

async fn discovery(State(provider): State<IdentityProvider>) -> Response {
    provider.delay_if(Fault::SlowDiscovery).await;
    if let Some(down) = provider.down() {
        return down;
    }
    let issuer = provider.issuer();
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "end_session_endpoint": format!("{issuer}/session/end"),
        "jwks_uri": format!("{issuer}/jwks"),
        "scopes_supported": ["openid", "given_name", "family_name", "birthdate", "idp_birthdate", "gender",
            "birthplace", "birthcountry", "email", "preferred_username", "profile", "birth", "identite_pivot",
            "usual_name", "uid", "siret"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "userinfo_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": ["eidas1"],
        "claims_supported": ["sub", "given_name", "family_name", "birthdate", "idp_birthdate", "gender",
            "birthplace", "birthcountry", "email", "preferred_username", "acr", "auth_time"],
        "ui_locales_supported": ["fr", "en"],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    }))
    .into_response()
}

async fn jwks(State(provider): State<IdentityProvider>) -> Response {
    provider.down().unwrap_or_else(|| Json(provider.0.keys.public()).into_response())
}
