//! Signed tokens of our own (RFC 7515, RFC 7519): ES256, RS256, PS256 and EdDSA keys, signatures, and the verification of what we
//! signed before.
//!
//! jsonwebtoken's signer parses the private key again at each signature (RSA alone: more time than the signature of
//! ES256); a [`SigningKey`] keeps it parsed. Headers, public keys, thumbprints and verification are jsonwebtoken's.
use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// The algorithms we sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alg {
    Es256,
    Rs256,
    Ps256,
    EdDsa,
}

impl Alg {
    pub const ALL: [Self; 4] = [Self::Es256, Self::Rs256, Self::Ps256, Self::EdDsa];

    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of that name, if it is one of ours.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.name() == name)
    }

    fn jwt(self) -> Algorithm {
        match self {
            Self::Es256 => Algorithm::ES256,
            Self::Rs256 => Algorithm::RS256,
            Self::Ps256 => Algorithm::PS256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }

    /// As a JWK names it (RFC 7517 §4.4).
    fn jwk(self) -> KeyAlgorithm {
        match self {
            Self::Es256 => KeyAlgorithm::ES256,
            Self::Rs256 => KeyAlgorithm::RS256,
            Self::Ps256 => KeyAlgorithm::PS256,
            Self::EdDsa => KeyAlgorithm::EdDSA,
        }
    }
}

/// A key cannot be made or read, or a token cannot be signed or is not one of ours.
#[derive(Debug, thiserror::Error)]
pub enum JwtError {
    #[error("the key cannot be generated")]
    Generate,
    #[error("the stored key cannot be read")]
    Key,
    #[error("the token cannot be signed")]
    Sign,
    #[error("the token is not one we signed")]
    NotOurs,
}

enum Pair {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
    Ps256(RsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

/// A private key ready to sign, with its public half.
pub struct SigningKey {
    pair: Pair,
    public: Jwk,
    kid: String,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.alg().name(), self.kid)
    }
}

/// A fresh private key in PKCS #8, to be sealed before it is stored. P-256, Ed25519, or RSA of 2048 bits.
pub fn generate(alg: Alg) -> Result<Zeroizing<Vec<u8>>, JwtError> {
    let bytes = match alg {
        Alg::Es256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| JwtError::Generate)?
            .as_ref()
            .to_vec(),
        Alg::EdDsa => Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())
            .map_err(|_| JwtError::Generate)?
            .as_ref()
            .to_vec(),
        Alg::Rs256 | Alg::Ps256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| JwtError::Generate)?;
            AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair)
                .map_err(|_| JwtError::Generate)?
                .as_ref()
                .to_vec()
        }
    };
    Ok(Zeroizing::new(bytes))
}

impl SigningKey {
    /// Reads a key made by [`generate`].
    pub fn from_pkcs8(alg: Alg, pkcs8: &[u8]) -> Result<Self, JwtError> {
        let (pair, key_parameters) = match alg {
            Alg::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8);
                let pair = pair.map_err(|_| JwtError::Key)?;
                let parameters = ec_parameters(pair.public_key().as_ref()).ok_or(JwtError::Key)?;
                (Pair::Es256(pair), parameters)
            }
            Alg::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| JwtError::Key)?;
                let x = BASE64URL_NOPAD.encode(pair.public_key().as_ref());
                (Pair::EdDsa(pair), serde_json::json!({"kty": "OKP", "crv": "Ed25519", "x": x}))
            }
            Alg::Rs256 | Alg::Ps256 => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| JwtError::Key)?;
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
                let parameters =
                    serde_json::json!({"kty": "RSA", "n": text(&public.n), "e": text(&public.e)});
                let pair = if alg == Alg::Ps256 { Pair::Ps256(pair) } else { Pair::Rs256(pair) };
                (pair, parameters)
            }
        };
        let mut public: Jwk = serde_json::from_value(key_parameters).map_err(|_| JwtError::Key)?;
        let kid = public.thumbprint(ThumbprintHash::SHA256).map_err(|_| JwtError::Key)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Signature);
        public.common.key_algorithm = Some(alg.jwk());
        Ok(Self { pair, public, kid })
    }

    pub fn alg(&self) -> Alg {
        match self.pair {
            Pair::Es256(_) => Alg::Es256,
            Pair::Rs256(_) => Alg::Rs256,
            Pair::Ps256(_) => Alg::Ps256,
            Pair::EdDsa(_) => Alg::EdDsa,
        }
    }

    /// The key's RFC 7638 thumbprint (SHA-256, base64url).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, with `kid`, `use` and `alg` (RFC 7517 §4).
    pub fn public(&self) -> &Jwk {
        &self.public
    }

    /// Signs claims into a compact token of type `typ`.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, JwtError> {
        let header = Header {
            typ: Some(typ.to_owned()),
            kid: Some(self.kid.clone()),
            ..Header::new(self.alg().jwt())
        };
        let part = |json: Result<Vec<u8>, serde_json::Error>| {
            json.map(|bytes| BASE64URL_NOPAD.encode(&bytes)).map_err(|_| JwtError::Sign)
        };
        let mut token = part(serde_json::to_vec(&header))?;
        token.push('.');
        token.push_str(&part(serde_json::to_vec(claims))?);
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        BASE64URL_NOPAD.encode_append(&signature, &mut token);
        Ok(token)
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, JwtError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Es256(pair) => {
                let signature = pair.sign(&random, message).map_err(|_| JwtError::Sign)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::EdDsa(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rs256(pair) => by_rsa(pair, &RSA_PKCS1_SHA256, message),
            Pair::Ps256(pair) => by_rsa(pair, &RSA_PSS_SHA256, message),
        }
    }
}

