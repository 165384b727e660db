//! The auditor's room: search in the log, the story of one mandate with its proof, what an aidant or a structure did,
//! what deserves a look, and what may be taken away.
mod activity;
mod alerts;
pub(super) mod chart;
mod criteria;
mod export;
mod find;
mod receipt;
mod search;
mod story;
mod unmask;
pub(super) mod words;

use crate::app::search_log::AuditError;
use crate::web::error::Problem;
use crate::web::route::{Access, Route};

/// The routes of these screens.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/log", Access::Auditor, search::show),
        Route::get("/log/find", Access::Auditor, find::show),
        Route::post("/log/find/user", Access::Auditor, find::user),
        Route::post("/log/find/aidant", Access::Auditor, find::aidant),
        Route::get("/log/export", Access::Auditor, export::show),
        Route::post("/log/export", Access::Auditor, export::take),
        Route::get("/log/mandates/{reference}", Access::Auditor, story::show),
        Route::get("/log/mandates/{reference}/proof", Access::Auditor, receipt::story),
        Route::get("/log/alerts", Access::Auditor, alerts::show),
        Route::get("/log/alerts/review", Access::Auditor, alerts::ask),
        Route::post("/log/alerts/review", Access::Auditor, alerts::review),
        Route::get("/log/aidants/{pseudonym}", Access::Auditor, activity::aidant),
        Route::get("/log/structures/{id}", Access::Auditor, activity::structure),
        Route::get("/log/{kind}/{name}/unmask", Access::Auditor, unmask::ask),
        Route::post("/log/{kind}/{name}/unmask", Access::Auditor, unmask::unmask),
        Route::get("/log/entries/{id}/receipt", Access::Auditor, receipt::download),
    ]
}

/// The page of what an auditor may not see, does not exist, or could not be read.
fn problem(error: &AuditError) -> Problem {
    match error {
        AuditError::NoPerimeter => Problem::forbidden(),
        AuditError::NoMandate | AuditError::NotFound => Problem::not_found(),
        error => Problem::internal(error),
    }
}
