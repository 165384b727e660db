//! The words of version 1. Never edited: other words are another version.
use super::dates;
use super::{Clause, ConsentTerms};

fn clause(title: &str, lines: Vec<String>) -> Clause {
    Clause { title: title.to_owned(), lines }
}

pub(super) fn clauses(terms: &ConsentTerms, language: &str) -> Vec<Clause> {
    if language.starts_with("en") { english(terms) } else { french(terms) }
}

fn domains(terms: &ConsentTerms, language: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for domain in &terms.domains {
        lines.push(format!("– {}", domain.label.in_language(language)));
        if let Some(warning) = &domain.warning {
            lines.push(warning.in_language(language).to_owned());
        }
    }
    lines
}

fn french(terms: &ConsentTerms) -> Vec<Clause> {
    let ConsentTerms { structure, aidant, reference, .. } = terms;
    let person =
        format!("{}, naissance {}.", terms.user.full_name(), dates::birth(&terms.user.birthdate, false));
    let identified = format!("Identité vérifiée avec {}.", terms.identified_with.fr);
    let mut what = domains(terms, "fr");
    what.push(
        "Ce mandat ne permet rien d’autre que les démarches administratives de cette liste.".to_owned(),
    );
    let until = dates::long(terms.last_day, false);
    let mut clauses = vec![
        clause("La personne qui donne le mandat", vec![person, identified]),
        clause("La structure qui le reçoit", vec![
            format!("{structure}. Ses aidants et aidantes habilités agissent pour elle."),
            format!("Le mandat {reference} est proposé par {aidant}."),
        ]),
        clause("Les démarches", what),
        clause("La durée", vec![
            format!("Le mandat commence à sa signature. Il prend fin le {until} à minuit ({}).", terms.time_zone),
        ]),
        clause("Ce que cela permet", vec![
            "La structure ouvre des services publics en ligne à mon nom et y fait, à ma demande, les démarches de \
             cette liste."
                .to_owned(),
            "Chaque utilisation est enregistrée. Je peux en demander le compte rendu.".to_owned(),
        ]),
        clause("Changer d’avis", vec![
            "Je peux mettre fin à ce mandat à tout moment, en tout ou pour une seule démarche, sans donner de raison."
                .to_owned(),
        ]),
    ];
    if !terms.replaces.is_empty() {
        let replaced = |grant: &super::ReplacedGrant| {
            format!("– {}\u{a0}: remplace l’autorisation du mandat {}.", grant.label.fr, grant.reference)
        };
        let lines = terms.replaces.iter().map(replaced).collect();
        clauses.push(clause("Ce que ce mandat remplace à sa signature", lines));
    }
    clauses.push(clause(
        "Ce que je déclare",
        vec![
            "Je déclare ne pas être sous tutelle ni sous curatelle, et avoir 18 ans ou plus.".to_owned(),
            "J’accepte que cette structure agisse pour moi dans ces limites.".to_owned(),
        ],
    ));
    clauses
}

fn english(terms: &ConsentTerms) -> Vec<Clause> {
    let ConsentTerms { structure, aidant, reference, .. } = terms;
    let person = format!("{}, born {}.", terms.user.full_name(), dates::birth(&terms.user.birthdate, true));
    let identified = format!("Identity checked with {}.", terms.identified_with.en);
    let mut what = domains(terms, "en");
    what.push("This mandate allows nothing but the administrative formalities on this list.".to_owned());
    let until = dates::long(terms.last_day, true);
    let mut clauses = vec![
        clause("The person who gives the mandate", vec![person, identified]),
        clause("The organisation that receives it", vec![
            format!("{structure}. Its accredited aidants act for it."),
            format!("Mandate {reference} is proposed by {aidant}."),
        ]),
        clause("The formalities", what),
        clause("How long", vec![
            format!("The mandate begins when it is signed. It ends on {until} at midnight ({}).", terms.time_zone),
        ]),
        clause("What this allows", vec![
            "The organisation opens public services online in my name and, at my request, carries out there the \
             formalities on this list."
                .to_owned(),
            "Every use is recorded. I may ask for an account of it.".to_owned(),
        ]),
        clause("Changing my mind", vec![
            "I may end this mandate at any time, wholly or for one kind of formality, without giving a reason."
                .to_owned(),
        ]),
    ];
    if !terms.replaces.is_empty() {
        let replaced = |grant: &super::ReplacedGrant| {
            format!("– {}: replaces the authorisation of mandate {}.", grant.label.en, grant.reference)
        };
        let lines = terms.replaces.iter().map(replaced).collect();
        clauses.push(clause("What this mandate replaces once signed", lines));
    }
    clauses.push(clause(
        "What I declare",
        vec![
            "I declare that I am not under guardianship or curatorship, and that I am 18 or older."
                .to_owned(),
            "I agree that this organisation acts for me within these limits.".to_owned(),
        ],
    ));
    clauses
}
