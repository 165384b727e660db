//! What a service says it did in a user's name.
use serde::Deserialize;

use super::evaluation::Access;

const LONGEST_TYPE: usize = 64;
const LONGEST_LABEL: usize = 200;
const LONGEST_REFERENCE: usize = 100;
const LONGEST_KEY: usize = 255;

/// A report as it arrives.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    r#type: String,
    label: String,
    reference: Option<String>,
    outcome: String,
    access: Option<String>,
    domain: Option<String>,
}

/// A report that can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The service's own word for this kind of action: small letters, digits, `_`, `-`, `.`.
    pub kind: String,
    /// In words, for those who read the story of the mandate.
    pub label: String,
    /// The service's own number for it.
    pub reference: Option<String>,
    /// `done`, `refused` or `pending`.
    pub outcome: &'static str,
    /// What the action needs to be allowed to; to act unless said otherwise.
    pub access: Access,
    /// The domain it belongs to, if the service says.
    pub domain: Option<String>,
}

/// Why a report cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReport {
    #[error("the body must be a JSON object with type, label and outcome, and nothing unknown")]
    Body,
    #[error("type must be 1 to 64 small letters, digits, dots, dashes or underscores")]
    Type,
    #[error("label must be 1 to 200 characters, without control characters")]
    Label,
    #[error("reference must be 1 to 100 characters, without control characters")]
    Reference,
    #[error("outcome must be done, refused or pending")]
    Outcome,
    #[error("access must be consult or act")]
    Access,
    #[error("the header Idempotency-Key must be sent, 1 to 255 printable characters")]
    Key,
}

/// Checks the service's own key for a report.
pub fn key(header: Option<&str>) -> Result<&str, BadReport> {
    let good =
        |key: &&str| (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|c| (32..127).contains(&c));
    header.map(str::trim).filter(good).ok_or(BadReport::Key)
}

impl Report {
    pub fn parse(body: &[u8]) -> Result<Self, BadReport> {
        let raw: Raw = serde_json::from_slice(body).map_err(|_| BadReport::Body)?;
        let word = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"._-".contains(&c);
        if !(1..=LONGEST_TYPE).contains(&raw.r#type.len()) || !raw.r#type.bytes().all(word) {
            return Err(BadReport::Type);
        }
        let label = line(&raw.label, LONGEST_LABEL).ok_or(BadReport::Label)?;
        let reference = match &raw.reference {
            Some(text) => Some(line(text, LONGEST_REFERENCE).ok_or(BadReport::Reference)?),
            None => None,
        };
        let outcome = ["done", "refused", "pending"].into_iter().find(|word| *word == raw.outcome);
        let access = Access::named(raw.access.as_deref().unwrap_or("act")).ok_or(BadReport::Access)?;
        let outcome = outcome.ok_or(BadReport::Outcome)?;
        Ok(Self { kind: raw.r#type, label, reference, outcome, access, domain: raw.domain })
    }
}

/// One line of text that says something.
fn line(text: &str, longest: usize) -> Option<String> {
    let text = text.trim();
    let good = (1..=longest).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    good.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reports_are_read_strictly() {
        let read = |text: &str| Report::parse(text.as_bytes());
        let good = read(r#"{"type":"tax.declared","label":" Déclaration 2025 ","outcome":"done"}"#).unwrap();
        assert_eq!(
            (good.label.as_str(), good.outcome, good.access),
            ("Déclaration 2025", "done", Access::Act)
        );
        for (text, error) in [
            ("", BadReport::Body),
            ("[]", BadReport::Body),
            (r#"{"type":"x","label":"l"}"#, BadReport::Body),
            (r#"{"type":"x","label":"l","outcome":"done","sub":"u"}"#, BadReport::Body),
            (r#"{"type":"x","type":"y","label":"l","outcome":"done"}"#, BadReport::Body),
            (r#"{"type":"","label":"l","outcome":"done"}"#, BadReport::Type),
            (r#"{"type":"A b","label":"l","outcome":"done"}"#, BadReport::Type),
            (r#"{"type":"x","label":"  ","outcome":"done"}"#, BadReport::Label),
            (r#"{"type":"x","label":"a\nb","outcome":"done"}"#, BadReport::Label),
            (r#"{"type":"x","label":"l","reference":"","outcome":"done"}"#, BadReport::Reference),
            (r#"{"type":"x","label":"l","outcome":"perhaps"}"#, BadReport::Outcome),
            (r#"{"type":"x","label":"l","outcome":"done","access":"all"}"#, BadReport::Access),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
        let long = format!(r#"{{"type":"x","label":"{}","outcome":"done"}}"#, "é".repeat(201));
        assert_eq!(read(&long), Err(BadReport::Label));
    }

    #[test]
    fn keys() {
        assert_eq!(key(Some(" a-1 ")), Ok("a-1"));
        for bad in [None, Some(""), Some(" "), Some("a\tb"), Some("é"), Some("x".repeat(256).as_str())] {
            assert_eq!(key(bad), Err(BadReport::Key), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Report::parse(&bytes);
        }
    }
}
