//! Uses of a mandate, and what is done under them: only while they are open, by whom and for whom they were opened.
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::{Found, Mandate, Stage, bind};
use crate::domain::ids::{CardId, EntryId, GrantId, ServiceId, UseId};
use crate::log::entry::Leaf;
use crate::log::kind::{Kind, Role};
use crate::log::pseudonym::Pseudonym;
use crate::log::token::Token;
use crate::log::verify::facts;
use crate::log::verify::fault::Wrong;

/// What may be done: whoever may act may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Access {
    Consult,
    Act,
}

impl Access {
    pub(super) fn of(leaf: &Leaf) -> Option<Self> {
        let consult = |name: &Token| if name.as_str() == "consult" { Self::Consult } else { Self::Act };
        facts::token(leaf, "access").map(consult)
    }
}

/// The uses of a mandate, each open until it is ended, however long that takes: the session at the service may outlive
/// the one at the desk.
#[derive(Debug, Default)]
pub(super) struct Uses {
    of: HashMap<UseId, Use>,
    /// How many there may be before those that ended are forgotten.
    room: usize,
}

impl Uses {
    pub(super) fn are_over(&self) -> bool {
        self.of.values().all(|one| one.over)
    }

    /// False if it had been opened before. An ended one is remembered for a while, so that what comes after is told
    /// as that.
    fn open(&mut self, id: UseId, one: Use) -> bool {
        if self.of.len() >= self.room {
            self.of.retain(|_, one| !one.over);
            self.room = 2 * self.of.len() + 8;
        }
        self.of.insert(id, one).is_none()
    }
}

#[derive(Debug)]
struct Use {
    opened_by: EntryId,
    domain: Token,
    /// It alone.
    domains: Rc<BTreeSet<Token>>,
    grant: Option<GrantId>,
    service: Option<ServiceId>,
    aidant: Option<Pseudonym>,
    card: Option<CardId>,
    single: bool,
    access: Option<Access>,
    over: bool,
}

/// Who acted at the desk, with which card, in which domains: to be held against what was in force.
pub(in crate::log::verify) struct Doing {
    pub(in crate::log::verify) aidant: Option<Pseudonym>,
    pub(in crate::log::verify) card: Option<CardId>,
    pub(in crate::log::verify) domains: Rc<BTreeSet<Token>>,
}

impl Mandate {
    /// Whether something may be done in this domain now.
    fn allowed(&mut self, leaf: &Leaf, domain: &Token, found: &mut Found) {
        let (mandate, kind) = (self.id, leaf.kind);
        self.is_signed(kind, found);
        if matches!(self.stage, Stage::Suspended) {
            found.push(self.order(kind, "it was suspended"));
        }
        self.same_user(leaf, found);
        if let Some(end) = self.valid_to
            && leaf.time >= end
        {
            found.push(Wrong::Validity { mandate, kind, time: leaf.time, end });
        }
        match self.grants.get_mut(domain) {
            None => found.push(Wrong::NotGranted { mandate, kind, domain: domain.clone() }),
            Some(grant) => {
                bind(grant, leaf.grant, mandate, kind, found);
                // After the end of the whole mandate, that end has been told.
                if grant.over && !matches!(self.stage, Stage::Over) {
                    let grant = leaf.grant.unwrap_or(GrantId::from_uuid(uuid::Uuid::nil()));
                    found.push(Wrong::GrantOver { mandate, kind, grant });
                }
            }
        }
    }

    pub(super) fn use_opened(&mut self, leaf: &Leaf, found: &mut Found) {
        let (mandate, kind) = (self.id, leaf.kind);
        let (Some(use_id), Some(domain)) = (leaf.use_id, facts::token(leaf, "domain").cloned()) else {
            found.push(Wrong::Incomplete { kind, missing: "use and domain" });
            return;
        };
        for (is_there, missing) in [
            (leaf.structure.is_some(), "structure"),
            (leaf.service.is_some(), "service"),
            (leaf.card.is_some(), "card"),
        ] {
            if !is_there {
                found.push(Wrong::Incomplete { kind, missing });
            }
        }
        self.done_by(Role::Aidant, leaf, found);
        self.allowed(leaf, &domain, found);
        if facts::instant(leaf, "valid_to") != self.valid_to {
            found.push(self.order(kind, "it claims another end of the mandate"));
        }
        let (single, access) = self.claimed(leaf, use_id, &domain, found);
        let one = Use {
            opened_by: leaf.id,
            domains: Rc::new(BTreeSet::from([domain.clone()])),
            domain,
            grant: leaf.grant,
            service: leaf.service,
            aidant: facts::actor(leaf),
            card: leaf.card,
            single,
            access,
            over: false,
        };
        if !self.uses.open(use_id, one) {
            found.push(Wrong::UseOver { mandate, kind, use_id, why: "it was opened before" });
        }
    }

