//! The question of a service before it lets something be done (OpenID AuthZEN Authorization API 1.0 §6): may this aidant
//! of this structure do this for this user?
use serde::Deserialize;

/// What may be done under a grant: look, or act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Consult,
    Act,
}

impl Access {
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "consult" => Some(Self::Consult),
            "act" => Some(Self::Act),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Consult => "consult",
            Self::Act => "act",
        }
    }

    /// Whether a grant of this level allows it: whoever may act may look.
    pub fn is_within(self, granted: &str) -> bool {
        granted == "act" || granted == self.name()
    }
}

/// An evaluation request. What it does not know of is ignored, as the API wants.
#[derive(Clone, Debug, Deserialize)]
pub struct Evaluation {
    pub subject: Subject,
    pub action: Action,
    pub resource: Resource,
}

/// The aidant, as the service knows them from `act`.
#[derive(Clone, Debug, Deserialize)]
pub struct Subject {
    pub r#type: String,
    pub id: String,
    pub properties: SubjectProperties,
}

#[derive(Clone, Debug, Deserialize)]
pub struct SubjectProperties {
    /// The structure they act for, from the inner `act`.
    pub structure: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Action {
    /// `consult` or `act`.
    pub name: String,
}

/// The user, as the service knows them by `sub`.
#[derive(Clone, Debug, Deserialize)]
pub struct Resource {
    pub r#type: String,
    pub id: String,
    #[serde(default)]
    pub properties: ResourceProperties,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct ResourceProperties {
    /// The domain in which it would be done; absent: the one the service was opened in.
    pub domain: Option<String>,
}

impl Evaluation {
    /// Reads a request; none if it is not one.
    pub fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// What is asked, if it is a question we know.
    pub fn access(&self) -> Option<Access> {
        let known = self.subject.r#type == "aidant" && self.resource.r#type == "user";
        Access::named(&self.action.name).filter(|_| known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_question_has_all_its_parts() {
        let good = r#"{"subject":{"type":"aidant","id":"a","properties":{"structure":"s","x":1}},"action":{"name":"act"},
            "resource":{"type":"user","id":"u","properties":{"domain":"argent"}},"context":{"time":"now"}}"#;
        let asked = Evaluation::parse(good.as_bytes()).unwrap();
        assert_eq!(asked.access(), Some(Access::Act));
        assert_eq!(asked.resource.properties.domain.as_deref(), Some("argent"));
        for part in [r#""id":"a","#, r#""type":"user","#, r#""structure":"s","#, r#"{"name":"act"}"#] {
            assert!(Evaluation::parse(good.replacen(part, "", 1).as_bytes()).is_none(), "{part}");
        }
        for other in [("aidant", "admin"), ("\"user\"", "\"file\""), ("\"act\"", "\"delete\"")] {
            let asked = Evaluation::parse(good.replacen(other.0, other.1, 1).as_bytes()).unwrap();
            assert_eq!(asked.access(), None, "{other:?}");
        }
    }

    #[test]
    fn whoever_may_act_may_look() {
        assert!(Access::Consult.is_within("act") && Access::Consult.is_within("consult"));
        assert!(
            Access::Act.is_within("act") && !Access::Act.is_within("consult") && !Access::Act.is_within("")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Evaluation::parse(&bytes);
        }
    }
}
