//! A structure: the habilitated organisation that holds mandates, for which its aidants act.
use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::catalogue::DomainKey;
use super::ids::StructureId;
use super::time::Timestamp;

/// Where a structure stands with the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StructureStatus {
    Habilitated,
    Suspended,
    Closed,
}

impl StructureStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Habilitated => "habilitated",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Habilitated, Self::Suspended, Self::Closed].into_iter().find(|status| status.name() == name)
    }
}

#[derive(Clone, Debug)]
pub struct Structure {
    pub id: StructureId,
    pub name: String,
    pub status: StructureStatus,
    /// First instant of the agreement.
    pub habilitated_from: Timestamp,
    /// First instant after the agreement.
    pub habilitated_until: Timestamp,
    /// The domains in which it may hold grants; narrowing them takes effect at the next act.
    pub domains: BTreeSet<DomainKey>,
    /// Where its local days begin and end (a mandate ends at the end of one).
    pub time_zone: TimeZone,
}

/// Why a structure may not act at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHabilitated {
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
            StructureStatus::Suspended => Err(NotHabilitated::Suspended),
            StructureStatus::Closed => Err(NotHabilitated::Closed),
            StructureStatus::Habilitated if now < self.habilitated_from => Err(NotHabilitated::NotYet),
            StructureStatus::Habilitated if now >= self.habilitated_until => Err(NotHabilitated::Over),
            StructureStatus::Habilitated => Ok(()),
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
        let of_la_poste = text.starts_with("356000000") && plain_sum.is_multiple_of(5);
        if luhn.sum::<u32>() % 10 == 0 || of_la_poste { Ok(Self(text)) } else { Err(BadSiret) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(status: StructureStatus, from: i64, until: i64) -> Structure {
        Structure {
            id: StructureId::from_uuid(uuid::Uuid::nil()),
            name: "CCAS de Gannat".into(),
            status,
            habilitated_from: Timestamp::from_unix(from).unwrap(),
            habilitated_until: Timestamp::from_unix(until).unwrap(),
            domains: BTreeSet::new(),
            time_zone: TimeZone::UTC,
        }
    }

    #[test]
    fn habilitation_is_a_matter_of_status_and_of_instant() {
        use StructureStatus::*;
        let now = Timestamp::from_unix(1_000).unwrap();
        let check = |status, from, until| structure(status, from, until).habilitated_at(now);
        assert_eq!(check(Habilitated, 1_000, 1_001), Ok(()));
        assert_eq!(check(Habilitated, 1_001, 2_000), Err(NotHabilitated::NotYet));
        assert_eq!(check(Habilitated, 0, 1_000), Err(NotHabilitated::Over));
        assert_eq!(check(Suspended, 0, 2_000), Err(NotHabilitated::Suspended));
        assert_eq!(check(Closed, 0, 2_000), Err(NotHabilitated::Closed));
    }

    #[test]
    fn status_names_come_back() {
        for name in ["habilitated", "suspended", "closed"] {
            assert_eq!(StructureStatus::from_name(name).unwrap().name(), name);
        }
        assert_eq!(StructureStatus::from_name("alive"), None);
    }

    #[test]
    fn siret_is_checked() {
        for good in ["732 829 320 00074", "73282932000074", "35600000000048", "35600000049837"] {
            assert!(Siret::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["73282932000075", "7328293200007", "732829320000740", "7328293200007a", "", "35600000049838"]
        {
            assert_eq!(Siret::parse(bad), Err(BadSiret), "{bad}");
        }
    }
}
