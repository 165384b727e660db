//! The provider's signing key, made when it starts: its clients fetch the public half from `/jwks`.
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Map, Value};

use super::fault::Fault;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("cannot make a signing key")]
    Generate,
    #[error("cannot use the signing key: {0}")]
    Jwt(#[from] jsonwebtoken::errors::Error),
}

/// An ES256 key (P-256), and one that nobody published, to commit [`Fault::WrongSignature`].
pub(super) struct Keys {
    kid: String,
    own: EncodingKey,
    public: Jwk,
    unpublished: EncodingKey,
}

impl Keys {
    pub(super) fn generate() -> Result<Self, KeyError> {
        let own = make()?;
        let mut public = Jwk::from_encoding_key(&own, Algorithm::ES256)?;
        let kid = public.thumbprint(ThumbprintHash::SHA256)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { kid, own, public, unpublished: make()? })
    }

    pub(super) fn public(&self) -> JwkSet {
        JwkSet { keys: vec![self.public.clone()] }
    }

    /// Signs `claims`, or commits the fault asked for.
    pub(super) fn sign(&self, claims: &Map<String, Value>, fault: Fault) -> Result<String, KeyError> {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.kid.clone());
        match fault {
            Fault::UnknownKey => header.kid = Some("nobody-published-this".to_owned()),
            Fault::MalformedIdToken => return Ok("eyJhbGciOiJFUzI1NiJ9.bm90IGpzb24.AAAA".to_owned()),
            Fault::Unsigned => return Ok(unsigned(claims)),
            _ => {}
        }
        let forged = matches!(fault, Fault::WrongSignature | Fault::UnknownKey);
        let key = if forged { &self.unpublished } else { &self.own };
        Ok(jsonwebtoken::encode(&header, claims, key)?)
    }

    /// The claims of an ID token of ours, expired or not (RP-Initiated Logout 1.0 §4 accepts an old hint).
    pub(super) fn verify(&self, token: &str) -> Option<Map<String, Value>> {
        let key = DecodingKey::from_jwk(&self.public).ok()?;
        let mut rules = Validation::new(Algorithm::ES256);
        rules.validate_exp = false;
        rules.validate_aud = false;
        rules.required_spec_claims.clear();
        jsonwebtoken::decode(token, &key, &rules).ok().map(|data| data.claims)
    }
}

fn make() -> Result<EncodingKey, KeyError> {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .map_err(|_| KeyError::Generate)?;
    Ok(EncodingKey::from_ec_der(pkcs8.as_ref()))
}

fn unsigned(claims: &Map<String, Value>) -> String {
    let part = |text: String| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!(
        "{}.{}.",
        part(r#"{"alg":"none","typ":"JWT"}"#.to_owned()),
        part(Value::Object(claims.clone()).to_string())
    )
}
