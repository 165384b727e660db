//! The mails a user receives about a mandate, when their identity provider gave an address.
use askama::Template;

use super::Mail;

/// The language a mail is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    French,
    English,
}

impl Language {
    /// The language of this tag; French for any other, as it is of every text that has legal force.
    pub fn of(tag: &str) -> Self {
        if tag == "en" { Self::English } else { Self::French }
    }

    pub const fn tag(self) -> &'static str {
        match self {
            Self::French => "fr",
            Self::English => "en",
        }
    }
}

/// A mandate was signed.
#[derive(Clone, Debug)]
pub struct Signed<'a> {
    pub reference: &'a str,
    pub structure: &'a str,
    /// In words, in the language of the mail.
    pub domains: &'a [String],
    /// In words, in the language of the mail.
    pub until: &'a str,
}

/// A mandate, or one domain of it, ended.
#[derive(Clone, Debug)]
pub struct Ended<'a> {
    pub reference: &'a str,
    pub structure: &'a str,
    /// Empty: the whole mandate.
    pub domains: &'a [String],
}

#[derive(Template)]
#[template(path = "mails/signed.fr.txt")]
struct SignedFrench<'a>(&'a Signed<'a>);

#[derive(Template)]
#[template(path = "mails/signed.en.txt")]
struct SignedEnglish<'a>(&'a Signed<'a>);

#[derive(Template)]
#[template(path = "mails/ended.fr.txt")]
struct EndedFrench<'a>(&'a Ended<'a>);

#[derive(Template)]
#[template(path = "mails/ended.en.txt")]
struct EndedEnglish<'a>(&'a Ended<'a>);

impl Signed<'_> {
    pub fn mail(&self, to: &str, language: Language) -> Result<Mail, askama::Error> {
        let (subject, body) = match language {
            Language::French => {
                (format!("Votre mandat {} est signé", self.reference), SignedFrench(self).render()?)
            }
            Language::English => {
                (format!("Your mandate {} is signed", self.reference), SignedEnglish(self).render()?)
            }
        };
        Ok(Mail { to: to.to_owned(), subject, body })
    }
}

impl Ended<'_> {
    pub fn mail(&self, to: &str, language: Language) -> Result<Mail, askama::Error> {
        let (subject, body) = match language {
            Language::French => {
                (format!("Votre mandat {} a pris fin", self.reference), EndedFrench(self).render()?)
            }
            Language::English => {
                (format!("Your mandate {} has ended", self.reference), EndedEnglish(self).render()?)
            }
        };
        Ok(Mail { to: to.to_owned(), subject, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_says_who_what_and_until_when_in_both_languages() {
        let domains = vec!["Logement".to_owned(), "Justice".to_owned()];
        let signed = Signed {
            reference: "M-7Q4K-92HD",
            structure: "CCAS de Gannat",
            domains: &domains,
            until: "mercredi 23 décembre 2026",
        };
        for language in [Language::French, Language::English] {
            let mail = signed.mail("josette@example.fr", language).unwrap();
            for word in ["M-7Q4K-92HD", "CCAS de Gannat", "Logement", "Justice", "23 décembre"] {
                assert!(mail.body.contains(word), "{word} in {}", mail.body);
            }
            let ended =
                Ended { reference: "M-7Q4K-92HD", structure: "CCAS de Gannat", domains: &domains[..1] };
            let part = ended.mail("josette@example.fr", language).unwrap();
            assert!(part.body.contains("Logement") && !part.body.contains("Justice"), "{}", part.body);
            let whole = Ended { domains: &[], ..ended }.mail("josette@example.fr", language).unwrap();
            assert!(!whole.body.contains("Logement"), "{}", whole.body);
        }
    }
}
