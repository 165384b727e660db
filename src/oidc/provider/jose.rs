//! Tokens that clients sign for us (RFC 7515): read within limits, verified by the key's own algorithm.
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};
use time::Duration;

use crate::domain::time::Timestamp;

/// Longer than any assertion or proof that makes sense, one with a key of 4096 bits included.
const LONGEST: usize = 8_192;

/// The algorithms accepted of clients (FAPI 2.0 Security Profile §5.4.1).
pub const CLIENT_ALGS: [&str; 3] = ["PS256", "ES256", "EdDSA"];

/// A signed token, its header read and nothing believed.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    text: &'a str,
    pub(super) header: Map<String, Value>,
}

impl<'a> Signed<'a> {
    /// None unless it has three parts and a header without extensions (RFC 7515 §4.1.11: what is critical and not
    /// understood is refused).
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split('.');
        let (header, _payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        if text.len() > LONGEST || parts.next().is_some() {
            return None;
        }
        let header = BASE64URL_NOPAD.decode(header.as_bytes()).ok()?;
        let header: Map<String, Value> = serde_json::from_slice(&header).ok()?;
        (!header.contains_key("crit") && !header.contains_key("b64")).then_some(Self { text, header })
    }

    pub(super) fn word(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// The payload as it stands, before any verification: only to know whose keys to look for.
    pub(super) fn unverified<C: DeserializeOwned>(&self) -> Option<C> {
        let payload = BASE64URL_NOPAD.decode(self.text.split('.').nth(1)?.as_bytes()).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    /// The payload, if `key` signed it. The algorithm is the key's, and the header must name it (RFC 8725 §3.1).
    /// Every time in it is for the caller to judge.
    pub(super) fn verified<C: DeserializeOwned>(&self, key: &Jwk) -> Option<C> {
        let (name, algorithm) = algorithm(key)?;
        if self.word("alg") != Some(name) {
            return None;
        }
        let mut rules = Validation::new(algorithm);
        rules.validate_exp = false;
        rules.validate_nbf = false;
        rules.validate_aud = false;
        rules.required_spec_claims.clear();
        let key = DecodingKey::from_jwk(key).ok()?;
        jsonwebtoken::decode(self.text, &key, &rules).map(|data| data.claims).ok()
    }
}

/// The one algorithm that a public key verifies here; none if it is of another kind, too short, or for another use.
pub(super) fn algorithm(key: &Jwk) -> Option<(&'static str, Algorithm)> {
    let found = match &key.algorithm {
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            ("ES256", Algorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            ("EdDSA", Algorithm::EdDSA)
        }
        // 256 bytes in base64url: shorter ones are weaker than 2048 bits.
        AlgorithmParameters::RSA(key) if key.n.len() >= 342 => ("PS256", Algorithm::PS256),
        _ => return None,
    };
    let common = &key.common;
    let signs = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let agrees = common.key_algorithm.is_none_or(|alg| alg.to_string() == found.0);
    (signs && agrees).then_some(found)
}

/// A NumericDate (RFC 7519 §2), which may have a fraction.
pub(super) fn instant(number: &Number) -> Option<Timestamp> {
    let seconds = number
        .as_i64()
        .or_else(|| number.as_f64().and_then(Duration::checked_seconds_f64).map(Duration::whole_seconds))?;
    Timestamp::from_unix(seconds).ok()
}

/// Names in a JWK that would be private or shared key material.
pub(super) fn is_private(key: &Value) -> bool {
    ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|part| key.get(part).is_some())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::crypto::jwt::{Alg, generate};
    use aws_lc_rs::signature::Ed25519KeyPair;
    use jsonwebtoken::{EncodingKey, Header};
    use std::sync::OnceLock;

    /// A client's key.
    pub(crate) struct Signer {
        pub(crate) name: &'static str,
        algorithm: Algorithm,
        private: EncodingKey,
        pub(crate) public: Jwk,
    }

    impl Signer {
        fn new(name: &'static str, algorithm: Algorithm, private: EncodingKey) -> Self {
            let mut public = Jwk::from_encoding_key(&private, algorithm).unwrap();
            public.common.key_id =
                Some(public.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap());
            Self { name, algorithm, private, public }
        }

        /// Signs claims; with a type, as a proof that carries its key.
        pub(crate) fn sign(&self, typ: Option<&str>, claims: &Value) -> String {
            self.sign_as(self.algorithm, typ, claims)
        }

        pub(crate) fn sign_as(&self, algorithm: Algorithm, typ: Option<&str>, claims: &Value) -> String {
            let mut header = Header::new(algorithm);
            header.kid = self.public.common.key_id.clone();
            if let Some(typ) = typ {
                header.typ = Some(typ.to_owned());
                header.jwk = Some(self.public.clone());
            }
            jsonwebtoken::encode(&header, claims, &self.private).unwrap()
        }
    }

    /// A fresh key of each kind, P-256 first.
    pub(crate) fn signers() -> Vec<Signer> {
        static RSA: OnceLock<Vec<u8>> = OnceLock::new();
        // The key itself (PKCS #1) stands after 26 bytes of PKCS #8.
        let rsa = RSA.get_or_init(|| generate(Alg::Rs256).unwrap().to_vec());
        let ed = Ed25519KeyPair::generate_pkcs8v1(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
        vec![
            Signer::new("ES256", Algorithm::ES256, EncodingKey::from_ec_der(&generate(Alg::Es256).unwrap())),
            Signer::new("EdDSA", Algorithm::EdDSA, EncodingKey::from_ed_der(ed.as_ref())),
            Signer::new("PS256", Algorithm::PS256, EncodingKey::from_rsa_der(&rsa[26..])),
        ]
    }
}
