//! The daily counts of each structure, held against the lines that the log shows of those days: what was left out of a
//! day, and a day passed over in silence. One record for each structure, and its lines since the last day counted.
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;

use time::{Date, Duration, Month};

use super::facts;
use super::fault::Wrong;
use crate::domain::ids::StructureId;
use crate::domain::time::Timestamp;
use crate::log::bundle::Header;
use crate::log::entry::{Leaf, Outcome};
use crate::log::kind::Kind;

/// Days begin at a quarter of an hour of UTC, in every time zone.
const QUARTER: i64 = 15 * 60;
/// Nodes' clocks may differ: a day is only compared when the range begins this long before it.
const BEFORE: Duration = Duration::hours(2);
/// Once a day was counted for one structure, this long before it no structure's day is still to be counted: time zones
/// lie up to 26 hours apart.
const LATE: Duration = Duration::days(2);
/// Where counting begins in a log that is older, every structure is caught up with within this time.
const CATCHING_UP: Duration = Duration::days(1);

/// A local day, whatever the clocks do on it; and how far from the same day of UTC it may begin.
const DAY: RangeInclusive<Duration> = Duration::hours(22)..=Duration::hours(26);
const AWAY: Duration = Duration::hours(15);

/// Lines of a quarter of an hour.
#[derive(Clone, Copy, Default)]
struct Lines {
    entries: i64,
    refused: i64,
    uses: i64,
    signed: i64,
}

#[derive(Default)]
struct Structure {
    quarters: BTreeMap<i64, Lines>,
    /// The last day that was counted; before the first one, the day of its first line.
    day: Option<Date>,
    is_counted: bool,
    /// Where that day ended.
    until: Option<Timestamp>,
    /// Nobody counts what is closed.
    closed: Option<Date>,
}

impl Structure {
    /// What the log shows of a day, under the names the counts have.
    fn shown(&self, (from, until): (Timestamp, Timestamp)) -> [(&'static str, i64); 4] {
        let (begins, ends) = (from.unix().div_euclid(QUARTER), until.unix().div_euclid(QUARTER));
        let mut sum = Lines::default();
        for lines in self.quarters.range(begins..ends.max(begins)).map(|(_, lines)| lines) {
            sum.entries += lines.entries;
            sum.refused += lines.refused;
            sum.uses += lines.uses;
            sum.signed += lines.signed;
        }
        [("entries", sum.entries), ("refused", sum.refused), ("uses", sum.uses), ("signed", sum.signed)]
    }
}

/// What the counts of all structures say together.
struct Counting {
    /// When the first and the latest were written.
    began: Timestamp,
    latest: Timestamp,
    /// The last day that was counted of any structure.
    day: Date,
}

#[derive(Default)]
pub(super) struct Counts {
    structures: HashMap<StructureId, Structure>,
    /// The first instant of the range; nothing when it begins with the log.
    since: Option<Timestamp>,
    from_the_beginning: bool,
    /// Whose lines the range tells; nothing: everybody's.
    perimeter: Option<BTreeSet<StructureId>>,
    counting: Option<Counting>,
    /// Days compared.
    pub(super) compared: u64,
}

impl Counts {
    pub(super) fn begin(&mut self, header: &Header) {
        self.from_the_beginning = header.first == 0;
        self.perimeter.clone_from(&header.perimeter);
    }

    /// Takes in the next entry of the range; what is wrong with it if it is a count.
    pub(super) fn take(&mut self, leaf: &Leaf) -> Vec<Wrong> {
        self.since = self.since.or(Some(leaf.time));
        let Some(id) = leaf.structure else { return Vec::new() };
        let done = leaf.outcome == Outcome::Done;
        let wrong =
            if done && leaf.kind == Kind::ActivityCounted { self.count(id, leaf) } else { Vec::new() };
        let structure = self.structures.entry(id).or_default();
        let today = leaf.time.date_time().date();
        structure.day = structure.day.or(Some(today));
        if done && leaf.kind == Kind::StructureClosed {
            structure.closed = Some(today);
        }
        let lines = structure.quarters.entry(leaf.time.unix().div_euclid(QUARTER)).or_default();
        lines.entries += 1;
        lines.refused += i64::from(!done);
        lines.uses += i64::from(done && leaf.kind == Kind::UseOpened);
        lines.signed += i64::from(done && leaf.kind == Kind::MandateSigned);
        wrong
    }

