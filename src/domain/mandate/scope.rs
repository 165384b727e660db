//! What a mandate covers: at least one domain, each granted on its own terms.
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::catalogue::DomainKey;

/// What may be done under a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Consult,
    Act,
}

impl Access {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consult => "consult",
            Self::Act => "act",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Consult, Self::Act].into_iter().find(|access| access.name() == name)
    }
}

/// The domains of one mandate, each whole and to act in: never empty, each once, in a stable order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<DomainKey>", into = "BTreeSet<DomainKey>")]
pub struct Scope(BTreeSet<DomainKey>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a mandate covers at least one domain")]
pub struct EmptyScope;

impl Scope {
    pub fn new(domains: impl IntoIterator<Item = DomainKey>) -> Result<Self, EmptyScope> {
        Self::try_from(domains.into_iter().collect::<BTreeSet<_>>())
    }

    pub fn iter(&self) -> impl Iterator<Item = &DomainKey> {
        self.0.iter()
    }

    pub fn contains(&self, domain: &DomainKey) -> bool {
        self.0.contains(domain)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Always false; here because a length calls for it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeSet<DomainKey>> for Scope {
    type Error = EmptyScope;
    fn try_from(domains: BTreeSet<DomainKey>) -> Result<Self, EmptyScope> {
        if domains.is_empty() { Err(EmptyScope) } else { Ok(Self(domains)) }
    }
}

impl From<Scope> for BTreeSet<DomainKey> {
    fn from(scope: Scope) -> Self {
        scope.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_never_empty_and_names_each_domain_once() {
        let key = |text: &str| text.parse::<DomainKey>().unwrap();
        assert_eq!(Scope::new([]), Err(EmptyScope));
        let scope = Scope::new([key("social"), key("argent"), key("social")]).unwrap();
        assert_eq!(scope.iter().map(DomainKey::as_str).collect::<Vec<_>>(), ["argent", "social"]);
        assert_eq!(serde_json::to_string(&scope).unwrap(), r#"["argent","social"]"#);
        assert!(serde_json::from_str::<Scope>("[]").is_err());
        assert!(scope.contains(&key("argent")) && !scope.contains(&key("justice")));
    }

    #[test]
    fn to_act_is_more_than_to_consult() {
        assert!(Access::Consult < Access::Act);
        for name in ["consult", "act"] {
            assert_eq!(Access::from_name(name).unwrap().name(), name);
        }
    }
}
