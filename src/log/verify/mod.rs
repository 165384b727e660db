//! Offline verification of a [`bundle`]: signatures, tree, heads, places, commitments, then what the
//! entries mean together. Needs the public key of the log and nothing of the service. Memory is bounded by what is
//! in force (live mandates, structures, people, cards), not by the length of the log.
mod epochs;
mod erasure;
mod facts;
mod fault;
mod mandate;
mod meaning;
mod spill;
mod standing;
mod tree;
mod witnesses;

use std::collections::HashMap;
use std::io::{self, BufRead};
use std::path::Path;

pub use self::epochs::Recovery;
use self::epochs::{Epochs, Fate};
use self::erasure::Erasures;
pub use self::fault::{Fault, Place, Wrong};
use self::meaning::Meaning;
pub use self::standing::{FOR_ALL, STANDING};
use self::tree::Tree;
pub(super) use self::tree::open as open_head;
pub(super) use self::witnesses::check as check_witnesses;
use super::bundle::{self, Entry, Header, Line};
use super::checkpoint::Checkpoint;
use super::cosignature::WitnessKey;
use super::entry::Leaf;
use super::epoch;
use super::merkle::{Hash, leaf_hash};
use super::note::NoteKey;
use super::part::Part;
use super::policy::Policy;
use super::promise::{Promise, SignedPromise};
use super::token::Token;
use crate::domain::time::Timestamp;

/// Whom and what the verifier trusts: all of it from elsewhere than the bundle.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Keys of the log; more than one across a rotation.
    pub keys: Vec<NoteKey>,
    /// The latest head the verifier holds from before.
    pub seen: Option<Checkpoint>,
    pub witnesses: Vec<WitnessKey>,
    /// How many of the witnesses must vouch for the head.
    pub quorum: usize,
    /// Which of them; its witnesses are among `witnesses`.
    pub policy: Option<Policy>,
    /// What a witness said before this instant does not count.
    pub vouched_since: Option<Timestamp>,
    /// Promises that people hold on paper.
    pub promises: Vec<SignedPromise>,
}

/// What was verified, and what was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub origin: Option<Token>,
    /// Place of the first entry of the range, and size of the head that proves it.
    pub first: u64,
    pub size: u64,
    pub root: Option<Hash>,
    /// Entries of the range; of them, those told and not only hashed.
    pub entries: u64,
    pub told: u64,
    /// Entries from before the range, each proven to be in the log.
    pub context: u64,
    pub parts: u64,
    /// Parts that entries commit to and the bundle does not have: erased, or not asked for.
    pub absent_parts: u64,
    pub checkpoints: u64,
    /// The size of the verifier's own head, once the bundle was found to continue it.
    pub continues: Option<u64>,
    pub witnessed: Vec<(Token, Timestamp)>,
    pub promises_kept: usize,
    /// Promises about which this bundle decides nothing: not due yet, or from before its range.
    pub promises_open: usize,
    pub partial: bool,
    /// Epochs that began because signed entries were lost.
    pub recoveries: Vec<Recovery>,
    /// The verifier's own head covers entries that the log itself says were lost.
    pub seen_lost: bool,
    /// The first [`TOLD_FAULTS`] things found wrong, and how many there were.
    pub faults: Vec<Fault>,
    pub wrong: u64,
}

/// Faults kept in a report; a forged bundle may have millions.
pub const TOLD_FAULTS: usize = 1000;
/// How often progress is told, in lines.
const TELL_EVERY: u64 = 1 << 16;
/// No line is longer: a leaf has some hundred bytes, a part some thousand.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

impl Report {
    pub fn is_sound(&self) -> bool {
        self.wrong == 0
    }

    fn blame(&mut self, fault: Fault) {
        self.wrong += 1;
        if self.faults.len() < TOLD_FAULTS {
            self.faults.push(fault);
        }
    }
}

