//! The people and structures of the service, for an operator: find, suspend, restore, bring back to work.
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::app::check_code::CodeCheck;
use crate::app::oversee::{self, Recovery, Seen, Target, Turn};
use crate::app::{App, manage_cards};
use crate::domain::card::CardState;
use crate::domain::ids::{CardId, PersonId, StructureId};
use crate::web::error::Problem;
use crate::web::extract::{Person, PostedForm, Visit};
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Choice, Form, Page, Row, Section};

use super::account::{card_name, card_state};
use super::redirect;
use super::sign_in::{CodeRefusal, code_first};

/// The routes of these screens.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/people", Access::Operator, find),
        Route::get("/people/{id}", Access::Operator, show),
        Route::get("/people/{id}/suspension", Access::Operator, ask_person),
        Route::post("/people/{id}/suspension", Access::Operator, turn_person),
        Route::get("/people/{id}/card", Access::Operator, ask_card),
        Route::post("/people/{id}/card", Access::Operator, recover),
        Route::get("/structures/{id}/suspension", Access::Operator, ask_structure),
        Route::post("/structures/{id}/suspension", Access::Operator, turn_structure),
    ]
}

#[derive(serde::Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "people/find.html")]
struct FindPage {
    page: Page,
    form: Form,
    searched: bool,
}

/// By the exact address of a person or the SIRET of a structure: nobody is listed.
async fn find(State(app): State<App>, visit: Visit, Query(asked): Query<Asked>) -> Response {
    let typed: String = asked.q.trim().chars().take(254).collect();
    let siret: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let found = if typed.contains('@') {
        oversee::find_person(&app, &typed).await.map(|id| id.map(|id| format!("/people/{id}")))
    } else if typed.is_empty() {
        Ok(None)
    } else {
        let structure = manage_cards::structure_with(&app, &siret).await;
        structure.map(|id| id.map(|id| format!("/structures/{id}/suspension")))
    };
    match found {
        Ok(Some(to)) => redirect(&to),
        Ok(None) => {
            let mut form = Form::empty();
            form.set("q", typed.clone());
            let page = visit.page("people-title").in_section(Section::People);
            ui::html(&FindPage { page, form, searched: !typed.is_empty() })
        }
        Err(fault) => Problem::internal(&fault).respond(&visit),
    }
}

#[derive(Template)]
#[template(path = "people/person.html")]
struct PersonPage {
    page: Page,
    name: String,
    rows: Vec<Row>,
    /// Name and address of each structure.
    places: Vec<(String, String)>,
    address: String,
    suspended: bool,
    may_turn: bool,
    may_recover: bool,
}

async fn read(app: &App, visit: &Visit, id: &str) -> Result<Seen, Response> {
    let (Some(who), Ok(id)) = (visit.signed_in(), id.parse::<PersonId>()) else {
        return Err(Problem::not_found().respond(visit));
    };
    match oversee::read_person(app, who, id).await {
        Ok(Some(seen)) => Ok(seen),
        Ok(None) => Err(Problem::not_found().respond(visit)),
        Err(fault) => Err(Problem::internal(&fault).respond(visit)),
    }
}

async fn show(State(app): State<App>, visit: Visit, Path(id): Path<String>, Person(who): Person) -> Response {
    let seen = match read(&app, &visit, &id).await {
        Ok(seen) => seen,
        Err(response) => return response,
    };
    let page = visit.page("person-title").in_section(Section::People);
    let l = page.l.clone();
    let mut rows = vec![
        Row::new(l.t("people-email").into_owned(), seen.email.clone()),
        Row::new(l.t("people-status").into_owned(), l.t(status_key(&seen.status)).into_owned()),
    ];
    let cards: Vec<String> = seen
        .cards
        .iter()
        .map(|card| {
            let name = card_name(&l, card.kind, card.serial.as_deref());
            format!("{name} · {}", card_state(&l, &card.state).0)
        })
        .collect();
    if !cards.is_empty() {
        rows.push(Row::many(l.t("people-cards").into_owned(), cards));
    }
    let place = |one: &oversee::Place| (one.name.clone(), format!("/structures/{}/suspension", one.id));
    ui::html(&PersonPage {
        name: seen.name.full(),
        rows,
        places: seen.places.iter().map(place).collect(),
        address: format!("/people/{}", seen.id),
        suspended: seen.status == "suspended",
        may_turn: seen.id != who.person_id && seen.status != "invited",
        may_recover: seen.id != who.person_id && seen.status == "active" && !seen.cards.is_empty(),
        page,
    })
}

fn status_key(status: &str) -> &'static str {
    match status {
        "invited" => "people-status-invited",
        "suspended" => "people-status-suspended",
        "closed" => "people-status-closed",
        _ => "people-status-active",
    }
}

/// Field: `reason`. Which way it goes is in `turn`, so that a page that is out of date undoes nothing.
#[derive(Template)]
#[template(path = "people/suspension.html")]
struct TurnPage {
    page: Page,
    form: Form,
    name: String,
    is_person: bool,
    suspended: bool,
    back: String,
}

/// Whom a page is about.
struct About {
    target: Target,
    name: String,
    suspended: bool,
    back: String,
}

async fn person(app: &App, visit: &Visit, id: &str) -> Result<About, Response> {
    let seen = read(app, visit, id).await?;
    Ok(About {
        target: Target::Person(seen.id),
        name: seen.name.full(),
        suspended: seen.status == "suspended",
        back: format!("/people/{}", seen.id),
    })
}

