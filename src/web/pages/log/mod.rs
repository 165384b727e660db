//! The auditor's room: search in the log, and the story of one mandate with its proof.
mod receipt;
mod search;
mod story;
mod words;

use crate::web::route::{Access, Route};

/// The routes of these screens.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/log", Access::Auditor, search::show),
        Route::get("/log/mandates/{reference}", Access::Auditor, story::show),
        Route::get("/log/entries/{id}/receipt", Access::Auditor, receipt::download),
    ]
}