/// Verifies a bundle. `scratch`: a folder for sorting what memory does not hold. `progress` is told entries done and
/// entries in all. Errors are those of reading and of the scratch folder only: all that is wrong is in the report.
pub fn verify(
    mut input: impl BufRead,
    trust: &Trust,
    scratch: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> io::Result<Report> {
    let mut check = Check {
        trust: trust.clone(),
        epochs: Epochs::default(),
        erasures: Erasures::default(),
        opened: false,
        report: Report::default(),
        tree: None,
        meaning: Meaning::new(scratch),
        promised: HashMap::new(),
        latest: None,
        earliest: None,
        line: 0,
        ended: false,
    };
    let mut text = String::new();
    loop {
        text.clear();
        if io::Read::take(&mut input, LONGEST_LINE).read_line(&mut text)? == 0 {
            break;
        }
        check.line += 1;
        if !check.take(text.strip_suffix('\n').unwrap_or(&text))? {
            return Ok(check.report);
        }
        if check.line.is_multiple_of(TELL_EVERY) {
            progress(check.report.entries, check.report.size - check.report.first);
        }
    }
    check.finish()
}

struct Check {
    /// With the keys that trusted keys introduced.
    trust: Trust,
    epochs: Epochs,
    erasures: Erasures,
    /// The parts were asked for: a missing one was erased.
    opened: bool,
    report: Report,
    tree: Option<Tree>,
    meaning: Meaning,
    promised: HashMap<Hash, Promise>,
    latest: Option<Timestamp>,
    /// Of the range.
    earliest: Option<Timestamp>,
    line: u64,
    ended: bool,
}

impl Check {
    fn blame(&mut self, at: Option<u64>, what: Wrong) {
        self.report.blame(Fault { place: Place { line: self.line, at }, what });
    }

    /// False when nothing that follows could be trusted.
    fn take(&mut self, text: &str) -> io::Result<bool> {
        let line = match bundle::read(text) {
            Ok(line) => line,
            Err(bad) => {
                self.blame(None, bad.into());
                // Without a header nothing can be held against anything.
                return Ok(self.tree.is_some());
            }
        };
        if self.ended {
            self.blame(None, Wrong::AfterEnd);
            return Ok(false);
        }
        match (line, self.tree.is_some()) {
            (Line::Header(header), false) => return Ok(self.begin(&header)),
            (_, false) => {
                self.blame(None, Wrong::NoHeader);
                return Ok(false);
            }
            (Line::Header(_), true) => {
                self.blame(None, Wrong::SecondHeader);
                return Ok(false);
            }
            (Line::Entry(entry), true) => self.entry(&entry)?,
            (Line::Hash { at, hash }, true) => self.place(at, hash),
            (Line::Checkpoint(note), true) => {
                self.report.checkpoints += 1;
                let (trust, epochs) = (&self.trust, &self.epochs);
                let wrong = self.tree.as_mut().and_then(|tree| tree.head(&note, trust, epochs).err());
                if let Some(wrong) = wrong {
                    self.blame(None, wrong);
                }
            }
            (Line::End(end), true) => self.end(end),
        }
        Ok(true)
    }

    fn begin(&mut self, header: &Header) -> bool {
        if let Err(wrong) = self.epochs.succeed(&header.keys, &mut self.trust) {
            self.blame(None, wrong);
            return false;
        }
        let tree = match Tree::begin(header, &self.trust) {
            Ok(tree) => tree,
            Err(wrong) => {
                self.blame(None, wrong);
                return false;
            }
        };
        self.report.origin = Some(header.origin.clone());
        (self.report.first, self.report.size) = (header.first, tree.checkpoint().size);
        self.report.root = Some(tree.checkpoint().root);
        self.report.partial = header.perimeter.is_some();
        self.opened = header.parts;
        if let Some(wrong) = epochs::tie(&tree, header.first, &self.trust) {
            self.blame(None, wrong);
        }
        self.witnesses(header);
        self.promises(&header.origin);
        self.tree = Some(tree);
        true
    }

    fn promises(&mut self, origin: &Token) {
        for promise in std::mem::take(&mut self.trust.promises) {
            let open = |key: &NoteKey| promise.clone().open(&epoch::renamed(key, origin));
            match tree::any_key(&self.trust, open) {
                Some(Ok(promise)) => _ = self.promised.insert(promise.leaf, promise),
                Some(Err(error)) => self.blame(None, Wrong::PromiseForeign(error.to_string())),
                None => {}
            }
        }
    }

    fn witnesses(&mut self, header: &Header) {
        let (vouched, wrong) = witnesses::check(&header.head, &self.trust);
        self.report.witnessed = vouched;
        for wrong in wrong {
            self.blame(None, wrong);
        }
    }

    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let hash = leaf_hash(entry.leaf.as_bytes());
        let Some(tree) = &mut self.tree else { return Ok(()) };
        if entry.at < self.report.first {
            self.report.context += 1;
            if let Err(wrong) = tree.context(entry, &hash) {
                self.blame(Some(entry.at), wrong);
            }
        } else {
            self.place(entry.at, hash);
            self.report.told += 1;
        }
        let leaf = match Leaf::decode(entry.leaf.as_bytes()) {
            Ok(leaf) => leaf,
            Err(error) => {
                self.blame(Some(entry.at), Wrong::Leaf(error));
                return Ok(());
            }
        };
        if self.report.origin.as_ref() != Some(&leaf.origin) {
            self.blame(Some(entry.at), Wrong::Foreign(leaf.origin.clone()));
        }
        if let Some(wrong) = self.epochs.take(&leaf, entry.at) {
            self.blame(Some(entry.at), wrong);
        }
        self.parts(entry, &leaf)?;
        let place = Place { line: self.line, at: Some(entry.at) };
        for wrong in self.erasures.take(&leaf, entry.at, place) {
            self.blame(Some(entry.at), wrong);
        }
        self.latest = self.latest.max(Some(leaf.time));
        if entry.at >= self.report.first {
            self.earliest = Some(self.earliest.map_or(leaf.time, |earliest| earliest.min(leaf.time)));
        }
        self.meaning.take(leaf, entry.at, place)?;
        for fault in self.meaning.found() {
            self.report.blame(fault);
        }
        Ok(())
    }

    fn parts(&mut self, entry: &Entry<'_>, leaf: &Leaf) -> io::Result<()> {
        for (kind, opened) in &entry.parts {
            self.report.parts += 1;
            self.meaning.nonce(&opened.nonce, self.line)?;
            let wrong = match leaf.parts.get(kind) {
                None => Wrong::NoSuchPart(*kind),
                Some(commitment) => {
                    let body = opened.body.as_bytes().to_vec();
                    if Part::open(*kind, opened.nonce, body, commitment).is_ok() {
                        continue;
                    }
                    Wrong::Part(*kind)
                }
            };
            self.blame(Some(entry.at), wrong);
        }
        let absent = leaf.parts.keys().filter(|kind| !entry.parts.contains_key(kind)).count();
        self.report.absent_parts += absent as u64;
        if self.opened {
            let opened = entry.parts.keys().copied().collect();
            let place = Place { line: self.line, at: Some(entry.at) };
            self.erasures.parts(leaf, &opened, entry.at, place);
        }
        Ok(())
    }

    fn place(&mut self, at: u64, hash: Hash) {
        self.continued();
        self.report.entries += 1;
        self.report.promises_kept += usize::from(self.promised.remove(&hash).is_some());
        if let Some(wrong) = self.tree.as_mut().and_then(|tree| tree.place(at, hash).err()) {
            self.blame(Some(at), wrong);
        }
    }

    /// Holds the tree against the verifier's own head when it has reached that size.
    fn continued(&mut self) {
        let Some((tree, seen)) = self.tree.as_ref().zip(self.trust.seen.as_ref()) else { return };
        match tree.continues(seen, &self.epochs) {
            Some(true) => self.report.continues = Some(seen.size),
            Some(false) => self.blame(None, Wrong::Forked(seen.size)),
            None => {}
        }
    }

    fn end(&mut self, end: u64) {
        self.ended = true;
        self.continued();
        let wrong = self.tree.as_mut().and_then(|tree| tree.end(end));
        let of = self.tree.as_ref().and_then(|tree| self.epochs.check(tree.checkpoint()).err());
        if let Some(wrong) = wrong.or(of) {
            self.blame(None, wrong);
        }
        match self.trust.seen.as_ref().map(|seen| self.epochs.fate(seen, self.report.first)) {
            Some(Fate::Lost) => self.report.seen_lost = true,
            Some(Fate::Wrong(wrong)) => self.blame(None, wrong),
            Some(Fate::Compared) | None => {}
        }
        if self.report.first == 0 && self.epochs.has_unlogged_key() {
            self.blame(None, Wrong::SuccessionUnlogged);
        }
    }

    fn finish(mut self) -> io::Result<Report> {
        match &self.tree {
            None => self.blame(None, Wrong::NoHeader),
            Some(tree) if !self.ended => {
                let (found, wanted) = (tree.reached(), self.report.size);
                self.blame(None, Wrong::CutShort { found, wanted });
            }
            Some(_) => {}
        }
        for promise in std::mem::take(&mut self.promised).into_values() {
            // The leaf is in none of the places of this range. Where it was due, that is a broken promise.
            let inside = self.report.first == 0 || self.earliest.is_some_and(|first| promise.time > first);
            if inside && self.latest.is_some_and(|latest| latest > promise.due()) {
                self.blame(None, Wrong::PromiseBroken { time: promise.time });
            } else {
                self.report.promises_open += 1;
            }
        }
        let mut report = self.report;
        report.recoveries = self.epochs.into_recoveries();
        for fault in self.meaning.finish()?.into_iter().chain(self.erasures.finish()) {
            report.blame(fault);
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests;
