//! What deserves a look: rules over the lines of the log, each with its threshold. A finding accuses nobody; it says
//! where to look and why. Memory is bounded by the aidants at work in the span, not by its lines.
//!
//! What is found is the same for every auditor who sees the structures it is about: nothing is held against lines of
//! other structures.
use time::Duration;

use super::ids::{StructureId, UseId};
use super::time::Timestamp;

mod signed;
mod watch;

pub use signed::{Signature, Unused, told};
pub use watch::Watch;

/// As many services opened by one aidant within [`BURST_WITHIN`] are a burst.
pub const BURST: usize = 10;
pub const BURST_WITHIN: Duration = Duration::minutes(10);
/// The hours of work, local time, Monday to Saturday; as many acts of an aidant outside them are told.
pub const WORK_BEGINS: i8 = 7;
pub const WORK_ENDS: i8 = 20;
pub const OUT_OF_HOURS: usize = 3;
/// An aidant who in one day opened services for this many people, and for as many times the median of the others' in
/// their structure, is told.
pub const MANY_USERS: usize = 15;
pub const TIMES_THE_MEDIAN: usize = 3;
/// As many codes refused to one person at work in one day.
pub const FAILED_CODES: usize = 5;
/// As many mandates signed by one aidant in one month and not used [`UNUSED_AFTER`] later.
pub const UNUSED: usize = 3;
pub const UNUSED_AFTER: Duration = Duration::days(30);
/// Used within this of the signature, and ended within that.
pub const AT_ONCE: Duration = Duration::hours(1);
pub const ENDED_WITHIN: Duration = Duration::days(1);
/// A use that nobody ended is over by itself after this: no session at a desk lasts longer.
pub const FORGOTTEN_AFTER: Duration = Duration::hours(10);
/// Findings are counted up to this on a page: beyond, it says « more than ».
pub const COUNTED: i64 = 99;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Detector {
    Burst,
    OutOfHours,
    ManyUsers,
    FailedCodes,
    Unused,
    UsedAndRevoked,
    SameName,
    MixUp,
}

impl Detector {
    pub const ALL: [Self; 8] = [
        Self::MixUp,
        Self::SameName,
        Self::UsedAndRevoked,
        Self::Burst,
        Self::FailedCodes,
        Self::OutOfHours,
        Self::ManyUsers,
        Self::Unused,
    ];

    /// Stable: part of the key under which a finding is marked as reviewed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::OutOfHours => "out-of-hours",
            Self::ManyUsers => "many-users",
            Self::FailedCodes => "failed-codes",
            Self::Unused => "unused",
            Self::UsedAndRevoked => "used-and-revoked",
            Self::SameName => "same-name",
            Self::MixUp => "mix-up",
        }
    }
}

/// Pseudonym of an aidant or a user, as the log holds it.
pub type Pseudonym = Vec<u8>;

/// One finding: of an aidant in a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub detector: Detector,
    pub structure: StructureId,
    /// The other structure it is about, if there is one.
    pub also: Option<StructureId>,
    pub actor: Pseudonym,
    /// The day it happened on, the month, or the reference of the mandate: with the rest, what tells it from any other.
    pub key: String,
    pub since: Timestamp,
    pub until: Timestamp,
    /// How many acts, people or mandates.
    pub count: usize,
    /// Reference of the mandate, if it is about one.
    pub mandate: Option<String>,
}

/// What a line says to the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Opened { use_id: UseId },
    Ended { use_id: UseId },
    Signed,
    CodeRefused,
}

/// A line of the log.
#[derive(Clone, Debug)]
pub struct Signal {
    pub at: Timestamp,
    pub structure: StructureId,
    pub actor: Pseudonym,
    pub subject: Option<Pseudonym>,
    pub act: Act,
}

/// An aidant at work in a structure.
pub type At = (StructureId, Pseudonym);

fn finding(detector: Detector, (structure, actor): &At, key: String, at: Timestamp) -> Finding {
    let (structure, actor) = (*structure, actor.clone());
    Finding { detector, structure, also: None, actor, key, since: at, until: at, count: 0, mandate: None }
}

#[cfg(test)]
mod tests;
