//! The desk: mandates from the choice of domains to their end. Each step has its own address, so that nothing is lost
//! when the network or the browser stops.
mod end;
mod identify;
mod list;
mod new;
mod show;
mod sign;
mod words;

use axum::response::Response;
use http::StatusCode;

use crate::app::App;
use crate::app::caller::SignedIn;
use crate::app::desk::DeskError;
use crate::app::read_mandates::{self, Reading, View};
use crate::domain::mandate::{Reference, Refusal};
use crate::web::error::Problem;
use crate::web::extract::Visit;
use crate::web::route::{Access, Route};

pub(super) use identify::back as back_to_identity;
pub(super) use words::{born_line, civil_name, clauses, gender};

/// The routes of these screens.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/mandates", Access::Member, list::show),
        Route::get("/mandates/new", Access::Aidant, new::show),
        Route::post("/mandates/new", Access::Aidant, new::post),
        Route::get("/mandates/{reference}", Access::Member, show::mandate),
        Route::get("/mandates/{reference}/state", Access::Member, show::state),
        Route::get("/mandates/{reference}/identity", Access::Aidant, identify::show),
        Route::post("/mandates/{reference}/identity", Access::Aidant, identify::start),
        Route::get("/mandates/{reference}/signature", Access::Aidant, sign::show),
        Route::post("/mandates/{reference}/signature", Access::Aidant, sign::post),
        Route::get("/mandates/{reference}/done", Access::Aidant, sign::done),
        Route::get("/mandates/{reference}/attestation", Access::Member, show::attestation),
        Route::get("/mandates/{reference}/end", Access::Member, end::show_whole),
        Route::post("/mandates/{reference}/end", Access::Member, end::post_whole),
        Route::get("/mandates/{reference}/end/{domain}", Access::Member, end::show_domain),
        Route::post("/mandates/{reference}/end/{domain}", Access::Member, end::post_domain),
    ]
}

/// The reference in an address; what is not one is not found.
fn reference(visit: &Visit, text: &str) -> Result<Reference, Box<Response>> {
    text.parse().map_err(|_| Box::new(Problem::not_found().respond(visit)))
}

/// The mandate of an address, if it is of the structure the person acts for; what happened to it.
async fn read(
    app: &App,
    visit: &Visit,
    who: &SignedIn,
    text: &str,
    reading: Reading,
) -> Result<(Reference, View), Box<Response>> {
    let reference = reference(visit, text)?;
    match read_mandates::one(app, who, &reference, reading).await {
        Ok(view) => Ok((reference, view)),
        Err(error) => Err(Box::new(stopped(visit, &error))),
    }
}

/// The page of what stops a step.
pub(super) fn stopped(visit: &Visit, error: &DeskError) -> Response {
    let problem = match error {
        DeskError::Fault(fault) => Problem::internal(fault),
        DeskError::LogStopped => Problem::log_stopped(),
        DeskError::NotFound => Problem::not_found(),
        DeskError::Denied(_) => Problem::new(StatusCode::FORBIDDEN, "desk-denied"),
        DeskError::Refused(Refusal::Lapsed) => Problem::new(StatusCode::CONFLICT, "desk-lapsed"),
        DeskError::Refused(_) => Problem::new(StatusCode::CONFLICT, "desk-over"),
    };
    problem.respond(visit)
}
