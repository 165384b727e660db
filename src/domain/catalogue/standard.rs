//! The default catalogue. Keys and `rep_scope` values are contracts with others; words are ours.
use super::{Domain, DomainKey, Words};

const OVER_INDEBTEDNESS: (&str, &str) = (
    "Un dossier de surendettement doit être signé par la personne elle-même.",
    "An over-indebtedness file must be signed by the person themselves.",
);

struct Row {
    key: &'static str,
    label: (&'static str, &'static str),
    description: (&'static str, &'static str),
    rep_scope: &'static str,
    warning: Option<(&'static str, &'static str)>,
}

const fn row(
    key: &'static str,
    label: (&'static str, &'static str),
    description: (&'static str, &'static str),
    rep_scope: &'static str,
) -> Row {
    Row { key, label, description, rep_scope, warning: None }
}

const ROWS: [Row; 10] = [
    Row {
        key: "argent",
        label: ("Argent, impôts, consommation", "Money, taxes, consumer rights"),
        description: ("Déclaration, surendettement, banque", "Tax return, over-indebtedness, bank"),
        rep_scope: "Argent-Impots-Consommation",
        warning: Some(OVER_INDEBTEDNESS),
    },
    row(
        "famille",
        ("Famille, scolarité", "Family, schooling"),
        ("Allocations, naissance, école", "Family benefits, birth, school"),
        "Famille-Scolarité",
    ),
    row(
        "social",
        ("Social, santé", "Welfare, health"),
        ("Carte Vitale, RSA, handicap", "Health card, income support, disability"),
        "Social-Santé",
    ),
    row(
        "logement",
        ("Logement", "Housing"),
        ("Aide au logement, bail", "Housing benefit, lease"),
        "Logement",
    ),
    row(
        "papiers",
        ("Papiers, citoyenneté, élections", "Papers, citizenship, elections"),
        ("Carte d’identité, passeport, état civil", "Identity card, passport, civil records"),
        "Papier-Citoyenneté-Elections",
    ),
    row(
        "travail",
        ("Travail, formation", "Work, training"),
        ("France Travail, chômage, retraite", "Job seeking, unemployment, pension"),
        "Travail-Formation",
    ),
    row(
        "transports",
        ("Transports, mobilité", "Transport, mobility"),
        ("Permis de conduire, carte grise", "Driving licence, vehicle registration"),
        "Transports-Mobilité",
    ),
    row(
        "justice",
        ("Justice", "Justice"),
        ("Casier judiciaire, aide juridictionnelle", "Criminal record, legal aid"),
        "Justice",
    ),
    row(
        "etranger",
        ("Étranger, Europe", "Foreign nationals, Europe"),
        ("Titre de séjour, visa, naturalisation", "Residence permit, visa, naturalisation"),
        "Etranger-Europe",
    ),
    row(
        "loisirs",
        ("Loisirs, sport, culture", "Leisure, sport, culture"),
        ("Associations, permis de chasse, vacances", "Associations, hunting licence, holidays"),
        "Loisirs-Sport-Culture",
    ),
];

pub(super) fn domains() -> Vec<Domain> {
    ROWS.iter()
        .map(|row| Domain {
            key: DomainKey(row.key.to_owned()),
            label: Words::new(row.label.0, row.label.1),
            description: Words::new(row.description.0, row.description.1),
            warning: row.warning.map(|(fr, en)| Words::new(fr, en)),
            rep_scope: Some(row.rep_scope.to_owned()),
        })
        .collect()
}
