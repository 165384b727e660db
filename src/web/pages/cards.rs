//! The cards of a structure, for its referent.
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::app::App;
use crate::app::fault::Fault;
use crate::app::manage_cards::{self, ListedCard, Manager, Member, PAGE, Refused};
use crate::domain::card::{CardEnd, CardRefusal, CardState};
use crate::domain::ids::{CardId, PersonId};
use crate::domain::person::PersonName;
use crate::web::error::Problem;
use crate::web::extract::{Person, PostedForm, Visit};
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Choice, Form, L, Message, Page, Pages, Row, Section, Tone};

use super::account::{card_name, card_state};
use super::sign_in::code_first;
use super::{Answer, redirect};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/cards", Access::Referent, list),
        Route::get("/cards/{id}", Access::Referent, show),
        Route::post("/cards/{id}", Access::Referent, assign),
        Route::get("/cards/{id}/resync", Access::Referent, show_resync),
        Route::post("/cards/{id}/resync", Access::Referent, resync),
        Route::get("/cards/{id}/end", Access::Referent, show_end),
        Route::post("/cards/{id}/end", Access::Referent, end),
    ]
}

struct Line {
    id: String,
    name: String,
    holder: String,
    state: String,
    tone: Tone,
}

#[derive(Template)]
#[template(path = "people/cards.html")]
struct ListPage {
    page: Page,
    cards: Vec<Line>,
    pages: Pages,
}

async fn list(State(app): State<App>, visit: Visit, Person(who): Person) -> Response {
    let query = visit.uri.query().unwrap_or_default();
    let asked = form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == "page")
        .and_then(|(_, value)| value.parse::<u32>().ok())
        .unwrap_or(1);
    let (cards, count) = match manage_cards::list(&app, &who, asked).await {
        Ok(found) => found,
        Err(fault) => return Problem::internal(&fault).respond(&visit),
    };
    let l = visit.l();
    let cards = cards
        .iter()
        .map(|card| {
            let (state, tone) = card_state(&l, &card.state);
            Line {
                id: card.id.to_string(),
                name: card_name(&l, card.kind, card.serial.as_deref()),
                holder: card.holder.as_ref().map(PersonName::full).unwrap_or_default(),
                state,
                tone,
            }
        })
        .collect();
    let pages = Pages::new(asked, count, u32::try_from(PAGE).unwrap_or(1), "/cards?");
    ui::html(&ListPage { page: visit.page("cards-title").in_section(Section::Cards), cards, pages })
}

#[derive(Template)]
#[template(path = "people/card.html")]
struct ShowPage {
    page: Page,
    form: Form,
    id: String,
    name: String,
    rows: Vec<Row>,
    /// To whom it can be given, when it is in stock.
    members: Vec<Choice>,
    in_stock: bool,
    may_resync: bool,
    may_end: bool,
}

impl ShowPage {
    fn new(visit: &Visit, form: Form, card: &ListedCard, members: &[Member]) -> Self {
        let l = visit.l();
        let (state, _) = card_state(&l, &card.state);
        let mut rows = vec![Row::new(l.t("card-state").into_owned(), state)];
        if let Some(holder) = &card.holder {
            rows.push(Row::new(l.t("card-holder").into_owned(), holder.full()));
        }
        if let Some((key, at)) = since(&card.state) {
            rows.push(Row::new(l.t(key).into_owned(), l.date(at)));
        }
        let in_stock = matches!(card.state, CardState::InStock);
        Self {
            page: visit.page("card-title").in_section(Section::Cards).of_form(&form),
            form,
            id: card.id.to_string(),
            name: card_name(&l, card.kind, card.serial.as_deref()),
            rows,
            members: choices(&l, members),
            in_stock,
            may_resync: matches!(card.state, CardState::Assigned { .. } | CardState::Active { .. }),
            may_end: !matches!(card.state, CardState::Ended { .. }),
        }
    }
}

