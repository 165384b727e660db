//! One mandate's own history, in the order of its own numbers: its stages, its grants and how they end.
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use time::Duration;

use self::uses::{Access, Uses};
use super::facts;
use super::fault::Wrong;
use crate::domain::ids::{EntryId, GrantId, MandateId, StructureId};
use crate::domain::time::Timestamp;
use crate::log::entry::{Leaf, Outcome};
use crate::log::kind::{Kind, Role};
use crate::log::pseudonym::Pseudonym;
use crate::log::token::Token;

mod uses;

/// 365 local days, the rest of the last one, an hour of clock change.
const LONGEST: Duration = Duration::days(367);

#[derive(Debug)]
enum Stage {
    Proposed,
    Consented { entry: EntryId, text: Option<Token> },
    Active,
    Suspended,
    Over,
}

#[derive(Debug, Default)]
struct Grant {
    id: Option<GrantId>,
    /// What it allows, as far as the signature said it; what it did not, the first use says.
    single: Option<bool>,
    access: Option<Access>,
    over: bool,
    consumed: bool,
}

/// A mandate while it lives.
#[derive(Debug)]
pub(super) struct Mandate {
    id: MandateId,
    structure: Option<StructureId>,
    user: Option<Pseudonym>,
    stage: Stage,
    domains: Rc<BTreeSet<Token>>,
    grants: BTreeMap<Token, Grant>,
    valid_to: Option<Timestamp>,
    uses: Uses,
}

type Found = Vec<Wrong>;

impl Mandate {
    /// From its first entry.
    pub(super) fn begin(leaf: &Leaf, id: MandateId) -> (Self, Found) {
        let mut found = Found::new();
        let kind = leaf.kind;
        if kind != Kind::MandateProposed {
            found.push(Wrong::Order { mandate: id, kind, why: "a mandate begins by being proposed" });
        }
        let valid_to = facts::instant(leaf, "valid_to");
        match valid_to {
            None => found.push(Wrong::Incomplete { kind, missing: "valid_to" }),
            Some(end) if end <= leaf.time || end.since(leaf.time) > LONGEST => {
                found.push(Wrong::Validity { mandate: id, kind, time: leaf.time, end });
            }
            Some(_) => {}
        }
        let domains = facts::tokens(leaf, "domains").unwrap_or_default();
        if domains.is_empty() {
            found.push(Wrong::Incomplete { kind, missing: "domains" });
        }
        let mandate = Self {
            id,
            structure: leaf.structure,
            user: None,
            stage: Stage::Proposed,
            domains: Rc::new(domains),
            grants: BTreeMap::new(),
            valid_to,
            uses: Uses::default(),
        };
        if kind == Kind::MandateProposed {
            mandate.done_by(Role::Aidant, leaf, &mut found);
        }
        (mandate, found)
    }

    pub(super) fn structure(&self) -> Option<StructureId> {
        self.structure
    }

