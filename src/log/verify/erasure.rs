//! Every part that is missing must have been erased by an entry that says why; what was erased must not be shown; a hold
//! must have been lifted before. What entries say of people's parts is sorted on disk by person: memory holds what
//! concerns one of them at a time.
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use time::Duration;

use super::TOLD_FAULTS;
use super::facts;
use super::fault::{Fault, KEPT_DAYS, Place, Wrong};
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

/// Why data may be erased.
const REASONS: [&str; 3] = ["request", "order", "retention"];

pub(super) struct Erasures {
    /// Person, what is said, place, instant in microseconds, line.
    said: Spill<8>,
    /// What is missing of entries about no user.
    nobody: Person,
    /// In the order of their places.
    rounds: Vec<Round>,
}

/// An entry by which the addresses and browsers of all entries before an instant went, but those of people held.
#[derive(Clone, Copy)]
struct Round {
    before: i64,
    time: i64,
    at: u64,
}

/// What was found: the first faults of the file, and how many more.
#[derive(Default)]
pub(super) struct Found {
    pub(super) first: Vec<Fault>,
    pub(super) more: u64,
}

impl Found {
    fn push(&mut self, place: Place, what: Wrong) {
        self.first.push(Fault { place, what });
        if self.first.len() > 2 * TOLD_FAULTS {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.first.sort_by_key(|fault| fault.place);
        self.more += self.first.len().saturating_sub(TOLD_FAULTS) as u64;
        self.first.truncate(TOLD_FAULTS);
    }
}

impl Erasures {
    pub(super) fn new(scratch: &Path) -> Self {
        Self { said: Spill::new(scratch), nobody: Person::default(), rounds: Vec::new() }
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
                (None, false) => {
                    self.nobody.hear(missing, leaf.time.unix_micros(), place, &mut Found::default());
                }
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
            (Kind::DataErased, _) => self.erased(leaf, place),
            _ => Ok(None),
        }
    }

    fn erased(&mut self, leaf: &Leaf, place: Place) -> io::Result<Option<Wrong>> {
        match erased(leaf) {
            Err(wrong) => return Ok(Some(wrong)),
            Ok(Erased::OfUser(user, kinds)) => {
                let bits = kinds.into_iter().fold(0, |bits, kind| bits | 1 << number(kind));
                self.say(user, ERASED * BASE + bits, leaf.time, place)?;
            }
            Ok(Erased::Before(before)) => {
                let (before, time) = (before.unix_micros(), leaf.time.unix_micros());
                self.rounds.push(Round { before, time, at: place.at.unwrap_or_default() });
            }
        }
        Ok(None)
    }

    /// Everything has been met: what is missing without an entry that erased it, and what was erased wrongly.
    pub(super) fn finish(self) -> io::Result<Found> {
        let (mut found, mut whose, mut person) = (Found::default(), None, self.nobody);
        let rounds = self.rounds;
        self.said.sorted(|[a, b, c, d, what, at, time, line]| {
            if whose.replace([a, b, c, d]) != Some([a, b, c, d]) {
                std::mem::take(&mut person).settle(&rounds, &mut found);
            }
            person.hear(what, time.cast_signed(), Place { line, at: Some(at) }, &mut found);
        })?;
        person.settle(&rounds, &mut found);
        found.settle();
        Ok(found)
    }
}

/// What an entry erased, by what it says.
pub enum Erased<'a> {
    /// These kinds of parts of a user's entries.
    OfUser(&'a Pseudonym, BTreeSet<PartKind>),
    /// Addresses and browsers of all entries before an instant.
    Before(Timestamp),
}

/// Reads an erasure that was done; why it is none, if so.
pub fn erased(leaf: &Leaf) -> Result<Erased<'_>, Wrong> {
    let kind = leaf.kind;
    let parts = facts::tokens(leaf, "parts").unwrap_or_default();
    let Some(reason) = facts::token(leaf, "reason").filter(|_| !parts.is_empty()) else {
        return Err(Wrong::Incomplete { kind, missing: "reason and parts" });
    };
    if !REASONS.contains(&reason.as_str()) {
        return Err(Wrong::ErasureReason(reason.clone()));
    }
    if let Some(user) = &leaf.user {
        let kinds = parts.iter().filter_map(|part| part.as_str().parse().ok());
        return Ok(Erased::OfUser(user, kinds.collect()));
    }
    let only_technical = parts.iter().map(Token::as_str).all(|part| part == PartKind::Technical.token());
    let Some(before) = facts::instant(leaf, "before").filter(|_| only_technical) else {
        return Err(Wrong::Incomplete { kind, missing: "user" });
    };
    // The time of keeping is no setting: no log may say another.
    if before > leaf.time - Duration::days(KEPT_DAYS) {
        return Err(Wrong::ErasedYoung { before, time: leaf.time });
    }
    Ok(Erased::Before(before))
}

