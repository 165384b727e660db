//! Unmasking: a reason, a code of the card if it has been long, then the names for a while.
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::problem;
use crate::app::App;
use crate::app::unmask::{self, Names, Target};
use crate::log::pseudonym::Pseudonym;
use crate::web::error::Problem;
use crate::web::extract::{Person, PostedForm, Visit};
use crate::web::pages::redirect;
use crate::web::pages::sign_in::code_first;
use crate::web::ui::{self, Form, L, Page, Section};

/// A reason of fewer characters says nothing.
const SHORTEST: usize = 10;
const LONGEST: usize = 500;

#[derive(Template)]
#[template(path = "log/unmask.html")]
struct UnmaskPage {
    page: Page,
    form: Form,
    what: String,
    action: String,
    back: String,
}

/// The names in sight, as the card beside a story or an activity lists them.
pub(super) struct Shown {
    /// « jusqu’à 10 h 42 »; empty when everything is masked.
    pub until: String,
    /// What stands for whom.
    pub rows: Vec<(String, String)>,
    /// Where a reason is asked for.
    pub ask: String,
}

impl Shown {
    pub(super) fn of(names: &Names, ask: String, l: &L) -> Self {
        let mut rows = Vec::new();
        if let Some((name, born)) = &names.user {
            rows.push((l.t("room-unmasked-user").into_owned(), format!("{name} · {}", l.birth_date(born))));
        }
        rows.extend(names.people.iter().map(|(pseudonym, name)| (pseudonym.short('a'), name.clone())));
        rows.extend(
            names.cards.iter().map(|(card, serial)| (super::words::card_name(*card), serial.clone())),
        );
        Self { until: names.until.map(|until| l.hour(until)).unwrap_or_default(), rows, ask }
    }
}

/// Where a target is unmasked and what its page is.
fn target(kind: &str, name: &str) -> Option<(Target, String)> {
    match kind {
        "mandates" => Some((Target::Mandate(name.to_owned()), format!("/log/mandates/{name}"))),
        "aidants" => Some((Target::Aidant(name.parse::<Pseudonym>().ok()?), format!("/log/aidants/{name}"))),
        _ => None,
    }
}

fn draw(visit: &Visit, status: StatusCode, form: Form, name: &str, back: String) -> Response {
    let page = visit.page("room-unmask-title").in_section(Section::Log).of_form(&form);
    let what = name.parse::<Pseudonym>().map_or_else(|_| name.to_owned(), |aidant| aidant.short('a'));
    ui::render(status, &UnmaskPage { action: format!("{back}/unmask"), page, form, what, back })
}

pub(super) async fn ask(visit: Visit, Path((kind, name)): Path<(String, String)>) -> Response {
    match target(&kind, &name) {
        Some((_, back)) => draw(&visit, StatusCode::OK, Form::empty(), &name, back),
        None => Problem::not_found().respond(&visit),
    }
}

pub(super) async fn unmask(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    headers: HeaderMap,
    Path((kind, name)): Path<(String, String)>,
    PostedForm(mut form): PostedForm,
) -> Response {
    let Some((target, back)) = target(&kind, &name) else { return Problem::not_found().respond(&visit) };
    if let Err(first) = code_first(&app, &visit, &headers, form.fields()).await {
        return first;
    }
    let reason = form.value("reason").to_owned();
    if !(SHORTEST..=LONGEST).contains(&reason.chars().count()) {
        form.refuse("reason", "room-unmask-reason-required");
        return draw(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, &name, back);
    }
    match unmask::unmask(&app, &who, &target, &reason).await {
        Ok(()) => redirect(&back),
        Err(error) => problem(&error).respond(&visit),
    }
}
