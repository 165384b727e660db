//! The people who can identify themselves here, chosen for what is difficult about real ones.
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use crate::demo::people::{GANNAT, Place, VICHY};

/// One invented person with an electronic identity. Codes of places and countries are those of the INSEE (COG).
#[derive(Debug)]
pub struct Persona {
    pub identifier: &'static str,
    /// Known to all: it stands on the sign-in page.
    pub password: &'static str,
    /// All given names, separated by spaces.
    pub given_name: &'static str,
    /// Name at birth.
    pub family_name: &'static str,
    /// Name in use, when it differs.
    pub preferred_username: Option<&'static str>,
    pub gender: &'static str,
    /// `YYYY-MM-DD`; a month or day that nobody knows is `00` (presumed date).
    pub birthdate: &'static str,
    /// Empty when born abroad.
    pub birthplace: &'static str,
    pub birthcountry: &'static str,
    pub email: Option<&'static str>,
    /// What is worth trying with this person.
    pub why: (&'static str, &'static str),
    /// SIRET of the organisation of a professional; none for a user.
    pub siret: Option<&'static str>,
}

pub const PERSONAS: [Persona; 5] = [
    Persona {
        identifier: "josette",
        password: "josette-gannat-1948",
        given_name: "Josette",
        family_name: "Martin",
        preferred_username: None,
        gender: "female",
        birthdate: "1948-03-04",
        birthplace: "03118",
        birthcountry: "99100",
        email: Some("josette.martin@courriel.example"),
        why: ("Née à Gannat le 4 mars 1948", "Born in Gannat on 4 March 1948"),
        siret: None,
    },
    Persona {
        identifier: "amadou",
        password: "amadou-kayes-1962",
        given_name: "Amadou",
        family_name: "Diallo",
        preferred_username: None,
        gender: "male",
        birthdate: "1962-00-00",
        birthplace: "",
        birthcountry: "99335",
        email: Some("amadou.diallo@courriel.example"),
        why: ("Né au Mali en 1962, jour et mois inconnus", "Born in Mali in 1962, day and month unknown"),
        siret: None,
    },
    Persona {
        identifier: "raymond",
        password: "raymond-vichy-1939",
        given_name: "Raymond Louis",
        family_name: "Petit",
        preferred_username: None,
        gender: "male",
        birthdate: "1939-11-21",
        birthplace: "03310",
        birthcountry: "99100",
        email: None,
        why: ("Sans adresse électronique", "Without an e-mail address"),
        siret: None,
    },
    Persona {
        identifier: "eloise",
        password: "eloise-quimper-1957",
        given_name: "Anne-Éloïse Zoé",
        family_name: "Le Goff-Brüning",
        preferred_username: Some("D’Aubigné"),
        gender: "female",
        birthdate: "1957-12-31",
        birthplace: "29232",
        birthcountry: "99100",
        email: Some("eloise.daubigne@courriel.example"),
        why: ("Nom composé, accents, nom d’usage", "Compound name, accents, another name in use"),
        siret: None,
    },
    Persona {
        identifier: "fatima",
        password: "fatima-oran-1950",
        given_name: "Fatima Zohra",
        family_name: "Bensaïd",
        preferred_username: Some("Morel"),
        gender: "female",
        birthdate: "1950-07-00",
        birthplace: "",
        birthcountry: "99352",
        email: Some("fatima.morel@courriel.example"),
        why: ("Née en Algérie en juillet 1950, jour inconnu", "Born in Algeria in July 1950, day unknown"),
        siret: None,
    },
];

/// The aidants of the demonstration, as their professional identity knows them.
pub const PROFESSIONALS: [Persona; 4] = [
    professional("nadia", "Nadia", "Benali", "nadia.benali@gannat.example", &GANNAT),
    professional("hugo", "Hugo", "Lefèvre", "hugo.lefevre@gannat.example", &GANNAT),
    professional("ines", "Inès", "Caron", "ines.caron@allier.example", &VICHY),
    professional("marc", "Marc", "Aubert", "marc.aubert@vichy.example", &VICHY),
];

/// One whose civil status nobody asks for.
const fn professional(
    identifier: &'static str,
    given_name: &'static str,
    family_name: &'static str,
    email: &'static str,
    at: &Place,
) -> Persona {
    Persona {
        identifier,
        password: "identite-pro-demonstration",
        given_name,
        family_name,
        preferred_username: None,
        gender: "unspecified",
        birthdate: "",
        birthplace: "",
        birthcountry: "",
        email: Some(email),
        why: (at.name, at.name),
        siret: Some(at.siret),
    }
}

