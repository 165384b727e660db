//! The people and structures of the service, for an operator: find, suspend, restore, bring back to work.
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::app::oversee::{self, Recovery, Seen, Target, Turn};
use crate::app::{App, manage_cards};
use crate::domain::card::CardState;
use crate::domain::ids::{CardId, PersonId, StructureId};
use crate::web::error::Problem;
use crate::web::extract::{Person, PostedForm, Visit};
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Choice, Form, Message, Page, Row, Section};

use super::account::{card_name, card_state};
use super::sign_in::{CodeRefusal, code_first};
use super::suspension::{SuspensionPage, stops};
use super::{Answer, redirect};

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

async fn show(State(app): State<App>, visit: Visit, Path(id): Path<String>, Person(who): Person) -> Answer {
    let seen = read(&app, &visit, &id).await?;
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
    Ok(ui::html(&PersonPage {
        name: seen.name.full(),
        rows,
        places: seen.places.iter().map(place).collect(),
        address: format!("/people/{}", seen.id),
        suspended: seen.status == "suspended",
        may_turn: seen.id != who.person_id && seen.status != "invited",
        may_recover: seen.id != who.person_id && seen.status == "active" && !seen.cards.is_empty(),
        page,
    }))
}

fn status_key(status: &str) -> &'static str {
    match status {
        "invited" => "people-status-invited",
        "suspended" => "people-status-suspended",
        "closed" => "people-status-closed",
        _ => "people-status-active",
    }
}

/// Whom an address names.
enum Named {
    Person(String),
    Structure(String),
}

/// Whom a page is about.
struct About {
    target: Target,
    name: String,
    suspended: bool,
    back: String,
}

async fn about(app: &App, visit: &Visit, named: &Named) -> Result<About, Response> {
    match named {
        Named::Person(id) => Ok(person(&read(app, visit, id).await?)),
        Named::Structure(id) => structure(app, visit, id).await,
    }
}

fn person(seen: &Seen) -> About {
    About {
        target: Target::Person(seen.id),
        name: seen.name.full(),
        suspended: seen.status == "suspended",
        back: format!("/people/{}", seen.id),
    }
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
    let text = match (about.suspended, is_person) {
        (true, _) => "people-restore-text",
        (false, true) => "people-suspend-person-text",
        (false, false) => "people-suspend-structure-text",
    };
    let (text, name) = (page.l.t(text).into_owned(), about.name.clone());
    let (suspended, back) = (about.suspended, about.back.clone());
    ui::render(status, &SuspensionPage { page, form, name, text, suspended, back })
}

async fn ask_person(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Answer {
    ask(&app, &visit, &Named::Person(id)).await
}

async fn ask_structure(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Answer {
    ask(&app, &visit, &Named::Structure(id)).await
}

async fn ask(app: &App, visit: &Visit, named: &Named) -> Answer {
    Ok(draw(visit, StatusCode::OK, Form::empty(), &about(app, visit, named).await?))
}

async fn turn_person(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    PostedForm(form): PostedForm,
) -> Answer {
    turn(&app, &visit, &headers, form, &Named::Person(id)).await
}

async fn turn_structure(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    PostedForm(form): PostedForm,
) -> Answer {
    turn(&app, &visit, &headers, form, &Named::Structure(id)).await
}

async fn turn(app: &App, visit: &Visit, headers: &HeaderMap, mut form: Form, named: &Named) -> Answer {
    let Some(who) = visit.signed_in() else { return Err(Problem::forbidden().respond(visit)) };
    code_first(app, visit, headers, form.fields()).await?;
    let about = about(app, visit, named).await?;
    let reason = form.required("reason", "people-reason-required");
    let suspend = stops(&form).map_err(|problem| problem.respond(visit))?;
    let way = if suspend { Turn::Suspend } else { Turn::Restore };
    if form.is_valid() {
        match oversee::turn(app, who, about.target, way, &reason).await {
            Ok(true) => return Ok(redirect(&about.back)),
            Ok(false) => form.refuse("reason", "people-turn-nothing"),
            Err(fault) => return Err(Problem::internal(&fault).respond(visit)),
        }
    }
    Ok(draw(visit, StatusCode::UNPROCESSABLE_ENTITY, form, &about))
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

async fn ask_card(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Answer {
    let seen = read(&app, &visit, &id).await?;
    Ok(recovery(&visit, StatusCode::OK, Form::empty(), &seen))
}

async fn recover(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Person(who): Person,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Answer {
    code_first(&app, &visit, &headers, form.fields()).await?;
    let seen = read(&app, &visit, &id).await?;
    let card = form.value("card").parse::<CardId>();
    if card.is_err() {
        form.refuse("card", "recover-card-required");
    }
    let code = form.required("code", "code-required");
    let next = form.value("code_next").trim().to_owned();
    let reason = form.required("reason", "people-reason-required");
    if let (Ok(card), true) = (card, form.is_valid()) {
        let codes = (code.as_str(), next.as_str());
        let refused = match oversee::recover(&app, &who, seen.id, card, codes, &reason).await {
            Ok(Recovery::Done) => None,
            Ok(Recovery::NoCard) => Some(("card", Message::new("recover-card-not-waiting"))),
            Ok(Recovery::Codes) => Some(("code", Message::new("card-resync-codes"))),
            Ok(Recovery::Code(check)) => {
                CodeRefusal::of(&check).map(|why| ("code", why.message(&visit.l(), app.now()).0))
            }
            Err(fault) => return Err(Problem::internal(&fault).respond(&visit)),
        };
        match refused {
            None => return Ok(redirect(&format!("/people/{}", seen.id))),
            Some((field, message)) => form.refuse(field, message),
        }
    }
    Ok(recovery(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, &seen))
}
