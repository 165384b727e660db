//! A structure: the habilitated organisation that holds mandates, for which its aidants act.
use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::catalogue::DomainKey;
use super::ids::StructureId;
use super::time::Timestamp;

/// Where a structure stands with the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StructureStatus {
    /// Its application is being looked at.
    Applicant,
    Habilitated,
    Suspended,
    /// Its application was refused.
    Refused,
    Closed,
}

impl StructureStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applicant => "applicant",
            Self::Habilitated => "habilitated",
            Self::Suspended => "suspended",
            Self::Refused => "refused",
            Self::Closed => "closed",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Applicant, Self::Habilitated, Self::Suspended, Self::Refused, Self::Closed]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// Which domains a structure may hold grants in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainRange {
    /// Every domain of the catalogue, those added later included.
    All,
    Only(BTreeSet<DomainKey>),
}

impl DomainRange {
    pub fn covers(&self, domain: &DomainKey) -> bool {
        match self {
            Self::All => true,
            Self::Only(domains) => domains.contains(domain),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Structure {
    pub id: StructureId,
    pub name: String,
    pub status: StructureStatus,
    /// First instant of the agreement; absent until habilitated.
    pub habilitated_from: Option<Timestamp>,
    /// First instant after the agreement; absent for an agreement without an end.
    pub habilitated_until: Option<Timestamp>,
    pub domains: DomainRange,
    /// Where its local days begin and end (a mandate ends at the end of one).
    pub time_zone: TimeZone,
}

/// Why a structure may not act at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHabilitated {
    #[error("the structure has not been habilitated")]
    Never,
    #[error("the structure's agreement has not begun")]
    NotYet,
    #[error("the structure's agreement has ended")]
    Over,
    #[error("the structure is suspended")]
    Suspended,
    #[error("the structure is closed")]
    Closed,
}

impl Structure {
    /// Whether the structure is habilitated at `now`. Asked at each act, never remembered.
    pub fn habilitated_at(&self, now: Timestamp) -> Result<(), NotHabilitated> {
        match self.status {
            StructureStatus::Applicant | StructureStatus::Refused => return Err(NotHabilitated::Never),
            StructureStatus::Suspended => return Err(NotHabilitated::Suspended),
            StructureStatus::Closed => return Err(NotHabilitated::Closed),
            StructureStatus::Habilitated => {}
        }
        match (self.habilitated_from, self.habilitated_until) {
            (None, _) => Err(NotHabilitated::Never),
            (Some(from), _) if now < from => Err(NotHabilitated::NotYet),
            (_, Some(until)) if now >= until => Err(NotHabilitated::Over),
            _ => Ok(()),
        }
    }
}

/// A SIRET: the 14 digits that name a French establishment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Siret(String);

/// Not 14 digits with a right check digit.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SIRET")]
pub struct BadSiret;

impl Siret {
    /// Spaces are ignored. The check is Luhn's, except for La Poste (SIREN 356000000), whose digits sum to
    /// a multiple of five.
    pub fn parse(text: &str) -> Result<Self, BadSiret> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
        let digits = digits.filter(|digits| digits.len() == 14).ok_or(BadSiret)?;
        let plain_sum: u32 = digits.iter().sum();
        let luhn = digits.iter().rev().enumerate().map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        });
        let of_la_poste = text.starts_with("356000000") && plain_sum % 5 == 0;
        if luhn.sum::<u32>() % 10 == 0 || of_la_poste { Ok(Self(text)) } else { Err(BadSiret) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;

    fn structure(status: StructureStatus, from: Option<i64>, until: Option<i64>) -> Structure {
        let at = |seconds| Timestamp::from_unix(seconds).unwrap();
        Structure {
            id: StructureId::from_uuid(uuid::Uuid::nil()),
            name: "CCAS de Gannat".into(),
            status,
            habilitated_from: from.map(at),
            habilitated_until: until.map(at),
            domains: DomainRange::All,
            time_zone: TimeZone::UTC,
        }
    }

    #[test]
    fn habilitation_is_a_matter_of_status_and_of_instant() {
        use StructureStatus::*;
        let now = Timestamp::from_unix(1_000).unwrap();
        let check = |status, from, until| structure(status, from, until).habilitated_at(now);
        assert_eq!(check(Habilitated, Some(1_000), None), Ok(()));
        assert_eq!(check(Habilitated, Some(0), Some(1_001)), Ok(()));
        assert_eq!(check(Habilitated, Some(1_001), None), Err(NotHabilitated::NotYet));
        assert_eq!(check(Habilitated, Some(0), Some(1_000)), Err(NotHabilitated::Over));
        assert_eq!(check(Habilitated, None, None), Err(NotHabilitated::Never));
        assert_eq!(check(Applicant, Some(0), None), Err(NotHabilitated::Never));
        assert_eq!(check(Refused, Some(0), None), Err(NotHabilitated::Never));
        assert_eq!(check(Suspended, Some(0), None), Err(NotHabilitated::Suspended));
        assert_eq!(check(Closed, Some(0), None), Err(NotHabilitated::Closed));
        let over = structure(Habilitated, Some(0), Some(2_000));
        assert_eq!(over.habilitated_at(now + Duration::seconds(1_000)), Err(NotHabilitated::Over));
    }

    #[test]
    fn status_names_come_back() {
        for name in ["applicant", "habilitated", "suspended", "refused", "closed"] {
            assert_eq!(StructureStatus::from_name(name).unwrap().name(), name);
        }
        assert_eq!(StructureStatus::from_name("alive"), None);
    }

    #[test]
    fn a_narrowed_structure_covers_only_its_domains() {
        let range = DomainRange::Only(["argent".parse().unwrap()].into());
        assert!(range.covers(&"argent".parse().unwrap()));
        assert!(!range.covers(&"justice".parse().unwrap()));
        assert!(DomainRange::All.covers(&"justice".parse().unwrap()));
    }

    #[test]
    fn siret_is_checked() {
        for good in ["732 829 320 00074", "73282932000074", "35600000000048", "35600000049837"] {
            assert!(Siret::parse(good).is_ok(), "{good}");
        }
        for bad in ["73282932000075", "7328293200007", "732829320000740", "7328293200007a", "", "35600000049838"] {
            assert_eq!(Siret::parse(bad), Err(BadSiret), "{bad}");
        }
    }
}
