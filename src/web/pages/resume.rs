//! What was typed in a form whose session had died, after sign-in: shown, and sent again if its owner wants.
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;

use crate::app::App;
use crate::app::caller::SignedIn;
use crate::app::{propose_mandate, stash};
use crate::domain::secret::PlainToken;
use crate::web::error::Problem;
use crate::web::extract::cookies::{self, Cookie};
use crate::web::extract::{Person, Visit};
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Choice, L, Page, Row};

use super::redirect;
use super::sign_in::with_cookie;

pub fn routes() -> Vec<Route> {
    vec![Route::get("/resume", Access::SignedIn, show)]
}

#[derive(Template)]
#[template(path = "people/resume.html")]
struct ResumePage {
    page: Page,
    action: String,
    /// What a person chose or wrote, in words; what the form carries for itself is not shown.
    rows: Vec<Row>,
    /// Everything, as it is sent again.
    fields: Vec<(String, String)>,
}

async fn show(State(app): State<App>, visit: Visit, Person(who): Person, headers: HeaderMap) -> Response {
    let Some(token) = cookies::get(&app, &headers, Cookie::Stash) else { return redirect("/") };
    match stash::find(&app, &who, &PlainToken::presented(token)).await {
        Ok(Some(kept)) => {
            let page = visit.page("resume-title");
            let domains = domains(&app, &who, &page.l, &kept.fields).await;
            let rows = rows(&page.l, &kept.fields, &domains);
            ui::html(&ResumePage { page, action: kept.path, rows, fields: kept.fields })
        }
        Ok(None) => with_cookie(redirect("/"), cookies::forget(&app, Cookie::Stash)),
        Err(fault) => Problem::internal(&fault).respond(&visit),
    }
}

/// The names of the domains, when the form chooses some. Only a comfort: without them their keys are shown.
async fn domains(app: &App, who: &SignedIn, l: &L, fields: &[(String, String)]) -> Vec<Choice> {
    let Some(structure) = who.structure_id else { return Vec::new() };
    if !fields.iter().any(|(name, _)| name == "domain") {
        return Vec::new();
    }
    let offer = propose_mandate::offer(app, who, structure).await;
    let domains = offer.map(|offer| offer.domains).unwrap_or_default();
    domains.iter().map(|one| Choice::new(one.key.as_str(), one.label.in_language(l.tag()))).collect()
}

/// A field a person fills in, the key of its label, and what comes before its value in the key of that value's label.
const FIELDS: [(&str, &str, &str); 12] = [
    ("domain", "desk-col-domains", ""),
    ("term", "desk-term", "desk-term-"),
    ("end", "desk-end-date", ""),
    ("by", "desk-end-by", "desk-end-by-"),
    ("how", "card-end-how", "card-end-"),
    ("reason", "card-end-reason", ""),
    ("presence", "authorize-presence-legend", "authorize-presence-"),
    ("declared", "authorize-declared", ""),
    ("given_name", "room-find-given", ""),
    ("family_name", "room-find-family", ""),
    ("birthdate", "room-find-born", ""),
    ("email", "room-find-email", ""),
];

fn rows(l: &L, fields: &[(String, String)], domains: &[Choice]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (field, label, words) in FIELDS {
        let typed = fields.iter().filter(|(name, value)| name == field && !value.trim().is_empty());
        let lines: Vec<_> = typed.map(|(_, value)| said(l, field, words, value, domains)).collect();
        if !lines.is_empty() {
            rows.push(Row::many(l.t(label), lines));
        }
    }
    rows
}

/// A value as its page says it.
fn said(l: &L, field: &str, words: &str, value: &str, domains: &[Choice]) -> String {
    let key = format!("{words}{value}");
    if !words.is_empty() && L::has(&key) {
        return l.t(&key).into_owned();
    }
    let named = domains.iter().find(|choice| field == "domain" && choice.value == value);
    let day = if field == "end" { l.day_typed(value) } else { None };
    match (named, day) {
        (Some(domain), _) => domain.label.clone(),
        (None, Some(day)) => l.date(day),
        (None, None) => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::ui::Locale;

    #[test]
    fn shows_what_was_chosen_in_words_and_nothing_technical() {
        let typed = [
            ("structure", "01a204c8-68e4-7ace-b7b2-3abad9b1221c"),
            ("attempt", "01a204db-9497-7b80-a328-49c773447f72"),
            ("domain", "argent"),
            ("domain", "inconnue"),
            ("term", "until"),
            ("end", "2026-12-23"),
            ("how", "lost"),
            ("reason", " "),
        ];
        let fields = typed.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let domains = [Choice::new("argent", "Argent, impôts, consommation")];
        let shown = rows(&L::new(Locale::Fr), &fields, &domains);
        let shown: Vec<_> = shown.iter().map(|row| (row.term.as_str(), row.lines.join(" / "))).collect();
        assert_eq!(
            shown,
            [
                ("Démarches", "Argent, impôts, consommation / inconnue".to_owned()),
                ("Pendant combien de temps\u{a0}?", "Une autre date".to_owned()),
                ("Date de fin", "mercredi 23\u{a0}décembre 2026".to_owned()),
                ("Que s’est-il passé\u{a0}?", "Perdue ou volée".to_owned()),
            ]
        );
    }

    #[test]
    fn every_label_exists() {
        for (field, label, _) in FIELDS {
            assert!(L::has(label), "{field}: {label}");
        }
    }
}