/// Nobody is chosen beforehand: a card handed to the wrong person is a card lost.
fn choices(l: &L, members: &[Member]) -> Vec<Choice> {
    let one = |member: &Member| Choice::new(member.id.to_string(), member.name.full());
    let nobody = Choice::new("", l.t("card-holder-none"));
    if members.is_empty() {
        Vec::new()
    } else {
        std::iter::once(nobody).chain(members.iter().map(one)).collect()
    }
}

fn since(state: &CardState) -> Option<(&'static str, crate::domain::time::Timestamp)> {
    match state {
        CardState::InStock => None,
        CardState::Assigned { at, .. } => Some(("card-assigned-on", *at)),
        CardState::Active { since, .. } => Some(("card-active-since", *since)),
        CardState::Ended { at, .. } => Some(("card-ended-on", *at)),
    }
}

/// The card of the address, if it is of the structure the referent acts for; otherwise the same page as for one that
/// does not exist.
async fn find(app: &App, visit: &Visit, id: &str) -> Result<(ListedCard, Vec<Member>), Response> {
    let (Some(who), Ok(id)) = (visit.signed_in(), id.parse::<CardId>()) else {
        return Err(Problem::not_found().respond(visit));
    };
    match manage_cards::show(app, who, id).await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(Problem::not_found().respond(visit)),
        Err(fault) => Err(Problem::internal(&fault).respond(visit)),
    }
}

/// The same, for a form sent: after the code again if it has been too long.
async fn before_an_act(
    app: &App,
    visit: &Visit,
    headers: &HeaderMap,
    fields: Vec<(String, String)>,
    id: &str,
) -> Result<(ListedCard, Vec<Member>), Response> {
    code_first(app, visit, headers, fields).await?;
    find(app, visit, id).await
}

async fn show(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (card, members) = find(&app, &visit, &id).await?;
    Ok(ui::html(&ShowPage::new(&visit, Form::empty(), &card, &members)))
}

