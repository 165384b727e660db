//! Scopes (OpenID Connect Core 1.0 §5.4) and the claims each one opens at userinfo.
use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a service may ask to know of the user. Unknown scopes are ignored, order does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    OpenId,
    /// Names, gender, birth date, preferred user name.
    Profile,
    Email,
    /// Place and country of birth, as FranceConnect names it.
    Birth,
}

impl Scope {
    pub const ALL: [Self; 4] = [Self::OpenId, Self::Profile, Self::Email, Self::Birth];

    pub fn name(self) -> &'static str {
        match self {
            Self::OpenId => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::Birth => "birth",
        }
    }

    /// The scope of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// The userinfo claims this scope opens.
    pub fn claims(self) -> &'static [&'static str] {
        match self {
            Self::OpenId => &["sub"],
            Self::Profile => &["given_name", "family_name", "birthdate", "gender", "preferred_username"],
            Self::Email => &["email"],
            Self::Birth => &["birthplace", "birthcountry"],
        }
    }
}

/// A set of known scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Reads a space-separated list, ignoring what is not known.
    pub fn parse(text: &str) -> Self {
        Self(text.split(' ').filter_map(Scope::named).collect())
    }

    pub fn all() -> Self {
        Self(Scope::ALL.into_iter().collect())
    }

    /// These, and `openid`.
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().copied().chain([Scope::OpenId]).collect())
    }

    /// Those that `allowed` holds too.
    #[must_use]
    pub fn within(self, allowed: &Self) -> Self {
        Self(self.0.intersection(&allowed.0).copied().collect())
    }

    /// Whether one of them opens a claim.
    pub fn opens(&self, claim: &str) -> bool {
        self.iter().any(|scope| scope.claims().contains(&claim))
    }

    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether nothing is here that `other` does not hold.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl From<String> for Scopes {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl From<Scopes> for String {
    fn from(scopes: Scopes) -> Self {
        scopes.to_string()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{}", scope.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_free_and_the_unknown_is_ignored() {
        let scopes = Scopes::parse("email  surprise openid email");
        assert_eq!(scopes.to_string(), "openid email");
        assert!(!scopes.has(Scope::Birth));
        assert_eq!(Scopes::parse(&Scopes::all().to_string()), Scopes::all());
        assert_eq!(Scopes::parse(""), Scopes::default());
    }

    #[test]
    fn what_lies_beyond_is_left_out() {
        let allowed = Scopes::of(&[Scope::Email]);
        assert_eq!(allowed.to_string(), "openid email");
        assert_eq!(Scopes::parse("birth openid email profile").within(&allowed), allowed);
        assert_eq!(Scopes::parse("openid").within(&allowed).to_string(), "openid");
        assert!(allowed.opens("email") && !allowed.opens("birthdate") && !allowed.opens("picture"));
    }
}