    fn count(&mut self, id: StructureId, leaf: &Leaf) -> Vec<Wrong> {
        let span = facts::instant(leaf, "from").zip(facts::instant(leaf, "until"));
        let day = facts::token(leaf, "day").and_then(|day| read_day(day.as_str()));
        let (Some((from, until)), Some(day)) = (span, day) else {
            return vec![Wrong::Incomplete { kind: leaf.kind, missing: "day, its beginning and its end" }];
        };
        let counting = self.counting.get_or_insert(Counting { began: leaf.time, latest: leaf.time, day });
        (counting.latest, counting.day) = (counting.latest.max(leaf.time), counting.day.max(day));
        let structure = self.structures.entry(id).or_default();
        let mut wrong = Vec::new();
        match structure.day.filter(|_| structure.is_counted) {
            Some(last) if day <= last => wrong.push(Wrong::CountTwice { structure: id, day }),
            Some(last) if last.next_day() != Some(day) => {
                let (from, until) = (last.next_day().unwrap_or(last), day.previous_day().unwrap_or(day));
                wrong.push(Wrong::CountMissing { structure: id, from, until });
            }
            last => {
                let before = structure.until.filter(|_| last.is_some());
                let why = not_that_day(day, (from, until), before);
                wrong.extend(why.map(|why| Wrong::CountSpan { structure: id, day, why }));
            }
        }
        structure.day = structure.day.filter(|_| structure.is_counted).max(Some(day));
        (structure.is_counted, structure.until) = (true, Some(until));
        let whole = self.from_the_beginning || self.since.is_some_and(|since| since + BEFORE <= from);
        if whole && wrong.is_empty() {
            self.compared += 1;
            for (what, found) in structure.shown((from, until)) {
                match facts::integer(leaf, what) {
                    Some(counted) if counted == found => {}
                    Some(counted) => wrong.push(Wrong::Count { structure: id, day, what, counted, found }),
                    None => wrong.push(Wrong::Incomplete { kind: leaf.kind, missing: what }),
                }
            }
        }
        structure.quarters = structure.quarters.split_off(&until.unix().div_euclid(QUARTER));
        wrong
    }

    /// The days that had to be counted by now and were not: of a structure that never was, or no longer.
    pub(super) fn finish(&self) -> Vec<Wrong> {
        let caught_up = |counting: &&Counting| counting.latest.since(counting.began) >= CATCHING_UP;
        let Some(counting) = self.counting.as_ref().filter(caught_up) else { return Vec::new() };
        let told = |id: &StructureId| self.perimeter.as_ref().is_none_or(|perimeter| perimeter.contains(id));
        let mut missing: Vec<_> = self
            .structures
            .iter()
            .filter(|(id, _)| told(id))
            .filter_map(|(id, structure)| {
                // In some time zone, the first line was of the next day.
                let from = structure.day?.next_day()?;
                let last = structure.closed.map_or(counting.day, |closed| closed.min(counting.day));
                let until = last.checked_sub(LATE)?;
                (from <= until).then_some((*id, from, until))
            })
            .collect();
        missing.sort_unstable();
        let wrong = |(structure, from, until)| Wrong::CountMissing { structure, from, until };
        missing.into_iter().map(wrong).collect()
    }
}

/// Why an interval is not that local day, which follows a day that ended `before`: counted so, lines would lie in no day.
fn not_that_day(
    day: Date,
    (from, until): (Timestamp, Timestamp),
    before: Option<Timestamp>,
) -> Option<&'static str> {
    let midnight = Timestamp::new(day.midnight().assume_utc());
    if !DAY.contains(&until.since(from)) {
        Some("it does not last a day")
    } else if from.since(midnight).abs() > AWAY {
        Some("it begins on another day")
    } else if before.is_some_and(|before| before != from) {
        Some("it does not begin where the day before ended")
    } else {
        None
    }
}

fn read_day(text: &str) -> Option<Date> {
    let mut fields = text.splitn(3, '-');
    let year = fields.next()?.parse().ok()?;
    let month = Month::try_from(fields.next()?.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(year, month, fields.next()?.parse().ok()?).ok()
}
