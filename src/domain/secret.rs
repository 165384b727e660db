//! Bearer secrets (session tokens, codes, links): shown once to their holder, kept only as a hash,
//! never printed.
use std::fmt;

use zeroize::Zeroizing;

use super::ids::Entropy;

const TEXT: data_encoding::Encoding = data_encoding::BASE64URL_NOPAD;

/// 256 random bits in base64url, for the holder only. Has no `Display`, no serialisation; `Debug` is silent.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainToken(Zeroizing<String>);

/// SHA-256 of a [`PlainToken`]: what the database keeps. A fast hash is enough for 256 random bits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(transparent)]
pub struct HashedToken(Vec<u8>);

impl PlainToken {
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0u8; 32]);
        entropy.fill(&mut *bytes);
        Self(Zeroizing::new(TEXT.encode(&*bytes)))
    }

    /// Takes what a caller presented. Anything may be presented; only its hash is looked up.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    pub fn hash(&self) -> HashedToken {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.0.as_bytes());
        HashedToken(digest.as_ref().to_vec())
    }

    /// The secret itself, to hand to its holder. Every call is a place to review.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl HashedToken {
    /// A SHA-256 made of several things.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        for part in parts {
            context.update(part);
        }
        Self(context.finish().as_ref().to_vec())
    }

    /// The 32 bytes of the hash, as a row's name.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken(…)")
    }
}

impl fmt::Debug for HashedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedToken(…)")
    }
}

/// A configured or typed secret (password, client secret, pepper): zeroed when dropped, never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }
    pub fn reveal(&self) -> &str {
        &self.0
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::new)
    }
}
