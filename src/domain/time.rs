//! Instants. One type everywhere: UTC, whole microseconds, so that what is stored, hashed and compared
//! is the same on every engine.
use std::fmt;
use std::ops::{Add, Range, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// The time zone of whatever belongs to no structure.
pub const DEFAULT_ZONE: &str = "Europe/Paris";

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
        read(text).map(|at| Self(at.assume_utc())).ok_or(BadTimestamp)
    }

    /// Appends what `Display` writes. A verifier does it for every instant of a log, ten million entries long: hence
    /// by hand.
    pub fn write_to(self, out: &mut String) {
        let (date, time) = (self.0.date(), self.0.time());
        let (year, month, day) = date.to_calendar_date();
        digits(out, u32::try_from(year).unwrap_or(0), 1000);
        out.push('-');
        digits(out, u32::from(u8::from(month)), 10);
        out.push('-');
        digits(out, u32::from(day), 10);
        out.push('T');
        digits(out, u32::from(time.hour()), 10);
        out.push(':');
        digits(out, u32::from(time.minute()), 10);
        out.push(':');
        digits(out, u32::from(time.second()), 10);
        out.push('.');
        digits(out, time.microsecond(), 100_000);
        out.push('Z');
    }

    /// Time elapsed since `earlier`; negative if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0 - earlier.0
    }
}

/// Fixed-width RFC 3339: sorts as text exactly as it sorts in time.
fn read(text: &str) -> Option<PrimitiveDateTime> {
    const SHAPE: &[u8; 27] = b"0000-00-00T00:00:00.000000Z";
    let bytes: &[u8; 27] = text.as_bytes().try_into().ok()?;
    let shaped = bytes.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    });
    if !shaped {
        return None;
    }
    let number = |range: Range<usize>| {
        bytes.get(range).into_iter().flatten().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
    };
    let small = |range| u8::try_from(number(range)).ok();
    let month = Month::try_from(small(5..7)?).ok()?;
    let date = Date::from_calendar_date(i32::try_from(number(0..4)).ok()?, month, small(8..10)?).ok()?;
    let time = Time::from_hms_micro(small(11..13)?, small(14..16)?, small(17..19)?, number(20..26)).ok()?;
    Some(PrimitiveDateTime::new(date, time))
}

/// `value` with as many digits as `unit` has.
fn digits(out: &mut String, value: u32, mut unit: u32) {
    while unit > 0 {
        let digit = u8::try_from(value / unit % 10).unwrap_or(0);
        out.push(char::from(b'0' + digit));
        unit /= 10;
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(27);
        self.write_to(&mut text);
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
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an instant")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).map_err(E::custom)
            }
        }
        from.deserialize_str(Text)
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
        for bad in [
            "",
            "2026-11-22T10:42:07Z",
            "2026-11-22T10:42:07.120000+01",
            "2026-13-22T10:42:07.120000Z",
            "2026-02-29T10:42:07.120000Z",
            "2026-11-22T24:42:07.120000Z",
            "2026-11-22T10:42:60.120000Z",
            "2026-11-22T10:42:07.12000 Z",
            "2026-11-22 10:42:07.120000Z",
            "+026-11-22T10:42:07.120000Z",
        ] {
            assert!(Timestamp::parse(bad).is_err(), "{bad}");
        }
        for good in
            ["0000-01-01T00:00:00.000000Z", "2024-02-29T23:59:59.999999Z", "9999-12-31T23:59:59.000001Z"]
        {
            assert_eq!(Timestamp::parse(good).unwrap().to_string(), good);
        }
    }
}
