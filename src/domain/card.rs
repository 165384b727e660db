//! A card: the thing that shows an aidant's one-time codes, from the box it came in to the day it is lost.
use time::Duration;
use zeroize::Zeroizing;

use super::ids::PersonId;
use super::time::Timestamp;

/// Every card shows six digits.
pub const DIGITS: u8 = 6;
/// RFC 4226 §4, requirement R6: a shared secret of at least 128 bits.
pub const MIN_SEED_BYTES: usize = 16;
/// Far above any maker's seeds; HMAC gains nothing beyond its block.
pub const MAX_SEED_BYTES: usize = 64;
pub const MAX_SERIAL_CHARS: usize = 64;
pub const MAX_REASON_CHARS: usize = 300;
/// How far a card's clock may be found off when it is set right by two codes, on either side.
pub const RESYNC_REACH: Duration = Duration::minutes(30);

/// The hash under the code (RFC 6238 §1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardAlgorithm {
    Sha1,
    Sha256,
}

/// How long one code is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardPeriod {
    Seconds30,
    Seconds60,
}

/// What it takes, with the seed, to know a card's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardParams {
    pub algorithm: CardAlgorithm,
    pub period: CardPeriod,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardKind {
    /// A device with a serial number and a seed from its maker.
    Hardware,
    /// An authenticator app, enrolled by its owner.
    App,
}

/// The secret shared with the card. Zeroed when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(Zeroizing<Vec<u8>>);

/// The seed has fewer than 128 or more than 512 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a seed must have between 128 and 512 bits, this one has {bits}")]
pub struct SeedLength {
    pub bits: usize,
}

impl Seed {
    pub fn new(bytes: Vec<u8>) -> Result<Self, SeedLength> {
        let bytes = Zeroizing::new(bytes);
        if (MIN_SEED_BYTES..=MAX_SEED_BYTES).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(SeedLength { bits: bytes.len() * 8 })
        }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::hash::Hash for Seed {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.as_slice().hash(state);
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(…)")
    }
}

/// The text is not one of the known values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown value")]
pub struct Unknown;

/// Both directions between an enum and the text the database keeps.
macro_rules! texts {
    ($name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $name {
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
        impl std::str::FromStr for $name {
            type Err = Unknown;
            fn from_str(text: &str) -> Result<Self, Unknown> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err(Unknown) }
            }
        }
    };
}

texts!(CardAlgorithm { Sha1 = "SHA1", Sha256 = "SHA256" });
texts!(CardKind { Hardware = "hardware", App = "app" });
texts!(CardEnd { Lost = "lost", Broken = "broken", Returned = "returned", Revoked = "revoked" });

impl CardPeriod {
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Seconds30 => 30,
            Self::Seconds60 => 60,
        }
    }

    pub const fn from_seconds(seconds: u32) -> Result<Self, Unknown> {
        match seconds {
            30 => Ok(Self::Seconds30),
            60 => Ok(Self::Seconds60),
            _ => Err(Unknown),
        }
    }
}

/// How a card's life ended. None of them is ever left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardEnd {
    Lost,
    Broken,
    Returned,
    Revoked,
}

/// Where a card is in its life. Who ended it and why is told by the action log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardState {
    InStock,
    /// Given to its holder, who has not yet shown that it works.
    Assigned {
        holder: PersonId,
        at: Timestamp,
    },
    Active {
        holder: PersonId,
        since: Timestamp,
    },
    Ended {
        how: CardEnd,
        /// Nobody, when the card never left the stock.
        holder: Option<PersonId>,
        at: Timestamp,
    },
}

/// Why a card cannot do what was asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardRefusal {
    #[error("the card already has a holder")]
    HasHolder,
    #[error("the card has no holder")]
    NoHolder,
    #[error("the card is already active")]
    AlreadyActive,
    #[error("the card's life has ended")]
    Ended,
    #[error("a reason is needed, of at most {MAX_REASON_CHARS} characters")]
    Reason,
}

