//! What a service asks of the mandate: it narrows the grants offered to the aidant, it never widens them.
use serde::{Deserialize, Serialize};

/// The only type of authorization details served (RFC 9396 §2).
pub const MANDATE_TYPE: &str = "urn:entremise:mandate";

/// Enough for any catalogue of domains; more is not a request made in good faith.
const MOST_VALUES: usize = 64;
const LONGEST_VALUE: usize = 100;

/// The grants a request wants to be offered. Empty lists mean no wish.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantFilter {
    /// Keys of domains, from `authorization_details`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// Labels of domains as FranceConnect names them, from `claims.id_token.rep_scope`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rep_scope: Vec<String>,
    /// The lowest access level that serves: `consult` is met by any grant, `act` only by one that allows acting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// The one user meant, by the identifier the service knows: any of these, from `claims.id_token.sub`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subs: Vec<String>,
    /// Levels of the user's proofing, any of which must be met, from an essential `claims.id_token.acr`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr: Vec<String>,
}

impl GrantFilter {
    /// Whether a level that must be met is one of those at which users are identified here.
    pub fn can_be_met(&self, served: &[String]) -> bool {
        self.acr.is_empty() || self.acr.iter().any(|level| served.contains(level))
    }
}

/// The access level asked for, in the words of `authorization_details`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Consult,
    Act,
}

/// Why what was asked cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    #[error("authorization_details must be a list of details of type {MANDATE_TYPE}")]
    Details,
    #[error("claims must be a JSON object as OpenID Connect Core 5.5 describes it")]
    Claims,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Detail {
    r#type: String,
    #[serde(default)]
    domains: Vec<String>,
    access: Option<Access>,
}

impl GrantFilter {
    /// Adds the wishes of an `authorization_details` parameter. Another type or an unknown field is refused, as
    /// RFC 9396 §5 demands: a service must not believe that a limit was understood when it was not.
    pub fn with_details(mut self, text: &str) -> Result<Self, BadFilter> {
        let details: Vec<Detail> = serde_json::from_str(text).map_err(|_| BadFilter::Details)?;
        if details.is_empty() || details.iter().any(|detail| detail.r#type != MANDATE_TYPE) {
            return Err(BadFilter::Details);
        }
        // Several details are alternatives: the aidant chooses one grant among all of them.
        let any_domain = details.iter().any(|detail| detail.domains.is_empty());
        self.access = details.iter().map(|detail| detail.access.unwrap_or(Access::Consult)).min();
        if !any_domain {
            self.domains = details.into_iter().flat_map(|detail| detail.domains).collect();
        }
        bounded(&self.domains).then_some(self).ok_or(BadFilter::Details)
    }
}

pub(super) fn bounded(values: &[String]) -> bool {
    values.len() <= MOST_VALUES && values.iter().all(|value| value.chars().count() <= LONGEST_VALUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(text: &str) -> Result<GrantFilter, BadFilter> {
        GrantFilter::default().with_details(text)
    }

    #[test]
    fn details_narrow_by_domain_and_access() {
        let filter =
            details(r#"[{"type":"urn:entremise:mandate","domains":["argent","social"],"access":"act"}]"#)
                .unwrap();
        assert_eq!(filter.domains, ["argent", "social"]);
        assert_eq!(filter.access, Some(Access::Act));
        let either = r#"[{"type":"urn:entremise:mandate","domains":["argent"],"access":"act"},
                         {"type":"urn:entremise:mandate"}]"#;
        let filter = details(either).unwrap();
        assert!(filter.domains.is_empty(), "one detail accepts any domain");
        assert_eq!(filter.access, Some(Access::Consult));
    }

    #[test]
    fn details_not_understood_are_refused() {
        for bad in [
            "",
            "{}",
            "[]",
            "null",
            r#"[{"type":"payment"}]"#,
            r#"[{"domains":["argent"]}]"#,
            r#"[{"type":"urn:entremise:mandate","amount":3}]"#,
            r#"[{"type":"urn:entremise:mandate","domains":"argent"}]"#,
            r#"[{"type":"urn:entremise:mandate","access":"own"}]"#,
        ] {
            assert_eq!(details(bad), Err(BadFilter::Details), "{bad}");
        }
        let long = format!(r#"[{{"type":"urn:entremise:mandate","domains":["{}"]}}]"#, "x".repeat(101));
        assert_eq!(details(&long), Err(BadFilter::Details));
    }
}
