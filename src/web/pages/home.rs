//! The first page: what this is, for who comes from outside; one door per thing to do, for who is signed in.
use axum::extract::State;
use axum::response::Response;

use super::redirect;
use crate::app::App;
use crate::app::alarms::{self, Alarm};
use crate::app::caller::{Caller, SignedIn};
use crate::web::error::Problem;
use crate::web::extract::Visit;
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Page, Section};

/// The routes of this screen.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/", Access::Public, show)]
}

#[derive(askama::Template)]
#[template(path = "home/public.html")]
struct PublicPage {
    page: Page,
}

#[derive(askama::Template)]
#[template(path = "home/start.html")]
struct StartPage {
    page: Page,
    first_name: String,
    /// Key of the sentence under the greeting.
    lead: &'static str,
    aidant: bool,
    /// For operators: what is wrong until it is put right.
    alarms: Vec<Alarm>,
    /// New mandates and uses are stopped.
    stopped: bool,
    doors: Vec<Door>,
}

impl StartPage {
    /// Key of what an alarm says.
    #[expect(clippy::unused_self, reason = "templates call methods only")]
    fn sentence(&self, alarm: &Alarm) -> &'static str {
        match alarm.name.as_str() {
            alarms::LOG_WITNESS => "alarm-witness",
            alarms::HOUSE_LATE => "alarm-house",
            name if name.starts_with(alarms::CLOCK_BACK) => "alarm-clock",
            name if name.starts_with(alarms::LOG_CONTRADICTED) => "alarm-contradicted",
            _ => "alarm-log",
        }
    }
}

/// Where one may go: an address and the keys of its name and description.
#[derive(Clone, Copy)]
struct Door {
    href: &'static str,
    title: &'static str,
    text: &'static str,
}

const MANDATES: Door =
    Door { href: "/mandates", title: "home-door-mandates", text: "home-door-mandates-text" };
const USES: Door = Door { href: "/uses", title: "home-door-uses", text: "home-door-uses-text" };
const CARDS: Door = Door { href: "/cards", title: "home-door-cards", text: "home-door-cards-text" };
const PEOPLE: Door = Door { href: "/people", title: "home-door-people", text: "home-door-people-text" };
const CLIENTS: Door = Door { href: "/clients", title: "home-door-clients", text: "home-door-clients-text" };
const LOG: Door = Door { href: "/log", title: "home-door-log", text: "home-door-log-text" };
const ACCOUNT: Door = Door { href: "/account", title: "home-door-account", text: "home-door-account-text" };

async fn show(State(app): State<App>, visit: Visit) -> Response {
    match &visit.caller {
        Caller::Nobody => ui::html(&PublicPage { page: visit.page("home-public-title") }),
        Caller::Half(_) => redirect("/sign-in/code"),
        Caller::SignedIn(person) => start(&app, &visit, person).await,
    }
}

async fn start(app: &App, visit: &Visit, person: &SignedIn) -> Response {
    if person.structure_id.is_none() && person.memberships.len() > 1 {
        return redirect("/structures/choose");
    }
    let alarms = if person.is_operator { alarms::standing(app).await } else { Ok(Vec::new()) };
    let alarms = match alarms {
        Ok(alarms) => alarms,
        Err(error) => return Problem::internal(&error).respond(visit),
    };
    // Asked of the database again: an alarm alone stops nothing yet.
    let stopped = if alarms.is_empty() { Ok(false) } else { alarms::is_log_stopped(app).await };
    let stopped = match stopped {
        Ok(stopped) => stopped,
        Err(error) => return Problem::internal(&error).respond(visit),
    };
    let doors = [
        (person.is_aidant(), MANDATES),
        (person.is_aidant(), USES),
        (person.is_referent(), CARDS),
        (person.is_operator, PEOPLE),
        (person.is_operator, CLIENTS),
        (person.is_auditor, LOG),
        (true, ACCOUNT),
    ];
    ui::html(&StartPage {
        page: visit.page("home-title").in_section(Section::Home),
        first_name: person.name.given.clone(),
        lead: lead(person),
        aidant: person.is_aidant(),
        alarms,
        stopped,
        doors: doors.into_iter().filter_map(|(open, door)| open.then_some(door)).collect(),
    })
}

fn lead(person: &SignedIn) -> &'static str {
    if person.is_aidant() {
        "home-lead-aidant"
    } else if person.is_referent() {
        "home-lead-referent"
    } else if person.is_auditor {
        "home-lead-auditor"
    } else if person.is_operator {
        "home-lead-operator"
    } else {
        "home-lead-other"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::ui::L;

    #[test]
    fn every_door_has_its_words() {
        for door in [MANDATES, USES, CARDS, PEOPLE, CLIENTS, LOG, ACCOUNT] {
            assert!(L::has(door.title) && L::has(door.text), "{}", door.href);
        }
        for lead in ["aidant", "referent", "auditor", "operator", "other"] {
            assert!(L::has(&format!("home-lead-{lead}")));
        }
    }
}
