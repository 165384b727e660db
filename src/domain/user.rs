//! The user: the person who grants a mandate, known by one identity provider.
use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest name accepted, in characters (FranceConnect's own bound).
const NAME_LENGTH: usize = 256;
/// Longest of the other claims, in characters. An e-mail address has at most 254 (RFC 5321 §4.5.3.1).
const TEXT_LENGTH: usize = 320;

/// The civil identity **exactly as the identity provider gave it**: it is replayed to services and
/// compared with civil registers, so nothing is trimmed, completed or put in another case. What was
/// absent stays absent; an empty `birthplace` (person born abroad) stays empty.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CivilIdentity {
    /// All given names, separated by spaces.
    pub given_name: String,
    /// Name at birth.
    pub family_name: String,
    pub birthdate: Birthdate,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// Code of the place of birth (COG) or empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthplace: Option<String>,
    /// Code of the country of birth (COG; France is 99100).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthcountry: Option<String>,
    /// Name in use, when it is not the name at birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// Which claim cannot be accepted, never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claim {claim} cannot be accepted")]
pub struct BadIdentity {
    pub claim: &'static str,
}

impl CivilIdentity {
    /// Checks shape and bounds only.
    pub fn checked(self) -> Result<Self, BadIdentity> {
        for (claim, name) in [("given_name", &self.given_name), ("family_name", &self.family_name)] {
            if name.trim().is_empty() || !fits(name, NAME_LENGTH) {
                return Err(BadIdentity { claim });
            }
        }
        let others = [
            ("gender", &self.gender),
            ("birthplace", &self.birthplace),
            ("birthcountry", &self.birthcountry),
            ("preferred_username", &self.preferred_username),
            ("email", &self.email),
        ];
        for (claim, text) in others {
            if text.as_deref().is_some_and(|text| !fits(text, TEXT_LENGTH)) {
                return Err(BadIdentity { claim });
            }
        }
        Ok(self)
    }

    /// First given name and the name in use: how a person is spoken of on a page.
    pub fn usual_name(&self) -> String {
        let first = self.given_name.split_whitespace().next().unwrap_or(&self.given_name);
        format!("{first} {}", self.usual_family_name())
    }

    /// All given names and the name at birth: how a person is named in a document.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }

    pub fn usual_family_name(&self) -> &str {
        match self.preferred_username.as_deref() {
            Some(name) if !name.trim().is_empty() => name,
            _ => &self.family_name,
        }
    }

    pub fn gender_known(&self) -> Gender {
        match self.gender.as_deref() {
            Some("female") => Gender::Female,
            Some("male") => Gender::Male,
            _ => Gender::Unspecified,
        }
    }
}

impl fmt::Debug for CivilIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CivilIdentity(…)")
    }
}

fn fits(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(char::is_control)
}

/// For « Mme » and « M. » only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gender {
    Female,
    Male,
    Unspecified,
}

/// A date of birth as civil registers know it: the day, or the day and the month, may be unknown
/// (a *presumed* date, `1962-05-00` or `1962-00-00`). Kept and replayed as text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Birthdate(String);

/// What is known of a date of birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BirthdateParts {
    Day(jiff::civil::Date),
    Month { year: i16, month: i8 },
    Year(i16),
}

/// Not `YYYY-MM-DD`, `YYYY-MM-00` nor `YYYY-00-00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date of birth")]
pub struct BadBirthdate;

impl Birthdate {
    pub fn parse(text: &str) -> Result<Self, BadBirthdate> {
        parts(text).map(|_| Self(text.to_owned()))
    }

