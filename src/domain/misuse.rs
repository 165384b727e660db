//! What deserves a look: rules over the lines of the log, each with its threshold. A finding accuses nobody; it says
//! where to look and why. Memory is bounded by the aidants at work in the span, not by its lines.
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use time::Duration;

use super::ids::{StructureId, UseId};
use super::mandate::local_day;
use super::time::Timestamp;

/// As many services opened by one aidant within [`BURST_WITHIN`] are a burst.
pub const BURST: usize = 10;
pub const BURST_WITHIN: Duration = Duration::minutes(10);
/// The hours of work, local time, Monday to Saturday; as many acts of an aidant outside them are told.
pub const WORK_BEGINS: i8 = 7;
pub const WORK_ENDS: i8 = 20;
pub const OUT_OF_HOURS: usize = 3;
/// An aidant who in one day opened services for this many people, and for as many times the median of the others', is
/// told.
pub const MANY_USERS: usize = 15;
pub const TIMES_THE_MEDIAN: usize = 3;
/// As many codes refused at a signature in one day.
pub const FAILED_CODES: usize = 5;
/// As many mandates signed by one aidant in one month and not used [`UNUSED_AFTER`] later.
pub const UNUSED: usize = 3;
pub const UNUSED_AFTER: Duration = Duration::days(30);
/// Used within this of the signature, and revoked within that.
pub const AT_ONCE: Duration = Duration::hours(1);
pub const REVOKED_WITHIN: Duration = Duration::days(1);
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
    pub actor: Pseudonym,
    /// The day it happened on, or the reference of the mandate: with the rest, what tells it from any other.
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

type At = (StructureId, Pseudonym);
/// The people for whom each aidant opened services in one day, the first time and the last.
type Served = BTreeMap<At, (BTreeSet<Pseudonym>, Timestamp, Timestamp)>;

/// Reads lines in order, tells what it found at the end.
pub struct Watch {
    zones: HashMap<StructureId, TimeZone>,
    recent: HashMap<At, VecDeque<Timestamp>>,
    bursts: BTreeMap<(At, String), Finding>,
    late: BTreeMap<(At, String), Finding>,
    codes: BTreeMap<(At, String), Finding>,
    users: BTreeMap<String, Served>,
    /// Uses going on of each aidant: of whom.
    open: HashMap<At, BTreeMap<UseId, Pseudonym>>,
    owners: HashMap<UseId, At>,
    mixed: Vec<Finding>,
}

impl Watch {
    /// `zones`: where each structure's day begins; an unknown structure works in UTC.
    pub fn new(zones: HashMap<StructureId, TimeZone>) -> Self {
        Self {
            zones,
            recent: HashMap::new(),
            bursts: BTreeMap::new(),
            late: BTreeMap::new(),
            codes: BTreeMap::new(),
            users: BTreeMap::new(),
            open: HashMap::new(),
            owners: HashMap::new(),
            mixed: Vec::new(),
        }
    }

    pub fn see(&mut self, signal: &Signal) {
        let who = (signal.structure, signal.actor.clone());
        let zone = self.zones.get(&signal.structure).cloned().unwrap_or(TimeZone::UTC);
        let day = local_day(signal.at, &zone).map(|day| day.to_string()).unwrap_or_default();
        match signal.act {
            Act::Opened { use_id } => {
                self.opened(&who, signal, use_id, &day);
                self.hour(&who, signal.at, &zone, day);
            }
            // Whoever ended it: the aidant, the service, or what ended the mandate.
            Act::Ended { use_id } => {
                if let Some(open) = self.owners.remove(&use_id).and_then(|owner| self.open.get_mut(&owner)) {
                    open.remove(&use_id);
                }
            }
            Act::Signed => self.hour(&who, signal.at, &zone, day),
            Act::CodeRefused => add(&mut self.codes, Detector::FailedCodes, &who, day, signal.at),
        }
    }

    fn opened(&mut self, who: &At, signal: &Signal, use_id: UseId, day: &str) {
        let recent = self.recent.entry(who.clone()).or_default();
        recent.push_back(signal.at);
        while recent.front().is_some_and(|first| signal.at.since(*first) > BURST_WITHIN) {
            recent.pop_front();
        }
        if recent.len() >= BURST {
            let since = recent.front().copied().unwrap_or(signal.at);
            let count = recent.len();
            let key = (who.clone(), day.to_owned());
            let burst = finding(Detector::Burst, who, day.to_owned(), since);
            let burst = self.bursts.entry(key).or_insert(burst);
            burst.until = signal.at;
            burst.count = burst.count.max(count);
        }
        let Some(subject) = &signal.subject else { return };
        let served = self.users.entry(day.to_owned()).or_default();
        let users = served.entry(who.clone()).or_insert_with(|| (BTreeSet::new(), signal.at, signal.at));
        users.0.insert(subject.clone());
        users.2 = signal.at;
        let open = self.open.entry(who.clone()).or_default();
        if open.values().any(|other| other != subject) {
            let mut mixed = finding(Detector::MixUp, who, use_id.to_string(), signal.at);
            mixed.count = open.values().chain([subject]).collect::<BTreeSet<_>>().len();
            self.mixed.push(mixed);
        }
        open.insert(use_id, subject.clone());
        self.owners.insert(use_id, who.clone());
    }