/// By which a kind of part goes in a record.
fn number(kind: PartKind) -> u64 {
    PartKind::ALL.iter().position(|known| *known == kind).map_or(0, |number| number as u64)
}

/// What is said of one person's parts, heard in the order of records.
#[derive(Default)]
struct Person {
    holds: Vec<Hold>,
    /// By kind of part, the first place where one is shown, and the last where it was erased.
    shown: BTreeMap<u64, u64>,
    erased: BTreeMap<u64, u64>,
    /// By kind, and whether who acted was nobody else.
    gaps: BTreeMap<u64, Gap>,
}

/// A hold placed, or lifted.
#[derive(Clone, Copy)]
struct Hold {
    placed: bool,
    time: i64,
    at: u64,
}

/// What is missing in one kind of part: the last place of it, and the last instant.
#[derive(Clone, Copy)]
struct Gap {
    place: Place,
    time: i64,
}

impl Person {
    fn hear(&mut self, what: u64, time: i64, place: Place, found: &mut Found) {
        let (detail, at) = (what % BASE, place.at.unwrap_or_default());
        match what / BASE {
            HOLD => self.holds.push(Hold { placed: detail == 1, time, at }),
            SHOWN => _ = self.shown.entry(detail).or_insert(at),
            ERASED => self.erased(detail, time, place, found),
            _ => {
                let gap = self.gaps.entry(detail).or_insert(Gap { place, time });
                if place.at >= gap.place.at {
                    gap.place = place;
                }
                gap.time = gap.time.max(time);
            }
        }
    }

    fn erased(&mut self, kinds: u64, time: i64, place: Place, found: &mut Found) {
        let at = place.at.unwrap_or_default();
        for kind in PartKind::ALL.into_iter().filter(|kind| kinds & (1 << number(*kind)) != 0) {
            let shown = self.shown.get(&number(kind)).is_some_and(|shown| *shown < at);
            // Of what the aidant left of themselves, nothing is erased with the user.
            if shown && kind != PartKind::Technical {
                found.push(place, Wrong::ErasedAndShown(kind));
            }
            let last = self.erased.entry(number(kind)).or_insert(at);
            *last = at.max(*last);
        }
        if self.was_held(time, at) {
            found.push(place, Wrong::ErasedUnderHold);
        }
    }

    /// Whether a hold stood at an instant, and at a place. Acts of the same instant, or of nodes whose clocks differ, may lie in
    /// the log in any order: one came before another when both instants and places say so, and in doubt nobody is blamed.
    fn was_held(&self, time: i64, at: u64) -> bool {
        let before = self.holds.iter().filter(|hold| hold.placed && hold.time < time && hold.at < at);
        before.max_by_key(|hold| hold.time).is_some_and(|placed| {
            let lifts = |hold: &Hold| {
                !hold.placed
                    && (hold.time <= time || hold.at < at)
                    && (hold.time >= placed.time || hold.at > placed.at)
            };
            !self.holds.iter().any(lifts)
        })
    }

    /// Whether something of this instant went with its age, or only while the person was held.
    fn by_age(&self, time: i64, rounds: &[Round]) -> Option<bool> {
        let mut of_age = rounds.iter().rev().filter(|round| time < round.before).peekable();
        of_age.peek()?;
        Some(of_age.any(|round| !self.was_held(round.time, round.at)))
    }

    fn settle(self, rounds: &[Round], found: &mut Found) {
        for (detail, gap) in &self.gaps {
            let Some(kind) = PartKind::ALL.into_iter().find(|kind| number(*kind) == detail / 2) else {
                continue;
            };
            let with_user = self.erased.get(&number(kind)).copied() > gap.place.at;
            let wrong = match kind {
                PartKind::User | PartKind::Details if with_user => None,
                PartKind::Technical if detail % 2 == 1 && with_user => None,
                PartKind::Technical => match self.by_age(gap.time, rounds) {
                    Some(true) => None,
                    Some(false) => Some(Wrong::ErasedUnderHold),
                    None => Some(Wrong::Unjustified(kind)),
                },
                _ => Some(Wrong::Unjustified(kind)),
            };
            if let Some(wrong) = wrong {
                found.push(gap.place, wrong);
            }
        }
    }
}
