//! Instants. One type everywhere: UTC, whole microseconds, so that what is stored, hashed and compared
//! is the same on every engine.
use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// Fixed-width RFC 3339: sorts as text exactly as it sorts in time.
const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// An instant in UTC, truncated to the microsecond (the precision of PostgreSQL's `timestamptz`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

/// The text is not an instant in the fixed-width form `2026-11-22T10:42:07.123456Z`.
#[derive(Debug, thiserror::Error)]
#[error("not an instant of the form 2026-11-22T10:42:07.123456Z")]
pub struct BadTimestamp;

impl Timestamp {
    pub fn new(at: OffsetDateTime) -> Self {
        let at = at.to_offset(UtcOffset::UTC);
        let micros = at.microsecond();
        Self(at.replace_microsecond(micros).unwrap_or(at))
    }

    /// Seconds since 1970, as JWT (RFC 7519 NumericDate) and TOTP (RFC 6238) count.
    pub fn from_unix(seconds: i64) -> Result<Self, BadTimestamp> {
        OffsetDateTime::from_unix_timestamp(seconds).map(Self).map_err(|_| BadTimestamp)
    }

    pub fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// Microseconds since 1970.
    pub fn unix_micros(self) -> i64 {
        i64::try_from(self.0.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
    }

    pub fn date_time(self) -> OffsetDateTime {
        self.0
    }

    pub fn parse(text: &str) -> Result<Self, BadTimestamp> {
        if text.len() != 27 {
            return Err(BadTimestamp);
        }
        PrimitiveDateTime::parse(text, FORMAT).map(|at| Self(at.assume_utc())).map_err(|_| BadTimestamp)
    }

    /// Time elapsed since `earlier`; negative if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0 - earlier.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.format(FORMAT).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Where the present comes from. The only system clock lives in `app::context`; tests move theirs.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_fixed_width_and_comes_back() {
        let at = Timestamp::from_unix(1_795_344_127).unwrap() + Duration::nanoseconds(120_000_999);
        let at = Timestamp::new(at.date_time());
        assert_eq!(at.to_string(), "2026-11-22T10:42:07.120000Z");
        assert_eq!(Timestamp::parse(&at.to_string()).unwrap(), at);
        for bad in
            ["", "2026-11-22T10:42:07Z", "2026-11-22T10:42:07.120000+01", "2026-13-22T10:42:07.120000Z"]
        {
            assert!(Timestamp::parse(bad).is_err(), "{bad}");
        }
    }
}
