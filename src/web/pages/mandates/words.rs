//! What several pages of the desk say of a person and of a mandate.
use crate::app::read_mandates::GrantRow;
use crate::app::read_mandates::View;
use crate::domain::consent;
use crate::domain::mandate::{End, State};
use crate::domain::user::{CivilIdentity, Gender as Civil};
use crate::web::ui::screens::desk::Clause;
use crate::web::ui::{Gender, L, Row, Tone};

/// For sentences that agree in gender.
pub(in crate::web::pages) fn gender(person: &CivilIdentity) -> Gender {
    match person.gender_known() {
        Civil::Female => Gender::Female,
        Civil::Male => Gender::Male,
        Civil::Unspecified => Gender::Unknown,
    }
}

/// « Mme Josette Martin ».
pub(in crate::web::pages) fn civil_name(l: &L, person: &CivilIdentity) -> String {
    let key = match gender(person) {
        Gender::Female => "desk-name-female",
        Gender::Male => "desk-name-male",
        Gender::Unknown => "desk-name-other",
    };
    l.t1(key, "name", person.usual_name()).into_owned()
}

/// « Josette Martin, née le 4 mars 1948 ».
pub(in crate::web::pages) fn born_line(l: &L, person: &CivilIdentity) -> String {
    format!("{}, {}", person.usual_name(), l.born(gender(person), person.birthdate.as_str()))
}

pub(in crate::web::pages) fn clauses(clauses: Vec<consent::Clause>) -> Vec<Clause> {
    clauses.into_iter().map(|clause| Clause { title: clause.title, lines: clause.lines }).collect()
}

pub(super) fn label(l: &L, grant: &GrantRow) -> String {
    if l.tag() == "en" { grant.label_en.clone() } else { grant.label_fr.clone() }
}

/// The lines that say what a mandate is, before any commitment and after.
pub(super) fn rows(l: &L, view: &View) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(person) = &view.person {
        rows.push(Row::new(l.t("desk-row-person"), born_line(l, person)));
    }
    rows.push(Row::many(l.t("desk-row-domains"), view.grants.iter().map(|grant| label(l, grant)).collect()));
    rows.push(Row::new(l.t("desk-row-until"), l.end(view.row.ends_at)));
    rows.push(Row::new(l.t("desk-row-structure"), view.row.structure_name.clone()));
    rows
}

/// Key of the state's name, and its tone.
pub(super) const fn state(state: State) -> (&'static str, Tone) {
    match state {
        State::Draft { .. } => ("state-draft", Tone::Info),
        State::AwaitingConsent { .. } => ("state-awaiting-consent", Tone::Info),
        State::Refused { .. } => ("state-refused", Tone::Bad),
        State::AwaitingSignature { .. } => ("state-awaiting-signature", Tone::Warn),
        State::Lapsed { .. } => ("state-lapsed", Tone::Info),
        State::Active { .. } => ("state-active", Tone::Good),
        State::Suspended { .. } => ("state-suspended", Tone::Warn),
        State::Ended { how: End::Expired, .. } => ("state-expired", Tone::Info),
        State::Ended { how: End::Replaced, .. } => ("state-replaced", Tone::Info),
        State::Ended { how: End::Revoked { .. }, .. } => ("state-revoked", Tone::Bad),
        State::Ended { how: End::Renounced, .. } => ("state-renounced", Tone::Info),
        State::Ended { how: End::Closed, .. } => ("state-closed", Tone::Info),
    }
}
