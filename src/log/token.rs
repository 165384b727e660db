//! The only text a leaf may carry: short identifiers, never sentences, so that no personal value slips in
//! and no two encodings of one leaf exist.
use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

/// 1 to 128 characters out of `A–Z a–z 0–9 . _ : / - =`. Needs no escaping in JSON, in a URL path or in a note.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(String);

/// The text is empty, too long, or has a character outside the safe set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token: 1 to 128 of A–Z a–z 0–9 . _ : / - =")]
pub struct BadToken;

const LONGEST: usize = 128;

impl Token {
    pub fn new(text: impl Into<String>) -> Result<Self, BadToken> {
        let text = text.into();
        let safe = |byte: u8| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'-'..=b':' | b'_' | b'=');
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(safe) {
            return Err(BadToken);
        }
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Ordered and compared as its text, so that maps keyed by tokens are asked with texts.
impl Borrow<str> for Token {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = BadToken;
    fn from_str(text: &str) -> Result<Self, BadToken> {
        Self::new(text)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_and_quotes_are_refused() {
        for good in ["argent", "mandate.signed", "https://fc.example/api", "a_b-c:d=", "2026-11"] {
            assert_eq!(Token::new(good).unwrap().as_str(), good);
        }
        let long = "a".repeat(129);
        for bad in
            ["", "two words", "é", "\"", "a\\b", "a\n", "jean@example.org", "a+b", "a~b", long.as_str()]
        {
            assert_eq!(Token::new(bad), Err(BadToken), "{bad:?}");
        }
    }
}
