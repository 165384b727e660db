//! How long a mandate lives. Its end is an instant, fixed when the text is written, never computed again.
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use time::Duration;

use crate::domain::time::Timestamp;

/// A mandate never lasts longer, in local days after the one on which it is proposed.
pub const MAXIMUM_DAYS: i32 = 365;

/// What the aidant picks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    OneDay,
    OneMonth,
    SixMonths,
    OneYear,
    /// Until the end of this local day.
    Until(Date),
}

impl Term {
    /// The fixed terms, shortest first.
    pub const FIXED: [Self; 4] = [Self::OneDay, Self::OneMonth, Self::SixMonths, Self::OneYear];

    const fn days(self) -> Option<i32> {
        match self {
            Self::OneDay => Some(1),
            Self::OneMonth => Some(31),
            Self::SixMonths => Some(182),
            Self::OneYear => Some(MAXIMUM_DAYS),
            Self::Until(_) => None,
        }
    }

    /// As the form and the database write it: `1`, `31`, `182`, `365` or the date `2027-01-31`.
    pub fn parse(text: &str) -> Result<Self, BadTerm> {
        let fixed = Self::FIXED.into_iter().find(|term| term.days().is_some_and(|n| n.to_string() == text));
        match fixed {
            Some(term) => Ok(term),
            None => text.parse::<Date>().map(Self::Until).map_err(|_| BadTerm::Unreadable),
        }
    }

