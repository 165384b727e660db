//! What a service is told of a token of its own (RFC 7662 §2.2): the live state of what it stands on, or nothing.
use serde::Serialize;

use super::claims::{Act, MandateDetail};
use super::error::TokenError;
use super::params::Params;
use crate::domain::secret::PlainToken;

/// The token that an introspection or a revocation names (RFC 7662 §2.1, RFC 7009 §2.1). `token_type_hint` may be
/// anything: every kind of token is looked for anyway.
pub fn named_token(body: &Params) -> Result<PlainToken, TokenError> {
    body.get("token")?.map(PlainToken::presented).ok_or(TokenError::InvalidRequest("token is missing"))
}

/// The answer for a token that is worth nothing to its bearer, or to whoever asks: why is never said.
pub const INACTIVE: &str = r#"{"active":false}"#;

/// How the bearer of a token proves to be its holder (RFC 7800 §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confirmation {
    /// Thumbprint of their key.
    pub jkt: String,
}

/// The answer for a live token. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Introspection<'a> {
    pub active: bool,
    pub iss: String,
    pub sub: String,
    pub aud: &'a str,
    pub client_id: &'a str,
    pub scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// The key that must come with it (RFC 9449 §6.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    pub iat: i64,
    pub exp: i64,
    /// When the aidant last entered a code of their card (RFC 9470 §6.2), and at what level the user was identified.
    pub auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<Vec<MandateDetail>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_token_must_be_named() {
        let named = |text: &str| named_token(&Params::parse(text.as_bytes()));
        assert_eq!(named("token=abc&token_type_hint=nonsense").unwrap().reveal(), "abc");
        for bad in ["", "token=", "token=a&token=b", "token=%ff", "access_token=abc"] {
            assert_eq!(named(bad).unwrap_err().code(), "invalid_request", "{bad}");
        }
        assert_eq!(serde_json::from_str::<serde_json::Value>(INACTIVE).unwrap()["active"], false);
    }
}
