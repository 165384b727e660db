//! The identity provider of the users, from the configuration to what the protocol wants to know.
use crate::config::{AuthMethod as ConfiguredMethod, Identity};
use crate::domain::catalogue::Words;
use crate::oidc::federation::{AuthMethod, IdentityProvider, SignatureAlg};

/// The identity provider as configured.
pub fn provider(config: &Identity) -> IdentityProvider {
    // The configuration has refused other algorithms before.
    let algorithm = |name: &str| SignatureAlg::named(name).unwrap_or(SignatureAlg::Es256);
    IdentityProvider {
        issuer: config.issuer.clone(),
        client_id: config.client_id.clone(),
        client_secret: config.client_secret.clone(),
        auth_method: match config.auth_method {
            ConfiguredMethod::ClientSecretBasic => AuthMethod::ClientSecretBasic,
            ConfiguredMethod::ClientSecretPost => AuthMethod::ClientSecretPost,
        },
        scopes: config.scopes.clone(),
        pkce: config.pkce,
        acr_values: config.acr_values.clone(),
        acr_accepted: config.acr_accepted.clone(),
        id_token_alg: algorithm(&config.id_token_alg),
        userinfo_alg: config.userinfo_alg.as_deref().map(algorithm),
        birthdate_claim: config.birthdate_claim.clone(),
        label: Words::new(&config.label_fr, &config.label_en),
    }
}
