//! One's own account: cards, sessions, known browsers.
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;

use crate::app::App;
use crate::app::manage_cards;
use crate::app::sessions::{self, OwnCard, OwnDevice, OwnSession};
use crate::domain::card::{CardKind, CardState};
use crate::domain::ids::{CardId, RowId, SessionId};
use crate::web::error::Problem;
use crate::web::extract::{Person, PostedForm, Visit};
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Form, L, Page, Row, Tone};

use super::redirect;
use super::sign_in::CodeRefusal;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/account", Access::SignedIn, show),
        Route::get("/account/cards/{id}/activate", Access::SignedIn, show_activate),
        Route::post("/account/cards/{id}/activate", Access::SignedIn, post_activate),
        Route::get("/sessions", Access::SignedIn, show_sessions),
        Route::post("/sessions/{id}/end", Access::SignedIn, end_session),
        Route::post("/sessions/others/end", Access::SignedIn, end_others),
        Route::post("/devices/{id}/forget", Access::SignedIn, forget),
    ]
}

/// A card in words.
pub struct CardLine {
    pub id: String,
    pub name: String,
    pub state: String,
    pub tone: Tone,
    pub to_activate: bool,
}

/// What a card is called: its serial number, or that it is an app.
pub fn card_name(l: &L, kind: CardKind, serial: Option<&str>) -> String {
    match (kind, serial) {
        (CardKind::Hardware, Some(serial)) => l.t1("card-named", "serial", serial.to_owned()).into_owned(),
        _ => l.t("card-app").into_owned(),
    }
}

/// A card's state in a word, and its mood.
pub fn card_state(l: &L, state: &CardState) -> (String, Tone) {
    let (key, tone) = match state {
        CardState::InStock => ("card-state-stock", Tone::Info),
        CardState::Assigned { .. } => ("card-state-assigned", Tone::Warn),
        CardState::Active { .. } => ("card-state-active", Tone::Good),
        CardState::Ended { how, .. } => {
            use crate::domain::card::CardEnd;
            let key = match how {
                CardEnd::Lost => "card-state-lost",
                CardEnd::Broken => "card-state-broken",
                CardEnd::Returned => "card-state-returned",
                CardEnd::Revoked => "card-state-revoked",
            };
            (key, Tone::Quiet)
        }
    };
    (l.t(key).into_owned(), tone)
}

fn line(l: &L, card: &OwnCard) -> CardLine {
    let (state, tone) = card_state(l, &card.state);
    CardLine {
        id: card.id.to_string(),
        name: card_name(l, card.kind, card.serial.as_deref()),
        state,
        tone,
        to_activate: matches!(card.state, CardState::Assigned { .. }),
    }
}

#[derive(Template)]
#[template(path = "people/account.html")]
struct AccountPage {
    page: Page,
    rows: Vec<Row>,
    cards: Vec<CardLine>,
    /// The provider one's account may be linked to.
    provider: Option<String>,
}

async fn show(State(app): State<App>, visit: Visit, Person(who): Person) -> Response {
    let cards = match sessions::cards(&app, &who).await {
        Ok(cards) => cards,
        Err(fault) => return Problem::internal(&fault).respond(&visit),
    };
    let l = visit.l();
    let mut rows = vec![Row::new(l.t("account-name").into_owned(), who.name.full())];
    if !who.memberships.is_empty() {
        let names = who.memberships.iter().map(|one| one.structure_name.clone()).collect();
        rows.push(Row::many(l.t("account-structures").into_owned(), names));
    }
    let cards = cards.iter().map(|card| line(&l, card)).collect();
    let provider = super::professional::label(&app, &l);
    ui::html(&AccountPage { page: visit.page("account-title"), rows, cards, provider })
}

#[derive(Template)]
#[template(path = "people/card_activate.html")]
struct ActivatePage {
    page: Page,
    form: Form,
    name: String,
    countdown: Option<i64>,
}

async fn card_to_activate(app: &App, visit: &Visit, id: &str) -> Result<(CardId, String), Response> {
    let Some(who) = visit.signed_in() else { return Err(Problem::forbidden().respond(visit)) };
    let cards = sessions::cards(app, who).await.map_err(|fault| Problem::internal(&fault).respond(visit))?;
    let id: Option<CardId> = id.parse().ok();
    let card =
        cards.iter().find(|card| Some(card.id) == id && matches!(card.state, CardState::Assigned { .. }));
    card.map(|card| (card.id, card_name(&visit.l(), card.kind, card.serial.as_deref())))
        .ok_or_else(|| Problem::not_found().respond(visit))
}

