//! For which structure one acts, and the charter that comes before any act.
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use crate::app::App;
use crate::app::choose_structure;
use crate::domain::ids::StructureId;
use crate::web::error::Problem;
use crate::web::extract::cookies::{self, Cookie};
use crate::web::extract::{Person, PostedForm, Visit};
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Choice, Form, Page};

use super::redirect;
use super::sign_in::{next, with_cookie};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/structures/choose", Access::SignedIn, show),
        Route::post("/structures/choose", Access::SignedIn, post),
        Route::get("/charter", Access::SignedIn, show_charter),
        Route::post("/charter", Access::SignedIn, post_charter),
    ]
}

#[derive(Template)]
#[template(path = "people/structures.html")]
struct ChoosePage {
    page: Page,
    form: Form,
    structures: Vec<Choice>,
}

impl ChoosePage {
    fn new(visit: &Visit, form: Form) -> Self {
        let memberships = visit.signed_in().map(|who| who.memberships.as_slice()).unwrap_or_default();
        let structures = memberships
            .iter()
            .map(|one| Choice::new(one.structure_id.to_string(), one.structure_name.clone()))
            .collect();
        Self { page: visit.page("structures-title").of_form(&form), form, structures }
    }
}

async fn show(visit: Visit, Person(who): Person) -> Response {
    let mut form = Form::empty();
    if let Some(here) = who.structure_id {
        form.set("structure", here.to_string());
    }
    ui::html(&ChoosePage::new(&visit, form))
}

async fn post(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    PostedForm(mut form): PostedForm,
) -> Response {
    if let Ok(structure) = form.value("structure").parse::<StructureId>() {
        match choose_structure::choose(&app, &who, structure).await {
            Ok(Some(token)) => {
                let cookie = cookies::set(&app, Cookie::Session, token.reveal(), None);
                return with_cookie(redirect(&next(&visit)), cookie);
            }
            Ok(None) => {}
            Err(fault) => return Problem::internal(&fault).respond(&visit),
        }
    }
    form.refuse("structure", "structures-required");
    ui::render(StatusCode::UNPROCESSABLE_ENTITY, &ChoosePage::new(&visit, form))
}

#[derive(Template)]
#[template(path = "people/charter.html")]
struct CharterPage {
    page: Page,
    form: Form,
    accepted: bool,
}

async fn show_charter(visit: Visit, Person(who): Person) -> Response {
    let accepted = who.charter_accepted();
    ui::html(&CharterPage { page: visit.page("charter-title"), form: Form::empty(), accepted })
}

async fn post_charter(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    PostedForm(mut form): PostedForm,
) -> Response {
    if form.has("accept", "yes") {
        return match choose_structure::accept_charter(&app, &who).await {
            Ok(()) => redirect(&next(&visit)),
            Err(fault) => Problem::internal(&fault).respond(&visit),
        };
    }
    form.refuse("accept", "charter-accept-required");
    let page = visit.page("charter-title").of_form(&form);
    ui::render(StatusCode::UNPROCESSABLE_ENTITY, &CharterPage { page, form, accepted: false })
}
