//! A professional: aidant, referent, operator or auditor.
use zeroize::Zeroizing;

pub const MAX_EMAIL_CHARS: usize = 254;
pub const MAX_NAME_CHARS: usize = 120;

/// What someone may be. The first two belong to a structure, the last two to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Aidant,
    Referent,
    Operator,
    Auditor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown value")]
pub struct Unknown;

impl Role {
    pub const ALL: [Self; 4] = [Self::Aidant, Self::Referent, Self::Operator, Self::Auditor];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aidant => "aidant",
            Self::Referent => "referent",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
        }
    }

    /// Is this role held in one structure?
    pub const fn needs_structure(self) -> bool {
        matches!(self, Self::Aidant | Self::Referent)
    }
}

impl std::str::FromStr for Role {
    type Err = Unknown;
    fn from_str(text: &str) -> Result<Self, Unknown> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(Unknown)
    }
}

/// An e-mail address as somebody signs in with it: trimmed, lower case. Not printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(Zeroizing<String>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct BadEmail;

impl Email {
    /// Accepts what can be delivered: one `@`, something before, a dotted name after. (RFC 5321 allows more; no
    /// structure uses it, and an exotic address is a classic way into a mail header.)
    pub fn parse(text: &str) -> Result<Self, BadEmail> {
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(BadEmail)?;
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"(),:;<>[\\]@".contains(c);
        let label = |l: &str| {
            !l.is_empty() && !l.starts_with('-') && l.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let domain_fits = domain.contains('.') && domain.split('.').all(label);
        let fits = !local.is_empty() && local.chars().all(plain) && domain_fits;
        if fits && text.chars().count() <= MAX_EMAIL_CHARS {
            Ok(Self(Zeroizing::new(text)))
        } else {
            Err(BadEmail)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(…)")
    }
}

/// Given and family name as they are shown to users and colleagues. Not printed by `Debug`.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PersonName {
    pub given: String,
    pub family: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a given name and a family name are needed, each of at most {MAX_NAME_CHARS} characters")]
pub struct BadName;

impl PersonName {
    pub fn new(given: &str, family: &str) -> Result<Self, BadName> {
        Ok(Self { given: name_part(given)?, family: name_part(family)? })
    }

    /// « Jean-Pierre de La Tour »: the first word is the given name.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let (given, family) = text.trim().split_once(char::is_whitespace).ok_or(BadName)?;
        Self::new(given, family)
    }

    pub fn full(&self) -> String {
        format!("{} {}", self.given, self.family)
    }
}

fn name_part(text: &str) -> Result<String, BadName> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Directional overrides would let a name rewrite the sentence around it.
    let hostile = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let fits = !text.is_empty() && text.chars().count() <= MAX_NAME_CHARS && !text.chars().any(hostile);
    if fits { Ok(text) } else { Err(BadName) }
}

impl std::fmt::Debug for PersonName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonName(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_whatever_its_case() {
        let typed = Email::parse("  Claire.Martin@Mairie-Exemple.FR ").unwrap();
        assert_eq!(typed.as_str(), "claire.martin@mairie-exemple.fr");
        assert!(Email::parse("hélène@mairie.fr").is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@b.fr", "a".repeat(250));
        for bad in [
            "",
            "claire",
            "@b.fr",
            "a@",
            "a@b",
            "a@.fr",
            "a@b..fr",
            "a b@c.fr",
            "a@b.fr\r\nBcc: c@d.fr",
            "a@-b.fr",
            "<a@b.fr>",
            "a,b@c.fr",
            "a@b@c.fr",
            &long,
        ] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_is_one_line_that_reads_as_written() {
        assert_eq!(PersonName::parse("  Claire \n Martin ").unwrap().full(), "Claire Martin");
        let name = PersonName::parse("Jean-Pierre de  La Tour").unwrap();
        assert_eq!((name.given.as_str(), name.family.as_str()), ("Jean-Pierre", "de La Tour"));
        let long = format!("a {}", "x".repeat(121));
        for bad in ["", "  ", "Claire", "a \u{202e}b", "a \u{0}b", &long] {
            assert!(PersonName::parse(bad).is_err());
        }
    }

    #[test]
    fn roles_come_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().is_err());
        assert!(Role::Referent.needs_structure() && !Role::Auditor.needs_structure());
    }
}
