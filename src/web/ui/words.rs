//! Dates, hours, durations and numbers in words, in the language and time zone of an [`L`].
use jiff::Zoned;
use jiff::civil::{Date, Weekday};

use super::locale::{L, Locale};
use crate::domain::time::Timestamp;

const NBSP: char = '\u{a0}';

const MOIS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const MOIS_COURTS: [&str; 12] =
    ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juill.", "août", "sept.", "oct.", "nov.", "déc."];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const SHORT_MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec"];

/// Grammatical gender, where a sentence needs one. `Unknown` gets a sentence that needs none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gender {
    Female,
    Male,
    #[default]
    Unknown,
}

impl Gender {
    /// The `gender` claim of OpenID Connect: `female`, `male`, anything else.
    pub fn parse(claim: &str) -> Self {
        match claim {
            "female" => Self::Female,
            "male" => Self::Male,
            _ => Self::Unknown,
        }
    }

    /// The selector of a Fluent message: `{ $gender -> [female] née [male] né *[other] … }`.
    pub const fn selector(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Unknown => "other",
        }
    }
}

fn month(names: &[&'static str; 12], date: Date) -> &'static str {
    usize::try_from(date.month() - 1).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

fn weekday(locale: Locale, day: Weekday) -> &'static str {
    match (locale, day) {
        (Locale::Fr, Weekday::Monday) => "lundi",
        (Locale::Fr, Weekday::Tuesday) => "mardi",
        (Locale::Fr, Weekday::Wednesday) => "mercredi",
        (Locale::Fr, Weekday::Thursday) => "jeudi",
        (Locale::Fr, Weekday::Friday) => "vendredi",
        (Locale::Fr, Weekday::Saturday) => "samedi",
        (Locale::Fr, Weekday::Sunday) => "dimanche",
        (Locale::En, Weekday::Monday) => "Monday",
        (Locale::En, Weekday::Tuesday) => "Tuesday",
        (Locale::En, Weekday::Wednesday) => "Wednesday",
        (Locale::En, Weekday::Thursday) => "Thursday",
        (Locale::En, Weekday::Friday) => "Friday",
        (Locale::En, Weekday::Saturday) => "Saturday",
        (Locale::En, Weekday::Sunday) => "Sunday",
    }
}

impl L {
    fn local(&self, at: Timestamp) -> Zoned {
        let at = jiff::Timestamp::from_microsecond(at.unix_micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        at.to_zoned(self.zone.clone())
    }

    /// The first instant of a day typed as `2026-11-22`, in this time zone.
    pub fn day_typed(&self, typed: &str) -> Option<Timestamp> {
        let day: Date = typed.parse().ok()?;
        let start = day.to_zoned(self.zone.clone()).ok()?.timestamp().as_second();
        Timestamp::from_unix(start).ok()
    }

    /// The day of an instant as a date field holds it: `2026-11-22`.
    pub fn day_as_typed(&self, at: Timestamp) -> String {
        self.local(at).date().to_string()
    }

    /// « mercredi 23 décembre 2026 » · "Wednesday 23 December 2026"
    pub fn date(&self, at: Timestamp) -> String {
        self.full_date(self.local(at).date())
    }

    /// « 23 décembre 2026 » · "23 December 2026"
    pub fn day(&self, at: Timestamp) -> String {
        self.plain_date(self.local(at).date())
    }

    /// « 23 déc. » · "23 Dec", under a column of a drawing.
    pub fn short_day(&self, at: Timestamp) -> String {
        let date = self.local(at).date();
        let names = match self.locale {
            Locale::Fr => &MOIS_COURTS,
            Locale::En => &SHORT_MONTHS,
        };
        format!("{}{NBSP}{}", date.day(), month(names, date))
    }

    /// « 10 h 42 » · "10:42"
    pub fn hour(&self, at: Timestamp) -> String {
        let at = self.local(at);
        match self.locale {
            Locale::Fr => format!("{}{NBSP}h{NBSP}{:02}", at.hour(), at.minute()),
            Locale::En => format!("{}:{:02}", at.hour(), at.minute()),
        }
    }

    /// « mercredi 23 décembre 2026 à 10 h 42 » · "Wednesday 23 December 2026 at 10:42"
    pub fn date_hour(&self, at: Timestamp) -> String {
        let link = match self.locale {
            Locale::Fr => "à",
            Locale::En => "at",
        };
        format!("{} {link} {}", self.date(at), self.hour(at))
    }

    /// The end of a mandate, to follow « jusqu’au » or "until".
    /// The last instant of a day, or the midnight after it, is that day:
    /// « mercredi 23 décembre 2026 à minuit » · "the end of Wednesday 23 December 2026".
    pub fn end(&self, at: Timestamp) -> String {
        let local = self.local(at);
        let midnight = local.hour() == 0 && local.minute() == 0 && local.second() == 0;
        let last = local.hour() == 23 && local.minute() == 59 && local.second() == 59;
        if !midnight && !last {
            return self.date_hour(at);
        }
        let day = if midnight { at - time::Duration::SECOND } else { at };
        let day = self.date(day);
        match self.locale {
            Locale::Fr => format!("{day} à minuit"),
            Locale::En => format!("the end of {day}"),
        }
    }

    /// The same end without its hour, to follow « jusqu’au » or "until": « 23 décembre 2026 ».
    pub fn end_day(&self, at: Timestamp) -> String {
        let local = self.local(at);
        let midnight = local.hour() == 0 && local.minute() == 0 && local.second() == 0;
        self.day(if midnight { at - time::Duration::SECOND } else { at })
    }

    /// For stories read soon after: « Aujourd’hui, 10 h 42 », « Hier, … », then the date.
    pub fn moment(&self, at: Timestamp, now: Timestamp) -> String {
        let (then, today) = (self.local(at).date(), self.local(now).date());
        let day = if then == today {
            self.t("today").into_owned()
        } else if Some(then) == today.yesterday().ok() {
            self.t("yesterday").into_owned()
        } else {
            self.short_date(then)
        };
        let hour = self.hour(at);
        format!("{day}, {hour}")
    }

    /// For auditors: « 22 nov. 2026, 10:42:07 ».
    pub fn stamp(&self, at: Timestamp) -> String {
        let local = self.local(at);
        let day = self.short_date(local.date());
        format!("{day}, {:02}:{:02}:{:02}", local.hour(), local.minute(), local.second())
    }

    /// A `birthdate` claim in words, presumed parts left out:
    /// « 4 mars 1948 », « mars 1948 » (1948-03-00), « 1948 » (1948-00-00). Anything else comes back as it is.
    pub fn birth_date(&self, claim: &str) -> String {
        match birth_parts(claim) {
            Some((year, 0, _)) => year.to_string(),
            Some((year, month_number, 0)) => Date::new(year, month_number, 1)
                .map_or_else(|_| claim.to_owned(), |date| format!("{} {year}", self.month_name(date))),
            Some((year, month_number, day)) => Date::new(year, month_number, day)
                .map_or_else(|_| claim.to_owned(), |date| self.plain_date(date)),
            None => claim.to_owned(),
        }
    }

    /// « née le 4 mars 1948 », « né en 1962 », or without gender « naissance le 4 mars 1948 ».
    pub fn born(&self, gender: Gender, claim: &str) -> String {
        let whole = matches!(birth_parts(claim), Some((_, month, day)) if month != 0 && day != 0);
        let key = if whole { "born-on" } else { "born-in" };
        self.t2(key, "gender", gender.selector(), "date", self.birth_date(claim)).into_owned()
    }

    /// « 45 secondes », « 15 minutes », « 2 heures », « 3 jours »: the largest unit, rounded up, so that
    /// nobody is told to come back too early. Below zero counts as zero.
    pub fn duration(&self, length: time::Duration) -> String {
        let seconds = length.whole_seconds().max(0);
        let (key, count) = match seconds {
            0..=90 => ("duration-seconds", seconds),
            91..=5_400 => ("duration-minutes", round_up(seconds, 60)),
            5_401..=172_800 => ("duration-hours", round_up(seconds, 3_600)),
            _ => ("duration-days", round_up(seconds, 86_400)),
        };
        self.t1(key, "count", count).into_owned()
    }

    /// « 1 204 883 » · "1,204,883"
    pub fn number(&self, number: impl TryInto<i64>) -> String {
        let number = number.try_into().unwrap_or(i64::MAX);
        let digits = number.unsigned_abs().to_string();
        let separator = match self.locale {
            Locale::Fr => NBSP,
            Locale::En => ',',
        };
        let mut text = if number < 0 { String::from("-") } else { String::new() };
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index) % 3 == 0 {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    /// « Argent, Logement et Justice » · "Money, Housing and Justice"
    pub fn list(&self, items: &[String]) -> String {
        match items {
            [] => String::new(),
            [only] => only.clone(),
            [first @ .., last] => format!("{} {} {last}", first.join(", "), self.t("list-and")),
        }
    }

    fn full_date(&self, date: Date) -> String {
        format!("{} {}", weekday(self.locale, date.weekday()), self.plain_date(date))
    }

    fn plain_date(&self, date: Date) -> String {
        let day = match (self.locale, date.day()) {
            (Locale::Fr, 1) => "1er".to_owned(),
            (_, day) => day.to_string(),
        };
        format!("{day}{NBSP}{} {}", self.month_name(date), date.year())
    }

    fn short_date(&self, date: Date) -> String {
        let names = match self.locale {
            Locale::Fr => &MOIS_COURTS,
            Locale::En => &SHORT_MONTHS,
        };
        format!("{}{NBSP}{} {}", date.day(), month(names, date), date.year())
    }

    fn month_name(&self, date: Date) -> &'static str {
        match self.locale {
            Locale::Fr => month(&MOIS, date),
            Locale::En => month(&MONTHS, date),
        }
    }
}

fn round_up(seconds: i64, unit: i64) -> i64 {
    (seconds + unit - 1) / unit
}

fn birth_parts(claim: &str) -> Option<(i16, i8, i8)> {
    let mut parts = claim.split('-');
    let year = parts.next()?.parse().ok()?;
    let month = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    (parts.next().is_none() && (0..=12).contains(&month) && (0..=31).contains(&day))
        .then_some((year, month, day))
}
