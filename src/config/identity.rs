//! `[identity]`: the identity provider with which users identify themselves. Any standard OpenID provider;
//! FranceConnect is one with `pkce = false` and `birthdate_claim = "idp_birthdate"`.
use std::path::PathBuf;

use url::Url;

use super::{ConfigError, plain_http_is_local, source};
use crate::domain::secret::Secret;

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Exactly as the provider's discovery document writes it: kept as text, since a trailing slash counts.
    pub issuer: String,
    pub client_id: String,
    #[serde(default = "no_secret")]
    pub client_secret: Secret,
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    #[serde(default)]
    pub auth_method: AuthMethod,
    #[serde(default = "default_label_fr")]
    pub label_fr: String,
    #[serde(default = "default_label_en")]
    pub label_en: String,
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    #[serde(default = "default_true")]
    pub pkce: bool,
    /// Levels asked for, in order of preference.
    #[serde(default = "default_acr")]
    pub acr_values: Vec<String>,
    /// Levels accepted in the answer.
    #[serde(default = "default_acr")]
    pub acr_accepted: Vec<String>,
    /// Algorithm its ID tokens must be signed with.
    #[serde(default = "default_alg")]
    pub id_token_alg: String,
    /// Algorithm of a signed userinfo; without it userinfo is plain JSON.
    #[serde(default)]
    pub userinfo_alg: Option<String>,
    /// The claim that holds the date of birth as the registry knows it, presumed dates included.
    #[serde(default = "default_birthdate_claim")]
    pub birthdate_claim: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    #[default]
    ClientSecretBasic,
    ClientSecretPost,
}

pub(super) fn no_secret() -> Secret {
    Secret::new("")
}

fn default_label_fr() -> String {
    "FranceConnect".to_owned()
}

fn default_label_en() -> String {
    "FranceConnect".to_owned()
}

fn default_scopes() -> Vec<String> {
    ["openid", "profile", "birth", "email"].map(str::to_owned).to_vec()
}

fn default_true() -> bool {
    true
}

fn default_acr() -> Vec<String> {
    vec!["eidas1".to_owned()]
}

fn default_alg() -> String {
    "ES256".to_owned()
}

fn default_birthdate_claim() -> String {
    "birthdate".to_owned()
}

impl Identity {
    pub(super) fn resolve(&mut self) -> Result<(), ConfigError> {
        if let Some(file) = &self.client_secret_file {
            self.client_secret = Secret::new(source::secret(file)?);
        }
        Ok(())
    }

    pub(super) fn check(&self, faults: &mut Vec<String>) {
        let algorithms = [Some(self.id_token_alg.as_str()), self.userinfo_alg.as_deref()];
        let registration = Registration {
            section: "identity",
            issuer: &self.issuer,
            client_id: &self.client_id,
            secret: &self.client_secret,
            algorithms,
        };
        registration.check(faults);
        if self.acr_accepted.is_empty() {
            faults.push("identity.acr_accepted is empty: every identification would be refused".to_owned());
        }
    }
}

/// What every registration of ours at a provider has.
pub(super) struct Registration<'a> {
    pub(super) section: &'static str,
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) secret: &'a Secret,
    /// Of ID tokens, and of userinfo where it is signed.
    pub(super) algorithms: [Option<&'a str>; 2],
}

impl Registration<'_> {
    pub(super) fn check(&self, faults: &mut Vec<String>) {
        let section = self.section;
        match Url::parse(self.issuer) {
            Err(_) => faults.push(format!("{section}.issuer is not a URL")),
            Ok(url) if is_of_this_machine(&url) => {
                faults.push(format!(
                    "{section}.issuer is of a demonstration: give the provider you registered at"
                ));
            }
            Ok(url) if url.scheme() != "https" => faults.push(format!("{section}.issuer must be https")),
            Ok(_) => {}
        }
        if self.client_id.is_empty() {
            faults.push(format!("{section}.client_id is missing"));
        }
        if let Some(weakness) = weakness(self.secret) {
            faults.push(format!("{section}.client_secret {weakness}"));
        }
        let signed = |alg: &&str| matches!(*alg, "ES256" | "RS256" | "PS256");
        if !self.algorithms.iter().flatten().all(signed) {
            faults
                .push(format!("{section}.id_token_alg and {section}.userinfo_alg are ES256, RS256 or PS256"));
        }
    }
}

fn is_of_this_machine(url: &Url) -> bool {
    plain_http_is_local(url)
        || url.host_str().is_some_and(|host| host == "localhost" || host.ends_with(".localhost"))
}

/// Why a shared secret is too weak, never the secret itself.
fn weakness(secret: &Secret) -> Option<&'static str> {
    let text = secret.reveal();
    if text.is_empty() {
        return Some("is missing: give client_secret or client_secret_file");
    }
    let mut distinct: Vec<u8> = text.bytes().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if text.len() < 24 || distinct.len() < 10 {
        return Some("is too weak: at least 24 characters, drawn at random");
    }
    None
}
