//! Proofs of possession (RFC 9449 §4): a call is made by whoever holds a key.
use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use serde::Deserialize;
use serde_json::Number;
use time::Duration;
use url::Url;

use super::assertion::spent_as;
use super::jose::{Signed, instant, is_private};
use crate::domain::time::Timestamp;

/// How far from our clock a proof may have been made, before or after.
const WINDOW: Duration = Duration::seconds(60);
const LONGEST_JTI: usize = 256;

/// The call that a proof must have been made for.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub method: &'a str,
    /// The address of the endpoint, under our issuer.
    pub url: &'a str,
    /// Values of the `DPoP` header, one after the other.
    pub proofs: &'a [&'a str],
}

/// A proof that holds, if it was not shown before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Thumbprint of its key (RFC 7638, SHA-256).
    pub jkt: String,
    pub spent_as: Vec<u8>,
    /// From then on it is refused for its age.
    pub until: Timestamp,
}

/// A proof that does not hold (RFC 9449 §5 and §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    #[error("exactly one DPoP proof must be sent")]
    Several,
    #[error("the DPoP proof cannot be read")]
    Unreadable,
    #[error("the DPoP proof is not of type dpop+jwt, or carries no public key that can sign")]
    Header,
    #[error("the DPoP proof is not signed by its own key")]
    Signature,
    #[error("the DPoP proof was made for another method or address")]
    OtherCall,
    #[error("the DPoP proof was made too long ago, or in the future")]
    Age,
    #[error("the DPoP proof was made for another access token")]
    OtherToken,
    #[error("the DPoP proof was used before")]
    Spent,
    #[error("a DPoP proof is needed")]
    Missing,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: Number,
    ath: Option<String>,
}

/// Checks the proof of a call, if it brings one. At a resource `token` is the access token it must be bound to.
/// Whoever accepts it must still see to it that it is accepted once.
pub fn check(call: Call<'_>, token: Option<&str>, now: Timestamp) -> Result<Option<Proof>, BadProof> {
    match call.proofs {
        [] => Ok(None),
        [proof] => one(call, proof, token, now).map(Some),
        _ => Err(BadProof::Several),
    }
}

fn one(call: Call<'_>, proof: &str, token: Option<&str>, now: Timestamp) -> Result<Proof, BadProof> {
    let signed = Signed::read(proof).ok_or(BadProof::Unreadable)?;
    let key = key(&signed).ok_or(BadProof::Header)?;
    let claims: serde_json::Value = signed.verified(&key).ok_or(BadProof::Signature)?;
    let claims: Claims = serde_json::from_value(claims).map_err(|_| BadProof::Unreadable)?;
    if claims.htm != call.method || !same_address(&claims.htu, call.url) {
        return Err(BadProof::OtherCall);
    }
    let made = instant(&claims.iat).ok_or(BadProof::Age)?;
    if made < now - WINDOW || made > now + WINDOW {
        return Err(BadProof::Age);
    }
    if claims.jti.is_empty() || claims.jti.chars().count() > LONGEST_JTI {
        return Err(BadProof::Unreadable);
    }
    if token.is_some_and(|token| claims.ath.as_deref() != Some(&ath(token))) {
        return Err(BadProof::OtherToken);
    }
    let jkt = key.thumbprint(ThumbprintHash::SHA256).map_err(|_| BadProof::Header)?;
    let spent_as = spent_as("dpop", &jkt, &claims.jti);
    Ok(Proof { jkt, spent_as, until: made + WINDOW + Duration::seconds(1) })
}

/// The public key in the header of a proof.
fn key(signed: &Signed<'_>) -> Option<Jwk> {
    let key = signed.header.get("jwk")?;
    if signed.word("typ") != Some("dpop+jwt") || is_private(key) {
        return None;
    }
    let key = serde_json::from_value(key.clone()).ok()?;
    super::jose::algorithm(&key).map(|_| key)
}

/// `ath` of an access token (RFC 9449 §4.2).
fn ath(token: &str) -> String {
    BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, token.as_bytes()).as_ref())
}

/// Compares without query and fragment, whatever the case of scheme and host, default ports left out
/// (RFC 9449 §4.3, RFC 3986 §6.2).
fn same_address(claimed: &str, ours: &str) -> bool {
    let plain = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        (url.username().is_empty() && url.password().is_none()).then_some(url)
    };
    claimed.len() <= 1_000 && plain(claimed).is_some_and(|claimed| plain(ours) == Some(claimed))
}

/// Whether a text can be a thumbprint, as `dpop_jkt` (RFC 9449 §10).
pub fn is_thumbprint(text: &str) -> bool {
    BASE64URL_NOPAD.decode(text.as_bytes()).is_ok_and(|bytes| bytes.len() == 32)
}

#[cfg(test)]
#[path = "dpop_tests.rs"]
mod tests;
