//! Who and what was in force when: structures, people at work for them, cards. One record for each, with what changed
//! of it, whatever else the log holds.
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::facts;
use super::fault::{Place, Wrong};
use super::turns::{History, Turns, When};
use crate::domain::ids::{CardId, StructureId};
use crate::domain::time::Timestamp;
use crate::log::entry::Leaf;
use crate::log::kind::Kind;
use crate::log::pseudonym::Pseudonym;
use crate::log::token::Token;

/// The kinds of entries that say who and what is in force: what every other entry rests on.
pub const STANDING: &[Kind] = &[
    Kind::StructureHabilitated,
    Kind::StructureSuspended,
    Kind::StructureRestored,
    Kind::StructureClosed,
    Kind::StructureDomainsChanged,
    Kind::PersonCreated,
    Kind::PersonSuspended,
    Kind::PersonRestored,
    Kind::PersonErased,
    Kind::RoleGiven,
    Kind::RoleWithdrawn,
    Kind::CharterAccepted,
    Kind::CardEnrolled,
    Kind::CardAssigned,
    Kind::CardActivated,
    Kind::CardEnded,
    Kind::KeyCreated,
    Kind::LogRecovered,
    Kind::DataErased,
    Kind::HoldPlaced,
    Kind::HoldLifted,
];

/// Of them, those that concern everybody.
pub const FOR_ALL: &[Kind] = &[Kind::KeyCreated, Kind::LogRecovered];

/// Of them, those that say what somebody or something is in one structure: nothing rests on another structure's.
pub const IN_ITS_STRUCTURE: &[Kind] = &[
    Kind::StructureHabilitated,
    Kind::StructureSuspended,
    Kind::StructureRestored,
    Kind::StructureClosed,
    Kind::StructureDomainsChanged,
    Kind::PersonSuspended,
    Kind::PersonRestored,
    Kind::RoleGiven,
    Kind::RoleWithdrawn,
];

/// Of them, those that say what somebody is by their own act.
pub const BY_THEMSELVES: &[Kind] = &[Kind::CharterAccepted, Kind::CardEnrolled];

#[derive(Debug, Default)]
struct Structure {
    turns: Turns,
    until: History<Option<Timestamp>>,
    domains: History<Option<BTreeSet<Token>>>,
}

#[derive(Debug, Default)]
struct Person {
    turns: Turns,
    charter: Turns,
    member: HashMap<StructureId, Turns>,
}

#[derive(Debug, Default)]
struct Card {
    holder: History<Option<Pseudonym>>,
    turns: Turns,
}

/// Everything of this file's concern that the log has said so far.
#[derive(Debug, Default)]
pub(super) struct Standing {
    structures: HashMap<StructureId, Structure>,
    people: HashMap<Pseudonym, Person>,
    cards: HashMap<CardId, Card>,
}

/// An act by an aidant, to be held against what was in force.
#[derive(Clone, Debug)]
pub(super) struct Act {
    pub(super) place: Place,
    pub(super) kind: Kind,
    pub(super) when: When,
    pub(super) aidant: Pseudonym,
    pub(super) structure: StructureId,
    pub(super) card: Option<CardId>,
    pub(super) domains: Rc<BTreeSet<Token>>,
}

impl Standing {
    /// Takes in what an entry changes for people, structures and cards.
    pub(super) fn apply(&mut self, leaf: &Leaf, at: u64) {
        self.apply_structure(leaf, at);
        self.apply_person(leaf, at);
        self.apply_card(leaf, at);
    }

    fn apply_structure(&mut self, leaf: &Leaf, at: u64) {
        let on = match leaf.kind {
            Kind::StructureHabilitated | Kind::StructureRestored => true,
            Kind::StructureSuspended | Kind::StructureClosed => false,
            Kind::StructureDomainsChanged => {
                if let Some(id) = leaf.structure {
                    let structure = self.structures.entry(id).or_default();
                    structure.domains.add(facts::tokens(leaf, "domains"), leaf.time, at);
                }
                return;
            }
            _ => return,
        };
        let Some(id) = leaf.structure else { return };
        let structure = self.structures.entry(id).or_default();
        structure.turns.add(on, leaf.time, at);
        if leaf.kind == Kind::StructureHabilitated {
            structure.until.add(facts::instant(leaf, "valid_to"), leaf.time, at);
            structure.domains.add(facts::tokens(leaf, "domains"), leaf.time, at);
        }
    }