async fn assign(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Person(who): Person,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Answer {
    let (card, members) = before_an_act(&app, &visit, &headers, form.fields(), &id).await?;
    match form.value("holder").parse::<PersonId>() {
        Err(_) => form.refuse("holder", "card-holder-required"),
        Ok(holder) => {
            let done = manage_cards::assign(&app, Manager::Referent(&who), card.id, holder).await;
            match settle(&app, &visit, done).map_err(|problem| problem.respond(&visit))? {
                None => return Ok(redirect(&format!("/cards/{id}"))),
                Some(message) => form.refuse("holder", message),
            }
        }
    }
    Ok(ui::render(StatusCode::UNPROCESSABLE_ENTITY, &ShowPage::new(&visit, form, &card, &members)))
}

#[derive(Template)]
#[template(path = "people/card_resync.html")]
struct ResyncPage {
    page: Page,
    form: Form,
    id: String,
    name: String,
    holder: String,
}

impl ResyncPage {
    fn new(visit: &Visit, form: Form, card: &ListedCard) -> Self {
        Self {
            page: visit.page("card-resync-title").in_section(Section::Cards).of_form(&form),
            form,
            id: card.id.to_string(),
            name: card_name(&visit.l(), card.kind, card.serial.as_deref()),
            holder: card.holder.as_ref().map(PersonName::full).unwrap_or_default(),
        }
    }
}

async fn show_resync(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (card, _) = find(&app, &visit, &id).await?;
    if card.state.holder().is_none() {
        return Ok(redirect(&format!("/cards/{id}")));
    }
    Ok(ui::html(&ResyncPage::new(&visit, Form::empty(), &card)))
}

async fn resync(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Person(who): Person,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Answer {
    let (card, _) = before_an_act(&app, &visit, &headers, form.fields(), &id).await?;
    let first = form.required("code", "card-resync-first-required");
    let second = form.required("code_next", "card-resync-second-required");
    if form.is_valid() {
        let codes = (first.as_str(), second.as_str());
        let done = manage_cards::resynchronise(&app, Manager::Referent(&who), card.id, codes).await;
        match settle(&app, &visit, done).map_err(|problem| problem.respond(&visit))? {
            None => return Ok(redirect(&format!("/cards/{id}"))),
            Some(message) => form.refuse("code", message),
        }
    }
    Ok(ui::render(StatusCode::UNPROCESSABLE_ENTITY, &ResyncPage::new(&visit, form, &card)))
}

#[derive(Template)]
#[template(path = "people/card_end.html")]
struct EndPage {
    page: Page,
    form: Form,
    id: String,
    name: String,
    ways: Vec<Choice>,
}

impl EndPage {
    fn new(visit: &Visit, form: Form, card: &ListedCard) -> Self {
        let l = visit.l();
        let way = |how: CardEnd, label: &str, hint: &str| {
            Choice::new(how.as_str(), l.t(label).into_owned()).hint(l.t(hint).into_owned())
        };
        let mut ways = vec![
            way(CardEnd::Lost, "card-end-lost", "card-end-lost-hint"),
            way(CardEnd::Broken, "card-end-broken", "card-end-broken-hint"),
        ];
        if card.state.holder().is_some() {
            ways.push(way(CardEnd::Returned, "card-end-returned", "card-end-returned-hint"));
        }
        ways.push(way(CardEnd::Revoked, "card-end-revoked", "card-end-revoked-hint"));
        Self {
            page: visit.page("card-end-title").in_section(Section::Cards).of_form(&form),
            form,
            id: card.id.to_string(),
            name: card_name(&l, card.kind, card.serial.as_deref()),
            ways,
        }
    }
}

async fn show_end(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (card, _) = find(&app, &visit, &id).await?;
    Ok(ui::html(&EndPage::new(&visit, Form::empty(), &card)))
}

async fn end(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Person(who): Person,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Answer {
    let (card, _) = before_an_act(&app, &visit, &headers, form.fields(), &id).await?;
    let how = form.value("how").parse::<CardEnd>();
    if how.is_err() {
        form.refuse("how", "card-end-how-required");
    }
    let reason = form.required("reason", "card-end-reason-required");
    if let (Ok(how), true) = (how, form.is_valid()) {
        let done = manage_cards::end(&app, Manager::Referent(&who), card.id, how, &reason).await;
        match settle(&app, &visit, done).map_err(|problem| problem.respond(&visit))? {
            None => return Ok(redirect("/cards")),
            Some(message) => form.refuse("reason", message),
        }
    }
    Ok(ui::render(StatusCode::UNPROCESSABLE_ENTITY, &EndPage::new(&visit, form, &card)))
}

/// What stands in the way of an act on a card, to be said beside the field; nothing when it was done.
fn settle(
    app: &App,
    visit: &Visit,
    done: Result<Result<(), Refused>, Fault>,
) -> Result<Option<Message>, Problem> {
    match done {
        Ok(Ok(())) => Ok(None),
        Ok(Err(Refused::NotHere)) => Err(Problem::not_found()),
        Ok(Err(refused)) => Ok(Some(message(app, &visit.l(), refused))),
        Err(fault) => Err(Problem::internal(&fault)),
    }
}

fn message(app: &App, l: &L, refused: Refused) -> Message {
    match refused {
        Refused::NotHere | Refused::Card(CardRefusal::Ended) => Message::new("card-refused-ended"),
        Refused::Card(CardRefusal::HasHolder | CardRefusal::AlreadyActive) => {
            Message::new("card-refused-held")
        }
        Refused::Card(CardRefusal::NoHolder) => Message::new("card-refused-not-held"),
        Refused::Card(CardRefusal::Reason) => Message::new("card-end-reason-too-long"),
        Refused::SeveralTies => Message::new("card-refused-several"),
        Refused::Codes => Message::new("card-resync-codes"),
        Refused::Wait { until } => {
            Message::new("code-wait").with("wait", l.duration(manage_cards::wait(until, app.now())))
        }
    }
}
