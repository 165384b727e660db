//! The epochs and keys of the log that a bundle tells of.
use std::collections::BTreeSet;

use super::Trust;
use super::fault::Wrong;
use super::{facts, tree};
use crate::log::checkpoint::Checkpoint;
use crate::log::entry::{Leaf, Outcome};
use crate::log::epoch::{self, Succession};
use crate::log::kind::Kind;
use crate::log::merkle::Hash;
use crate::log::note::SignedNote;

/// An epoch that began after signed entries were lost, as its first entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    pub epoch: u32,
    /// Place of that entry: the leaves before it were kept.
    pub at: u64,
    /// Epoch, size and root of the last head of before.
    pub last_epoch: u32,
    pub size: u64,
    pub root: Hash,
    /// What was kept is not what had been signed.
    pub rewritten: bool,
}

impl Recovery {
    /// Signed entries that are in the log no more.
    pub fn lost(&self) -> u64 {
        self.size.saturating_sub(self.at)
    }
}

/// What becomes of the head that the verifier holds from before.
pub(super) enum Fate {
    /// It is to be compared with the tree.
    Compared,
    /// The log says itself that this head's entries were lost.
    Lost,
    Wrong(Wrong),
}

#[derive(Default)]
pub(super) struct Epochs {
    recoveries: Vec<Recovery>,
    /// Hashes of the successions that entries speak of.
    told: BTreeSet<String>,
    /// Of those that the header brings.
    brought: Vec<String>,
}

impl Epochs {
    /// Takes in an entry that begins an epoch, or introduces a key.
    pub(super) fn take(&mut self, leaf: &Leaf, at: u64) -> Option<Wrong> {
        if leaf.outcome != Outcome::Done {
            return None;
        }
        match leaf.kind {
            Kind::KeyCreated => {
                self.told.extend(facts::token(leaf, "succession").map(ToString::to_string));
                None
            }
            Kind::LogRecovered => self.recovered(leaf, at).err().map(Wrong::Recovery),
            _ => None,
        }
    }

    fn recovered(&mut self, leaf: &Leaf, at: u64) -> Result<(), &'static str> {
        let number = |name| facts::integer(leaf, name).and_then(|value| u64::try_from(value).ok());
        let small = |name| number(name).and_then(|value| u32::try_from(value).ok());
        let root = facts::token(leaf, "last_root").and_then(|hex| Hash::from_hex(hex.as_str()).ok());
        let (Some(epoch), Some(last_epoch), Some(size), Some(root)) =
            (small("epoch"), small("last_epoch"), number("last_size"), root)
        else {
            return Err("it does not say its epoch and the last head of before");
        };
        let now = self.now();
        if epoch <= now || last_epoch >= epoch || last_epoch < now {
            return Err("its epoch does not follow the one before");
        }
        if number("kept") != Some(at) {
            return Err("it claims another number of entries kept than there are before it");
        }
        let rewritten = facts::token(leaf, "state").is_some_and(|state| state.as_str() == "rewritten");
        self.recoveries.push(Recovery { epoch, at, last_epoch, size, root, rewritten });
        Ok(())
    }

    fn now(&self) -> u32 {
        self.recoveries.last().map_or(1, |recovery| recovery.epoch)
    }

    /// The epoch of a head over this many entries.
    pub(super) fn of(&self, size: u64) -> u32 {
        self.recoveries.iter().rev().find(|recovery| recovery.at < size).map_or(1, |recovery| recovery.epoch)
    }

    /// A head must be of the epoch in which it stands.
    pub(super) fn check(&self, head: &Checkpoint) -> Result<(), Wrong> {
        let (found, wanted) = (epoch::split(&head.origin).1, self.of(head.size));
        if found == wanted { Ok(()) } else { Err(Wrong::Epoch { size: head.size, found, wanted }) }
    }

    /// What becomes of the verifier's own head, once everything was met. `first`: where the range begins.
    pub(super) fn fate(&self, seen: &Checkpoint, first: u64) -> Fate {
        let of = epoch::split(&seen.origin).1;
        let Some(end) = self.recoveries.iter().find(|recovery| recovery.epoch > of) else {
            return Fate::Compared;
        };
        if seen.size <= end.at {
            let untied = Wrong::Untied { first, seen: seen.size };
            return if seen.size < first { Fate::Wrong(untied) } else { Fate::Compared };
        }
        if end.last_epoch > of {
            return Fate::Lost;
        }
        if seen.size > end.size {
            return Fate::Wrong(Wrong::Forgotten { seen: seen.size, known: end.size });
        }
        let forked = seen.size == end.size && seen.root != end.root;
        if forked { Fate::Wrong(Wrong::Forked(seen.size)) } else { Fate::Lost }
    }

    /// Trusts each key that a trusted key introduced.
    pub(super) fn succeed(&mut self, notes: &[SignedNote], trust: &mut Trust) -> Result<(), Wrong> {
        for note in notes {
            let succession = Succession::open(note).map_err(Wrong::Succession)?;
            let known = |key: &crate::log::note::NoteKey| {
                key.public() == succession.old.public() && epoch::same_log(key.name(), succession.old.name())
            };
            if trust.keys.iter().any(known) {
                self.brought.push(Hash::of(note.text().as_bytes()).hex());
                trust.keys.push(succession.new);
            }
        }
        Ok(())
    }

    /// Whether a key was introduced of which no entry was told: those that introduce a key are told in every bundle.
    pub(super) fn has_unlogged_key(&self) -> bool {
        self.brought.iter().any(|hash| !self.told.contains(hash))
    }

    pub(super) fn into_recoveries(self) -> Vec<Recovery> {
        self.recoveries
    }
}

/// The same trust, and each key that a trusted key introduced. What entries say of it is another matter.
pub(in crate::log) fn follow(notes: &[SignedNote], trust: &Trust) -> Result<Trust, Wrong> {
    let mut trust = trust.clone();
    Epochs::default().succeed(notes, &mut trust)?;
    Ok(trust)
}

/// Why the bundle cannot be held against the head that the verifier holds, as far as its first line tells.
pub(super) fn tie(tree: &tree::Tree, first: u64, trust: &Trust) -> Option<Wrong> {
    let seen = trust.seen.as_ref()?;
    let head = tree.checkpoint();
    let (of, now) = (epoch::split(&seen.origin).1, epoch::split(&head.origin).1);
    if of > now {
        Some(Wrong::OlderEpoch { found: now, seen: of })
    } else if of == now && seen.size > head.size {
        Some(Wrong::Older { size: head.size, seen: seen.size })
    } else if of == now && seen.size < first {
        Some(Wrong::Untied { first, seen: seen.size })
    } else {
        None
    }
}
