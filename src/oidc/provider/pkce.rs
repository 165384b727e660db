//! Proof key for code exchange (RFC 7636), S256 only.
use aws_lc_rs::{constant_time, digest};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

/// A well-formed S256 challenge, in the base64url text the client sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Challenge(String);

impl Challenge {
    /// None unless `text` is base64url of a SHA-256 digest, 43 characters.
    pub fn parse(text: &str) -> Option<Self> {
        let digest = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        (digest.len() == 32).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `verifier` is well formed (RFC 7636 §4.1) and answers this challenge.
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let digest = digest::digest(&digest::SHA256, verifier.as_bytes());
        let answer = BASE64URL_NOPAD.encode(digest.as_ref());
        is_verifier(verifier)
            && constant_time::verify_slices_are_equal(answer.as_bytes(), self.0.as_bytes()).is_ok()
    }
}

fn is_verifier(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_appendix_b() {
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
        assert!(!challenge.is_met_by(""));
        assert!(!challenge.is_met_by(challenge.as_str()), "a challenge is not its own verifier");
    }

    #[test]
    fn malformed_challenges_and_verifiers_are_refused() {
        for bad in ["", "short", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", &"A".repeat(44)] {
            assert!(Challenge::parse(bad).is_none(), "{bad}");
        }
        assert!(is_verifier(&"a".repeat(43)) && is_verifier(&"~".repeat(128)));
        assert!(!is_verifier(&"a".repeat(42)) && !is_verifier(&"a".repeat(129)));
        assert!(!is_verifier(&" ".repeat(50)));
    }
}