    /// Of somebody whose identity was erased.
    pub fn unknown() -> Self {
        Self("1900-00-00".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Never fails on a value of this type: its text was checked when it was made.
    pub fn parts(&self) -> BirthdateParts {
        parts(&self.0).unwrap_or(BirthdateParts::Year(0))
    }

    /// Whether the person is younger than `years` on `day` beyond doubt: an unknown day or month counts as the
    /// earliest possible.
    pub fn is_certainly_under(&self, years: i16, day: jiff::civil::Date) -> bool {
        let (year, month, of_month) = match self.parts() {
            BirthdateParts::Day(born) => (born.year(), born.month(), born.day()),
            BirthdateParts::Month { year, month } => (year, month, 1),
            BirthdateParts::Year(year) => (year, 1, 1),
        };
        (year.saturating_add(years), month, of_month) > (day.year(), day.month(), day.day())
    }
}

fn parts(text: &str) -> Result<BirthdateParts, BadBirthdate> {
    let number = |range: std::ops::Range<usize>| -> Result<i16, BadBirthdate> {
        let digits = text.get(range).ok_or(BadBirthdate)?;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            digits.parse().map_err(|_| BadBirthdate)
        } else {
            Err(BadBirthdate)
        }
    };
    if text.len() != 10 || text.get(4..5) != Some("-") || text.get(7..8) != Some("-") {
        return Err(BadBirthdate);
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (month, day) = (i8::try_from(month), i8::try_from(day));
    let (Ok(month), Ok(day)) = (month, day) else { return Err(BadBirthdate) };
    match (year, month, day) {
        (1..=i16::MAX, 0, 0) => Ok(BirthdateParts::Year(year)),
        (1..=i16::MAX, 1..=12, 0) => Ok(BirthdateParts::Month { year, month }),
        (1..=i16::MAX, _, _) => {
            jiff::civil::Date::new(year, month, day).map(BirthdateParts::Day).map_err(|_| BadBirthdate)
        }
        _ => Err(BadBirthdate),
    }
}

impl TryFrom<String> for Birthdate {
    type Error = BadBirthdate;
    fn try_from(text: String) -> Result<Self, BadBirthdate> {
        Self::parse(&text)
    }
}

impl From<Birthdate> for String {
    fn from(date: Birthdate) -> Self {
        date.0
    }
}

impl fmt::Debug for Birthdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Birthdate(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn josette() -> CivilIdentity {
        CivilIdentity {
            given_name: "Josette Marie-Ange".into(),
            family_name: "DUPONT".into(),
            birthdate: Birthdate::parse("1948-03-04").unwrap(),
            gender: Some("female".into()),
            birthplace: Some("03118".into()),
            birthcountry: Some("99100".into()),
            preferred_username: None,
            email: None,
        }
    }

    #[test]
    fn presumed_dates_are_kept_as_they_are() {
        for text in ["1962-00-00", "1962-05-00", "1948-03-04", "2000-02-29"] {
            assert_eq!(Birthdate::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(Birthdate::parse("1962-00-00").unwrap().parts(), BirthdateParts::Year(1962));
        let may = BirthdateParts::Month { year: 1962, month: 5 };
        assert_eq!(Birthdate::parse("1962-05-00").unwrap().parts(), may);
    }

    #[test]
    fn age_is_decided_only_beyond_doubt() {
        let under = |born: &str, day: &str| {
            Birthdate::parse(born).unwrap().is_certainly_under(18, day.parse().unwrap())
        };
        assert!(under("2008-11-23", "2026-11-22"));
        assert!(!under("2008-11-22", "2026-11-22"));
        assert!(!under("2008-02-29", "2026-03-01") && under("2008-02-29", "2026-02-28"));
        assert!(!under("2008-11-00", "2026-11-01") && under("2008-12-00", "2026-11-30"));
        assert!(!under("2008-00-00", "2026-01-01") && under("2009-00-00", "2026-12-31"));
    }

    #[test]
    fn other_dates_are_refused() {
        for bad in [
            "",
            "1962",
            "1962-00-12",
            "1962-13-00",
            "1962-02-30",
            "1900-02-29",
            "0000-00-00",
            "62-05-01",
            "1962/05/01",
            "1962-5-01",
            "1962-05-01 ",
            "+962-05-01",
            "1962-05-0é",
            "None",
        ] {
            assert_eq!(Birthdate::parse(bad), Err(BadBirthdate), "{bad}");
        }
    }

    #[test]
    fn an_identity_survives_storage_to_the_letter() {
        let mut identity = josette();
        identity.birthplace = Some(String::new());
        let text = serde_json::to_string(&identity).unwrap();
        assert!(!text.contains("email"), "absent stays absent: {text}");
        assert_eq!(serde_json::from_str::<CivilIdentity>(&text).unwrap(), identity);
    }

    #[test]
    fn bounds_are_checked_claim_by_claim() {
        assert!(josette().checked().is_ok());
        let refused = |change: fn(&mut CivilIdentity)| {
            let mut identity = josette();
            change(&mut identity);
            identity.checked().unwrap_err().claim
        };
        assert_eq!(refused(|i| i.given_name = " ".into()), "given_name");
        assert_eq!(refused(|i| i.family_name = "x".repeat(257)), "family_name");
        assert_eq!(refused(|i| i.family_name = "a\u{0}b".into()), "family_name");
        assert_eq!(refused(|i| i.email = Some("x".repeat(321))), "email");
        assert_eq!(refused(|i| i.gender = Some("fe\nmale".into())), "gender");
    }

    #[test]
    fn names_on_screen() {
        let mut identity = josette();
        assert_eq!(identity.usual_name(), "Josette DUPONT");
        identity.preferred_username = Some("Martin".into());
        assert_eq!(identity.usual_name(), "Josette Martin");
        assert_eq!(identity.full_name(), "Josette Marie-Ange DUPONT");
        assert_eq!(format!("{identity:?}"), "CivilIdentity(…)");
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_keeps_the_text(text in "\\PC{0,12}|[0-9]{4}-[0-9]{2}-[0-9]{2}") {
            if let Ok(date) = Birthdate::parse(&text) {
                prop_assert_eq!(date.as_str(), &text);
                let _ = date.parts();
            }
        }
    }
}
