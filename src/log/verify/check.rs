//! The bundle as a whole: each line in its turn, held against those before it.
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
use super::promises::Promises;
use super::tree::Tree;
use super::{Report, Trust, witnesses};
use crate::log::bundle::{BadLine, Header};
use crate::log::entry::Leaf;
use crate::log::merkle::Hash;
use crate::log::part::PartKind;

/// What has been met so far, entry after entry in the order of the file.
pub(super) struct Check {
    /// With the keys that trusted keys introduced.
    trust: Trust,
    epochs: Epochs,
    erasures: Erasures,
    counts: Counts,
    clocks: Clocks,
    promises: Promises,
    report: Report,
    tree: Option<Tree>,
    meaning: Meaning,
    /// The verifier's own head was compared with the tree, or it was told why it cannot be.
    held: bool,
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
            promises: Promises::default(),
            report: Report::default(),
            tree: None,
            meaning: Meaning::new(scratch),
            held: false,
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
            (Met::Hash { at, hash }, true) => {
                if self.report.perimeter.is_none() {
                    self.blame(Some(at), Wrong::Hidden);
                }
                self.place(at, hash);
            }
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
        self.report.head = Some(header.head.clone());
        self.report.perimeter.clone_from(&header.perimeter);
        self.report.opened = header.parts || self.trust.parts;
        self.counts.begin(header);
        if let Some(wrong) = epochs::tie(&tree, header.first, &self.trust) {
            self.blame(None, wrong);
            self.held = true;
        }
        let (vouched, mut wrong) = witnesses::check(&header.head, &self.trust);
        self.report.witnessed = vouched;
        wrong.append(&mut self.promises.begin(&self.trust, &header.origin));
        for wrong in wrong {
            self.blame(None, wrong);
        }
        self.tree = Some(tree);
        true
    }

    fn entry(&mut self, entry: Told) -> io::Result<()> {
        let (at, hash) = (entry.at, entry.hash);
        let Some(tree) = &mut self.tree else { return Ok(()) };
        if at < self.report.first {
            self.report.context += 1;
            match tree.context(at, entry.proof.as_deref(), &hash) {
                Ok(()) => self.promises.met(&hash),
                Err(wrong) => self.blame(Some(at), wrong),
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
        self.promises.at(leaf.time, at >= self.report.first);
        if at >= self.report.first {
            self.clocks.take(leaf.time, place);
            for wrong in self.counts.take(&leaf) {
                self.blame(Some(at), wrong);
            }
        }
        self.meaning.take(leaf, at, place)?;
        self.meaning.found().into_iter().for_each(|fault| self.report.blame(fault));
        Ok(())
    }

    fn parts(&mut self, at: u64, parts: Vec<Shown>, leaf: &Leaf) -> io::Result<()> {
        let is_shown = |kind: &PartKind| parts.iter().any(|part| part.kind == *kind);
        self.report.absent_parts += leaf.parts.keys().filter(|kind| !is_shown(kind)).count() as u64;
        if !parts.is_empty() && !self.report.opened {
            // Whoever wrote the header asked for none: from here on none may be missing without a word.
            self.report.opened = true;
            self.blame(Some(at), Wrong::PartShown);
        }
        if self.report.opened {
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
        self.promises.met(&hash);
        if let Some(wrong) = self.tree.as_mut().and_then(|tree| tree.place(at, hash).err()) {
            self.blame(Some(at), wrong);
        }
    }

    /// Holds the tree against the verifier's own head when it has reached that size.
    fn continued(&mut self) {
        let Some((tree, seen)) = self.tree.as_ref().zip(self.trust.seen.as_ref()) else { return };
        let (size, continues) = (seen.size, tree.continues(seen, &self.epochs));
        self.held |= continues.is_some();
        match continues {
            Some(true) => self.report.continues = Some(size),
            Some(false) => self.blame(None, Wrong::Forked(size)),
            None => {}
        }
    }

    fn end(&mut self, end: u64) {
        self.ended = true;
        self.continued();
        let wrong = self.tree.as_mut().and_then(|tree| tree.end(end));
        let of = self.tree.as_ref().and_then(|tree| self.epochs.check(tree.checkpoint()).err());
        let is_whole = wrong.is_none() && of.is_none() && self.tree.as_ref().is_some_and(Tree::is_whole);
        if let Some(wrong) = wrong.or(of) {
            self.blame(None, wrong);
        }
        let seen = self.trust.seen.as_ref().filter(|_| !self.held);
        match seen.map(|seen| (self.epochs.fate(seen, self.report.first), seen.size)) {
            Some((Fate::Lost, _)) => self.report.seen_lost = true,
            Some((Fate::Wrong(wrong), _)) => self.blame(None, wrong),
            // Everything is there, and nowhere a tree of that epoch and size.
            Some((Fate::Compared, size)) if is_whole => self.blame(None, Wrong::Forked(size)),
            Some((Fate::Compared, _)) | None => {}
        }
        if self.epochs.has_unlogged_key() {
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
        let promises = std::mem::take(&mut self.promises);
        self.report.promises_kept = promises.kept();
        let (open, broken) = promises.finish(self.report.first);
        self.report.promises_open = open;
        for wrong in broken {
            self.blame(None, wrong);
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
        let erasures = erasures?;
        erasures.first.into_iter().for_each(|fault| report.blame(fault));
        report.wrong += erasures.more;
        Ok(report)
    }
}
