//! When something was in force, and which value it had, as one act finds it.
//!
//! The order of two acts on different things is only known by their instants and places, and nodes' clocks differ. A
//! change is held against an act only when its place and its instant both come before it; it serves an act when either
//! does. Every change is kept, in the order of places: one that comes later excuses and accuses nothing.
use time::Duration;

use crate::domain::time::Timestamp;

/// Entries after which an act is judged: by then everything of its instant has been placed.
pub(super) const WINDOW: u64 = 1024;
/// Nodes' clocks differ by an hour at most: beyond twice that, a clock went back.
pub(super) const SKEW: Duration = Duration::hours(2);
/// Changes in a row whose clocks ran ahead of an act: there are never so many.
const AHEAD: usize = 64;

/// The moment of an act.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    pub(super) at: u64,
    pub(super) time: Timestamp,
    /// The act was done no earlier than this, whatever its own clock says: dating it back does not undo what had ended.
    pub(super) not_before: Timestamp,
}

impl When {
    /// The changes placed before, and those placed after that a clock may have ordered wrongly.
    fn split<'a, T>(&self, all: &'a [T], at: impl Fn(&T) -> u64) -> (&'a [T], &'a [T]) {
        let (before, after) = all.split_at(all.partition_point(|one| at(one) < self.at));
        let near = after.partition_point(|one| at(one) <= self.at.saturating_add(WINDOW));
        (before, after.get(..near).unwrap_or_default())
    }
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    at: u64,
    time: Timestamp,
    on: bool,
    /// The earliest instant of this end and of those just before it, with no beginning between them.
    ended: Timestamp,
}

/// When something was in force.
#[derive(Debug, Default)]
pub(super) struct Turns {
    turns: Vec<Turn>,
    /// The first place of a beginning, and the earliest instant of one.
    began: Option<(u64, Timestamp)>,
}

impl Turns {
    pub(super) fn add(&mut self, on: bool, time: Timestamp, at: u64) {
        if on {
            let (first, earliest) = self.began.unwrap_or((at, time));
            self.began = Some((first.min(at), earliest.min(time)));
        }
        // Nearly always the end: only what is told from before a range may come in another order.
        let place = self.turns.partition_point(|turn| turn.at <= at);
        self.turns.insert(place, Turn { at, time, on, ended: time });
        let before = place.checked_sub(1).and_then(|before| self.turns.get(before));
        let mut ended = before.filter(|turn| !turn.on).map(|turn| turn.ended);
        for turn in self.turns.iter_mut().skip(place) {
            turn.ended = ended.map_or(turn.time, |ended| ended.min(turn.time));
            ended = (!turn.on).then_some(turn.ended);
        }
    }

    pub(super) fn began_by(&self, when: &When) -> bool {
        self.began.is_some_and(|(first, earliest)| first < when.at || earliest <= when.time)
    }

    pub(super) fn in_force(&self, when: &When) -> bool {
        let (before, near) = when.split(&self.turns, |turn| turn.at);
        if near.iter().any(|turn| turn.on && turn.time <= when.time) {
            return true;
        }
        match before.last() {
            None => false,
            Some(turn) if turn.on => true,
            // No end of this row surely came before: what began before it goes on.
            Some(turn) => {
                turn.ended >= when.not_before && self.began.is_some_and(|(first, _)| first < when.at)
            }
        }
    }
}

/// The values something had, one after the other.
#[derive(Debug)]
pub(super) struct History<T>(Vec<(u64, Timestamp, T)>);

impl<T> Default for History<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> History<T> {
    pub(super) fn add(&mut self, value: T, time: Timestamp, at: u64) {
        let place = self.0.partition_point(|(known, ..)| *known <= at);
        self.0.insert(place, (at, time, value));
    }

    /// Whether a value that may have held then allows it; nothing when there was none.
    pub(super) fn allows(&self, when: &When, allows: impl Fn(&T) -> bool) -> Option<bool> {
        let (before, near) = when.split(&self.0, |(at, ..)| *at);
        let mut found = None;
        for (_, time, value) in before.iter().rev().take(AHEAD) {
            found = Some(allows(value));
            if found == Some(true) || *time < when.not_before {
                break;
            }
        }
        if found == Some(true) {
            return found;
        }
        let near = near.iter().filter(|(_, time, _)| *time <= when.time);
        near.fold(found, |found, (.., value)| Some(found == Some(true) || allows(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at_second(second: i64) -> Timestamp {
        Timestamp::from_unix(1_795_344_000 + second).unwrap()
    }

    fn when(at: u64, time: i64) -> When {
        When { at, time: at_second(time), not_before: at_second(time) }
    }

    proptest! {
        /// However the changes come in, they are read in the order of their places, each as the rule says.
        #[test]
        fn turns_are_those_of_the_rule(
            turns in proptest::collection::vec((any::<bool>(), 0_i64..20), 0..12).prop_shuffle(),
            order in Just((0..12_usize).collect::<Vec<_>>()).prop_shuffle(),
            (act, time) in (0_u64..13, 0_i64..20),
        ) {
            let mut told = Turns::default();
            for place in order.into_iter().filter(|place| *place < turns.len()) {
                let (on, time) = turns[place];
                told.add(on, at_second(time), 2 * place as u64 + 1);
            }
            let (at, mut now, mut began) = (2 * act, false, false);
            for (place, (on, turned)) in turns.iter().enumerate() {
                let before = 2 * (place as u64) + 1 < at;
                if *on && (before || *turned <= time) {
                    (now, began) = (true, true);
                } else if !on && before && *turned < time {
                    now = false;
                }
            }
            prop_assert_eq!(told.in_force(&when(at, time)), now);
            prop_assert_eq!(told.began_by(&when(at, time)), began);
        }

        /// The last value surely set before an act, or one that a clock may have set before it.
        #[test]
        fn values_are_those_of_the_rule(
            values in proptest::collection::vec((0_u8..3, 0_i64..20), 0..12),
            order in Just((0..12_usize).collect::<Vec<_>>()).prop_shuffle(),
            (act, time) in (0_u64..13, 0_i64..20),
        ) {
            let mut told = History::default();
            for place in order.into_iter().filter(|place| *place < values.len()) {
                let (value, set) = values[place];
                told.add(value, at_second(set), 2 * place as u64 + 1);
            }
            let (at, mut may_hold) = (2 * act, Vec::new());
            for (place, (value, set)) in values.iter().enumerate() {
                let before = 2 * (place as u64) + 1 < at;
                if before && *set < time {
                    may_hold.clear();
                }
                if before || *set <= time {
                    may_hold.push(*value);
                }
            }
            let wanted = (!may_hold.is_empty()).then(|| may_hold.contains(&0));
            prop_assert_eq!(told.allows(&when(at, time), |value| *value == 0), wanted);
        }
    }
}