fn by_rsa(pair: &RsaKeyPair, padding: &'static dyn RsaEncoding, message: &[u8]) -> Result<Vec<u8>, JwtError> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message, &mut signature).map_err(|_| JwtError::Sign)?;
    Ok(signature)
}

/// The members of a P-256 public key given as an uncompressed point (SEC 1 §2.3.3).
fn ec_parameters(point: &[u8]) -> Option<serde_json::Value> {
    let coordinates = point.strip_prefix(&[4])?;
    let (x, y) = coordinates.split_at_checked(32)?;
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    Some(serde_json::json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)}))
}

/// Reads a token signed by one of `keys` for `issuer`, whatever its age: an expired ID token is still a good hint
/// (RP-Initiated Logout 1.0 §2). Every time in it is for the caller to judge: nothing here reads a clock.
pub fn verify_own<C: DeserializeOwned>(token: &str, keys: &[Jwk], issuer: &str) -> Result<C, JwtError> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| JwtError::NotOurs)?;
    let kid = header.kid.ok_or(JwtError::NotOurs)?;
    let key = keys.iter().find(|key| key.common.key_id.as_ref() == Some(&kid)).ok_or(JwtError::NotOurs)?;
    // The algorithm is the key's, never the header's (RFC 8725 §3.1).
    let named = key.common.key_algorithm;
    let alg = Alg::ALL.into_iter().find(|alg| Some(alg.jwk()) == named).ok_or(JwtError::NotOurs)?;
    let mut rules = Validation::new(alg.jwt());
    rules.validate_exp = false;
    rules.validate_nbf = false;
    rules.validate_aud = false;
    rules.set_issuer(&[issuer]);
    rules.set_required_spec_claims(&["iss"]);
    let key = DecodingKey::from_jwk(key).map_err(|_| JwtError::NotOurs)?;
    jsonwebtoken::decode(token, &key, &rules).map(|data| data.claims).map_err(|_| JwtError::NotOurs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn key(alg: Alg) -> SigningKey {
        SigningKey::from_pkcs8(alg, &generate(alg).unwrap()).unwrap()
    }

    #[test]
    fn signs_and_reads_back_with_every_algorithm() {
        for alg in Alg::ALL {
            let key = key(alg);
            let token = key.sign("JWT", &json!({"iss": "https://op", "exp": 1, "n": "é"})).unwrap();
            let header = jsonwebtoken::decode_header(&token).unwrap();
            assert_eq!((header.alg, header.kid.as_deref()), (alg.jwt(), Some(key.kid())));
            let keys = [key.public().clone()];
            let claims: Value = verify_own(&token, &keys, "https://op").unwrap();
            assert_eq!(claims["n"], "é", "an expired token is read");
            assert!(verify_own::<Value>(&token, &keys, "https://other").is_err());
            assert!(verify_own::<Value>(&token, &[], "https://op").is_err());
        }
    }

    /// By the verifiers of the cryptographic library alone, from the JWK as it is published.
    #[test]
    fn signatures_stand_without_the_library_of_tokens() {
        use aws_lc_rs::signature::{
            ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
            UnparsedPublicKey,
        };
        for alg in Alg::ALL {
            let key = key(alg);
            let token = key.sign("JWT", &json!({"iss": "https://op"})).unwrap();
            let (message, signature) = token.rsplit_once('.').unwrap();
            let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
            let jwk = serde_json::to_value(key.public()).unwrap();
            let part = |name: &str| BASE64URL_NOPAD.decode(jwk[name].as_str().unwrap().as_bytes()).unwrap();
            let rsa = || RsaPublicKeyComponents { n: part("n"), e: part("e") };
            let verified = |message: &[u8]| match alg {
                Alg::Es256 => {
                    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [vec![4], part("x"), part("y")].concat())
                        .verify(message, &signature)
                }
                Alg::EdDsa => UnparsedPublicKey::new(&ED25519, part("x")).verify(message, &signature),
                Alg::Rs256 => rsa().verify(&RSA_PKCS1_2048_8192_SHA256, message, &signature),
                Alg::Ps256 => rsa().verify(&RSA_PSS_2048_8192_SHA256, message, &signature),
            };
            assert!(verified(message.as_bytes()).is_ok(), "{alg:?}");
            assert!(verified(b"another message").is_err(), "{alg:?}");
        }
    }

    #[test]
    fn a_tampered_or_foreign_token_is_refused() {
        let (ours, theirs) = (key(Alg::Es256), key(Alg::Es256));
        let keys = [ours.public().clone()];
        let token = ours.sign("JWT", &json!({"iss": "https://op", "sid": "1"})).unwrap();
        let mut parts: Vec<&str> = token.split('.').collect();
        let changed = BASE64URL_NOPAD.encode(br#"{"iss":"https://op","sid":"2"}"#);
        parts[1] = &changed;
        assert!(verify_own::<Value>(&parts.join("."), &keys, "https://op").is_err());
        let foreign = theirs.sign("JWT", &json!({"iss": "https://op"})).unwrap();
        assert!(verify_own::<Value>(&foreign, &keys, "https://op").is_err());
        let no_iss = ours.sign("JWT", &json!({"sid": "1"})).unwrap();
        assert!(verify_own::<Value>(&no_iss, &keys, "https://op").is_err());
        for nonsense in ["", "a.b.c", "....", &token[..20], "eyJhbGciOiJub25lIn0.e30."] {
            assert!(verify_own::<Value>(nonsense, &keys, "https://op").is_err(), "{nonsense}");
        }
        // Our kid with another algorithm: the public key as an HMAC secret (RFC 8725 §2.1).
        let header = Header { kid: Some(ours.kid().to_owned()), ..Header::new(Algorithm::HS256) };
        let secret = jsonwebtoken::EncodingKey::from_secret(b"public");
        let forged = jsonwebtoken::encode(&header, &json!({"iss": "https://op"}), &secret).unwrap();
        assert!(verify_own::<Value>(&forged, &keys, "https://op").is_err());
    }

    #[test]
    fn public_keys_are_public_and_named_by_thumbprint() {
        for alg in Alg::ALL {
            let key = key(alg);
            let jwk = serde_json::to_value(key.public()).unwrap();
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(jwk.get(private).is_none(), "{private}");
            }
            assert_eq!(jwk["use"], "sig");
            assert_eq!(jwk["alg"], alg.name());
            assert_eq!(jwk["kid"], key.public().thumbprint(ThumbprintHash::SHA256).unwrap());
            assert_eq!(BASE64URL_NOPAD.decode(key.kid().as_bytes()).unwrap().len(), 32);
        }
    }

    #[test]
    fn a_key_of_another_kind_is_refused() {
        let es = generate(Alg::Es256).unwrap();
        assert!(SigningKey::from_pkcs8(Alg::Rs256, &es).is_err());
        assert!(SigningKey::from_pkcs8(Alg::Es256, b"nonsense").is_err());
    }
}