    fn hour(&mut self, who: &At, at: Timestamp, zone: &TimeZone, day: String) {
        let Ok(instant) = jiff::Timestamp::from_microsecond(at.unix_micros()) else { return };
        let local = zone.to_datetime(instant);
        let at_work =
            (WORK_BEGINS..WORK_ENDS).contains(&local.hour()) && local.date().weekday() != Weekday::Sunday;
        if !at_work {
            add(&mut self.late, Detector::OutOfHours, who, day, at);
        }
    }

    /// Everything found, in the order of the detectors.
    pub fn findings(self) -> Vec<Finding> {
        let many: Vec<_> = self.users.iter().flat_map(|(day, served)| many_users(day, served)).collect();
        let enough = |found: BTreeMap<(At, String), Finding>, least: usize| {
            found.into_values().filter(move |finding| finding.count >= least)
        };
        self.mixed
            .into_iter()
            .chain(self.bursts.into_values())
            .chain(enough(self.codes, FAILED_CODES))
            .chain(enough(self.late, OUT_OF_HOURS))
            .chain(many)
            .collect()
    }
}

fn finding(detector: Detector, (structure, actor): &At, key: String, at: Timestamp) -> Finding {
    let (structure, actor) = (*structure, actor.clone());
    Finding { detector, structure, actor, key, since: at, until: at, count: 0, mandate: None }
}

fn add(
    found: &mut BTreeMap<(At, String), Finding>,
    detector: Detector,
    who: &At,
    day: String,
    at: Timestamp,
) {
    let one = found.entry((who.clone(), day.clone())).or_insert_with(|| finding(detector, who, day, at));
    one.count += 1;
    one.until = at;
}

fn many_users(day: &str, users: &Served) -> Vec<Finding> {
    let mut found = Vec::new();
    for (who, (people, since, until)) in users.iter().filter(|(_, (people, _, _))| people.len() >= MANY_USERS)
    {
        let mut others: Vec<usize> =
            users.iter().filter(|(other, _)| *other != who).map(|(_, (people, _, _))| people.len()).collect();
        others.sort_unstable();
        let median = others.get(others.len() / 2).copied().unwrap_or(0);
        if people.len() >= TIMES_THE_MEDIAN * median {
            let mut one = finding(Detector::ManyUsers, who, day.to_owned(), *since);
            (one.until, one.count) = (*until, people.len());
            found.push(one);
        }
    }
    found
}

/// A signature and what became of the mandate.
#[derive(Clone, Debug)]
pub struct Signature {
    pub at: Timestamp,
    pub structure: StructureId,
    pub actor: Pseudonym,
    pub reference: String,
    pub used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// Whether aidant and user bear one family name.
    pub same_name: bool,
}

/// Reads signatures in order.
#[derive(Default)]
pub struct Signatures {
    unused: BTreeMap<(At, String), Finding>,
    found: Vec<Finding>,
}

impl Signatures {
    /// `old`: whether the mandate has had its time to be used.
    pub fn see(&mut self, one: &Signature, old: bool) {
        let who = (one.structure, one.actor.clone());
        let mut tell = |detector| {
            let mut told = finding(detector, &who, one.reference.clone(), one.at);
            (told.count, told.mandate) = (1, Some(one.reference.clone()));
            if let Some(until) = one.revoked_at {
                told.until = told.until.max(until);
            }
            self.found.push(told);
        };
        if one.same_name {
            tell(Detector::SameName);
        }
        if let (Some(used), Some(revoked)) = (one.used_at, one.revoked_at)
            && used.since(one.at) <= AT_ONCE
            && revoked.since(one.at) <= REVOKED_WITHIN
        {
            tell(Detector::UsedAndRevoked);
        }
        if one.used_at.is_none() && old {
            let month: String = one.at.to_string().chars().take(7).collect();
            let told = self
                .unused
                .entry((who.clone(), month.clone()))
                .or_insert_with(|| finding(Detector::Unused, &who, month, one.at));
            told.count += 1;
            told.until = one.at;
        }
    }

    pub fn findings(self) -> Vec<Finding> {
        let unused = self.unused.into_values().filter(|told| told.count >= UNUSED);
        self.found.into_iter().chain(unused).collect()
    }
}

#[cfg(test)]
#[path = "misuse_tests.rs"]
mod tests;