    /// Whether the use is the only one, and what may be done in it: no more than its grant allows, as the signature or
    /// else the first use said it.
    fn claimed(
        &mut self,
        leaf: &Leaf,
        use_id: UseId,
        domain: &Token,
        found: &mut Found,
    ) -> (bool, Option<Access>) {
        let (mandate, kind) = (self.id, leaf.kind);
        let (single, access) = (facts::boolean(leaf, "single_use") == Some(true), Access::of(leaf));
        let Some(grant) = self.grants.get_mut(domain) else { return (single, access) };
        let (once, level) = (*grant.single.get_or_insert(single), grant.access.or(access));
        grant.access = level;
        let beyond = |why| Wrong::Beyond { mandate, kind, use_id, why };
        if once && !single {
            found.push(beyond("its grant is for one use, it claims more"));
        }
        if access > level {
            found.push(beyond("its grant is to consult, it claims to act"));
        }
        let single = single || once;
        if single && grant.consumed {
            found.push(Wrong::SingleUse { mandate });
        }
        (single, access.or(level))
    }

    /// A use gone on with, a code redeemed, an identity given, a check answered, an action reported: under an open use only.
    pub(super) fn used(&mut self, leaf: &Leaf, found: &mut Found) {
        let (mandate, kind) = (self.id, leaf.kind);
        let Some(use_id) = leaf.use_id else {
            found.push(Wrong::Incomplete { kind, missing: "use" });
            return;
        };
        let wanted = if kind == Kind::UseContinued { Role::Aidant } else { Role::Service };
        self.done_by(wanted, leaf, found);
        let refuse = |why| Wrong::UseOver { mandate, kind, use_id, why };
        let Some(one) = self.uses.of.get(&use_id) else {
            // After its end nothing is open: told once, as that.
            let over = matches!(self.stage, Stage::Over);
            found.push(if over {
                Wrong::AfterMandate { mandate, kind }
            } else {
                refuse("it was never opened, or long over")
            });
            return;
        };
        if one.over {
            found.push(refuse("it had ended"));
        }
        if !leaf.on.contains(&one.opened_by) {
            found.push(refuse("the act names another opening"));
        }
        if one.service != leaf.service || one.grant != leaf.grant {
            found.push(refuse("by another service, or under another grant"));
        }
        if Access::of(leaf) > one.access.or(Some(Access::Act)) {
            found.push(Wrong::Beyond { mandate, kind, use_id, why: "it acts, where the use was to consult" });
        }
        let (domain, single) = (one.domain.clone(), one.single);
        self.allowed(leaf, &domain, found);
        if single
            && kind == Kind::CodeRedeemed
            && let Some(grant) = self.grants.get_mut(&domain)
            && std::mem::replace(&mut grant.consumed, true)
        {
            found.push(Wrong::SingleUse { mandate });
        }
    }

    pub(super) fn use_ended(&mut self, leaf: &Leaf, found: &mut Found) {
        let (mandate, kind) = (self.id, leaf.kind);
        match leaf.use_id.and_then(|id| self.uses.of.get_mut(&id)) {
            Some(one) if !one.over => one.over = true,
            _ => {
                let use_id = leaf.use_id.unwrap_or(UseId::from_uuid(uuid::Uuid::nil()));
                let why = "it was never opened, or ended before";
                found.push(Wrong::UseOver { mandate, kind, use_id, why });
            }
        }
    }

    /// What was done at the desk, if this entry, just applied, is such an act or rests on one.
    pub(in crate::log::verify) fn doing(&self, leaf: &Leaf) -> Option<Doing> {
        match leaf.kind {
            Kind::MandateProposed | Kind::MandateSigned => {
                Some(Doing { aidant: facts::actor(leaf), card: leaf.card, domains: self.domains.clone() })
            }
            Kind::UseOpened
            | Kind::UseContinued
            | Kind::CodeRedeemed
            | Kind::TokenRefreshed
            | Kind::UserinfoGiven
            | Kind::CheckGiven
            | Kind::ActionReported => {
                let one = self.uses.of.get(&leaf.use_id?)?;
                Some(Doing { aidant: one.aidant.clone(), card: one.card, domains: one.domains.clone() })
            }
            _ => None,
        }
    }
}
