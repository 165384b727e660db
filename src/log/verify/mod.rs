//! Offline verification of a [bundle](super::bundle): signatures, tree, heads, places, commitments, then what the
//! entries mean together. Needs the public key of the log and nothing of the service. Memory is bounded by what is
//! in force (live mandates, structures, people, cards), not by the length of the log.
mod after;
mod check;
mod clocks;
mod counts;
mod epochs;
mod erasure;
mod facts;
mod fault;
mod lines;
mod mandate;
mod meaning;
mod once;
mod prepare;
mod promises;
mod spill;
mod standing;
mod tree;
mod turns;
mod witnesses;

use std::collections::BTreeSet;
use std::io::{self, BufRead};
use std::num::NonZero;
use std::path::Path;

use self::check::Check;
pub use self::clocks::Backwards;
pub use self::epochs::Recovery;
pub(super) use self::epochs::follow;
pub use self::erasure::{Erased, erased};
pub use self::fault::{Fault, KEPT_DAYS, Place, Wrong};
pub(super) use self::promises::open as open_promise;
pub use self::standing::{BY_THEMSELVES, FOR_ALL, IN_ITS_STRUCTURE, STANDING};
pub use self::tree::open as open_head;
pub(super) use self::witnesses::check as check_witnesses;
use super::checkpoint::Checkpoint;
use super::cosignature::WitnessKey;
use super::merkle::Hash;
use super::note::{NoteKey, SignedNote};
use super::policy::Policy;
use super::promise::SignedPromise;
use super::token::Token;
use crate::domain::ids::StructureId;
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
    /// Parts were asked for, whatever the bundle says: one that is missing must have been erased.
    pub parts: bool,
}

/// What was verified, and what was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub origin: Option<Token>,
    /// Place of the first entry of the range, and size of the head that proves it.
    pub first: u64,
    pub size: u64,
    pub root: Option<Hash>,
    /// The signed head that proves it all, once its signature was found right.
    pub head: Option<SignedNote>,
    /// Entries of the range; of them, those told and not only hashed.
    pub entries: u64,
    pub told: u64,
    /// Entries from before the range, each proven to be in the log.
    pub context: u64,
    pub parts: u64,
    /// Parts that entries commit to and the bundle does not have: erased, or not asked for.
    pub absent_parts: u64,
    /// Each missing part had to be accounted for.
    pub opened: bool,
    pub checkpoints: u64,
    /// The size of the verifier's own head, once the bundle was found to continue it.
    pub continues: Option<u64>,
    pub witnessed: Vec<(Token, Timestamp)>,
    /// Days of structures whose count was compared with the lines of the day.
    pub days: u64,
    pub promises_kept: usize,
    /// Promises about which this bundle decides nothing: not due yet, or from before its range.
    pub promises_open: usize,
    /// Whose entries are told; `None`: everybody's.
    pub perimeter: Option<BTreeSet<StructureId>>,
    /// Epochs that began because signed entries were lost.
    pub recoveries: Vec<Recovery>,
    /// The verifier's own head covers entries that the log itself says were lost.
    pub seen_lost: bool,
    /// Where clocks went back, the first [`TOLD_FAULTS`] times; and how many entries say such a time. No fault by itself.
    pub backwards: Vec<Backwards>,
    pub dated_back: u64,
    /// The first [`TOLD_FAULTS`] things found wrong, and how many there were.
    pub faults: Vec<Fault>,
    pub wrong: u64,
}

/// Faults kept in a report; a forged bundle may have millions.
pub const TOLD_FAULTS: usize = 1000;
/// How often progress is told, in lines.
const TELL_EVERY: u64 = 1 << 16;

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

/// Verifies a bundle on all processors. `scratch`: a folder for sorting what memory does not hold. `progress` is told
/// entries done and entries in all. Errors are those of reading and of the scratch folder only: all that is wrong is
/// in the report.
pub fn verify(
    input: impl BufRead + Send,
    trust: &Trust,
    scratch: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> io::Result<Report> {
    verify_on(std::thread::available_parallelism().map_or(1, NonZero::get), input, trust, scratch, progress)
}

/// The same with so many threads that read lines; the report does not depend on how many.
pub fn verify_on(
    threads: usize,
    input: impl BufRead + Send,
    trust: &Trust,
    scratch: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> io::Result<Report> {
    let mut check = Check::new(trust, scratch);
    let see = |met| {
        let goes_on = check.take(met)?;
        if check.line().is_multiple_of(TELL_EVERY) {
            let report = check.report();
            progress(report.entries, report.size - report.first);
        }
        Ok(goes_on)
    };
    if lines::each(threads, input, see)? { check.finish() } else { Ok(check.report().clone()) }
}

#[cfg(test)]
mod tests;