impl CardState {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::InStock => "stock",
            Self::Assigned { .. } => "assigned",
            Self::Active { .. } => "active",
            Self::Ended { how, .. } => how.as_str(),
        }
    }

    pub const fn holder(&self) -> Option<PersonId> {
        match self {
            Self::InStock => None,
            Self::Assigned { holder, .. } | Self::Active { holder, .. } => Some(*holder),
            Self::Ended { holder, .. } => *holder,
        }
    }

    /// From the stock to a person.
    pub fn assign(&self, holder: PersonId, at: Timestamp) -> Result<Self, CardRefusal> {
        match self {
            Self::InStock => Ok(Self::Assigned { holder, at }),
            Self::Assigned { .. } | Self::Active { .. } => Err(CardRefusal::HasHolder),
            Self::Ended { .. } => Err(CardRefusal::Ended),
        }
    }

    /// After its holder gave one valid code.
    pub fn activate(&self, at: Timestamp) -> Result<Self, CardRefusal> {
        match self {
            Self::Assigned { holder, .. } => Ok(Self::Active { holder: *holder, since: at }),
            Self::InStock => Err(CardRefusal::NoHolder),
            Self::Active { .. } => Err(CardRefusal::AlreadyActive),
            Self::Ended { .. } => Err(CardRefusal::Ended),
        }
    }

    /// Lost, broken, returned or revoked. The reason in words goes to the action log with the actor.
    pub fn end(&self, how: CardEnd, reason: &str, at: Timestamp) -> Result<Self, CardRefusal> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > MAX_REASON_CHARS {
            return Err(CardRefusal::Reason);
        }
        match (self, how) {
            (Self::Ended { .. }, _) => Err(CardRefusal::Ended),
            (Self::InStock, CardEnd::Returned) => Err(CardRefusal::NoHolder),
            _ => Ok(Self::Ended { how, holder: self.holder(), at }),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn person(n: u128) -> PersonId {
        PersonId::from_uuid(Uuid::from_u128(n))
    }
    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_795_000_000 + seconds).unwrap()
    }
    fn ended(how: CardEnd) -> CardState {
        CardState::Active { holder: person(1), since: at(0) }
            .end(how, " perdue dans le train ", at(1))
            .unwrap()
    }

    #[test]
    fn goes_from_the_stock_to_a_working_card() {
        let assigned = CardState::InStock.assign(person(1), at(0)).unwrap();
        assert_eq!(assigned.holder(), Some(person(1)));
        let active = assigned.activate(at(5)).unwrap();
        assert_eq!(active, CardState::Active { holder: person(1), since: at(5) });
    }

    #[test]
    fn a_held_card_cannot_be_given_to_another() {
        let assigned = CardState::InStock.assign(person(1), at(0)).unwrap();
        assert_eq!(assigned.assign(person(2), at(1)), Err(CardRefusal::HasHolder));
        assert_eq!(assigned.activate(at(2)).unwrap().assign(person(2), at(3)), Err(CardRefusal::HasHolder));
        assert_eq!(CardState::InStock.activate(at(0)), Err(CardRefusal::NoHolder));
        assert_eq!(assigned.activate(at(2)).unwrap().activate(at(3)), Err(CardRefusal::AlreadyActive));
    }

    #[test]
    fn what_has_ended_never_lives_again() {
        for how in [CardEnd::Lost, CardEnd::Broken, CardEnd::Returned, CardEnd::Revoked] {
            let state = ended(how);
            assert_eq!(state.as_str(), how.as_str());
            assert_eq!(state.holder(), Some(person(1)));
            assert_eq!(state.assign(person(1), at(2)), Err(CardRefusal::Ended));
            assert_eq!(state.activate(at(2)), Err(CardRefusal::Ended));
            let again = state.end(CardEnd::Revoked, "x", at(2));
            assert_eq!(again, Err(CardRefusal::Ended));
        }
    }

    #[test]
    fn an_end_needs_a_reason_and_a_return_needs_a_holder() {
        let active = CardState::Active { holder: person(1), since: at(0) };
        let long = "x".repeat(MAX_REASON_CHARS + 1);
        for reason in ["", "  ", long.as_str()] {
            let refused = active.end(CardEnd::Lost, reason, at(1));
            assert_eq!(refused, Err(CardRefusal::Reason));
        }
        let refused = CardState::InStock.end(CardEnd::Returned, "x", at(1));
        assert_eq!(refused, Err(CardRefusal::NoHolder));
        assert!(CardState::InStock.end(CardEnd::Revoked, "lot compromis", at(1)).is_ok());
    }

    #[test]
    fn texts_come_back() {
        for kind in [CardKind::Hardware, CardKind::App] {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        for algorithm in [CardAlgorithm::Sha1, CardAlgorithm::Sha256] {
            assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
        }
        assert_eq!("md5".parse::<CardAlgorithm>(), Err(Unknown));
        assert_eq!(CardPeriod::from_seconds(60), Ok(CardPeriod::Seconds60));
        assert_eq!(CardPeriod::from_seconds(45), Err(Unknown));
    }

    #[test]
    fn short_seeds_are_refused_and_none_is_printed() {
        assert_eq!(Seed::new(vec![7; 15]), Err(SeedLength { bits: 120 }));
        assert!(Seed::new(vec![7; 65]).is_err());
        assert_eq!(format!("{:?}", Seed::new(vec![7; 16]).unwrap()), "Seed(…)");
    }
}
