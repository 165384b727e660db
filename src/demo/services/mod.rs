//! Two services of demonstration, taxes and family allowances: real relying parties of Entremise through the
//! openidconnect crate (authorization code, PKCE, state and nonce bound to the browser), on sites of their own.
mod claims;
mod pages;
mod profile;
mod relying_party;
mod sign_in;
mod sign_out;
mod space;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use openidconnect::{Nonce, PkceCodeVerifier};
use time::Duration;

use crate::demo::expiring::Expiring;
use crate::demo::{browser, http, page};
use crate::domain::ids::Entropy;
use crate::domain::secret::{PlainToken, Secret};
use crate::domain::time::{Clock, Timestamp};

pub use profile::{Kind, Profile};
pub use relying_party::Algorithm;

const SESSION: &str = "service_session";
const PENDING: &str = "service_connexion";
/// As long as an interaction with the provider may last.
const PENDING_LIFETIME: Duration = Duration::minutes(30);
const SESSION_LIFETIME: Duration = Duration::minutes(30);

/// How a service is registered at Entremise.
#[derive(Clone, Debug)]
pub struct Registration {
    pub kind: Kind,
    /// The issuer of the tokens: Entremise's origin.
    pub issuer: String,
    /// Scheme, host and port of the service, without a trailing slash.
    pub origin: String,
    pub client_id: String,
    pub client_secret: Secret,
    /// The one algorithm accepted on ID tokens.
    pub algorithm: Algorithm,
}

impl Registration {
    pub fn redirect_uri(&self) -> String {
        format!("{}/callback", self.origin)
    }

    pub fn post_logout_redirect_uri(&self) -> String {
        format!("{}/signed-out", self.origin)
    }
}

/// One running service. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    profile: &'static Profile,
    registration: Registration,
    http: http::Outbound,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    pending: Expiring<Arc<Pending>>,
    sessions: Expiring<Arc<Session>>,
}

/// A sign-in under way, known to one browser by its cookie.
struct Pending {
    state: String,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// Someone signed in: in whose name, who acts, under which mandate, and what proves it.
struct Session {
    visitor: claims::Visitor,
    id_token: String,
    access_token: String,
    done: Mutex<Vec<space::Done>>,
}

impl Service {
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(
        registration: Registration,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self(Arc::new(Inner {
            profile: Profile::of(registration.kind),
            registration,
            http: http::Outbound::new()?,
            clock,
            entropy,
            pending: Expiring::new(),
            sessions: Expiring::new(),
        })))
    }

    /// Every route of the service.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", get(pages::home))
            .route(
                "/style.css",
                get(|| async {
                    page::style(concat!(
                        include_str!("../assets/sites.css"),
                        include_str!("../assets/service.css")
                    ))
                }),
            )
            .route("/sign-in", get(sign_in::start))
            .route("/callback", get(sign_in::callback))
            .route("/space", get(space::space))
            .route("/formality", get(space::form).post(space::send))
            .route("/sign-out", post(sign_out::sign_out))
            .route("/signed-out", get(sign_out::signed_out))
            .fallback(pages::not_found)
            .with_state(self.clone())
    }

    /// The session of the browser that asks, with the key of it.
    fn session(&self, headers: &HeaderMap) -> Option<(String, Arc<Session>)> {
        let key = browser::read(headers, SESSION)?;
        let session = self.0.sessions.get(&key, self.now())?;
        Some((key, session))
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn random(&self) -> String {
        PlainToken::generate(&*self.0.entropy).reveal().to_owned()
    }
}
