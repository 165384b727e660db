//! `[professionals]`: an identity provider with which aidants, referents, operators and auditors may enter instead of
//! typing a password. Their card is asked for all the same. ProConnect is one with the defaults below.
use std::path::PathBuf;

use super::identity::{Registration, no_secret};
use super::{AuthMethod, ConfigError, source};
use crate::domain::secret::Secret;

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Professionals {
    /// Exactly as the provider's discovery document writes it.
    pub issuer: String,
    pub client_id: String,
    #[serde(default = "no_secret")]
    pub client_secret: Secret,
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    #[serde(default = "default_auth_method")]
    pub auth_method: AuthMethod,
    #[serde(default = "default_label")]
    pub label: String,
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub pkce: bool,
    /// Whether the provider's contract promises that every address it gives is verified: `email_verified` may then be
    /// absent from its answers. An address said not to be verified never counts.
    #[serde(default)]
    pub emails_verified: bool,
    /// Levels asked for as an essential claim, and the only ones accepted in the answer.
    #[serde(default = "default_acr")]
    pub acr_accepted: Vec<String>,
    #[serde(default = "default_alg")]
    pub id_token_alg: String,
    /// Userinfo is always a signed JWT.
    #[serde(default = "default_alg")]
    pub userinfo_alg: String,
}

fn default_auth_method() -> AuthMethod {
    AuthMethod::ClientSecretPost
}

fn default_label() -> String {
    "ProConnect".to_owned()
}

fn default_scopes() -> Vec<String> {
    ["openid", "given_name", "usual_name", "email", "uid", "siret"].map(str::to_owned).to_vec()
}

fn default_acr() -> Vec<String> {
    ["eidas1", "eidas0-mfa", "eidas1-mfa", "eidas2", "eidas3"].map(str::to_owned).to_vec()
}

fn default_alg() -> String {
    "ES256".to_owned()
}

impl Professionals {
    pub(super) fn resolve(&mut self) -> Result<(), ConfigError> {
        if let Some(file) = &self.client_secret_file {
            self.client_secret = Secret::new(source::secret(file)?);
        }
        Ok(())
    }

    pub(super) fn check(&self, faults: &mut Vec<String>) {
        let registration = Registration {
            section: "professionals",
            issuer: &self.issuer,
            client_id: &self.client_id,
            secret: &self.client_secret,
            algorithms: [Some(&self.id_token_alg), Some(&self.userinfo_alg)],
        };
        registration.check(faults);
        if self.acr_accepted.is_empty() {
            faults.push("professionals.acr_accepted is empty: everybody would be refused".to_owned());
        }
    }
}
