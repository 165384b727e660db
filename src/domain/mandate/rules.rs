//! Who may do what with mandates. Asked at each act with what is true at that instant, never at sign-in only.
use crate::domain::catalogue::DomainKey;
use crate::domain::ids::StructureId;
use crate::domain::structure::{NotHabilitated, Structure};
use crate::domain::time::Timestamp;

use super::scope::Scope;

/// What a professional is in the structure for which they act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub is_aidant: bool,
    pub is_referent: bool,
    /// False once suspended or gone.
    pub is_active: bool,
}

/// The charter that every aidant accepts; a new version has to be accepted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charter {
    pub accepted: Option<i64>,
    pub required: i64,
}

/// Everything about a professional and their structure on which a decision rests.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    pub structure: &'a Structure,
    /// Absent for somebody who does not belong to the structure.
    pub member: Option<Member>,
    pub charter: Charter,
    /// Whether they hold a card that is active.
    pub has_active_card: bool,
}

/// What they want to do. Every mandate named belongs to `held_by`.
#[derive(Clone, Copy, Debug)]
pub enum Act<'a> {
    /// Propose a mandate, or sign one.
    Grant { scope: &'a Scope, held_by: StructureId },
    /// Open a service under a grant of this domain.
    Use { domain: &'a DomainKey, held_by: StructureId },
    /// Write down that the user revokes, or give a mandate up.
    End { held_by: StructureId },
    /// Read or print a mandate.
    Read { held_by: StructureId },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("does not belong to the structure")]
    NotAMember,
    #[error("their place in the structure is suspended")]
    MemberSuspended,
    #[error("is not an aidant of the structure")]
    NotAnAidant,
    #[error(transparent)]
    Structure(#[from] NotHabilitated),
    #[error("has not accepted the charter in force")]
    Charter,
    #[error("holds no active card")]
    Card,
    #[error("the mandate is held by another structure")]
    OtherStructure,
    #[error("the structure is not habilitated for {0}")]
    Domain(DomainKey),
}

/// Whether `who` may do `act` at `now`.
pub fn may(who: &Standing<'_>, act: Act<'_>, now: Timestamp) -> Result<(), Denied> {
    let held_by = match act {
        Act::Grant { held_by, .. }
        | Act::Use { held_by, .. }
        | Act::End { held_by }
        | Act::Read { held_by } => held_by,
    };
    let member = who.member.ok_or(Denied::NotAMember)?;
    if !member.is_active {
        return Err(Denied::MemberSuspended);
    }
    if held_by != who.structure.id {
        return Err(Denied::OtherStructure);
    }
    who.structure.habilitated_at(now)?;
    if who.charter.accepted.is_none_or(|accepted| accepted < who.charter.required) {
        return Err(Denied::Charter);
    }
    match act {
        Act::Grant { scope, .. } => acts_as_aidant(who, member, scope.iter()),
        Act::Use { domain, .. } => acts_as_aidant(who, member, std::iter::once(domain)),
        Act::End { .. } if !who.has_active_card => Err(Denied::Card),
        Act::End { .. } | Act::Read { .. } if !member.is_aidant && !member.is_referent => {
            Err(Denied::NotAnAidant)
        }
        Act::End { .. } | Act::Read { .. } => Ok(()),
    }
}

fn acts_as_aidant<'d>(
    who: &Standing<'_>,
    member: Member,
    mut domains: impl Iterator<Item = &'d DomainKey>,
) -> Result<(), Denied> {
    if !member.is_aidant {
        return Err(Denied::NotAnAidant);
    }
    if !who.has_active_card {
        return Err(Denied::Card);
    }
    match domains.find(|domain| !who.structure.domains.contains(domain)) {
        Some(uncovered) => Err(Denied::Domain(uncovered.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::structure::StructureStatus;

    fn id(n: u128) -> StructureId {
        StructureId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn now() -> Timestamp {
        Timestamp::from_unix(1_000).unwrap()
    }

    fn key(text: &str) -> DomainKey {
        text.parse().unwrap()
    }

    fn structure() -> Structure {
        Structure {
            id: id(1),
            name: "CCAS de Gannat".into(),
            status: StructureStatus::Habilitated,
            habilitated_from: Timestamp::from_unix(0).unwrap(),
            habilitated_until: Timestamp::from_unix(2_000).unwrap(),
            domains: [key("argent"), key("social")].into(),
            time_zone: jiff::tz::TimeZone::UTC,
        }
    }

    const AIDANT: Member = Member { is_aidant: true, is_referent: false, is_active: true };
    const REFERENT: Member = Member { is_aidant: false, is_referent: true, is_active: true };

    fn standing(structure: &Structure) -> Standing<'_> {
        Standing {
            structure,
            member: Some(AIDANT),
            charter: Charter { accepted: Some(2), required: 2 },
            has_active_card: true,
        }
    }

    #[test]
    fn an_aidant_in_good_standing_may() {
        let structure = structure();
        let who = standing(&structure);
        let scope = Scope::new([key("argent"), key("social")]).unwrap();
        for act in [
            Act::Grant { scope: &scope, held_by: id(1) },
            Act::Use { domain: &key("argent"), held_by: id(1) },
            Act::End { held_by: id(1) },
            Act::Read { held_by: id(1) },
        ] {
            assert_eq!(may(&who, act, now()), Ok(()), "{act:?}");
        }
    }

    #[test]
    fn each_reason_refuses_by_itself() {
        let habilitated = structure();
        let mut suspended = structure();
        suspended.status = StructureStatus::Suspended;
        let good = standing(&habilitated);
        let scope = Scope::new([key("argent")]).unwrap();
        let sign = Act::Grant { scope: &scope, held_by: id(1) };
        let cases = [
            (Standing { member: None, ..good }, Denied::NotAMember),
            (
                Standing { member: Some(Member { is_active: false, ..AIDANT }), ..good },
                Denied::MemberSuspended,
            ),
            (Standing { member: Some(REFERENT), ..good }, Denied::NotAnAidant),
            (Standing { structure: &suspended, ..good }, Denied::Structure(NotHabilitated::Suspended)),
            (Standing { charter: Charter { accepted: None, required: 1 }, ..good }, Denied::Charter),
            (Standing { charter: Charter { accepted: Some(1), required: 2 }, ..good }, Denied::Charter),
            (Standing { has_active_card: false, ..good }, Denied::Card),
        ];
        for (who, reason) in cases {
            assert_eq!(may(&who, sign, now()), Err(reason));
        }
    }

    #[test]
    fn domains_taken_from_the_structure_refuse_at_the_next_act() {
        let structure = structure();
        let who = standing(&structure);
        let scope = Scope::new([key("argent"), key("justice")]).unwrap();
        let wider = Act::Grant { scope: &scope, held_by: id(1) };
        assert_eq!(may(&who, wider, now()), Err(Denied::Domain(key("justice"))));
        let old_grant = Act::Use { domain: &key("justice"), held_by: id(1) };
        assert_eq!(may(&who, old_grant, now()), Err(Denied::Domain(key("justice"))));
    }

    #[test]
    fn another_structures_mandate_stays_closed() {
        let structure = structure();
        let who = standing(&structure);
        for act in [Act::Read { held_by: id(2) }, Act::End { held_by: id(2) }] {
            assert_eq!(may(&who, act, now()), Err(Denied::OtherStructure));
        }
    }

    #[test]
    fn a_referent_reads_and_ends_but_does_not_act() {
        let structure = structure();
        let who = Standing { member: Some(REFERENT), ..standing(&structure) };
        assert_eq!(may(&who, Act::Read { held_by: id(1) }, now()), Ok(()));
        assert_eq!(may(&who, Act::End { held_by: id(1) }, now()), Ok(()));
        let act = Act::Use { domain: &key("argent"), held_by: id(1) };
        assert_eq!(may(&who, act, now()), Err(Denied::NotAnAidant));
        let neither = Member { is_aidant: false, is_referent: false, is_active: true };
        let who = Standing { member: Some(neither), ..standing(&structure) };
        assert_eq!(may(&who, Act::Read { held_by: id(1) }, now()), Err(Denied::NotAnAidant));
    }
}
