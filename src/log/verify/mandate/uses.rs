//! Uses of a mandate, and what is done under them: only while they are open, by whom and for whom they were opened.
use std::collections::BTreeSet;

use time::Duration;

use super::{Found, Mandate, Stage, bind};
use crate::domain::ids::{CardId, EntryId, GrantId, ServiceId, UseId};
use crate::domain::time::Timestamp;
use crate::log::entry::Leaf;
use crate::log::kind::Kind;
use crate::log::pseudonym::Pseudonym;
use crate::log::token::Token;
use crate::log::verify::facts;
use crate::log::verify::fault::Wrong;

/// A desk session ends within half a day, and every use with it; later acts on a use are those of no session.
const USE_LIFE: Duration = Duration::days(2);

#[derive(Debug)]
pub(super) struct Use {
    opened_by: EntryId,
    opened_at: Timestamp,
    domain: Token,
    grant: Option<GrantId>,
    service: Option<ServiceId>,
    aidant: Option<Pseudonym>,
    card: Option<CardId>,
    single: bool,
    pub(super) over: bool,
}

/// Who acted at the desk, with which card, in which domains: to be held against what was in force.
pub(in crate::log::verify) struct Doing {
    pub(in crate::log::verify) aidant: Option<Pseudonym>,
    pub(in crate::log::verify) card: Option<CardId>,
    pub(in crate::log::verify) domains: BTreeSet<Token>,
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
        self.allowed(leaf, &domain, found);
        if facts::instant(leaf, "valid_to") != self.valid_to {
            found.push(self.order(kind, "it claims another end of the mandate"));
        }
        let single = facts::is_true(leaf, "single_use");
        if single && self.grants.get(&domain).is_some_and(|grant| grant.consumed) {
            found.push(Wrong::SingleUse { mandate });
        }
        self.uses.retain(|_, one| !one.over && leaf.time.since(one.opened_at) < USE_LIFE);
        let one = Use {
            opened_by: leaf.id,
            opened_at: leaf.time,
            domain,
            grant: leaf.grant,
            service: leaf.service,
            aidant: facts::actor(leaf),
            card: leaf.card,
            single,
            over: false,
        };
        if self.uses.insert(use_id, one).is_some() {
            found.push(Wrong::UseOver { mandate, kind, use_id, why: "it was opened before" });
        }
    }

    /// A use gone on with, a code redeemed, an identity given, a check answered, an action reported: under an open use only.
    pub(super) fn used(&mut self, leaf: &Leaf, found: &mut Found) {
        let (mandate, kind) = (self.id, leaf.kind);
        let Some(use_id) = leaf.use_id else {
            found.push(Wrong::Incomplete { kind, missing: "use" });
            return;
        };
        let refuse = |why| Wrong::UseOver { mandate, kind, use_id, why };
        let Some(one) = self.uses.get(&use_id) else {
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
        match leaf.use_id.and_then(|id| self.uses.get_mut(&id)) {
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
            | Kind::UserinfoGiven
            | Kind::CheckGiven => {
                let one = self.uses.get(&leaf.use_id?)?;
                let domains = BTreeSet::from([one.domain.clone()]);
                Some(Doing { aidant: one.aidant.clone(), card: one.card, domains })
            }
            _ => None,
        }
    }
}
