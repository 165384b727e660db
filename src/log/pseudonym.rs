//! Pseudonyms: the same person is recognised from entry to entry, and nobody can be named from one.
use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

use super::token::Token;

const TAG: &[u8] = b"entremise pseudonym v1\0";
/// Characters of base64url for 32 bytes.
pub(super) const LENGTH: usize = 43;

/// HMAC-SHA256(key of the person, name of the log). Once the key is destroyed, no name leads to it any more.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym([u8; 32]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a pseudonym: 43 characters of base64url")]
pub struct BadPseudonym;

impl Pseudonym {
    /// `key`: 256 random bits drawn for this person alone.
    pub fn of(key: &[u8; 32], origin: &Token) -> Self {
        let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
        mac.update(TAG);
        mac.update(origin.as_str().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(mac.sign().as_ref());
        Self(bytes)
    }

    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As a column of the database holds it.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, BadPseudonym> {
        bytes.try_into().map(Self).map_err(|_| BadPseudonym)
    }

    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As it is written, without allocating.
    pub(super) fn text<'a>(&self, into: &'a mut [u8; LENGTH]) -> &'a str {
        BASE64URL_NOPAD.encode_mut(&self.0, into);
        std::str::from_utf8(into).unwrap_or_default()
    }

    /// For the eye: `a-5F2C`. Two people may share it; the full form decides.
    pub fn short(&self, letter: char) -> String {
        let [first, second, ..] = self.0;
        format!("{letter}-{first:02X}{second:02X}")
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; LENGTH]))
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Pseudonym {
    type Err = BadPseudonym;
    fn from_str(text: &str) -> Result<Self, BadPseudonym> {
        if text.len() != LENGTH {
            return Err(BadPseudonym);
        }
        let mut bytes = [0; 32];
        BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut bytes).map_err(|_| BadPseudonym)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depends_on_the_key_and_on_the_log() {
        let (here, there) = (Token::new("a.example").unwrap(), Token::new("b.example").unwrap());
        let one = Pseudonym::of(&[1; 32], &here);
        assert_eq!(one, Pseudonym::of(&[1; 32], &here));
        assert_ne!(one, Pseudonym::of(&[2; 32], &here));
        assert_ne!(one, Pseudonym::of(&[1; 32], &there));
        assert_eq!(one.to_string().parse::<Pseudonym>(), Ok(one.clone()));
        assert_eq!("tooshort".parse::<Pseudonym>(), Err(BadPseudonym));
        assert_eq!(Pseudonym::from_bytes([0x5f; 32]).short('a'), "a-5F5F");
    }
}