    /// Nothing can be done under it any more: it need not be remembered.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over) && self.uses.are_over()
    }

    /// Whom it is by and for, once it is signed.
    pub(super) fn parties(&self) -> Option<(StructureId, Pseudonym)> {
        self.structure.zip(self.user.clone()).filter(|_| !self.grants.is_empty())
    }

    /// A domain in which this mandate and another have a live grant each, at an instant.
    pub(super) fn overlaps(&self, other: &Self, time: Timestamp) -> Option<&Token> {
        let live = |mandate: &Self| mandate.valid_to.is_some_and(|end| time < end);
        if !live(self) || !live(other) {
            return None;
        }
        let both = |(domain, grant): &(&Token, &Grant)| {
            !grant.over && other.grants.get(*domain).is_some_and(|grant| !grant.over)
        };
        self.grants.iter().find(both).map(|(domain, _)| domain)
    }

    fn order(&self, kind: Kind, why: &'static str) -> Wrong {
        Wrong::Order { mandate: self.id, kind, why }
    }

    /// Takes in the next entry of its sequence; what is wrong with it.
    pub(super) fn apply(&mut self, leaf: &Leaf) -> Found {
        let mut found = Found::new();
        if leaf.structure.is_some() && leaf.structure != self.structure {
            found.push(self.order(leaf.kind, "it belongs to another structure"));
        }
        // A refusal changes nothing, except that a code presented twice ends its use: that has its own entry.
        if leaf.outcome != Outcome::Done {
            return found;
        }
        match leaf.kind {
            Kind::MandateIdentified => self.identified(leaf, &mut found),
            Kind::MandateConsentGiven => self.consented(leaf, &mut found),
            Kind::MandateSigned => self.signed(leaf, &mut found),
            Kind::MandateConsentRefused | Kind::MandateLapsed | Kind::MandateAbandoned => {
                self.unsigned_end(leaf, &mut found);
            }
            Kind::GrantRevoked | Kind::GrantReplaced => self.grant_ended(leaf, &mut found),
            Kind::MandateRevoked
            | Kind::MandateRenounced
            | Kind::MandateReplaced
            | Kind::MandateExpired
            | Kind::MandateClosed => self.ended(leaf, &mut found),
            Kind::MandateSuspended | Kind::MandateResumed => self.suspended(leaf, &mut found),
            Kind::UseOpened => self.use_opened(leaf, &mut found),
            Kind::UseContinued
            | Kind::CodeRedeemed
            | Kind::TokenRefreshed
            | Kind::UserinfoGiven
            | Kind::CheckGiven
            | Kind::ActionReported => {
                self.used(leaf, &mut found);
            }
            Kind::UseEnded => self.use_ended(leaf, &mut found),
            _ => {}
        }
        found
    }

    /// Some acts are of one quality only: the user consents, and nobody in their place.
    fn done_by(&self, wanted: Role, leaf: &Leaf, found: &mut Found) {
        if leaf.actor.as_ref().is_none_or(|actor| actor.role != wanted) {
            found.push(Wrong::ByAnother { mandate: self.id, kind: leaf.kind, wanted });
        }
    }

    fn identified(&mut self, leaf: &Leaf, found: &mut Found) {
        self.done_by(Role::User, leaf, found);
        if !matches!(self.stage, Stage::Proposed) {
            found.push(self.order(leaf.kind, "the user identifies before consenting"));
        }
        self.user.clone_from(&leaf.user);
    }

    fn consented(&mut self, leaf: &Leaf, found: &mut Found) {
        self.done_by(Role::User, leaf, found);
        if !matches!(self.stage, Stage::Proposed) || self.user.is_none() {
            found.push(self.order(leaf.kind, "consent is given once, by a user who identified"));
        }
        self.same_user(leaf, found);
        if facts::instant(leaf, "valid_to") != self.valid_to {
            found.push(Wrong::Consent { mandate: self.id, why: "consent was to another end" });
        }
        self.stage = Stage::Consented { entry: leaf.id, text: facts::token(leaf, "text").cloned() };
    }

    fn signed(&mut self, leaf: &Leaf, found: &mut Found) {
        self.done_by(Role::Aidant, leaf, found);
        let refuse = |why| Wrong::Consent { mandate: self.id, why };
        match &self.stage {
            Stage::Consented { entry, text } => {
                if !leaf.on.contains(entry) {
                    found.push(refuse("it names another entry as its consent"));
                }
                if text.is_none() || text.as_ref() != facts::token(leaf, "text") {
                    found.push(refuse("another text was signed than the one consented to"));
                }
            }
            Stage::Proposed => found.push(refuse("the user had not consented")),
            _ => found.push(refuse("it was signed already, or over")),
        }
        self.same_user(leaf, found);
        let (domains, end) = (facts::tokens(leaf, "domains"), facts::instant(leaf, "valid_to"));
        if domains.as_ref() != Some(&*self.domains) {
            found.push(refuse("other domains were signed than those proposed"));
        }
        if end != self.valid_to {
            found.push(refuse("another end was signed than the one proposed"));
        }
        if let Some(end) = end
            && leaf.time >= end
        {
            found.push(Wrong::Validity { mandate: self.id, kind: leaf.kind, time: leaf.time, end });
        }
        if leaf.card.is_none() || facts::integer(leaf, "step").is_none() {
            found.push(Wrong::Incomplete { kind: leaf.kind, missing: "card and time step" });
        }
        let (single, access) = (facts::boolean(leaf, "single_use"), Access::of(leaf));
        let grant = || Grant { single, access, ..Grant::default() };
        self.grants = self.domains.iter().map(|domain| (domain.clone(), grant())).collect();
        self.stage = Stage::Active;
    }

    fn same_user(&self, leaf: &Leaf, found: &mut Found) {
        if leaf.user != self.user {
            found.push(Wrong::OtherUser { mandate: self.id, kind: leaf.kind });
        }
    }

    fn unsigned_end(&mut self, leaf: &Leaf, found: &mut Found) {
        if leaf.kind == Kind::MandateConsentRefused {
            self.done_by(Role::User, leaf, found);
        }
        if !matches!(self.stage, Stage::Proposed | Stage::Consented { .. }) {
            found.push(self.order(leaf.kind, "it had been signed, or was over"));
        }
        self.stage = Stage::Over;
    }

    fn is_signed(&self, kind: Kind, found: &mut Found) {
        match self.stage {
            Stage::Active | Stage::Suspended => {}
            Stage::Over => found.push(Wrong::AfterMandate { mandate: self.id, kind }),
            _ => found.push(self.order(kind, "it was never signed")),
        }
    }

    fn grant_ended(&mut self, leaf: &Leaf, found: &mut Found) {
        self.is_signed(leaf.kind, found);
        let (mandate, kind) = (self.id, leaf.kind);
        let Some(domain) = facts::token(leaf, "domain") else {
            found.push(Wrong::Incomplete { kind, missing: "domain" });
            return;
        };
        match self.grants.get_mut(domain) {
            None => found.push(Wrong::NotGranted { mandate, kind, domain: domain.clone() }),
            Some(grant) => {
                bind(grant, leaf.grant, mandate, kind, found);
                grant.over = true;
            }
        }
    }

    fn ended(&mut self, leaf: &Leaf, found: &mut Found) {
        self.is_signed(leaf.kind, found);
        if leaf.kind == Kind::MandateExpired
            && let Some(end) = self.valid_to
            && leaf.time < end
        {
            found.push(self.order(leaf.kind, "its end had not come"));
        }
        self.stage = Stage::Over;
        self.grants.values_mut().for_each(|grant| grant.over = true);
    }

    fn suspended(&mut self, leaf: &Leaf, found: &mut Found) {
        self.is_signed(leaf.kind, found);
        if matches!(self.stage, Stage::Active | Stage::Suspended) {
            let suspends = leaf.kind == Kind::MandateSuspended;
            self.stage = if suspends { Stage::Suspended } else { Stage::Active };
        }
    }
}

/// One grant of a mandate has one id, told by the first entry that names it.
fn bind(grant: &mut Grant, id: Option<GrantId>, mandate: MandateId, kind: Kind, found: &mut Found) {
    match (grant.id, id) {
        (_, None) => found.push(Wrong::Incomplete { kind, missing: "grant" }),
        (None, Some(_)) => grant.id = id,
        (Some(known), Some(id)) if known != id => {
            found.push(Wrong::Order { mandate, kind, why: "it names another grant of that domain" });
        }
        _ => {}
    }
}
