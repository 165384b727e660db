//! What distinguishes the two services: name, colour, and the one formality that can be done there.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Taxes,
    Allowances,
}

/// Words of a service, each in French and in English.
pub struct Profile {
    /// Also a class on the page, for the colour.
    pub key: &'static str,
    pub name: (&'static str, &'static str),
    pub purpose: (&'static str, &'static str),
    pub formality: (&'static str, &'static str),
    pub question: (&'static str, &'static str),
    pub hint: (&'static str, &'static str),
    /// What the amount typed is, on the confirmation.
    pub answer: (&'static str, &'static str),
    pub done: (&'static str, &'static str),
    /// First letters of the reference of a formality.
    pub prefix: &'static str,
}

impl Profile {
    pub fn of(kind: Kind) -> &'static Self {
        match kind {
            Kind::Taxes => &TAXES,
            Kind::Allowances => &ALLOWANCES,
        }
    }
}

const TAXES: Profile = Profile {
    key: "taxes",
    name: ("Impôts (démonstration)", "Taxes (demonstration)"),
    purpose: (
        "Déclarer ses revenus, pour soi ou pour une personne accompagnée.",
        "Declare income, one’s own or that of a person you help.",
    ),
    formality: ("Déclarer les revenus de l’année", "Declare this year’s income"),
    question: ("Total des pensions et revenus de l’année", "Total pensions and income of the year"),
    hint: ("En euros, sans les centimes, par exemple 14200", "In euros, without cents, for example 14200"),
    answer: ("Revenus déclarés", "Income declared"),
    done: ("La déclaration est enregistrée", "The declaration is recorded"),
    prefix: "DEC",
};

const ALLOWANCES: Profile = Profile {
    key: "allowances",
    name: ("Allocations familiales (démonstration)", "Family allowances (demonstration)"),
    purpose: (
        "Demander une aide, pour soi ou pour une personne accompagnée.",
        "Apply for an allowance, for oneself or for a person you help.",
    ),
    formality: ("Demander une aide au logement", "Apply for housing benefit"),
    question: ("Loyer mensuel, charges comprises", "Monthly rent, charges included"),
    hint: ("En euros, sans les centimes, par exemple 480", "In euros, without cents, for example 480"),
    answer: ("Loyer déclaré", "Rent declared"),
    done: ("La demande est enregistrée", "The application is recorded"),
    prefix: "AID",
};
