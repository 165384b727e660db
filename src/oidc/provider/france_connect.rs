//! What FranceConnect takes from an identity provider. It compares the identity with the national register exactly as
//! sent, so nothing is made up here: an identity it would refuse is not sent, and the aidant is told why.
use crate::domain::user::CivilIdentity;

/// France, as a country of birth (INSEE, code officiel géographique).
const FRANCE: &str = "99100";

/// What of an identity FranceConnect would refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// No address, or one without a top-level domain.
    Email,
    /// Neither female, male nor unspecified.
    Gender,
    /// A country that is no code, or a place that does not go with it.
    Birth,
}

impl Unfit {
    /// As the log names it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Email => "identity_without_email",
            Self::Gender => "identity_without_gender",
            Self::Birth => "identity_without_place_of_birth",
        }
    }
}

/// The first thing that FranceConnect would refuse, if any. Names and the date of birth were checked when the identity
/// was taken.
pub fn unfit(identity: &CivilIdentity) -> Option<Unfit> {
    if !identity.email.as_deref().is_some_and(has_top_level_domain) {
        return Some(Unfit::Email);
    }
    if !matches!(identity.gender.as_deref(), Some("female" | "male" | "unspecified")) {
        return Some(Unfit::Gender);
    }
    let place = identity.birthplace.as_deref();
    let fits = match identity.birthcountry.as_deref() {
        Some(FRANCE) => place.is_some_and(is_commune),
        Some(country) => is_country(country) && place == Some(""),
        None => false,
    };
    if fits { None } else { Some(Unfit::Birth) }
}

fn has_top_level_domain(address: &str) -> bool {
    let domain = address.rsplit_once('@').filter(|(local, _)| !local.is_empty()).map(|(_, domain)| domain);
    let labels = domain.and_then(|domain| domain.rsplit_once('.'));
    labels.is_some_and(|(rest, tld)| {
        !rest.is_empty() && tld.len() > 1 && !address.contains(char::is_whitespace)
    })
}

fn is_country(code: &str) -> bool {
    code.len() == 5 && code.starts_with("99") && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// Five characters: digits, or a Corsican department (`2A`, `2B`) and three digits.
fn is_commune(code: &str) -> bool {
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    match code.as_bytes() {
        [b'2', b'A' | b'B', rest @ ..] if rest.len() == 3 => digits(rest),
        whole => whole.len() == 5 && digits(whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn identity(change: impl FnOnce(&mut Value)) -> CivilIdentity {
        let mut identity = json!({"given_name": "Angélique", "family_name": "Dubois", "birthdate": "1962-00-00",
            "gender": "female", "birthplace": "2A004", "birthcountry": "99100", "email": "a@b.fr"});
        change(&mut identity);
        serde_json::from_value(identity).unwrap()
    }

    #[test]
    fn what_it_takes() {
        assert_eq!(unfit(&identity(|_| ())), None, "a presumed date, born in Corsica");
        let abroad =
            |claims: &mut Value| (claims["birthplace"], claims["birthcountry"]) = ("".into(), "99352".into());
        assert_eq!(unfit(&identity(abroad)), None);
        assert_eq!(unfit(&identity(|claims| claims["gender"] = "unspecified".into())), None);
    }

    #[test]
    fn what_it_would_refuse() {
        for (claim, value, why) in [
            ("email", json!(null), Unfit::Email),
            ("email", json!(""), Unfit::Email),
            ("email", json!("a@localhost"), Unfit::Email),
            ("email", json!("@b.fr"), Unfit::Email),
            ("email", json!("a@.fr"), Unfit::Email),
            ("email", json!("a b@c.fr"), Unfit::Email),
            ("gender", json!(null), Unfit::Gender),
            ("gender", json!("F"), Unfit::Gender),
            ("birthcountry", json!(null), Unfit::Birth),
            ("birthcountry", json!("FR"), Unfit::Birth),
            ("birthcountry", json!("99352"), Unfit::Birth),
            ("birthplace", json!(null), Unfit::Birth),
            ("birthplace", json!(""), Unfit::Birth),
            ("birthplace", json!("2a004"), Unfit::Birth),
            ("birthplace", json!("2C004"), Unfit::Birth),
            ("birthplace", json!("750560"), Unfit::Birth),
        ] {
            assert_eq!(
                unfit(&identity(|claims| claims[claim] = value.clone())),
                Some(why),
                "{claim} {value}"
            );
        }
        let nowhere = |claims: &mut Value| {
            (claims["birthplace"], claims["birthcountry"]) = (json!(null), "99352".into());
        };
        assert_eq!(unfit(&identity(nowhere)), Some(Unfit::Birth), "abroad, the place is there and empty");
    }
}
