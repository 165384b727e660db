//! The catalogue of domains: categories of formalities that a mandate can cover.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Stable short name of a domain: it appears in URLs, in tokens and in the log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(try_from = "String", into = "String")]
#[sqlx(transparent)]
pub struct DomainKey(String);

/// A domain key is 2 to 32 lower-case letters, digits or hyphens and starts with a letter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a domain key")]
pub struct BadDomainKey;

impl DomainKey {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DomainKey {
    type Err = BadDomainKey;
    fn from_str(text: &str) -> Result<Self, BadDomainKey> {
        let starts_well = text.starts_with(|first: char| first.is_ascii_lowercase());
        let all_well = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if starts_well && all_well && (2..=32).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadDomainKey)
        }
    }
}

impl TryFrom<String> for DomainKey {
    type Error = BadDomainKey;
    fn try_from(text: String) -> Result<Self, BadDomainKey> {
        text.parse()
    }
}

impl From<DomainKey> for String {
    fn from(key: DomainKey) -> Self {
        key.0
    }
}

impl fmt::Display for DomainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DomainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One text in the languages every page must offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    pub fr: String,
    pub en: String,
}

impl Words {
    pub fn new(fr: &str, en: &str) -> Self {
        Self { fr: fr.to_owned(), en: en.to_owned() }
    }

    /// The text in the language of this tag; French, which alone has legal force, for any other.
    pub fn in_language(&self, tag: &str) -> &str {
        if tag.starts_with("en") { &self.en } else { &self.fr }
    }
}

/// One category of formalities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    pub key: DomainKey,
    pub label: Words,
    /// Three or four examples, one line.
    pub description: Words,
    /// What a mandate in this domain does not allow, said before it is granted.
    pub warning: Option<Words>,
    /// The value FranceConnect expects in `rep_scope`.
    pub rep_scope: String,
}

/// The domains on offer, most asked for first.
#[derive(Clone, Debug)]
pub struct Catalogue(Vec<Domain>);

impl Catalogue {
    pub fn new(domains: Vec<Domain>) -> Self {
        Self(domains)
    }

    pub fn get(&self, key: &DomainKey) -> Option<&Domain> {
        self.0.iter().find(|domain| domain.key == *key)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Domain> {
        self.0.iter()
    }

    /// The domain a service names by its `rep_scope` value, compared exactly.
    pub fn by_rep_scope(&self, value: &str) -> Option<&Domain> {
        self.0.iter().find(|domain| domain.rep_scope == value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_plain_names() {
        for good in ["papiers", "argent", "aide-2"] {
            assert_eq!(good.parse::<DomainKey>().unwrap().as_str(), good);
        }
        for bad in ["", "a", "Argent", "étranger", "-argent", "2argent", "ar gent", &"a".repeat(33)] {
            assert!(bad.parse::<DomainKey>().is_err(), "{bad}");
        }
    }
}
