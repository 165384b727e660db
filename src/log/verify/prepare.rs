//! What can be said of a line without any other: what it is, the hash of its leaf, whether its parts open their
//! commitments. Most of the work of a verification, and all of it on any thread.
use crate::log::bundle::{self, BadLine, Entry, Header, Line, OpenedPart};
use crate::log::entry::{Leaf, LeafError};
use crate::log::merkle::{Hash, leaf_hash};
use crate::log::note::SignedNote;
use crate::log::part::{Part, PartKind};

use super::fault::Wrong;

/// A line of a bundle that owns what it says.
pub(super) enum Met {
    Header(Box<Header>),
    Entry(Box<Told>),
    Hash { at: u64, hash: Hash },
    Checkpoint(SignedNote),
    End(u64),
}

pub(super) struct Told {
    pub(super) at: u64,
    pub(super) hash: Hash,
    pub(super) proof: Option<Vec<Hash>>,
    pub(super) leaf: Result<Box<Leaf>, LeafError>,
    /// Of a leaf that can be read.
    pub(super) parts: Vec<Shown>,
}

/// A part that the bundle opens.
pub(super) struct Shown {
    pub(super) kind: PartKind,
    pub(super) nonce: [u8; 32],
    pub(super) wrong: Option<Wrong>,
}

pub(super) fn prepare(text: &str) -> Result<Met, BadLine> {
    Ok(match bundle::read(text)? {
        Line::Header(header) => Met::Header(header),
        Line::Entry(entry) => Met::Entry(Box::new(told(entry))),
        Line::Hash { at, hash } => Met::Hash { at, hash },
        Line::Checkpoint(note) => Met::Checkpoint(note),
        Line::End(end) => Met::End(end),
    })
}

fn told(entry: Entry<'_>) -> Told {
    let bytes = entry.leaf.as_bytes();
    let leaf = Leaf::decode(bytes).map(Box::new);
    let parts = leaf.as_ref().map_or_else(
        |_| Vec::new(),
        |leaf| entry.parts.iter().map(|(kind, opened)| shown(*kind, opened, leaf)).collect(),
    );
    Told { at: entry.at, hash: leaf_hash(bytes), proof: entry.proof, leaf, parts }
}

fn shown(kind: PartKind, opened: &OpenedPart<'_>, leaf: &Leaf) -> Shown {
    let wrong = match leaf.parts.get(&kind) {
        None => Some(Wrong::NoSuchPart(kind)),
        Some(commitment) => {
            let checked = Part::check(kind, &opened.nonce, opened.body.as_bytes(), commitment);
            checked.err().map(|_| Wrong::Part(kind))
        }
    };
    Shown { kind, nonce: opened.nonce, wrong }
}
