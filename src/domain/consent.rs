//! What the user agrees to: facts frozen once, and the exact text that a fixed version of our words makes of
//! them. Both are kept; the hash covers both; nothing is ever rendered again from today's data.
use serde::{Deserialize, Serialize};

use super::catalogue::{DomainKey, Words};
use super::mandate::Reference;
use super::time::Timestamp;
use super::user::CivilIdentity;

mod dates;
mod salt;
mod version1;

pub use salt::Salt;

/// The version in use for new texts. The second has the words of the first, and a salt.
pub const CURRENT_VERSION: u16 = 2;

/// One domain as it was named on the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedDomain {
    pub key: DomainKey,
    pub label: Words,
    pub warning: Option<Words>,
}

/// A grant of an earlier mandate that ends when this one is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedGrant {
    pub reference: String,
    pub domain: DomainKey,
    pub label: Words,
}

/// Every fact the text states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentTerms {
    pub version: u16,
    /// Since version 2: 256 random bits that the text does not show. The log keeps the hash of the text for ever; once
    /// this went with the text, nobody can try names and dates of birth against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
    pub reference: String,
    pub user: CivilIdentity,
    pub structure: String,
    /// The aidant who proposed the mandate.
    pub aidant: String,
    /// How the user was identified, in the provider's own name.
    pub identified_with: Words,
    pub domains: Vec<GrantedDomain>,
    /// Last local day, and the instant it stands for.
    #[serde(with = "day")]
    pub last_day: jiff::civil::Date,
    pub ends_at: Timestamp,
    /// IANA name of the structure's time zone.
    pub time_zone: String,
    pub replaces: Vec<ReplacedGrant>,
}

/// A titled part of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    pub title: String,
    pub lines: Vec<String>,
}

/// Terms and text as they are stored and hashed: bytes, not meaning.
#[derive(Clone, PartialEq, Eq)]
pub struct FrozenConsent {
    terms: String,
    text: String,
}

#[derive(Debug, thiserror::Error)]
pub enum BadConsent {
    #[error("no words for version {0} of the consent text")]
    UnknownVersion(u16),
    /// Its hash would tell who it is about to whoever guesses.
    #[error("a text of this version has a salt")]
    Unsalted,
    #[error("the frozen consent cannot be read")]
    Unreadable(#[from] serde_json::Error),
}

impl ConsentTerms {
    /// The text in French, which alone has legal force, or its explanatory translation.
    pub fn clauses(&self, language: &str) -> Result<Vec<Clause>, BadConsent> {
        match self.version {
            1 | 2 => Ok(version1::clauses(self, language)),
            other => Err(BadConsent::UnknownVersion(other)),
        }
    }

    /// « mercredi 23 décembre 2026 ».
    pub fn last_day_in_words(&self, language: &str) -> String {
        dates::long(self.last_day, language.starts_with("en"))
    }

    pub fn freeze(&self) -> Result<FrozenConsent, BadConsent> {
        if self.version > 1 && self.salt.is_none() {
            return Err(BadConsent::Unsalted);
        }
        Ok(FrozenConsent { terms: serde_json::to_string(self)?, text: plain(&self.clauses("fr")?) })
    }
}

impl FrozenConsent {
    /// Takes back what was stored.
    pub fn stored(terms: String, text: String) -> Self {
        Self { terms, text }
    }

    /// The terms as JSON, to the byte as they were frozen.
    pub fn terms_json(&self) -> &str {
        &self.terms
    }

    /// The French text, a line for each title and each sentence.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn terms(&self) -> Result<ConsentTerms, BadConsent> {
        Ok(serde_json::from_str(&self.terms)?)
    }

    /// SHA-256 over a tag, the length of the terms, the terms and the text.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        hasher.update(b"entremise consent\n");
        hasher.update(&u64::try_from(self.terms.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(self.terms.as_bytes());
        hasher.update(self.text.as_bytes());
        let mut hash = [0u8; 32];
        hash.copy_from_slice(hasher.finish().as_ref());
        hash
    }
}

impl std::fmt::Debug for FrozenConsent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FrozenConsent(…)")
    }
}