impl Persona {
    /// Who may identify towards a client of this kind.
    pub(super) const fn of(professionals: bool) -> &'static [Self] {
        if professionals { &PROFESSIONALS } else { &PERSONAS }
    }

    pub(super) fn find(professionals: bool, identifier: &str) -> Option<&'static Self> {
        Self::of(professionals)
            .iter()
            .find(|persona| persona.identifier.eq_ignore_ascii_case(identifier.trim()))
    }

    pub(super) const fn is_professional(&self) -> bool {
        self.siret.is_some()
    }

    pub fn full_name(&self) -> String {
        format!("{} {}", self.given_name, self.preferred_username.unwrap_or(self.family_name))
    }

    /// The subject towards one client: pairwise, and the same after a restart.
    pub(super) fn subject(&self, client_id: &str) -> String {
        let hash = digest(&SHA256, format!("identite-demo|{client_id}|{}", self.identifier).as_bytes());
        format!("{}v1", data_encoding::HEXLOWER.encode(hash.as_ref()))
    }

    /// The claims that `scopes` open, as FranceConnect names them. `birthdate` is completed to a calendar
    /// date; `idp_birthdate` is the civil status as it is.
    pub(super) fn claims(&self, scopes: &str) -> Map<String, Value> {
        let granted: Vec<&str> = scopes
            .split_ascii_whitespace()
            .flat_map(|scope| match scope {
                "profile" => {
                    ["given_name", "family_name", "gender", "birthdate", "preferred_username"].as_slice()
                }
                "birth" => ["birthplace", "birthcountry"].as_slice(),
                "identite_pivot" => {
                    ["given_name", "family_name", "gender", "birthdate", "birthplace", "birthcountry"]
                        .as_slice()
                }
                "given_name" => ["given_name"].as_slice(),
                "family_name" => ["family_name"].as_slice(),
                "gender" => ["gender"].as_slice(),
                "birthdate" => ["birthdate"].as_slice(),
                "birthplace" => ["birthplace"].as_slice(),
                "birthcountry" => ["birthcountry"].as_slice(),
                "preferred_username" => ["preferred_username"].as_slice(),
                "email" => ["email", "email_verified"].as_slice(),
                "idp_birthdate" => ["idp_birthdate"].as_slice(),
                "usual_name" => ["usual_name"].as_slice(),
                "uid" => ["uid"].as_slice(),
                "siret" => ["siret"].as_slice(),
                _ => [].as_slice(),
            })
            .copied()
            .collect();
        let mut claims = Map::new();
        for name in granted {
            if let Some(value) = self.claim(name) {
                claims.insert(name.to_owned(), value);
            }
        }
        claims
    }

    fn claim(&self, name: &str) -> Option<Value> {
        Some(match name {
            "given_name" => json!(self.given_name),
            "family_name" | "usual_name" => json!(self.family_name),
            "preferred_username" => json!(self.preferred_username?),
            "gender" => json!(self.gender),
            "birthdate" => json!(self.birthdate.replace("-00", "-01")),
            "idp_birthdate" => json!(self.birthdate),
            "birthplace" => json!(self.birthplace),
            "birthcountry" => json!(self.birthcountry),
            "email" => json!(self.email?),
            // FranceConnect does not say; of a professional it matters.
            "email_verified" => json!(self.siret.map(|_| true)?),
            "uid" => json!(self.identifier),
            "siret" => json!(self.siret?),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn professionals_are_those_of_the_demonstration_and_never_users() {
        use crate::demo::people::MEMBERS;
        for persona in &PROFESSIONALS {
            let member = MEMBERS.iter().find(|member| Some(member.email) == persona.email).unwrap();
            assert!(member.places.iter().any(|place| Some(place.siret) == persona.siret));
            assert!(Persona::find(false, persona.identifier).is_none());
            let claims = persona.claims("openid given_name usual_name email uid siret");
            assert_eq!(claims.len(), 6, "{claims:?}");
            assert_eq!(claims["email_verified"], true);
        }
        assert!(Persona::find(true, "josette").is_none());
    }

    #[test]
    fn a_presumed_date_is_completed_in_one_claim_and_kept_in_the_other() {
        let claims =
            Persona::find(false, "Amadou").unwrap().claims("openid birthdate idp_birthdate birth email");
        assert_eq!(claims["birthdate"], "1962-01-01");
        assert_eq!(claims["idp_birthdate"], "1962-00-00");
        assert_eq!(claims["birthplace"], "");
        assert!(!claims.contains_key("given_name"));
        assert!(!Persona::find(false, "raymond").unwrap().claims("email").contains_key("email"));
    }
}
