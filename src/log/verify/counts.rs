//! The daily counts of each structure, held against the lines that the log shows of those days: what was left out of a
//! day, and a day passed over in silence. One record for each structure, and its lines since the last day counted.
use std::collections::{BTreeMap, HashMap};

use time::{Date, Duration, Month};

use super::facts;
use super::fault::Wrong;
use crate::domain::ids::StructureId;
use crate::domain::time::Timestamp;
use crate::log::entry::{Leaf, Outcome};
use crate::log::kind::Kind;

/// Days begin at a quarter of an hour of UTC, in every time zone.
const QUARTER: i64 = 15 * 60;
/// Nodes' clocks may differ: a day is only compared when the range begins this long before it.
const BEFORE: Duration = Duration::hours(2);

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
    /// The last day that was counted.
    day: Option<Date>,
}

#[derive(Default)]
pub(super) struct Counts {
    structures: HashMap<StructureId, Structure>,
    /// The first instant of the range; nothing when it begins with the log.
    since: Option<Timestamp>,
    from_the_beginning: bool,
    /// Days compared.
    pub(super) compared: u64,
}

impl Counts {
    /// `first`: the place where the range begins.
    pub(super) fn begin(&mut self, first: u64) {
        self.from_the_beginning = first == 0;
    }

    /// Takes in the next entry of the range; what is wrong with it if it is a count.
    pub(super) fn take(&mut self, leaf: &Leaf) -> Vec<Wrong> {
        self.since = self.since.or(Some(leaf.time));
        let Some(id) = leaf.structure else { return Vec::new() };
        let done = leaf.outcome == Outcome::Done;
        let wrong =
            if done && leaf.kind == Kind::ActivityCounted { self.count(id, leaf) } else { Vec::new() };
        let quarters = &mut self.structures.entry(id).or_default().quarters;
        let lines = quarters.entry(leaf.time.unix().div_euclid(QUARTER)).or_default();
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
        let structure = self.structures.entry(id).or_default();
        let mut wrong = Vec::new();
        match structure.day {
            Some(last) if day <= last => wrong.push(Wrong::CountTwice { structure: id, day }),
            Some(last) if last.next_day() != Some(day) => {
                let (from, until) = (last.next_day().unwrap_or(last), day.previous_day().unwrap_or(day));
                wrong.push(Wrong::CountMissing { structure: id, from, until });
            }
            _ => {}
        }
        structure.day = structure.day.max(Some(day));
        let whole = self.from_the_beginning || self.since.is_some_and(|since| since + BEFORE <= from);
        if whole && wrong.is_empty() {
            self.compared += 1;
            let (begins, ends) = (from.unix().div_euclid(QUARTER), until.unix().div_euclid(QUARTER));
            let mut sum = Lines::default();
            for lines in structure.quarters.range(begins..ends.max(begins)).map(|(_, lines)| lines) {
                sum.entries += lines.entries;
                sum.refused += lines.refused;
                sum.uses += lines.uses;
                sum.signed += lines.signed;
            }
            let numbers = [
                ("entries", sum.entries),
                ("refused", sum.refused),
                ("uses", sum.uses),
                ("signed", sum.signed),
            ];
            for (what, found) in numbers {
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
}

fn read_day(text: &str) -> Option<Date> {
    let mut fields = text.splitn(3, '-');
    let year = fields.next()?.parse().ok()?;
    let month = Month::try_from(fields.next()?.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(year, month, fields.next()?.parse().ok()?).ok()
}
