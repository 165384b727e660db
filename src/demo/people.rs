//! Who works in the demonstration, and where.
use crate::domain::person::Role;

/// A structure of the demonstration.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    /// Invented, with right check digits.
    pub(crate) siret: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) territory: &'static str,
}

pub(crate) const GANNAT: Place =
    Place { name: "CCAS de Gannat", siret: "26030101500012", kind: "ccas", territory: "03118" };
pub(crate) const VICHY: Place = Place {
    name: "France Services de Vichy",
    siret: "21030310300019",
    kind: "france_services",
    territory: "03310",
};

/// A professional of the demonstration. The password stands on the page `/demo`.
pub(crate) struct Member {
    pub(crate) given: &'static str,
    pub(crate) family: &'static str,
    pub(crate) email: &'static str,
    pub(crate) password: &'static str,
    pub(crate) roles: &'static [Role],
    /// Where the roles of aidant and referent are held; the card comes from the first.
    pub(crate) places: &'static [&'static Place],
    /// Serial of their card; none for an authenticator app.
    pub(crate) serial: Option<&'static str>,
    /// Key of the sentence about them on the page.
    pub(crate) about: &'static str,
}

pub(crate) const MEMBERS: [Member; 6] = [
    Member {
        given: "Nadia",
        family: "Benali",
        email: "nadia.benali@gannat.example",
        password: "tilleul passerelle orage",
        roles: &[Role::Aidant],
        places: &[&GANNAT],
        serial: Some("GA-1001"),
        about: "demo-nadia",
    },
    Member {
        given: "Hugo",
        family: "Lefèvre",
        email: "hugo.lefevre@gannat.example",
        password: "grenier lanterne mousson",
        roles: &[Role::Aidant, Role::Referent],
        places: &[&GANNAT],
        serial: Some("GA-1002"),
        about: "demo-hugo",
    },
    Member {
        given: "Inès",
        family: "Caron",
        email: "ines.caron@allier.example",
        password: "boussole verger cascade",
        roles: &[Role::Aidant],
        places: &[&GANNAT, &VICHY],
        serial: Some("GA-1003"),
        about: "demo-ines",
    },
    Member {
        given: "Marc",
        family: "Aubert",
        email: "marc.aubert@vichy.example",
        password: "falaise tambour noisette",
        roles: &[Role::Aidant, Role::Referent],
        places: &[&VICHY],
        serial: Some("VI-2001"),
        about: "demo-marc",
    },
    Member {
        given: "Paul",
        family: "Ferrand",
        email: "paul.ferrand@audit.example",
        password: "carnet horizon chevalet",
        roles: &[Role::Auditor],
        places: &[],
        serial: None,
        about: "demo-paul",
    },
    Member {
        given: "Claire",
        family: "Roussel",
        email: "claire.roussel@entremise.example",
        password: "pivoine estuaire clocher",
        roles: &[Role::Operator],
        places: &[],
        serial: None,
        about: "demo-claire",
    },
];
