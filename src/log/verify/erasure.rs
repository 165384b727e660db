//! Every part that is missing must have been erased by an entry that says why; what was erased must not be shown; a hold
//! must have been lifted before. What entries say of people's parts is sorted on disk by person: memory holds what
//! concerns one of them at a time.
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::facts;
use super::fault::{Fault, Place, Wrong};
use super::spill::{Spill, words};
use crate::domain::time::Timestamp;
use crate::log::entry::{Leaf, Outcome};
use crate::log::kind::Kind;
use crate::log::part::PartKind;
use crate::log::pseudonym::Pseudonym;
use crate::log::token::Token;

/// What an entry says of a person, in the order in which it is looked at. What follows in a record: whether the hold was
/// placed; the kind of part; a bit for each kind; twice the kind, and one if who acted was nobody else.
const HOLD: u64 = 0;
const SHOWN: u64 = 1;
const ERASED: u64 = 2;
const MISSING: u64 = 3;
/// More than any of those.
const BASE: u64 = 1 << 8;

pub(super) struct Erasures {
    /// Person, what is said, place, instant in microseconds, line.
    said: Spill<8>,
    /// What is missing of entries about no user.
    nobody: Person,
    /// Addresses and browsers of entries before this instant are gone.
    technical_before: Option<i64>,
}

impl Erasures {
    pub(super) fn new(scratch: &Path) -> Self {
        Self { said: Spill::new(scratch), nobody: Person::default(), technical_before: None }
    }

    fn say(&mut self, user: &Pseudonym, what: u64, time: Timestamp, place: Place) -> io::Result<()> {
        let [a, b, c, d] = words(user.bytes());
        let at = place.at.unwrap_or_default();
        self.said.push([a, b, c, d, what, at, time.unix_micros().cast_unsigned(), place.line])
    }

    /// Takes in which of its parts an entry still has.
    pub(super) fn parts(
        &mut self,
        leaf: &Leaf,
        is_shown: impl Fn(&PartKind) -> bool,
        place: Place,
    ) -> io::Result<()> {
        let alone = leaf.actor.as_ref().is_none_or(|actor| actor.pseudonym.is_none());
        for kind in leaf.parts.keys() {
            let missing = MISSING * BASE + number(*kind) * 2 + u64::from(alone);
            match (&leaf.user, is_shown(kind)) {
                (Some(user), true) => self.say(user, SHOWN * BASE + number(*kind), leaf.time, place)?,
                (Some(user), false) => self.say(user, missing, leaf.time, place)?,
                (None, true) => {}
                (None, false) => self.nobody.hear(missing, leaf.time.unix_micros(), place),
            }
        }
        Ok(())
    }

    /// Takes in an entry that erases something, or places or lifts a hold; what is wrong with it by itself.
    pub(super) fn take(&mut self, leaf: &Leaf, place: Place) -> io::Result<Option<Wrong>> {
        if leaf.outcome != Outcome::Done {
            return Ok(None);
        }
        match (leaf.kind, &leaf.user) {
            (Kind::HoldPlaced | Kind::HoldLifted, Some(user)) => {
                let placed = u64::from(leaf.kind == Kind::HoldPlaced);
                self.say(user, HOLD * BASE + placed, leaf.time, place)?;
                Ok(None)
            }
            (Kind::DataErased, user) => self.erased(leaf, user.as_ref(), place),
            _ => Ok(None),
        }
    }

    fn erased(&mut self, leaf: &Leaf, user: Option<&Pseudonym>, place: Place) -> io::Result<Option<Wrong>> {
        let kind = leaf.kind;
        let parts = facts::tokens(leaf, "parts").unwrap_or_default();
        if facts::token(leaf, "reason").is_none() || parts.is_empty() {
            return Ok(Some(Wrong::Incomplete { kind, missing: "reason and parts" }));
        }
        if let Some(user) = user {
            let kinds = parts.iter().filter_map(|part| part.as_str().parse::<PartKind>().ok());
            let bits = kinds.fold(0, |bits, kind| bits | 1 << number(kind));
            self.say(user, ERASED * BASE + bits, leaf.time, place)?;
            return Ok(None);
        }
        let only_technical = parts.iter().map(Token::as_str).all(|part| part == PartKind::Technical.token());
        // Nobody erases what is to come.
        Ok(match facts::instant(leaf, "before") {
            Some(before) if only_technical && before <= leaf.time => {
                self.technical_before = self.technical_before.max(Some(before.unix_micros()));
                None
            }
            _ => Some(Wrong::Incomplete { kind, missing: "user" }),
        })
    }

