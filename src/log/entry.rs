//! The leaf: what one act leaves in the log for ever. It names nobody; it says what kind of act, on which
//! random ids, under which pseudonyms, with the typed facts that give it its meaning.
//!
//! Canonical form, version 1: one JSON object without spaces, keys in the order of [`Leaf`]'s fields, absent
//! fields left out, integers only, strings of [`Token`] characters only (nothing to escape), instants in the
//! fixed-width form of [`Timestamp`], ids in lower-case hyphenated form. [`Leaf::decode`] refuses any bytes
//! it would not itself have written, so one leaf has one encoding and one hash.
use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::canonical_leaf;
use super::kind::{Kind, Role};
use super::merkle::{self, Hash};
use super::part::PartKind;
use super::pseudonym::Pseudonym;
use super::token::{BadToken, Token};
use super::wire;
use crate::domain::ids::{CardId, EntryId, GrantId, MandateId, ServiceId, StructureId, UseId};
use crate::domain::time::Timestamp;

/// Integers stay exact in every JSON reader (RFC 8259 §6).
pub const LARGEST_INTEGER: i64 = (1 << 53) - 1;

/// How the act came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// With the code of the reason.
    Refused(Token),
}

/// A typed, non-personal value that gives an entry its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Token(Token),
    Integer(i64),
    Bool(bool),
    Instant(Timestamp),
    Id(Uuid),
    Tokens(Vec<Token>),
}

/// Who acted: a pseudonym where there is a person, and in what quality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub role: Role,
    pub pseudonym: Option<Pseudonym>,
}

/// One leaf. See the module for its canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The deployment's name, as in its checkpoints: a leaf cannot be moved to another log.
    pub origin: Token,
    pub id: EntryId,
    pub kind: Kind,
    pub time: Timestamp,
    pub outcome: Outcome,
    pub structure: Option<StructureId>,
    pub mandate: Option<MandateId>,
    /// Place in the mandate's own history, from 1 without gap; present exactly when `mandate` is.
    pub seq: Option<i64>,
    pub grant: Option<GrantId>,
    pub service: Option<ServiceId>,
    pub use_id: Option<UseId>,
    pub card: Option<CardId>,
    pub actor: Option<Actor>,
    pub user: Option<Pseudonym>,
    pub facts: BTreeMap<Token, Fact>,
    /// Entries this one depends on, such as the consent a signature rests on.
    pub on: BTreeSet<EntryId>,
    /// Commitments to the body parts.
    pub parts: BTreeMap<PartKind, Hash>,
}

/// Why bytes are not a leaf, or a draft cannot become one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    #[error("the leaf is not well formed: {0}")]
    Malformed(String),
    #[error("version {0} of the leaf is not known")]
    Version(i64),
    #[error("the bytes are not the canonical form of the leaf they hold")]
    NotCanonical,
    #[error("a mandate and its sequence number go together, from 1")]
    Sequence,
    #[error("«{0}» is not a value a leaf may carry")]
    Value(&'static str),
    #[error(transparent)]
    Token(#[from] BadToken),
}

impl Leaf {
    /// The canonical bytes, as hashed.
    pub fn encode(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads canonical bytes; anything [`Leaf::encode`] would not have produced is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, LeafError> {
        // Whatever reads it, a leaf that is written as these bytes is the one they hold.
        let is_whole = |leaf: &Self| leaf.check().is_ok() && leaf.encode() == bytes;
        if let Some(leaf) = canonical_leaf::read(bytes).filter(is_whole) {
            return Ok(leaf);
        }
        // What is wrong with the others is told in words.
        let leaf = wire::decode(bytes)?;
        leaf.check()?;
        if leaf.encode() != bytes {
            return Err(LeafError::NotCanonical);
        }
        Ok(leaf)
    }

    /// The professional whom the act concerns, where it is not who acted.
    pub fn about(&self) -> Option<Pseudonym> {
        match self.facts.get("person") {
            Some(Fact::Token(text)) => text.as_str().parse().ok(),
            _ => None,
        }
    }

    /// RFC 6962 §2.1 hash of the canonical bytes.
    pub fn hash(&self) -> Hash {
        merkle::leaf_hash(&self.encode())
    }

    pub(super) fn check(&self) -> Result<(), LeafError> {
        if self.mandate.is_some() != self.seq.is_some() || self.seq.is_some_and(|seq| seq < 1) {
            return Err(LeafError::Sequence);
        }
        let exact = |value: i64| (-LARGEST_INTEGER..=LARGEST_INTEGER).contains(&value);
        let integers = self.facts.values().filter_map(|fact| match fact {
            Fact::Integer(value) => Some(*value),
            _ => None,
        });
        if !integers.chain(self.seq).all(exact) {
            return Err(LeafError::Value("integer"));
        }
        Ok(())
    }
}

impl From<Token> for Fact {
    fn from(value: Token) -> Self {
        Self::Token(value)
    }
}
impl From<i64> for Fact {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}
impl From<bool> for Fact {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<Timestamp> for Fact {
    fn from(value: Timestamp) -> Self {
        Self::Instant(value)
    }
}
impl From<Uuid> for Fact {
    fn from(value: Uuid) -> Self {
        Self::Id(value)
    }
}
impl From<Vec<Token>> for Fact {
    fn from(value: Vec<Token>) -> Self {
        Self::Tokens(value)
    }
}
