//! What was typed in a form whose session had died, after sign-in: shown, and sent again if its owner wants.
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;

use crate::app::App;
use crate::app::stash;
use crate::domain::secret::PlainToken;
use crate::web::error::Problem;
use crate::web::extract::cookies::{self, Cookie};
use crate::web::extract::{Person, Visit};
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Page};

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
    fields: Vec<(String, String)>,
}

async fn show(State(app): State<App>, visit: Visit, Person(who): Person, headers: HeaderMap) -> Response {
    let Some(token) = cookies::get(&app, &headers, Cookie::Stash) else { return redirect("/") };
    match stash::find(&app, &who, &PlainToken::presented(token)).await {
        Ok(Some(kept)) => {
            ui::html(&ResumePage { page: visit.page("resume-title"), action: kept.path, fields: kept.fields })
        }
        Ok(None) => with_cookie(redirect("/"), cookies::forget(&app, Cookie::Stash)),
        Err(fault) => Problem::internal(&fault).respond(&visit),
    }
}
