//! Which earlier entries a range of a perimeter rests on, and which of other structures' it must therefore tell.
use std::collections::{BTreeSet, HashSet};

use crate::domain::ids::{CardId, MandateId, StructureId};
use crate::log::entry::Leaf;
use crate::log::kind::{Kind, Role};
use crate::log::pseudonym::Pseudonym;
use crate::log::verify::{BY_THEMSELVES, FOR_ALL, IN_ITS_STRUCTURE, STANDING};
use crate::store::export::PlacedRow;

/// What a range is about, and with it what must be told besides.
#[derive(Debug, Default)]
pub(super) struct Rests {
    perimeter: Option<BTreeSet<StructureId>>,
    mandates: BTreeSet<MandateId>,
    cards: HashSet<CardId>,
    people: BTreeSet<Pseudonym>,
    users: BTreeSet<Pseudonym>,
}

impl Rests {
    pub(super) fn of(perimeter: Option<BTreeSet<StructureId>>) -> Self {
        Self { perimeter, ..Self::default() }
    }

    /// Takes in whom and what an entry of the perimeter is about.
    pub(super) fn take(&mut self, row: &PlacedRow) {
        if !self.holds(row) {
            return;
        }
        self.mandates.extend(row.mandate_id);
        self.rest_on(row);
    }

    /// What stands behind an entry that is told must be told too; whoever oversees structures is nobody that it rests on.
    pub(super) fn rest_on(&mut self, row: &PlacedRow) {
        self.cards.extend(row.card_id);
        let Ok(leaf) = Leaf::decode(&row.leaf) else { return };
        let at_work = leaf.actor.filter(|actor| matches!(actor.role, Role::Aidant | Role::Referent));
        self.people.extend(at_work.and_then(|actor| actor.pseudonym));
        self.users.extend(leaf.user);
    }

    /// The mandates it is about.
    pub(super) fn mandates(&self) -> impl Iterator<Item = MandateId> {
        self.mandates.iter().copied()
    }

    /// Whether an entry is of the perimeter itself.
    fn holds(&self, row: &PlacedRow) -> bool {
        let Some(perimeter) = &self.perimeter else { return true };
        row.structure_id.is_some_and(|structure| perimeter.contains(&structure))
    }

    /// Whether an entry changes what holds for these people, or erases something of these users.
    fn concerns(&self, leaf: &Leaf) -> bool {
        let erases = matches!(leaf.kind, Kind::DataErased | Kind::HoldPlaced | Kind::HoldLifted);
        match &leaf.user {
            Some(user) if erases => self.users.contains(user),
            None if erases => true,
            _ => leaf.about().is_some_and(|who| self.people.contains(&who)),
        }
    }

    /// Whether an entry is told: of the perimeter, of one of its mandates, or what it rests on.
    pub(super) fn tells(&self, row: &PlacedRow) -> bool {
        if self.holds(row) || row.mandate_id.is_some_and(|mandate| self.mandates.contains(&mandate)) {
            return true;
        }
        if FOR_ALL.iter().any(|kind| kind.token() == row.kind) {
            return true;
        }
        if !STANDING.iter().any(|kind| kind.token() == row.kind) {
            return false;
        }
        let is_one_of = |kinds: &[Kind]| kinds.iter().any(|kind| kind.token() == row.kind);
        if row.structure_id.is_some() && is_one_of(IN_ITS_STRUCTURE) {
            return false;
        }
        let actor = row.actor.as_deref().and_then(|actor| Pseudonym::from_slice(actor).ok());
        row.card_id.is_some_and(|card| self.cards.contains(&card))
            || (is_one_of(BY_THEMSELVES) && actor.is_some_and(|who| self.people.contains(&who)))
            || Leaf::decode(&row.leaf).is_ok_and(|leaf| self.concerns(&leaf))
    }
}
