//! The identity providers we ask to identify users and professionals: any standard OpenID provider, by configuration.
//!
//! | file | meaning |
//! | --- | --- |
//! | `provider` | what is configured about one provider |
//! | `http` | bounded requests to it: time, size, no redirects |
//! | `discovery` | its metadata and keys, remembered for a bounded time |
//! | `request` | the browser's way there: authorisation and logout URLs |
//! | `callback` | its answer: what came back is checked, the code exchanged, the ID token verified |
//! | `userinfo` | who the user is, plain or signed |
//! | `claims` | from claims to a civil identity, replayed exactly; or to a professional |
//! | `error` | every failure told apart |
mod callback;
mod claims;
mod discovery;
mod error;
mod http;
mod provider;
mod request;
mod userinfo;

pub use callback::{Answer, Expected, Identified, Professional, Refused};
pub use error::FederationError;
pub use provider::{AuthMethod, IdentityProvider, SignatureAlg};
pub use request::Begun;

use discovery::Discovery;
use http::HttpClient;

/// One identity provider, ready to be asked. One per process: it remembers metadata and keys.
#[derive(Debug)]
pub struct Federation {
    provider: IdentityProvider,
    http: HttpClient,
    discovery: Discovery,
}

impl Federation {
    pub fn new(provider: IdentityProvider) -> Self {
        Self { provider, http: HttpClient::new(http::TIMEOUT), discovery: Discovery::default() }
    }

    pub fn provider(&self) -> &IdentityProvider {
        &self.provider
    }
}

#[cfg(test)]
mod tests;
