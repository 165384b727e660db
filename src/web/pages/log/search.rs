//! Search in the log.
use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use form_urlencoded::Serializer;
use http::StatusCode;
use time::Duration;

use super::words::{Told, kind_key};
use crate::app::App;
use crate::app::search_log::{self, AuditError, Found, Wanted};
use crate::log::kind::Kind;
use crate::web::error::Problem;
use crate::web::extract::{Person, Visit};
use crate::web::ui::{self, Choice, Form, L, Page, Section};

#[derive(Template)]
#[template(path = "log/search.html")]
struct SearchPage {
    page: Page,
    form: Form,
    structures: Vec<Choice>,
    kinds: Vec<Choice>,
    outcomes: Vec<Choice>,
    lines: Vec<Told>,
    /// Address of the older lines; empty on the last page.
    next: String,
    /// Whether these are not the newest lines.
    older: bool,
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Query(mut form): Query<Form>,
) -> Response {
    let l = visit.l();
    let wanted = wanted(&mut form, &l);
    let found = match search_log::search(&app, &who, &wanted).await {
        Ok(found) => found,
        Err(AuditError::NoPerimeter) => return Problem::forbidden().respond(&visit),
        Err(error) => return Problem::internal(&error).respond(&visit),
    };
    if found.unknown_mandate {
        form.refuse("mandate", "log-mandate-unknown");
    }
    let status = if form.is_valid() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = visit.page("log-title").in_section(Section::Log).of_form(&form);
    ui::render(status, &fill(page, form, &found, &l))
}

fn fill(page: Page, form: Form, found: &Found, l: &L) -> SearchPage {
    let any = || Choice::new("", l.t("log-any"));
    let structures = found.structures.iter().map(|row| Choice::new(row.id.to_string(), row.name.clone()));
    let mut kinds: Vec<Choice> =
        Kind::ALL.iter().map(|kind| Choice::new(kind.token(), l.t(&kind_key(*kind)))).collect();
    kinds.sort_by(|a, b| a.label.cmp(&b.label));
    let outcomes = vec![
        any(),
        Choice::new("done", l.t("log-outcome-done")),
        Choice::new("refused", l.t("log-outcome-refused")),
    ];
    SearchPage {
        structures: std::iter::once(any()).chain(structures).collect(),
        kinds: std::iter::once(any()).chain(kinds).collect(),
        outcomes,
        lines: found.lines.iter().map(|line| Told::of(line, l)).collect(),
        next: found.next.map(|last| address(&form, &last.to_string())).unwrap_or_default(),
        older: !form.value("before").is_empty(),
        page,
        form,
    }
}

/// This search, from after the line `before`.
fn address(form: &Form, before: &str) -> String {
    let mut query = Serializer::new(String::new());
    for field in ["from", "until", "structure", "kind", "outcome", "mandate"] {
        if !form.value(field).is_empty() {
            query.append_pair(field, form.value(field));
        }
    }
    format!("/log?{}", query.append_pair("before", before).finish())
}

/// What is asked for. A date that is none is an error beside its field; a choice that is none is any.
fn wanted(form: &mut Form, l: &L) -> Wanted {
    let mut day = |field: &'static str| {
        let typed = form.value(field).to_owned();
        let day = l.day_typed(&typed);
        if day.is_none() && !typed.is_empty() {
            form.refuse(field, "log-date-wrong");
        }
        day
    };
    let from = day("from");
    // The day typed is included: up to the first instant of the next one, whatever the clocks do in between.
    let until = day("until").and_then(|start| l.day_typed(&next_day(l, start)));
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        form.refuse("until", "log-dates-order");
    }
    let mandate = form.value("mandate").to_uppercase();
    Wanted {
        from,
        until,
        structure_id: form.value("structure").parse().ok(),
        mandate: (!mandate.is_empty()).then_some(mandate),
        kind: form.value("kind").parse().ok(),
        refused: match form.value("outcome") {
            "done" => Some(false),
            "refused" => Some(true),
            _ => None,
        },
        before: form.value("before").parse().ok(),
    }
}

/// The day after the one that begins at `start`, as it is typed. A day has at most 25 hours.
fn next_day(l: &L, start: crate::domain::time::Timestamp) -> String {
    l.day_as_typed(start + Duration::hours(30))
}
