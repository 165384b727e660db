//! The page `/demo`: who to sign in as, what their cards show, what came in the post, and time, which can be let pass.
use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use time::Duration;

use crate::app::{App, notices};
use crate::domain::person::Role;
use crate::domain::time::Clock as _;
use crate::notify::Mail;
use crate::web::Problem;
use crate::web::extract::{PostedForm, Visit};
use crate::web::pages::redirect;
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Form, Page};

use super::cards::VirtualCard;
use super::clock::DemoClock;
use super::people::{MEMBERS, Member};
use super::stage::Origins;

/// How many letters the mailbox shows.
const LETTERS: i64 = 20;

/// What the page needs besides the product.
#[derive(Clone)]
pub(crate) struct Backstage(Arc<Inner>);

struct Inner {
    clock: Arc<DemoClock>,
    cards: Vec<VirtualCard>,
    origins: Origins,
}

/// Someone to sign in as.
struct Player {
    name: String,
    about: &'static str,
    roles: Vec<&'static str>,
    places: Vec<&'static str>,
    email: &'static str,
    password: &'static str,
    serial: Option<String>,
    code: String,
    seconds_left: i64,
}

/// What a card shows, for the script that keeps the page up to date.
#[derive(Serialize)]
struct Ticking<'a> {
    /// E-mail of who holds it.
    card: &'a str,
    code: String,
    seconds_left: i64,
}

#[derive(askama::Template)]
#[template(path = "demo/backstage.html")]
struct BackstagePage {
    page: Page,
    players: Vec<Player>,
    mails: Vec<Mail>,
    now: String,
    ahead: Option<String>,
    origins: Origins,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/demo", Access::Public, show),
        Route::get("/demo/cards.json", Access::Public, cards),
        Route::get("/demo/cards.js", Access::Public, script),
        Route::post("/demo/time", Access::Public, pass),
    ]
}

impl Backstage {
    pub(crate) fn new(clock: Arc<DemoClock>, cards: Vec<VirtualCard>, origins: Origins) -> Self {
        Self(Arc::new(Inner { clock, cards, origins }))
    }

    fn player(&self, member: &'static Member) -> Option<Player> {
        let now = self.0.clock.now();
        let card = self.0.cards.iter().find(|card| card.holder == member.email)?;
        let shown = card.show(now).ok()?;
        let role = |role: &Role| match role {
            Role::Aidant => "demo-role-aidant",
            Role::Referent => "demo-role-referent",
            Role::Operator => "demo-role-operator",
            Role::Auditor => "demo-role-auditor",
        };
        Some(Player {
            name: format!("{} {}", member.given, member.family),
            about: member.about,
            roles: member.roles.iter().map(role).collect(),
            places: member.places.iter().map(|place| place.name).collect(),
            email: member.email,
            password: member.password,
            serial: card.serial.clone(),
            code: ui::spaced(&shown.code).into_owned(),
            seconds_left: shown.seconds_left,
        })
    }
}

async fn show(State(app): State<App>, Extension(backstage): Extension<Backstage>, visit: Visit) -> Response {
    let mails = match notices::mailbox(&app, LETTERS).await {
        Ok(mails) => mails,
        Err(error) => return Problem::internal(&error).respond(&visit),
    };
    let l = visit.l();
    let ahead = backstage.0.clock.ahead();
    let template = BackstagePage {
        page: visit.page("demo-title"),
        players: MEMBERS.iter().filter_map(|member| backstage.player(member)).collect(),
        mails,
        now: l.date_hour(app.now()),
        ahead: (ahead > Duration::ZERO).then(|| l.duration(ahead)),
        origins: backstage.0.origins.clone(),
    };
    ui::html(&template)
}

async fn cards(Extension(backstage): Extension<Backstage>) -> Response {
    let now = backstage.0.clock.now();
    let ticking = backstage.0.cards.iter().filter_map(|card| {
        let shown = card.show(now).ok()?;
        let code = ui::spaced(&shown.code).into_owned();
        Some(Ticking { card: &card.holder, code, seconds_left: shown.seconds_left })
    });
    Json(ticking.collect::<Vec<_>>()).into_response()
}

async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("assets/cards.js")).into_response()
}

/// Lets time pass, by one of the steps offered.
async fn pass(
    Extension(backstage): Extension<Backstage>,
    visit: Visit,
    PostedForm(form): PostedForm,
) -> Response {
    let Some(step) = step(&form) else {
        return Problem::bad_request().respond(&visit);
    };
    match backstage.0.clock.pass(step) {
        Ok(()) => redirect("/demo#time"),
        Err(error) => Problem::internal(&error).respond(&visit),
    }
}

/// At most a year at once: a mandate never lasts longer.
fn step(form: &Form) -> Option<Duration> {
    let seconds: i64 = form.value("seconds").parse().ok()?;
    (1..=366 * 86_400).contains(&seconds).then(|| Duration::seconds(seconds))
}