    fn apply_person(&mut self, leaf: &Leaf, at: u64) {
        let (on, who) = match leaf.kind {
            Kind::PersonCreated | Kind::PersonRestored => (true, leaf.about()),
            Kind::PersonSuspended | Kind::PersonErased => (false, leaf.about()),
            Kind::CharterAccepted => {
                if let Some(who) = facts::actor(leaf) {
                    self.people.entry(who).or_default().charter.add(true, leaf.time, at);
                }
                return;
            }
            Kind::RoleGiven | Kind::RoleWithdrawn => {
                if let (Some(who), Some(structure)) = (leaf.about(), leaf.structure) {
                    self.member(who, structure, leaf.kind == Kind::RoleGiven, leaf, at);
                }
                return;
            }
            _ => return,
        };
        let Some(who) = who else { return };
        match leaf.structure {
            // Somebody is created in a structure, or suspended in one: the membership, not the person.
            Some(structure) if leaf.kind != Kind::PersonCreated => self.member(who, structure, on, leaf, at),
            structure => {
                self.people.entry(who.clone()).or_default().turns.add(on, leaf.time, at);
                if let Some(structure) = structure {
                    self.member(who, structure, true, leaf, at);
                }
            }
        }
    }

    fn member(&mut self, who: Pseudonym, structure: StructureId, on: bool, leaf: &Leaf, at: u64) {
        // Only aidants act for users; a role of referent alone is no more than absence here.
        let aidant = facts::tokens(leaf, "roles").is_none_or(|roles| roles.contains("aidant"));
        if aidant {
            let person = self.people.entry(who).or_default();
            person.member.entry(structure).or_default().add(on, leaf.time, at);
        }
    }

    fn apply_card(&mut self, leaf: &Leaf, at: u64) {
        let Some(id) = leaf.card else { return };
        let (turn, holder) = match leaf.kind {
            Kind::CardEnrolled => (None, Some(facts::actor(leaf))),
            Kind::CardAssigned => (None, Some(leaf.about())),
            Kind::CardActivated => (Some(true), leaf.about().map(Some)),
            Kind::CardEnded => (Some(false), None),
            _ => return,
        };
        let card = self.cards.entry(id).or_default();
        if let Some(holder) = holder {
            card.holder.add(holder, leaf.time, at);
        }
        if let Some(on) = turn {
            card.turns.add(on, leaf.time, at);
        }
    }

    /// What was not in force when somebody acted.
    pub(super) fn judge(&self, act: &Act) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let (kind, structure) = (act.kind, act.structure);
        if let Some(why) = self.not_habilitated(act) {
            wrong.push(Wrong::NotHabilitated { kind, structure, why });
        }
        if let Some(why) = self.not_at_work(act) {
            wrong.push(Wrong::NotAtWork { kind, structure, why });
        }
        if let Some(card) = act.card
            && let Some(why) = self.not_their_card(act, card)
        {
            wrong.push(Wrong::Card { kind, card, why });
        }
        wrong
    }

    fn not_habilitated(&self, act: &Act) -> Option<&'static str> {
        let Some(structure) = self.structures.get(&act.structure) else {
            return Some("it was never habilitated");
        };
        let when = &act.when;
        if !structure.turns.began_by(when) {
            return Some("it was not yet habilitated");
        }
        if !structure.turns.in_force(when) {
            return Some("it was suspended or closed");
        }
        let goes_on = |until: &Option<Timestamp>| until.is_none_or(|until| when.time < until);
        if structure.until.allows(when, goes_on) == Some(false) {
            return Some("its agreement had ended");
        }
        let covers = |domains: &Option<BTreeSet<Token>>| {
            domains.as_ref().is_none_or(|domains| act.domains.is_subset(domains))
        };
        (structure.domains.allows(when, covers) == Some(false)).then_some("not for these domains")
    }

    fn not_at_work(&self, act: &Act) -> Option<&'static str> {
        let Some(person) = self.people.get(&act.aidant) else { return Some("the log never created them") };
        if !person.turns.began_by(&act.when) {
            return Some("they were not yet created");
        }
        if !person.turns.in_force(&act.when) {
            return Some("they were suspended");
        }
        let Some(member) = person.member.get(&act.structure) else {
            return Some("they were never an aidant there");
        };
        if !member.in_force(&act.when) {
            return Some("they were not an aidant there at that time");
        }
        (!person.charter.began_by(&act.when)).then_some("they had not accepted the charter")
    }

    fn not_their_card(&self, act: &Act, id: CardId) -> Option<&'static str> {
        let Some(card) = self.cards.get(&id) else { return Some("the log does not know it") };
        let theirs = |holder: &Option<Pseudonym>| holder.as_ref() == Some(&act.aidant);
        if card.holder.allows(&act.when, theirs) != Some(true) {
            return Some("it was not theirs");
        }
        if !card.turns.began_by(&act.when) {
            return Some("it had not been activated");
        }
        (!card.turns.in_force(&act.when)).then_some("it had been ended")
    }
}