/// A local day as `2026-12-23`.
mod day {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
    pub(super) fn serialize<S: Serializer>(day: &jiff::civil::Date, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(day)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<jiff::civil::Date, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

fn plain(clauses: &[Clause]) -> String {
    let mut text = String::new();
    for clause in clauses {
        text.push_str(&clause.title);
        text.push('\n');
        for line in &clause.lines {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

impl ConsentTerms {
    /// The reference as a value.
    pub fn parsed_reference(&self) -> Option<Reference> {
        self.reference.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::user::Birthdate;

    pub(super) fn terms() -> ConsentTerms {
        let key = |text: &str| text.parse::<DomainKey>().unwrap();
        ConsentTerms {
            version: 1,
            salt: None,
            reference: "M-7Q4K-92HD".into(),
            user: CivilIdentity {
                given_name: "Josette Marie".into(),
                family_name: "DUPONT".into(),
                birthdate: Birthdate::parse("1948-03-04").unwrap(),
                gender: Some("female".into()),
                birthplace: Some("03118".into()),
                birthcountry: Some("99100".into()),
                preferred_username: Some("MARTIN".into()),
                email: None,
            },
            structure: "CCAS de Gannat".into(),
            aidant: "Nadia Benali".into(),
            identified_with: Words::new("FranceConnect", "FranceConnect"),
            domains: vec![
                GrantedDomain {
                    key: key("argent"),
                    label: Words::new("Argent, impôts, consommation", "Money, taxes, consumer rights"),
                    warning: Some(Words::new("À signer soi-même.", "Sign it yourself.")),
                },
                GrantedDomain {
                    key: key("social"),
                    label: Words::new("Social, santé", "Welfare, health"),
                    warning: None,
                },
            ],
            last_day: "2026-12-23".parse().unwrap(),
            ends_at: Timestamp::parse("2026-12-23T23:00:00.000000Z").unwrap(),
            time_zone: "Europe/Paris".into(),
            replaces: vec![ReplacedGrant {
                reference: "M-1111-2222".into(),
                domain: key("social"),
                label: Words::new("Social, santé", "Welfare, health"),
            }],
        }
    }

    #[test]
    fn the_text_says_everything_that_is_granted() {
        let text = terms().freeze().unwrap().text().to_owned();
        for said in [
            "M-7Q4K-92HD",
            "Josette Marie DUPONT",
            "4 mars 1948",
            "CCAS de Gannat",
            "Nadia Benali",
            "Argent, impôts, consommation",
            "À signer soi-même.",
            "Social, santé",
            "mercredi 23 décembre 2026 à minuit",
            "M-1111-2222",
            "tutelle",
            "curatelle",
            "18 ans",
            "à tout moment",
        ] {
            assert!(text.contains(said), "{said} is missing from:\n{text}");
        }
        let english = plain(&terms().clauses("en").unwrap());
        for said in
            ["Wednesday 23 December 2026 at midnight", "Welfare, health", "M-1111-2222", "guardianship"]
        {
            assert!(english.contains(said), "{said} is missing from:\n{english}");
        }
    }

    #[test]
    fn presumed_births_read_well() {
        let mut terms = terms();
        terms.user.birthdate = Birthdate::parse("1962-00-00").unwrap();
        assert!(terms.freeze().unwrap().text().contains("en 1962 (jour et mois inconnus)"));
        terms.user.birthdate = Birthdate::parse("1962-05-00").unwrap();
        assert!(terms.freeze().unwrap().text().contains("en mai 1962 (jour inconnu)"));
    }

    #[test]
    fn what_is_stored_gives_the_same_terms_and_hash() {
        let frozen = terms().freeze().unwrap();
        let stored = FrozenConsent::stored(frozen.terms_json().to_owned(), frozen.text().to_owned());
        assert_eq!(stored.hash(), frozen.hash());
        assert_eq!(stored.terms().unwrap(), terms());
        let changed = FrozenConsent::stored(frozen.terms_json().to_owned(), format!("{} ", frozen.text()));
        assert_ne!(changed.hash(), frozen.hash());
    }

    /// The words of a version never change: what was agreed to is what would be rendered. New words, new version.
    #[test]
    fn version_1_is_cast() {
        let hash = data_encoding::HEXLOWER.encode(&terms().freeze().unwrap().hash());
        assert_eq!(hash, "58b7c30e17ab5a58b597270dc231625174239f5bf041e6e5f441b88f58a31f24");
    }

    #[test]
    fn an_unknown_version_is_refused() {
        let mut terms = terms();
        terms.version = 3;
        terms.salt = Some(Salt::of(0));
        assert!(matches!(terms.freeze(), Err(BadConsent::UnknownVersion(3))));
    }

    /// What the log keeps for ever cannot be tried with names and dates of birth once the salt is gone.
    #[test]
    fn version_2_is_salted_and_otherwise_cast() {
        let mut terms = terms();
        let first = terms.freeze().unwrap();
        terms.version = 2;
        assert!(matches!(terms.freeze(), Err(BadConsent::Unsalted)));
        terms.salt = Some(Salt::of(0x2b));
        let frozen = terms.freeze().unwrap();
        assert_eq!(frozen.text(), first.text(), "the words of version 1; the salt is not among them");
        assert_eq!(frozen.terms().unwrap(), terms);
        let salted = format!("\"version\":2,\"salt\":\"{}\"", "2b".repeat(32));
        assert_eq!(frozen.terms_json(), first.terms_json().replacen("\"version\":1", &salted, 1));
        terms.salt = Some(Salt::of(0x2c));
        assert_ne!(terms.freeze().unwrap().hash(), frozen.hash());
        assert!(!format!("{terms:?}").contains("2c2c"));
    }
}
