//! Every part that is missing must have been erased by an entry that says why; what was erased must not be shown; a hold
//! must have been lifted before. One record for each person of whom something is missing.
use std::collections::HashMap;

use super::facts;
use super::fault::{Fault, Place, Wrong};
use crate::domain::time::Timestamp;
use crate::log::entry::{Leaf, Outcome};
use crate::log::kind::Kind;
use crate::log::part::PartKind;
use crate::log::pseudonym::Pseudonym;
use crate::log::token::Token;

/// What is missing of one person in one kind of part: the last place of it, and the last instant.
struct Gap {
    at: u64,
    time: Timestamp,
    place: Place,
}

/// Whose erasure may justify it: the user's, and whether who acted was nobody else.
type Whose = (Option<Pseudonym>, PartKind, bool);

#[derive(Default)]
pub(super) struct Erasures {
    gaps: HashMap<Whose, Gap>,
    /// Parts shown: last place, by person and kind.
    shown: HashMap<(Pseudonym, PartKind), u64>,
    /// Where each user's data were erased last.
    users: HashMap<Pseudonym, Erased>,
    /// Addresses and browsers of entries before this instant are gone.
    technical_before: Option<Timestamp>,
    holds: HashMap<Pseudonym, Vec<(bool, Timestamp)>>,
}

struct Erased {
    at: u64,
    time: Timestamp,
    place: Place,
}

impl Erasures {
    /// Takes in which of its parts an entry still has.
    pub(super) fn parts(&mut self, leaf: &Leaf, is_shown: impl Fn(&PartKind) -> bool, at: u64, place: Place) {
        for kind in leaf.parts.keys() {
            if is_shown(kind) {
                if let Some(user) = &leaf.user {
                    self.shown.insert((user.clone(), *kind), at);
                }
                continue;
            }
            let alone = leaf.actor.as_ref().is_none_or(|actor| actor.pseudonym.is_none());
            let gap = self.gaps.entry((leaf.user.clone(), *kind, alone));
            let gap = gap.or_insert(Gap { at, time: leaf.time, place });
            if at >= gap.at {
                (gap.at, gap.place) = (at, place);
            }
            gap.time = gap.time.max(leaf.time);
        }
    }

    /// Takes in an entry that erases, holds or lifts; what is wrong with it.
    pub(super) fn take(&mut self, leaf: &Leaf, at: u64, place: Place) -> Vec<Wrong> {
        if leaf.outcome != Outcome::Done {
            return Vec::new();
        }
        match (leaf.kind, &leaf.user) {
            (Kind::HoldPlaced | Kind::HoldLifted, Some(user)) => {
                let placed = leaf.kind == Kind::HoldPlaced;
                self.holds.entry(user.clone()).or_default().push((placed, leaf.time));
            }
            (Kind::DataErased, _) => return self.erased(leaf, at, place),
            _ => {}
        }
        Vec::new()
    }

    fn erased(&mut self, leaf: &Leaf, at: u64, place: Place) -> Vec<Wrong> {
        let kind = leaf.kind;
        let parts = facts::tokens(leaf, "parts").unwrap_or_default();
        if facts::token(leaf, "reason").is_none() || parts.is_empty() {
            return vec![Wrong::Incomplete { kind, missing: "reason and parts" }];
        }
        let Some(user) = &leaf.user else {
            let before = facts::instant(leaf, "before");
            let only_technical = parts.iter().all(|part| part.as_str() == PartKind::Technical.token());
            // Nobody erases what is to come.
            return match before {
                Some(before) if only_technical && before <= leaf.time => {
                    self.technical_before = self.technical_before.max(Some(before));
                    Vec::new()
                }
                _ => vec![Wrong::Incomplete { kind, missing: "user" }],
            };
        };
        let mut wrong = Vec::new();
        for part in parts.iter().map(Token::as_str).filter_map(|part| part.parse::<PartKind>().ok()) {
            // Of what the aidant left of themselves, nothing is erased with the user.
            let shown = self.shown.get(&(user.clone(), part)).filter(|shown| **shown < at);
            if shown.is_some() && part != PartKind::Technical {
                wrong.push(Wrong::ErasedAndShown(part));
            }
        }
        self.users.insert(user.clone(), Erased { at, time: leaf.time, place });
        wrong
    }

    /// Whether a hold stood at an instant. Acts of the same instant, or of nodes whose clocks differ, may lie in the log in any
    /// order: they are told apart by their instants, and in doubt nobody is blamed.
    fn was_held(&self, user: &Pseudonym, at: Timestamp) -> bool {
        let holds = self.holds.get(user).map(Vec::as_slice).unwrap_or_default();
        let placed = holds.iter().filter(|(placed, time)| *placed && *time < at).map(|(_, time)| *time).max();
        let lifted =
            holds.iter().filter(|(placed, time)| !*placed && *time <= at).map(|(_, time)| *time).max();
        placed.is_some_and(|placed| lifted.is_none_or(|lifted| lifted < placed))
    }

    /// What is missing without an entry that erased it.
    pub(super) fn finish(self) -> Vec<Fault> {
        let mut found: Vec<Fault> = self
            .gaps
            .iter()
            .filter(|((user, kind, alone), gap)| {
                let erased = user.as_ref().and_then(|user| self.users.get(user));
                let with_user = erased.is_some_and(|erased| erased.at > gap.at);
                let by_age = self.technical_before.is_some_and(|before| gap.time < before);
                !match kind {
                    PartKind::User | PartKind::Details => with_user,
                    PartKind::Technical => by_age || (*alone && with_user),
                    PartKind::Actor => false,
                }
            })
            .map(|((_, kind, _), gap)| Fault { place: gap.place, what: Wrong::Unjustified(*kind) })
            .collect();
        let held = self.users.iter().filter(|(user, erased)| self.was_held(user, erased.time));
        found.extend(held.map(|(_, erased)| Fault { place: erased.place, what: Wrong::ErasedUnderHold }));
        found.sort_by_key(|fault| fault.place);
        found
    }
}