    pub fn code(self) -> String {
        match self {
            Self::Until(day) => day.to_string(),
            fixed => fixed.days().unwrap_or(1).to_string(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTerm {
    #[error("not a term nor a date")]
    Unreadable,
    #[error("the end would be in the past")]
    Past,
    #[error("the end would be more than {MAXIMUM_DAYS} days away")]
    TooFar,
}

/// The end of a mandate, twice: as its last local day (what people read) and as an instant (what is checked).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub last_day: Date,
    /// First instant at which the mandate is over: midnight at the end of `last_day`.
    pub ends_at: Timestamp,
}

impl Validity {
    /// Fixes the end of a mandate proposed at `now` by a structure in `zone`.
    pub fn fix(term: Term, now: Timestamp, zone: &TimeZone) -> Result<Self, BadTerm> {
        let today = local_day(now, zone)?;
        let last_day = match (term, term.days()) {
            (Term::Until(day), _) => day,
            (_, days) => today.checked_add(days.unwrap_or(1).days()).map_err(|_| BadTerm::TooFar)?,
        };
        let furthest = today.checked_add(MAXIMUM_DAYS.days()).map_err(|_| BadTerm::TooFar)?;
        if last_day < today {
            Err(BadTerm::Past)
        } else if last_day > furthest {
            Err(BadTerm::TooFar)
        } else {
            Ok(Self { last_day, ends_at: end_of_day(last_day, zone)? })
        }
    }

    /// The last local day of something that ends at `ends_at`.
    pub fn of_end(ends_at: Timestamp, zone: &TimeZone) -> Result<Self, BadTerm> {
        Ok(Self { last_day: local_day(ends_at - Duration::microseconds(1), zone)?, ends_at })
    }
}

/// The local day in which an instant falls.
pub fn local_day(at: Timestamp, zone: &TimeZone) -> Result<Date, BadTerm> {
    let at = jiff::Timestamp::from_microsecond(at.unix_micros()).map_err(|_| BadTerm::Unreadable)?;
    Ok(zone.to_datetime(at).date())
}

/// The first instant of a local day, whatever the clock changes do to midnight.
pub fn first_instant(day: Date, zone: &TimeZone) -> Result<Timestamp, BadTerm> {
    let start = day.to_zoned(zone.clone()).and_then(|day| day.start_of_day()).map_err(|_| BadTerm::TooFar)?;
    Timestamp::from_unix(start.timestamp().as_second()).map_err(|_| BadTerm::TooFar)
}

/// First instant of the next local day, whatever the clock changes do to midnight.
fn end_of_day(day: Date, zone: &TimeZone) -> Result<Timestamp, BadTerm> {
    first_instant(day.tomorrow().map_err(|_| BadTerm::TooFar)?, zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn ends_at_the_end_of_the_local_day() {
        let now = at("2026-11-22T09:42:07.000000Z");
        let ends = |term| Validity::fix(term, now, &paris()).unwrap();
        assert_eq!(ends(Term::OneDay).ends_at, at("2026-11-23T23:00:00.000000Z"));
        assert_eq!(ends(Term::OneMonth).last_day.to_string(), "2026-12-23");
        // Summer time by then: midnight in Paris is 22:00 UTC.
        assert_eq!(ends(Term::SixMonths).ends_at, at("2027-05-23T22:00:00.000000Z"));
        assert_eq!(ends(Term::SixMonths).last_day.to_string(), "2027-05-23");
        assert_eq!(ends(Term::OneYear).last_day.to_string(), "2027-11-22");
        assert_eq!(
            ends(Term::Until("2026-11-22".parse().unwrap())).ends_at,
            at("2026-11-22T23:00:00.000000Z")
        );
    }

    #[test]
    fn the_local_day_counts_not_the_utc_day() {
        let after_midnight_in_paris = at("2026-11-22T23:30:00.000000Z");
        let validity = Validity::fix(Term::OneDay, after_midnight_in_paris, &paris()).unwrap();
        assert_eq!(validity.last_day.to_string(), "2026-11-24");
        let reunion = TimeZone::get("Indian/Reunion").unwrap();
        let validity = Validity::fix(Term::OneDay, at("2026-11-22T20:30:00.000000Z"), &reunion).unwrap();
        assert_eq!(validity.ends_at, at("2026-11-24T20:00:00.000000Z"));
    }

    #[test]
    fn a_day_without_midnight_still_begins() {
        // Clocks in Beirut jumped from 00:00 to 01:00 on 28 March 2021.
        let beirut = TimeZone::get("Asia/Beirut").unwrap();
        let day = Term::Until("2021-03-27".parse().unwrap());
        let validity = Validity::fix(day, at("2021-03-20T12:00:00.000000Z"), &beirut).unwrap();
        assert_eq!(validity.ends_at, at("2021-03-27T22:00:00.000000Z"));
        assert_eq!(Validity::of_end(validity.ends_at, &beirut).unwrap(), validity);
    }

    #[test]
    fn ends_out_of_bounds_are_refused() {
        let now = at("2026-11-22T09:42:07.000000Z");
        let fix = |day: &str| Validity::fix(Term::Until(day.parse().unwrap()), now, &paris());
        assert_eq!(fix("2026-11-21"), Err(BadTerm::Past));
        assert_eq!(fix("2027-11-23"), Err(BadTerm::TooFar));
        assert_eq!(fix("9999-12-31"), Err(BadTerm::TooFar));
        assert!(fix("2027-11-22").is_ok());
    }

    #[test]
    fn terms_are_written_and_read() {
        for text in ["1", "31", "182", "365", "2027-01-31"] {
            assert_eq!(Term::parse(text).unwrap().code(), text);
        }
        for bad in ["", "0", "2", "366", "2027-02-30", "demain", "-1"] {
            assert_eq!(Term::parse(bad), Err(BadTerm::Unreadable), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_term_ends_after_now_and_within_the_maximum(
            seconds in 1_600_000_000i64..4_000_000_000,
            days in 0i32..=365,
            zone in prop::sample::select(vec!["Europe/Paris", "Indian/Reunion", "America/Cayenne", "Pacific/Auckland", "UTC"]),
        ) {
            let zone = TimeZone::get(zone).unwrap();
            let now = Timestamp::from_unix(seconds).unwrap();
            let day = local_day(now, &zone).unwrap().checked_add(days.days()).unwrap();
            let validity = Validity::fix(Term::Until(day), now, &zone).unwrap();
            prop_assert!(validity.ends_at > now);
            prop_assert!(validity.ends_at.since(now) <= Duration::days(i64::from(days) + 1) + Duration::hours(2));
            prop_assert_eq!(Validity::of_end(validity.ends_at, &zone).unwrap(), validity);
        }
    }
}