async fn structure(app: &App, visit: &Visit, id: &str) -> Result<About, Response> {
    let Ok(id) = id.parse::<StructureId>() else { return Err(Problem::not_found().respond(visit)) };
    match oversee::read_structure(app, id).await {
        Ok(Some(row)) if row.status != "closed" => Ok(About {
            target: Target::Structure(id),
            name: row.name,
            suspended: row.status == "suspended",
            back: "/people".to_owned(),
        }),
        Ok(_) => Err(Problem::not_found().respond(visit)),
        Err(fault) => Err(Problem::internal(&fault).respond(visit)),
    }
}

fn draw(visit: &Visit, status: StatusCode, form: Form, about: &About) -> Response {
    let is_person = matches!(about.target, Target::Person(_));
    let title = if about.suspended { "people-restore" } else { "people-suspend" };
    let page = visit.page(title).in_section(Section::People).of_form(&form);
    let (name, suspended, back) = (about.name.clone(), about.suspended, about.back.clone());
    ui::render(status, &TurnPage { page, form, name, is_person, suspended, back })
}

async fn ask_person(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Response {
    match person(&app, &visit, &id).await {
        Ok(about) => draw(&visit, StatusCode::OK, Form::empty(), &about),
        Err(response) => response,
    }
}

async fn ask_structure(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Response {
    match structure(&app, &visit, &id).await {
        Ok(about) => draw(&visit, StatusCode::OK, Form::empty(), &about),
        Err(response) => response,
    }
}

async fn turn_person(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    PostedForm(form): PostedForm,
) -> Response {
    if let Some(first) = code_first(&app, &visit, &headers, form.fields()).await {
        return first;
    }
    match person(&app, &visit, &id).await {
        Ok(about) => turn(&app, &visit, form, &about).await,
        Err(response) => response,
    }
}

async fn turn_structure(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    PostedForm(form): PostedForm,
) -> Response {
    if let Some(first) = code_first(&app, &visit, &headers, form.fields()).await {
        return first;
    }
    match structure(&app, &visit, &id).await {
        Ok(about) => turn(&app, &visit, form, &about).await,
        Err(response) => response,
    }
}

async fn turn(app: &App, visit: &Visit, mut form: Form, about: &About) -> Response {
    let Some(who) = visit.signed_in() else { return Problem::forbidden().respond(visit) };
    let reason = form.required("reason", "people-reason-required");
    let way = match form.value("turn") {
        "suspend" => Turn::Suspend,
        "restore" => Turn::Restore,
        _ => return Problem::bad_request().respond(visit),
    };
    if form.is_valid() {
        match oversee::turn(app, who, about.target, way, &reason).await {
            Ok(true) => return redirect(&about.back),
            Ok(false) => form.refuse("reason", "people-turn-nothing"),
            Err(fault) => return Problem::internal(&fault).respond(visit),
        }
    }
    draw(visit, StatusCode::UNPROCESSABLE_ENTITY, form, about)
}

/// Fields: `card`, `code`, `code_next` (only for a card that drifted), `reason`.
#[derive(Template)]
#[template(path = "people/recover.html")]
struct RecoverPage {
    page: Page,
    form: Form,
    name: String,
    cards: Vec<Choice>,
    back: String,
}

fn recovery(visit: &Visit, status: StatusCode, form: Form, seen: &Seen) -> Response {
    let page = visit.page("recover-title").in_section(Section::People).of_form(&form);
    let l = page.l.clone();
    let held = |card: &&oversee::HeldCard| {
        matches!(card.state, CardState::Assigned { .. } | CardState::Active { .. })
    };
    let choice = |card: &oversee::HeldCard| {
        let name = card_name(&l, card.kind, card.serial.as_deref());
        Choice::new(card.id.to_string(), name).hint(card_state(&l, &card.state).0)
    };
    let cards = seen.cards.iter().filter(held).map(choice).collect();
    let (name, back) = (seen.name.full(), format!("/people/{}", seen.id));
    ui::render(status, &RecoverPage { page, form, name, cards, back })
}

async fn ask_card(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Response {
    match read(&app, &visit, &id).await {
        Ok(seen) => recovery(&visit, StatusCode::OK, Form::empty(), &seen),
        Err(response) => response,
    }
}

async fn recover(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Person(who): Person,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Response {
    if let Some(first) = code_first(&app, &visit, &headers, form.fields()).await {
        return first;
    }
    let seen = match read(&app, &visit, &id).await {
        Ok(seen) => seen,
        Err(response) => return response,
    };
    let card = form.value("card").parse::<CardId>();
    if card.is_err() {
        form.refuse("card", "recover-card-required");
    }
    let code = form.required("code", "code-required");
    let next = form.value("code_next").trim().to_owned();
    let reason = form.required("reason", "people-reason-required");
    if let (Ok(card), true) = (card, form.is_valid()) {
        let codes = (code.as_str(), next.as_str());
        let why = match oversee::recover(&app, &who, seen.id, card, codes, &reason).await {
            Ok(Recovery::Done) => return redirect(&format!("/people/{}", seen.id)),
            Ok(Recovery::NoCard) => {
                form.refuse("card", "recover-card-not-waiting");
                return recovery(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, &seen);
            }
            Ok(Recovery::Codes) => {
                form.refuse("code", "card-resync-codes");
                return recovery(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, &seen);
            }
            Ok(Recovery::Code(CodeCheck::AlreadyUsed { next_in_seconds })) => {
                CodeRefusal::Used(next_in_seconds)
            }
            Ok(Recovery::Code(CodeCheck::Locked { until })) => CodeRefusal::Wait(until),
            Ok(Recovery::Code(_)) => CodeRefusal::Wrong,
            Err(fault) => return Problem::internal(&fault).respond(&visit),
        };
        let (message, _) = why.message(&visit.l(), app.now());
        form.refuse("code", message);
    }
    recovery(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, &seen)
}
