//! The identity providers of users and of professionals, from the configuration to what the protocol wants to know.
use crate::config::{AuthMethod as ConfiguredMethod, Identity, Professionals};
use crate::domain::catalogue::Words;
use crate::oidc::federation::{AuthMethod, IdentityProvider, SignatureAlg};

/// The identity provider of the users as configured.
pub fn provider(config: &Identity) -> IdentityProvider {
    IdentityProvider {
        issuer: config.issuer.clone(),
        client_id: config.client_id.clone(),
        client_secret: config.client_secret.clone(),
        auth_method: method(config.auth_method),
        scopes: config.scopes.clone(),
        pkce: config.pkce,
        acr_values: config.acr_values.clone(),
        acr_in_claims: false,
        emails_verified: false,
        acr_accepted: config.acr_accepted.clone(),
        id_token_alg: algorithm(&config.id_token_alg),
        userinfo_alg: config.userinfo_alg.as_deref().map(algorithm),
        birthdate_claim: config.birthdate_claim.clone(),
        label: Words::new(&config.label_fr, &config.label_en),
    }
}

/// The identity provider of the professionals as configured.
pub fn of_professionals(config: &Professionals) -> IdentityProvider {
    IdentityProvider {
        issuer: config.issuer.clone(),
        client_id: config.client_id.clone(),
        client_secret: config.client_secret.clone(),
        auth_method: method(config.auth_method),
        scopes: config.scopes.clone(),
        pkce: config.pkce,
        acr_values: config.acr_accepted.clone(),
        acr_in_claims: true,
        emails_verified: config.emails_verified,
        acr_accepted: config.acr_accepted.clone(),
        id_token_alg: algorithm(&config.id_token_alg),
        userinfo_alg: Some(algorithm(&config.userinfo_alg)),
        birthdate_claim: String::new(),
        label: Words::new(&config.label, &config.label),
    }
}

const fn method(configured: ConfiguredMethod) -> AuthMethod {
    match configured {
        ConfiguredMethod::ClientSecretBasic => AuthMethod::ClientSecretBasic,
        ConfiguredMethod::ClientSecretPost => AuthMethod::ClientSecretPost,
    }
}

/// The configuration has refused other names before.
fn algorithm(name: &str) -> SignatureAlg {
    SignatureAlg::named(name).unwrap_or(SignatureAlg::Es256)
}
