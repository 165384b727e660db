//! Identifiers: one type for each thing, so that a card's id can never be taken for a person's.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use super::time::Timestamp;

/// Where randomness comes from (`crypto::random::SystemEntropy` in production).
pub trait Entropy: Send + Sync {
    /// Fills `buffer` with cryptographically secure random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// A time-ordered random UUID (version 7, RFC 9562 §5.7): 74 random bits, good locality in an index.
pub fn uuid_v7(now: Timestamp, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0u8; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(now.unix_micros() / 1_000).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// The smallest time-ordered id of the millisecond of `at`: what was made since then has an id no smaller.
pub fn first_id(at: Timestamp) -> Uuid {
    let millis = u64::try_from(at.unix_micros().div_euclid(1_000)).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// The millisecond that a version 7 identifier begins with (RFC 9562 §5.7).
pub fn time_of(id: Uuid) -> Option<Timestamp> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    let start = Timestamp::from_unix(i64::try_from(seconds).ok()?).ok()?;
    Some(start + time::Duration::nanoseconds(i64::from(nanos)))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl $name {
            pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(uuid_v7(now, entropy))
            }
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }
            pub const fn uuid(self) -> Uuid {
                self.0
            }
            /// The 16 bytes, as a row is named where a column is sealed.
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A professional: aidant, referent, operator or auditor.
    PersonId,
    StructureId,
    /// The person who grants a mandate.
    UserId,
    CardId,
    MandateId,
    GrantId,
    /// A desk session of a professional.
    SessionId,
    /// One opening of a service under a grant.
    UseId,
    /// A relying party.
    ServiceId,
    /// One line of the action log.
    EntryId,
    /// Anything else that only needs to be told apart.
    RowId,
}
