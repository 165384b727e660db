//! Client assertions, `private_key_jwt` (RFC 7523 §3, OpenID Connect Core §9, FAPI 2.0 Security Profile §5.3.2.1).
use aws_lc_rs::digest;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::Deserialize;
use serde_json::Number;
use time::Duration;

use super::jose::{Signed, algorithm, instant};
use super::params::{BadParam, Params};
use crate::domain::time::Timestamp;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far a client's clock may be ahead of ours.
const AHEAD: Duration = Duration::seconds(30);
/// An assertion is made for one call: one that lives longer would have to be remembered longer.
const LONGEST_LIFE: Duration = Duration::hours(1);
const LONGEST_JTI: usize = 256;

/// An assertion as presented; nothing in it is proven.
#[derive(Clone, Debug)]
pub struct Assertion {
    text: String,
    /// The client it claims to be.
    pub client_id: String,
}

/// An assertion that proves its client, if it was not shown before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Names it among all that were ever accepted.
    pub spent_as: Vec<u8>,
    /// From then on it is refused for its age.
    pub until: Timestamp,
}

/// Why an assertion proves nothing. For the log: the client is only told `invalid_client`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAssertion {
    #[error("assertion_unreadable")]
    Unreadable,
    /// None of the keys at hand has its name: there may be newer ones.
    #[error("assertion_unknown_key")]
    UnknownKey,
    #[error("assertion_signature")]
    Signature,
    #[error("assertion_subject")]
    Subject,
    #[error("assertion_audience")]
    Audience,
    #[error("assertion_expired")]
    Expired,
    #[error("assertion_too_long")]
    TooLong,
    #[error("assertion_from_the_future")]
    FromTheFuture,
    #[error("assertion_jti")]
    Jti,
    #[error("assertion_used_before")]
    Spent,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    /// One string: in an array, or as the address of an endpoint, it could have been meant for somebody else.
    aud: String,
    exp: Number,
    nbf: Option<Number>,
    iat: Option<Number>,
    jti: String,
}

#[derive(Deserialize)]
struct Subject {
    sub: String,
}

/// The assertion of a body; none if it has none.
pub fn presented(body: &Params) -> Result<Option<Result<Assertion, BadAssertion>>, BadParam> {
    let (kind, text) = (body.get("client_assertion_type")?, body.get("client_assertion")?);
    let Some(text) = text else { return Ok(kind.map(|_| Err(BadAssertion::Unreadable))) };
    if kind != Some(ASSERTION_TYPE) {
        return Ok(Some(Err(BadAssertion::Unreadable)));
    }
    Ok(Some(Assertion::read(text)))
}

impl Assertion {
    pub fn read(text: &str) -> Result<Self, BadAssertion> {
        let subject: Subject =
            Signed::read(text).and_then(|signed| signed.unverified()).ok_or(BadAssertion::Unreadable)?;
        Ok(Self { text: text.to_owned(), client_id: subject.sub })
    }

    /// Checks it against the client's keys, as if addressed to `issuer`. Whoever accepts it must still see to it that
    /// it is accepted once.
    pub fn check(&self, keys: &JwkSet, issuer: &str, now: Timestamp) -> Result<Proven, BadAssertion> {
        let signed = Signed::read(&self.text).ok_or(BadAssertion::Unreadable)?;
        let claims: Claims = verified(&signed, keys)?;
        if claims.iss != self.client_id || claims.sub != self.client_id {
            return Err(BadAssertion::Subject);
        }
        if claims.aud != issuer {
            return Err(BadAssertion::Audience);
        }
        let until = instant(&claims.exp).filter(|end| *end > now).ok_or(BadAssertion::Expired)?;
        // A client that gives the whole hour, as some libraries do, may do so by a clock ahead of ours.
        if until > now + LONGEST_LIFE + AHEAD {
            return Err(BadAssertion::TooLong);
        }
        for from in [&claims.nbf, &claims.iat].into_iter().flatten() {
            instant(from).filter(|from| *from <= now + AHEAD).ok_or(BadAssertion::FromTheFuture)?;
        }
        if claims.jti.is_empty() || claims.jti.chars().count() > LONGEST_JTI {
            return Err(BadAssertion::Jti);
        }
        Ok(Proven { spent_as: spent_as("assertion", &self.client_id, &claims.jti), until })
    }
}

/// The claims, signed by one of the keys.
fn verified(signed: &Signed<'_>, keys: &JwkSet) -> Result<Claims, BadAssertion> {
    let named = |key: &&Jwk| match signed.word("kid") {
        Some(kid) => key.common.key_id.as_deref() == Some(kid),
        None => true,
    };
    let fits = |key: &&Jwk| algorithm(key).is_some_and(|(name, _)| signed.word("alg") == Some(name));
    let mut candidates = keys.keys.iter().filter(named).filter(fits).peekable();
    if candidates.peek().is_none() {
        return Err(BadAssertion::UnknownKey);
    }
    // A payload of the wrong shape is told apart from a wrong signature: the audience of an array is one.
    let mut verified = candidates.filter_map(|key| signed.verified::<serde_json::Value>(key));
    let claims = verified.next().ok_or(BadAssertion::Signature)?;
    if !claims.get("aud").is_some_and(serde_json::Value::is_string) {
        return Err(BadAssertion::Audience);
    }
    serde_json::from_value(claims).map_err(|_| BadAssertion::Unreadable)
}

/// What names a proof among all: its kind, whose it is, and the name it gives itself.
pub(super) fn spent_as(kind: &str, whose: &str, jti: &str) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [kind, whose, jti] {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.finish().as_ref().to_vec()
}

#[cfg(test)]
#[path = "assertion_tests.rs"]
mod tests;