async fn show_activate(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Response {
    match card_to_activate(&app, &visit, &id).await {
        Ok((_, name)) => {
            let page = visit.page("card-activate-title");
            ui::html(&ActivatePage { page, form: Form::empty(), name, countdown: None })
        }
        Err(response) => response,
    }
}

async fn post_activate(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Person(who): Person,
    PostedForm(mut form): PostedForm,
) -> Response {
    let (id, name) = match card_to_activate(&app, &visit, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    if !who.is_fresh(app.now()) {
        return super::redirect_back("/sign-in/again", &visit);
    }
    let code = form.required("code", "code-required");
    let mut countdown = None;
    if form.is_valid() {
        let check = match manage_cards::activate(&app, &who, id, &code).await {
            Ok(Some(check)) => check,
            Ok(None) => return Problem::not_found().respond(&visit),
            Err(fault) => return Problem::internal(&fault).respond(&visit),
        };
        let Some(why) = CodeRefusal::of(&check) else { return redirect("/account") };
        let (message, seconds) = why.message(&visit.l(), app.now());
        form.refuse("code", message);
        countdown = seconds;
    }
    let page = visit.page("card-activate-title").of_form(&form);
    ui::render(StatusCode::UNPROCESSABLE_ENTITY, &ActivatePage { page, form, name, countdown })
}

/// A session or a browser in words.
struct Line {
    id: String,
    name: String,
    detail: String,
    is_this_one: bool,
}

#[derive(Template)]
#[template(path = "people/sessions.html")]
struct SessionsPage {
    page: Page,
    sessions: Vec<Line>,
    devices: Vec<Line>,
    has_others: bool,
}

async fn show_sessions(State(app): State<App>, visit: Visit, Person(who): Person) -> Response {
    let (sessions, devices) = match sessions::list(&app, &who).await {
        Ok(found) => found,
        Err(fault) => return Problem::internal(&fault).respond(&visit),
    };
    let l = visit.l();
    let now = app.now();
    let session = |one: &OwnSession| Line {
        id: one.id.to_string(),
        name: one
            .browser
            .as_deref()
            .and_then(browser_name)
            .unwrap_or_else(|| l.t("session-browser-unknown").into_owned()),
        detail: l
            .t2("session-detail", "begun", l.moment(one.begun_at, now), "seen", l.moment(one.seen_at, now))
            .into_owned(),
        is_this_one: one.is_this_one,
    };
    let device = |one: &OwnDevice| Line {
        id: one.id.to_string(),
        name: l.t1("device-since", "day", l.date(one.known_since)).into_owned(),
        detail: l.t1("device-seen", "seen", l.moment(one.seen_at, now)).into_owned(),
        is_this_one: false,
    };
    let sessions: Vec<Line> = sessions.iter().map(session).collect();
    ui::html(&SessionsPage {
        page: visit.page("sessions-title"),
        has_others: sessions.len() > 1,
        sessions,
        devices: devices.iter().map(device).collect(),
    })
}

/// « Firefox, Windows » out of what the browser says of itself; nothing when it says nothing known.
fn browser_name(user_agent: &str) -> Option<String> {
    const BROWSERS: [(&str, &str); 5] = [
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |list: &[(&str, &'static str)]| {
        list.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let names: Vec<&str> = [find(&BROWSERS), find(&SYSTEMS)].into_iter().flatten().collect();
    if names.is_empty() { None } else { Some(names.join(", ")) }
}

async fn end_session(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Person(who): Person,
) -> Response {
    let Ok(id) = id.parse::<SessionId>() else { return Problem::not_found().respond(&visit) };
    answer(&visit, sessions::revoke(&app, &who, id).await)
}

async fn end_others(State(app): State<App>, visit: Visit, Person(who): Person) -> Response {
    answer(&visit, sessions::revoke_others(&app, &who).await.map(|_| true))
}

async fn forget(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Person(who): Person,
) -> Response {
    let Ok(id) = id.parse::<RowId>() else { return Problem::not_found().respond(&visit) };
    answer(&visit, sessions::forget_device(&app, &who, id).await)
}

/// Someone else's and what does not exist are not told apart.
fn answer(visit: &Visit, done: Result<bool, crate::app::fault::Fault>) -> Response {
    match done {
        Ok(true) => redirect("/sessions"),
        Ok(false) => Problem::not_found().respond(visit),
        Err(fault) => Problem::internal(&fault).respond(visit),
    }
}

#[cfg(test)]
mod tests {
    use super::browser_name;

    #[test]
    fn browsers_are_named_in_two_words() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0";
        assert_eq!(browser_name(edge).unwrap(), "Edge, Windows");
        let safari =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604.1";
        assert_eq!(browser_name(safari).unwrap(), "Safari, iPhone");
        assert_eq!(browser_name("curl/8"), None);
    }
}
