//! The criteria of a search as a form holds them: read, written back into an address, and offered.
use form_urlencoded::Serializer;
use time::Duration;

use super::words::kind_key;
use crate::app::search_log::{Choices, Domain, Structure, Unclear, Wanted};
use crate::domain::time::Timestamp;
use crate::log::kind::Kind;
use crate::web::ui::{Choice, Form, L, Locale, Message};

/// The fields of a search, in the order of the page, each with the key of its label.
const FIELDS: [(&str, &str); 11] = [
    ("from", "log-from"),
    ("until", "log-until"),
    ("structure", "log-structure"),
    ("mandate", "log-mandate"),
    ("grant", "log-grant"),
    ("aidant", "room-aidant"),
    ("user", "room-user"),
    ("domain", "room-domain"),
    ("service", "room-service"),
    ("kind", "log-kind"),
    ("outcome", "log-outcome"),
];

/// What is asked for. A date that is none is an error beside its field; a choice that is none is any.
pub(super) fn wanted(form: &mut Form, l: &L) -> Wanted {
    let (from, until) = period(form, l);
    let grant_id = form.value("grant").parse().ok();
    if grant_id.is_none() && !form.value("grant").is_empty() {
        form.refuse("grant", "log-grant-unknown");
    }
    let text = |field: &str| Some(form.value(field).to_owned()).filter(|text| !text.is_empty());
    let structure_id = form.value("structure").parse().ok();
    Wanted {
        from,
        until,
        structure_id,
        structure: text("structure").filter(|_| structure_id.is_none()),
        grant_id,
        mandate: text("mandate").map(|reference| reference.to_uppercase()),
        domain: text("domain"),
        service_id: form.value("service").parse().ok(),
        aidant: text("aidant"),
        user: text("user"),
        kind: form.value("kind").parse().ok(),
        refused: match form.value("outcome") {
            "done" => Some(false),
            "refused" => Some(true),
            _ => None,
        },
        before: form.value("before").parse().ok(),
    }
}

/// The days typed: from the first instant of one to the first instant after the other.
pub(super) fn period(form: &mut Form, l: &L) -> (Option<Timestamp>, Option<Timestamp>) {
    let mut day = |field: &'static str| {
        let typed = form.value(field).to_owned();
        let day = l.day_typed(&typed);
        if day.is_none() && !typed.is_empty() {
            form.refuse(field, "log-date-wrong");
        }
        day
    };
    let from = day("from");
    // Up to the first instant of the next day, whatever the clocks do in between: a day has at most 25 hours.
    let next = |start| l.day_typed(&l.day_as_typed(start + Duration::hours(30)));
    let until = day("until").and_then(next);
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        form.refuse("until", "log-dates-order");
    }
    (from, until)
}

/// Says beside their fields which criteria name nothing.
pub(super) fn explain(form: &mut Form, unclear: &[Unclear]) {
    for one in unclear {
        match one {
            Unclear::Structure => form.refuse("structure", "log-structure-unknown"),
            Unclear::Structures(alike) => {
                let names: Vec<String> = alike.iter().map(named).collect();
                form.refuse(
                    "structure",
                    Message::new("log-structure-several").with("names", names.join(" ; ")),
                );
            }
            Unclear::Grant => form.refuse("grant", "log-grant-unknown"),
            Unclear::Mandate => form.refuse("mandate", "log-mandate-unknown"),
            Unclear::Aidant => form.refuse("aidant", "log-person-unknown"),
            Unclear::User => form.refuse("user", "log-person-unknown"),
            Unclear::Aidants => form.refuse("aidant", "log-person-several"),
            Unclear::Users => form.refuse("user", "log-person-several"),
        }
    }
}

/// The criteria that are set, for an address or the fields of another form.
pub(super) fn set(form: &Form) -> Vec<(&'static str, String)> {
    FIELDS
        .iter()
        .map(|(field, _)| (*field, form.value(field).to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// `path` with these criteria, and perhaps one more pair.
pub(super) fn address(path: &str, form: &Form, more: Option<(&str, &str)>) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(set(form)).extend_pairs(more);
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Whether an error is about a criterion.
pub(super) fn are_wrong(form: &Form) -> bool {
    FIELDS.iter().any(|(field, _)| form.error(field).is_some())
}

/// A structure as a criterion names it: no two bear one SIRET.
pub(super) fn named(row: &Structure) -> String {
    format!("{} ({})", row.name, row.siret)
}

/// A criterion as a page that has no field for it says it.
pub(super) struct Said {
    pub field: &'static str,
    pub label: String,
    pub value: String,
}

/// The criteria that are set, in words.
pub(super) fn said(form: &Form, offered: &Offered, l: &L) -> Vec<Said> {
    let value = |field: &str, typed: &str| {
        let choices = match field {
            "domain" => &offered.domains,
            "service" => &offered.services,
            "kind" => &offered.kinds,
            "outcome" => &offered.outcomes,
            "from" | "until" => {
                return l.day_typed(typed).map_or_else(|| typed.to_owned(), |day| l.date(day));
            }
            _ => return typed.to_owned(),
        };
        let chosen = choices.iter().find(|choice| choice.value == typed);
        chosen.map_or_else(|| typed.to_owned(), |choice| choice.label.clone())
    };
    let labelled = FIELDS.into_iter().filter(|(field, _)| !form.value(field).is_empty());
    labelled
        .map(|(field, label)| Said {
            field,
            label: l.t(label).into_owned(),
            value: value(field, form.value(field)),
        })
        .collect()
}

/// What the fields of choice offer.
pub(super) struct Offered {
    /// Structures to type one of.
    pub structures: Vec<String>,
    pub domains: Vec<Choice>,
    pub services: Vec<Choice>,
    pub kinds: Vec<Choice>,
    pub outcomes: Vec<Choice>,
}

impl Offered {
    pub(super) fn of(choices: &Choices, l: &L) -> Self {
        let any =
            |others: Vec<Choice>| std::iter::once(Choice::new("", l.t("log-any"))).chain(others).collect();
        let services = choices.services.iter();
        let domains = choices.domains.iter();
        let mut kinds: Vec<Choice> =
            Kind::ALL.iter().map(|kind| Choice::new(kind.token(), l.t(&kind_key(*kind)))).collect();
        kinds.sort_by(|a, b| a.label.cmp(&b.label));
        Self {
            structures: choices.structures.iter().map(named).collect(),
            domains: any(domains.map(|row| Choice::new(row.key.clone(), domain_label(row, l))).collect()),
            services: any(services.map(|row| Choice::new(row.id.to_string(), row.name.clone())).collect()),
            kinds: any(kinds),
            outcomes: any(vec![
                Choice::new("done", l.t("log-outcome-done")),
                Choice::new("refused", l.t("log-outcome-refused")),
            ]),
        }
    }
}

pub(super) fn domain_label(row: &Domain, l: &L) -> String {
    match l.locale() {
        Locale::Fr => row.label_fr.clone(),
        Locale::En => row.label_en.clone(),
    }
}
