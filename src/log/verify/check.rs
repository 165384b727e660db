//! The bundle as a whole: each line in its turn, held against those before it.
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::thread;

use super::clocks::Clocks;
use super::counts::Counts;
use super::epochs::{self, Epochs, Fate};
use super::erasure::Erasures;
use super::fault::{Fault, Place, Wrong};
use super::meaning::Meaning;
use super::prepare::{Met, Shown, Told};
use super::tree::{self, Tree};
use super::{Report, Trust, witnesses};
use crate::domain::time::Timestamp;
use crate::log::bundle::{BadLine, Header};
use crate::log::entry::Leaf;
use crate::log::epoch;
use crate::log::merkle::Hash;
use crate::log::note::NoteKey;
use crate::log::part::PartKind;
use crate::log::promise::Promise;
use crate::log::token::Token;

/// What has been met so far, entry after entry in the order of the file.
pub(super) struct Check {
    /// With the keys that trusted keys introduced.
    trust: Trust,
    epochs: Epochs,
    erasures: Erasures,
    counts: Counts,
    clocks: Clocks,
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
    pub(super) fn new(trust: &Trust, scratch: &Path) -> Self {
        Self {
            trust: trust.clone(),
            epochs: Epochs::default(),
            erasures: Erasures::new(scratch),
            counts: Counts::default(),
            clocks: Clocks::default(),
            opened: false,
            report: Report::default(),
            tree: None,
            meaning: Meaning::new(scratch),
            promised: HashMap::new(),
            latest: None,
            earliest: None,
            line: 0,
            ended: false,
        }
    }

    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn report(&self) -> &Report {
        &self.report
    }

    fn blame(&mut self, at: Option<u64>, what: Wrong) {
        self.report.blame(Fault { place: Place { line: self.line, at }, what });
    }

    /// False when nothing that follows could be trusted.
    pub(super) fn take(&mut self, met: Result<Met, BadLine>) -> io::Result<bool> {
        self.line += 1;
        let met = match met {
            Ok(met) => met,
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
        match (met, self.tree.is_some()) {
            (Met::Header(header), false) => return Ok(self.begin(&header)),
            (_, false) => {
                self.blame(None, Wrong::NoHeader);
                return Ok(false);
            }
            (Met::Header(_), true) => {
                self.blame(None, Wrong::SecondHeader);
                return Ok(false);
            }
            (Met::Entry(entry), true) => self.entry(*entry)?,
            (Met::Hash { at, hash }, true) => self.place(at, hash),
            (Met::Checkpoint(note), true) => {
                self.report.checkpoints += 1;
                let (trust, epochs) = (&self.trust, &self.epochs);
                let wrong = self.tree.as_mut().and_then(|tree| tree.head(&note, trust, epochs).err());
                if let Some(wrong) = wrong {
                    self.blame(None, wrong);
                }
            }
            (Met::End(end), true) => self.end(end),
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
        self.counts.begin(header);
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

    fn entry(&mut self, entry: Told) -> io::Result<()> {
        let (at, hash) = (entry.at, entry.hash);
        let Some(tree) = &mut self.tree else { return Ok(()) };
        if at < self.report.first {
            self.report.context += 1;
            if let Err(wrong) = tree.context(at, entry.proof.as_deref(), &hash) {
                self.blame(Some(at), wrong);
            }
        } else {
            self.place(at, hash);
            self.report.told += 1;
        }
        let leaf = match entry.leaf {
            Ok(leaf) => leaf,
            Err(error) => {
                self.blame(Some(at), Wrong::Leaf(error));
                return Ok(());
            }
        };
        if self.report.origin.as_ref() != Some(&leaf.origin) {
            self.blame(Some(at), Wrong::Foreign(leaf.origin.clone()));
        }
        if let Some(wrong) = self.epochs.take(&leaf, at) {
            self.blame(Some(at), wrong);
        }
        self.parts(at, entry.parts, &leaf)?;
        let place = Place { line: self.line, at: Some(at) };
        if let Some(wrong) = self.erasures.take(&leaf, place)? {
            self.blame(Some(at), wrong);
        }
        self.latest = self.latest.max(Some(leaf.time));
        if at >= self.report.first {
            self.clocks.take(leaf.time, place);
            for wrong in self.counts.take(&leaf) {
                self.blame(Some(at), wrong);
            }
            self.earliest = Some(self.earliest.map_or(leaf.time, |earliest| earliest.min(leaf.time)));
        }
        self.meaning.take(leaf, at, place)?;
        self.meaning.found().into_iter().for_each(|fault| self.report.blame(fault));
        Ok(())
    }

    fn parts(&mut self, at: u64, parts: Vec<Shown>, leaf: &Leaf) -> io::Result<()> {
        let is_shown = |kind: &PartKind| parts.iter().any(|part| part.kind == *kind);
        self.report.absent_parts += leaf.parts.keys().filter(|kind| !is_shown(kind)).count() as u64;
        if self.opened {
            let place = Place { line: self.line, at: Some(at) };
            self.erasures.parts(leaf, is_shown, place)?;
        }
        for part in parts {
            self.report.parts += 1;
            self.meaning.nonce(&part.nonce, self.line)?;
            if let Some(wrong) = part.wrong {
                self.blame(Some(at), wrong);
            }
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

    pub(super) fn finish(mut self) -> io::Result<Report> {
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
        // Where the file is cut short, counts are missing with the rest.
        if self.ended {
            let blame = |what| self.report.blame(Fault { place: Place::default(), what });
            self.counts.finish().into_iter().for_each(blame);
        }
        let mut report = self.report;
        report.days = self.counts.compared;
        (report.backwards, report.dated_back) = self.clocks.told();
        report.recoveries = self.epochs.into_recoveries();
        // Both read back what they sorted on disk, each its own.
        let (meaning, erasures) = (self.meaning, self.erasures);
        let (meaning, erasures) = thread::scope(|scope| {
            let erasures = scope.spawn(|| erasures.finish());
            (meaning.finish(&mut |fault| report.blame(fault)), erasures.join())
        });
        let erasures = erasures.map_err(|_| io::Error::other("a thread of the verification stopped"))?;
        meaning?;
        erasures?.into_iter().for_each(|fault| report.blame(fault));
        Ok(report)
    }
}
