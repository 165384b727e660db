//! The erasable body of an entry, in parts by whom they concern. The leaf holds only a commitment to each,
//! so a part can be shown alone, or destroyed, and the proof of the rest stands.
use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::Value;
use zeroize::Zeroize;

use super::kind::Unknown;
use super::merkle::Hash;
use crate::domain::ids::Entropy;

/// What a part is about; each has its own retention and its own right to open it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKind {
    /// The civil identity of the user.
    User,
    /// The name of who acted, the serial of the card.
    Actor,
    /// Address and browser; kept twelve months.
    Technical,
    /// What a service or a reader added: a reference, a label, a reason in words.
    Details,
}

impl PartKind {
    pub const ALL: [Self; 4] = [Self::Actor, Self::Details, Self::Technical, Self::User];

    pub const fn token(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Actor => "actor",
            Self::Technical => "technical",
            Self::Details => "details",
        }
    }
}

impl FromStr for PartKind {
    type Err = Unknown;
    fn from_str(text: &str) -> Result<Self, Unknown> {
        Self::ALL.into_iter().find(|kind| kind.token() == text).ok_or(Unknown)
    }
}

impl fmt::Display for PartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.token())
    }
}

/// A part with the nonce that opens its commitment. Personal data: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    pub kind: PartKind,
    pub nonce: [u8; 32],
    bytes: Vec<u8>,
}

/// Why something is no part of an entry. Says nothing of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// Content without a canonical form: a fraction, an integer beyond 64 bits, `null` in a list.
    #[error("a part is made of texts, integers, booleans, lists and objects")]
    Value,
    /// The right hash, over bytes that this service would not have written.
    #[error("the bytes are not a canonical part")]
    NotCanonical,
    /// Changed, of another kind or entry, or with another nonce.
    #[error("the part does not open its commitment")]
    Commitment,
}

impl Part {
    /// Draws the nonce. Absent members of objects (`null`) are left out; fractions are refused, having no
    /// canonical form.
    pub fn new(kind: PartKind, content: &Value, entropy: &dyn Entropy) -> Result<Self, PartError> {
        let mut nonce = [0; 32];
        entropy.fill(&mut nonce);
        Ok(Self { kind, nonce, bytes: canonical::write(content)? })
    }

    /// Takes back what was stored, and checks it against the commitment in the leaf.
    pub fn open(kind: PartKind, nonce: [u8; 32], bytes: Vec<u8>, leaf: &Hash) -> Result<Self, PartError> {
        Self::check(kind, &nonce, &bytes, leaf)?;
        Ok(Self { kind, nonce, bytes })
    }

    /// Whether these bytes are the canonical part that the leaf commits to.
    pub fn check(kind: PartKind, nonce: &[u8; 32], bytes: &[u8], leaf: &Hash) -> Result<(), PartError> {
        if commitment(kind, nonce, bytes) != *leaf {
            return Err(PartError::Commitment);
        }
        canonical::check(bytes)
    }

    /// The canonical bytes, to be sealed at rest.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn content(&self) -> Result<Value, PartError> {
        canonical::check(&self.bytes)?;
        serde_json::from_slice(&self.bytes).map_err(|_| PartError::NotCanonical)
    }

    pub fn commitment(&self) -> Hash {
        commitment(self.kind, &self.nonce, &self.bytes)
    }
}

/// SHA-256(tag of the kind ‖ nonce ‖ bytes). The tag ends in a zero byte and the nonce has a fixed length,
/// so no two parts are hashed from the same bytes.
fn commitment(kind: PartKind, nonce: &[u8; 32], bytes: &[u8]) -> Hash {
    let mut hash = Context::new(&SHA256);
    hash.update(b"entremise part v1 ");
    hash.update(kind.token().as_bytes());
    hash.update(&[0]);
    hash.update(nonce);
    hash.update(bytes);
    Hash::from_digest(&hash.finish())
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({}, …)", self.kind)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.nonce.zeroize();
        self.bytes.zeroize();
    }
}

#[path = "canonical.rs"]
mod canonical;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn opens_only_its_own_commitment() {
        let content = json!({"b": "Angela", "a": [1, true, {"é": "\"\n"}]});
        let part = Part::new(PartKind::User, &content, &Fixed(7)).unwrap();
        assert_eq!(part.bytes(), "{\"a\":[1,true,{\"é\":\"\\\"\\n\"}],\"b\":\"Angela\"}".as_bytes());
        let leaf = part.commitment();
        let open = |kind, nonce, bytes: &[u8]| Part::open(kind, nonce, bytes.to_vec(), &leaf);
        assert_eq!(open(PartKind::User, [7; 32], part.bytes()).unwrap().content().unwrap(), content);
        assert_eq!(open(PartKind::Actor, [7; 32], part.bytes()), Err(PartError::Commitment));
        assert_eq!(open(PartKind::User, [8; 32], part.bytes()), Err(PartError::Commitment));
        assert_eq!(open(PartKind::User, [7; 32], b"{\"b\":\"Angele\"}"), Err(PartError::Commitment));
        assert_eq!(format!("{part:?}"), "Part(user, …)");
    }

    #[test]
    fn equal_contents_do_not_show() {
        let content = json!({"name": "Angela"});
        let one = Part::new(PartKind::User, &content, &Fixed(1)).unwrap();
        let two = Part::new(PartKind::User, &content, &Fixed(2)).unwrap();
        assert_ne!(one.commitment(), two.commitment());
    }

    #[test]
    fn fractions_and_nothing_are_refused() {
        for bad in [json!(1.5), json!(null), json!({"a": [null]}), json!(u64::MAX)] {
            assert_eq!(Part::new(PartKind::Details, &bad, &Fixed(1)), Err(PartError::Value));
        }
        let absent = Part::new(PartKind::Details, &json!({"a": null, "b": 1}), &Fixed(1)).unwrap();
        assert_eq!(absent.bytes(), b"{\"b\":1}");
    }

    /// A commitment over bytes that are not canonical (written by other software) is not read as a part.
    #[test]
    fn only_canonical_bytes_are_read() {
        let spaced = Part { kind: PartKind::User, nonce: [0; 32], bytes: b"{ \"a\":1}".to_vec() };
        let leaf = spaced.commitment();
        let again = Part::open(PartKind::User, [0; 32], b"{ \"a\":1}".to_vec(), &leaf);
        assert_eq!(again, Err(PartError::NotCanonical));
    }
}
