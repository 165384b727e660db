//! Dates in words, for consent texts only: these words are part of a version and never change.
use jiff::civil::{Date, Weekday};

use crate::domain::user::{Birthdate, BirthdateParts};

const MONTHS_FR: [&str; 12] = [
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
const MONTHS_EN: [&str; 12] = [
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

fn month(number: i8, names: &[&'static str; 12]) -> &'static str {
    usize::try_from(number - 1).ok().and_then(|index| names.get(index).copied()).unwrap_or("?")
}

fn weekday(day: Date, english: bool) -> &'static str {
    match (day.weekday(), english) {
        (Weekday::Monday, false) => "lundi",
        (Weekday::Tuesday, false) => "mardi",
        (Weekday::Wednesday, false) => "mercredi",
        (Weekday::Thursday, false) => "jeudi",
        (Weekday::Friday, false) => "vendredi",
        (Weekday::Saturday, false) => "samedi",
        (Weekday::Sunday, false) => "dimanche",
        (Weekday::Monday, true) => "Monday",
        (Weekday::Tuesday, true) => "Tuesday",
        (Weekday::Wednesday, true) => "Wednesday",
        (Weekday::Thursday, true) => "Thursday",
        (Weekday::Friday, true) => "Friday",
        (Weekday::Saturday, true) => "Saturday",
        (Weekday::Sunday, true) => "Sunday",
    }
}

fn day_of_month(day: Date, english: bool) -> String {
    match (day.day(), english) {
        (1, false) => format!("1er {} {}", month(day.month(), &MONTHS_FR), day.year()),
        (n, false) => format!("{n} {} {}", month(day.month(), &MONTHS_FR), day.year()),
        (n, true) => format!("{n} {} {}", month(day.month(), &MONTHS_EN), day.year()),
    }
}

/// « mercredi 23 décembre 2026 ».
pub(super) fn long(day: Date, english: bool) -> String {
    format!("{} {}", weekday(day, english), day_of_month(day, english))
}

/// « le 4 mars 1948 », « en mai 1962 (jour inconnu) », « en 1962 (jour et mois inconnus) ».
pub(super) fn birth(date: &Birthdate, english: bool) -> String {
    match (date.parts(), english) {
        (BirthdateParts::Day(day), false) => format!("le {}", day_of_month(day, false)),
        (BirthdateParts::Day(day), true) => format!("on {}", day_of_month(day, true)),
        (BirthdateParts::Month { year, month: n }, false) => {
            format!("en {} {year} (jour inconnu)", month(n, &MONTHS_FR))
        }
        (BirthdateParts::Month { year, month: n }, true) => {
            format!("in {} {year} (day unknown)", month(n, &MONTHS_EN))
        }
        (BirthdateParts::Year(year), false) => format!("en {year} (jour et mois inconnus)"),
        (BirthdateParts::Year(year), true) => format!("in {year} (day and month unknown)"),
    }
}
