//! Clocks that went back. Whoever dates an entry back has it placed after entries of a later time: so has a node whose clock
//! ran ahead and was set right. Nothing in the log tells the two apart, so it is told, with its places, and convicts nobody.
use std::fmt;

use super::TOLD_FAULTS;
use super::fault::Place;
use super::turns::SKEW;
use crate::domain::time::Timestamp;

/// A row of entries that say a much earlier time than one placed before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backwards {
    /// The first of them, and the time it says.
    pub place: Place,
    pub time: Timestamp,
    /// How many there are, and the place of the last.
    pub entries: u64,
    pub last: u64,
    /// The entry before them, and the later time it says.
    pub after: u64,
    pub later: Timestamp,
}

impl fmt::Display for Backwards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, time, entries, last, after, later } = self;
        write!(
            f,
            "{place}: its time {time} is more than {} hours before that of entry {after}, {later}, placed before it \
            (entries of which this is so, up to entry {last}: {entries}): a clock ran ahead and was set back, or entries were dated back",
            SKEW.whole_hours()
        )
    }
}

#[derive(Debug, Default)]
pub(super) struct Clocks {
    /// The latest time so far, with its place.
    latest: Option<(Timestamp, u64)>,
    /// The last row may still grow.
    rows: Vec<Backwards>,
    entries: u64,
}

impl Clocks {
    /// Takes in the next entry of the range.
    pub(super) fn take(&mut self, time: Timestamp, place: Place) {
        let at = place.at.unwrap_or_default();
        let Some((later, after)) = self.latest.filter(|(latest, _)| time < *latest) else {
            self.latest = Some((time, at));
            return;
        };
        if later.since(time) <= SKEW {
            return;
        }
        self.entries += 1;
        let full = self.rows.len() >= TOLD_FAULTS;
        match self.rows.last_mut() {
            Some(row) if row.after == after => (row.entries, row.last) = (row.entries + 1, at),
            _ if full => {}
            _ => self.rows.push(Backwards { place, time, entries: 1, last: at, after, later }),
        }
    }

    /// The first [`TOLD_FAULTS`] rows, and how many entries there are in all.
    pub(super) fn told(self) -> (Vec<Backwards>, u64) {
        (self.rows, self.entries)
    }
}