    /// Everything has been met: what is missing without an entry that erased it, and what was erased wrongly.
    pub(super) fn finish(self) -> io::Result<Vec<Fault>> {
        let (mut found, mut whose, mut person) = (Vec::new(), None, self.nobody);
        let before = self.technical_before;
        self.said.sorted(|[a, b, c, d, what, at, time, line]| {
            if whose.replace([a, b, c, d]) != Some([a, b, c, d]) {
                found.append(&mut std::mem::take(&mut person).settle(before));
            }
            person.hear(what, time.cast_signed(), Place { line, at: Some(at) });
        })?;
        found.append(&mut person.settle(before));
        found.sort_by_key(|fault| fault.place);
        Ok(found)
    }
}

/// By which a kind of part goes in a record.
fn number(kind: PartKind) -> u64 {
    PartKind::ALL.iter().position(|known| *known == kind).map_or(0, |number| number as u64)
}

/// What is said of one person's parts, heard in the order of records.
#[derive(Default)]
struct Person {
    /// Whether placed, and when.
    holds: Vec<(bool, i64)>,
    /// The first place where a kind of part is shown.
    shown: BTreeMap<u64, u64>,
    /// The last place where something was erased.
    erased: Option<u64>,
    /// By kind, and whether who acted was nobody else.
    gaps: BTreeMap<u64, Gap>,
    found: Vec<Fault>,
}

/// What is missing in one kind of part: the last place of it, and the last instant.
#[derive(Clone, Copy)]
struct Gap {
    place: Place,
    time: i64,
}

impl Person {
    fn hear(&mut self, what: u64, time: i64, place: Place) {
        let detail = what % BASE;
        match what / BASE {
            HOLD => self.holds.push((detail == 1, time)),
            SHOWN => _ = self.shown.entry(detail).or_insert(place.at.unwrap_or_default()),
            ERASED => self.erased(detail, time, place),
            _ => {
                let gap = self.gaps.entry(detail).or_insert(Gap { place, time });
                if place.at >= gap.place.at {
                    gap.place = place;
                }
                gap.time = gap.time.max(time);
            }
        }
    }

    fn erased(&mut self, kinds: u64, time: i64, place: Place) {
        for kind in PartKind::ALL {
            let shown = self.shown.get(&number(kind)).is_some_and(|shown| Some(*shown) < place.at);
            // Of what the aidant left of themselves, nothing is erased with the user.
            if shown && kinds & (1 << number(kind)) != 0 && kind != PartKind::Technical {
                self.found.push(Fault { place, what: Wrong::ErasedAndShown(kind) });
            }
        }
        if self.was_held(time) {
            self.found.push(Fault { place, what: Wrong::ErasedUnderHold });
        }
        self.erased = self.erased.max(place.at);
    }

    /// Whether a hold stood at an instant. Acts of the same instant, or of nodes whose clocks differ, may lie in the log in any
    /// order: they are told apart by their instants, and in doubt nobody is blamed.
    fn was_held(&self, at: i64) -> bool {
        let last = |is_placed, by| {
            let of = self.holds.iter().filter(|(placed, time)| *placed == is_placed && *time < by);
            of.map(|(_, time)| *time).max()
        };
        last(true, at)
            .is_some_and(|placed| last(false, at.saturating_add(1)).is_none_or(|lifted| lifted < placed))
    }

    fn settle(self, technical_before: Option<i64>) -> Vec<Fault> {
        let mut found = self.found;
        for (detail, gap) in &self.gaps {
            let Some(kind) = PartKind::ALL.into_iter().find(|kind| number(*kind) == detail / 2) else {
                continue;
            };
            let with_user = self.erased > gap.place.at;
            let justified = match kind {
                PartKind::User | PartKind::Details => with_user,
                PartKind::Technical => {
                    technical_before.is_some_and(|before| gap.time < before) || (detail % 2 == 1 && with_user)
                }
                PartKind::Actor => false,
            };
            if !justified {
                found.push(Fault { place: gap.place, what: Wrong::Unjustified(kind) });
            }
        }
        found
    }
}
