//! The discovery document (OpenID Connect Discovery 1.0 §3, RFC 8414 §2): what is really served, nothing else.
use serde::Serialize;

use super::filter::MANDATE_TYPE;
use super::jose::CLIENT_ALGS;
use super::policy::ClientAuthMethod;
use super::scope::Scope;
use crate::crypto::jwt::Alg;

/// Paths of the protocol endpoints under the issuer.
pub mod path {
    pub const DISCOVERY: &str = "/.well-known/openid-configuration";
    pub const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
    pub const JWKS: &str = "/jwks";
    pub const AUTHORIZE: &str = "/authorize";
    pub const PAR: &str = "/par";
    pub const TOKEN: &str = "/token";
    pub const USERINFO: &str = "/userinfo";
    pub const END_SESSION: &str = "/end_session";
    pub const INTROSPECTION: &str = "/introspect";
    pub const OPENAPI: &str = "/openapi.json";
    pub const EVALUATION: &str = "/access/v1/evaluation";
    pub const ACTIONS: &str = "/actions";
    pub const REVOCATION: &str = "/revoke";
}

/// Field names and meanings are those of the registry of authorization server metadata.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the registry's field names")]
pub struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    pushed_authorization_request_endpoint: String,
    require_pushed_authorization_requests: bool,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 2],
    grant_types_supported: [&'static str; 2],
    acr_values_supported: Vec<String>,
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    userinfo_signing_alg_values_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: [ClientAuthMethod; 3],
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 3],
    dpop_signing_alg_values_supported: [&'static str; 3],
    claim_types_supported: [&'static str; 1],
    claims_supported: Vec<&'static str>,
    code_challenge_methods_supported: [&'static str; 1],
    authorization_details_types_supported: [&'static str; 1],
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    require_request_uri_registration: bool,
    authorization_response_iss_parameter_supported: bool,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    ui_locales_supported: [&'static str; 2],
}

/// Describes the provider at `issuer` (no trailing slash). `acr_values` are the levels at which users are identified,
/// `signs` the algorithms that have keys.
pub fn metadata(issuer: &str, acr_values: &[String], signs: &[Alg]) -> Metadata {
    let at = |path: &str| format!("{issuer}{path}");
    let more = signs.iter().copied().filter(|alg| matches!(alg, Alg::Ps256 | Alg::EdDsa));
    let algs: Vec<_> = [Alg::Rs256, Alg::Es256].into_iter().chain(more).map(Alg::name).collect();
    let own = ["iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid", "act"];
    Metadata {
        issuer: issuer.to_owned(),
        authorization_endpoint: at(path::AUTHORIZE),
        pushed_authorization_request_endpoint: at(path::PAR),
        require_pushed_authorization_requests: false,
        token_endpoint: at(path::TOKEN),
        userinfo_endpoint: at(path::USERINFO),
        jwks_uri: at(path::JWKS),
        end_session_endpoint: at(path::END_SESSION),
        introspection_endpoint: at(path::INTROSPECTION),
        revocation_endpoint: at(path::REVOCATION),
        scopes_supported: Scope::ALL.map(Scope::name).to_vec(),
        response_types_supported: ["code"],
        response_modes_supported: ["query", "form_post"],
        grant_types_supported: ["authorization_code", "refresh_token"],
        acr_values_supported: acr_values.to_vec(),
        subject_types_supported: ["pairwise"],
        id_token_signing_alg_values_supported: algs.clone(),
        userinfo_signing_alg_values_supported: algs,
        token_endpoint_auth_methods_supported: [
            ClientAuthMethod::ClientSecretBasic,
            ClientAuthMethod::ClientSecretPost,
            ClientAuthMethod::PrivateKeyJwt,
        ],
        token_endpoint_auth_signing_alg_values_supported: CLIENT_ALGS,
        dpop_signing_alg_values_supported: CLIENT_ALGS,
        claim_types_supported: ["normal"],
        claims_supported: own
            .into_iter()
            .chain(Scope::ALL.iter().flat_map(|scope| scope.claims()).copied())
            .collect(),
        code_challenge_methods_supported: ["S256"],
        authorization_details_types_supported: [MANDATE_TYPE],
        claims_parameter_supported: true,
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
        require_request_uri_registration: false,
        authorization_response_iss_parameter_supported: true,
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        ui_locales_supported: ["fr", "en"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_stand_under_the_issuer_and_the_limits_are_said() {
        let document = serde_json::to_value(metadata(
            "https://op.example",
            &["eidas1".into()],
            &[Alg::Es256, Alg::EdDsa],
        ))
        .unwrap();
        let fields = document.as_object().unwrap();
        assert_eq!(document["issuer"], "https://op.example");
        for (name, value) in
            fields.iter().filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri")
        {
            assert!(value.as_str().unwrap().starts_with("https://op.example/"), "{name}");
        }
        for (name, expected) in [
            ("claims_parameter_supported", true),
            ("request_parameter_supported", false),
            ("request_uri_parameter_supported", false),
            ("require_pushed_authorization_requests", false),
            ("authorization_response_iss_parameter_supported", true),
        ] {
            assert_eq!(document[name], expected, "{name}");
        }
        assert_eq!(
            document["id_token_signing_alg_values_supported"],
            serde_json::json!(["RS256", "ES256", "EdDSA"])
        );
        assert_eq!(document["acr_values_supported"], serde_json::json!(["eidas1"]));
        assert_eq!(document["subject_types_supported"], serde_json::json!(["pairwise"]));
    }
}
