//! How long what we issue lives, and what a code asks of whoever redeems it.
use time::Duration;

use super::pkce::Challenge;
use crate::domain::ids::ServiceId;
use crate::domain::time::Timestamp;

/// A code is redeemed at once or not at all (RFC 6749 §4.1.2 allows ten minutes; we do not).
pub const CODE_LIFE: Duration = Duration::seconds(60);
/// Enough to fetch the identity, too short to be worth stealing.
pub const ACCESS_TOKEN_LIFE: Duration = Duration::minutes(10);
/// A day at the desk: a use lives no longer, and nothing is refreshed after its use.
pub const REFRESH_TOKEN_LIFE: Duration = Duration::hours(12);
pub const ID_TOKEN_LIFE: Duration = Duration::minutes(5);
/// How long the aidant has to choose a user and a mandate once a request has arrived.
pub const REQUEST_LIFE: Duration = Duration::minutes(30);

/// The end of something issued now: after `life`, never after the grant.
pub fn end(now: Timestamp, life: Duration, grant_end: Timestamp) -> Timestamp {
    (now + life).min(grant_end)
}

/// What a code was issued for. Whoever redeems it must match every part.
#[derive(Clone, Debug)]
pub struct Binding {
    pub client: ServiceId,
    pub redirect_uri: String,
    pub challenge: Option<Challenge>,
    /// Thumbprint of the key that must prove itself (RFC 9449 §10).
    pub jkt: Option<String>,
}

impl Binding {
    /// Whether `client`, presenting this address and verifier, is the one the code was issued to. A verifier for a
    /// code issued without challenge is refused too (RFC 9700 §2.1.1: an injected code must not pass).
    pub fn is_met_by(
        &self,
        client: ServiceId,
        redirect_uri: &str,
        verifier: Option<&str>,
        jkt: Option<&str>,
    ) -> bool {
        let proven = match (&self.challenge, verifier) {
            (None, None) => true,
            (Some(challenge), Some(verifier)) => challenge.is_met_by(verifier),
            (Some(_), None) | (None, Some(_)) => false,
        };
        let by_its_key = self.jkt.as_deref().is_none_or(|bound| jkt == Some(bound));
        self.client == client && self.redirect_uri == redirect_uri && proven && by_its_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    #[test]
    fn nothing_outlives_the_grant() {
        let now = Timestamp::from_unix(1_800_000_000).unwrap();
        assert_eq!(end(now, CODE_LIFE, now + Duration::days(1)), now + Duration::seconds(60));
        assert_eq!(end(now, CODE_LIFE, now + Duration::seconds(5)), now + Duration::seconds(5));
    }

    #[test]
    fn every_part_of_the_binding_counts() {
        let (us, other) =
            (ServiceId::from_uuid(Uuid::from_u128(1)), ServiceId::from_uuid(Uuid::from_u128(2)));
        let plain = Binding { client: us, redirect_uri: "https://rp/cb".into(), challenge: None, jkt: None };
        let proof = Binding { challenge: Challenge::parse(CHALLENGE), ..plain.clone() };
        assert!(plain.is_met_by(us, "https://rp/cb", None, None));
        assert!(!plain.is_met_by(other, "https://rp/cb", None, None));
        assert!(!plain.is_met_by(us, "https://rp/cb?", None, None));
        assert!(!plain.is_met_by(us, "https://rp/cb", Some(VERIFIER), None));
        assert!(proof.is_met_by(us, "https://rp/cb", Some(VERIFIER), None));
        assert!(!proof.is_met_by(us, "https://rp/cb", None, None));
        let bound = Binding { jkt: Some("key".into()), ..plain.clone() };
        assert!(bound.is_met_by(us, "https://rp/cb", None, Some("key")));
        assert!(!bound.is_met_by(us, "https://rp/cb", None, Some("other")));
        assert!(!bound.is_met_by(us, "https://rp/cb", None, None));
        assert!(plain.is_met_by(us, "https://rp/cb", None, Some("key")), "a token may be bound later");
        assert!(!proof.is_met_by(us, "https://rp/cb", Some(CHALLENGE), None));
    }
}
