//! The tree of a bundle: every entry in its place, every head over exactly the entries it covers.
use std::collections::BTreeSet;

use super::Trust;
use super::epochs::Epochs;
use super::fault::Wrong;
use crate::log::bundle::Header;
use crate::log::checkpoint::Checkpoint;
use crate::log::epoch;
use crate::log::merkle::{Frontier, Hash};
use crate::log::note::{NoteKey, SignedNote};
use crate::log::proof::check_inclusion;

pub(super) struct Tree {
    head: Checkpoint,
    frontier: Frontier,
    /// The place that comes next.
    next: u64,
    /// The largest size for which a head, or the edge, was found to match.
    since: u64,
    /// An entry is missing or out of place: every root from here on differs, and that was told.
    broken: bool,
}

/// The first key for which `open` succeeds; the last failure if there is none.
pub(super) fn any_key<T, E>(
    trust: &Trust,
    mut open: impl FnMut(&NoteKey) -> Result<T, E>,
) -> Option<Result<T, E>> {
    let mut last = None;
    for key in &trust.keys {
        let opened = open(key);
        let done = opened.is_ok();
        last = Some(opened);
        if done {
            break;
        }
    }
    last
}

/// A head of any epoch, signed with a key that is trusted.
pub fn open(note: &SignedNote, trust: &Trust) -> Result<Checkpoint, Wrong> {
    if let Some(found) = epoch::named(note)
        && !trust.keys.is_empty()
        && !trust.keys.iter().any(|key| epoch::same_log(key.name(), &found))
    {
        let names: BTreeSet<&str> = trust.keys.iter().map(|key| key.name().as_str()).collect();
        return Err(Wrong::OtherLog { found, trusted: names.into_iter().collect::<Vec<_>>().join(", ") });
    }
    any_key(trust, |key| epoch::open(note, key)).ok_or(Wrong::NoKey)?.map_err(Wrong::Head)
}

impl Tree {
    pub(super) fn begin(header: &Header, trust: &Trust) -> Result<Self, Wrong> {
        let head = open(&header.head, trust)?;
        if !epoch::same_log(&head.origin, &header.origin) {
            return Err(Wrong::Foreign(header.origin.clone()));
        }
        let mut edge = header.edge.iter();
        let frontier =
            Frontier::read(header.first, |_| edge.next().copied().ok_or(Wrong::Edge(header.first)))?;
        if edge.next().is_some() || header.first > head.size {
            return Err(Wrong::Edge(header.first));
        }
        Ok(Self { head, frontier, next: header.first, since: header.first, broken: false })
    }

    pub(super) fn checkpoint(&self) -> &Checkpoint {
        &self.head
    }

    /// How far the entries reach.
    pub(super) fn reached(&self) -> u64 {
        self.next
    }

    /// Whether every entry so far was in its place, under the heads signed over it.
    pub(super) fn is_whole(&self) -> bool {
        !self.broken
    }

    /// Whether the tree, where it has just reached the size of `seen`, has its root.
    pub(super) fn continues(&self, seen: &Checkpoint, epochs: &Epochs) -> Option<bool> {
        let here = !self.broken && self.frontier.size() == seen.size;
        let here = here && epochs.of(seen.size) == epoch::split(&seen.origin).1;
        here.then(|| epoch::same_log(&seen.origin, &self.head.origin) && self.frontier.root() == seen.root)
    }

    pub(super) fn place(&mut self, at: u64, hash: Hash) -> Result<(), Wrong> {
        let wanted = self.next;
        if at == wanted {
            self.next += 1;
            if !self.broken {
                self.frontier.append(hash);
            }
            return Ok(());
        }
        self.broken = true;
        if at < wanted {
            return Err(Wrong::OutOfOrder { wanted });
        }
        self.next = at.saturating_add(1);
        Err(Wrong::Missing { from: wanted, until: at - 1 })
    }

    /// An entry from before the range must be proven to be under the head.
    pub(super) fn context(&self, at: u64, proof: Option<&[Hash]>, hash: &Hash) -> Result<(), Wrong> {
        let proof = proof.ok_or(Wrong::NoProof)?;
        check_inclusion(hash, at, self.head.size, &self.head.root, proof).map_err(Wrong::Proof)
    }

    /// A signed head, where it stands.
    pub(super) fn head(&mut self, note: &SignedNote, trust: &Trust, epochs: &Epochs) -> Result<(), Wrong> {
        let head = open(note, trust)?;
        if self.broken {
            return Ok(());
        }
        if head.size != self.frontier.size() {
            return Err(Wrong::HeadPlace { size: head.size, after: self.next });
        }
        self.matches(head.size, &head.root)?;
        epochs.check(&head)
    }

    fn matches(&mut self, size: u64, root: &Hash) -> Result<(), Wrong> {
        if self.frontier.root() == *root {
            self.since = size;
            return Ok(());
        }
        // Told once: every later root differs too.
        self.broken = true;
        Err(Wrong::Root { since: self.since, size })
    }

    /// What is wrong at the line that says where the range ends.
    pub(super) fn end(&mut self, end: u64) -> Option<Wrong> {
        let wanted = self.head.size;
        if self.next > wanted {
            return Some(Wrong::HeadPlace { size: wanted, after: self.next });
        }
        if end != wanted || self.next < wanted {
            return Some(Wrong::CutShort { found: self.next.min(end), wanted });
        }
        if self.broken {
            return None;
        }
        let root = self.head.root;
        self.matches(wanted, &root).err()
    }
}
