//! Somebody or something stopped for a reason, or let go on: what the pages of people, structures and services share.
use askama::Template;

use crate::web::error::Problem;
use crate::web::ui::{Form, Page};

/// Field: `reason`. Which way it goes is in `turn`, so that a page that is out of date undoes nothing.
#[derive(Template)]
#[template(path = "suspension.html")]
pub(super) struct SuspensionPage {
    pub page: Page,
    pub form: Form,
    pub name: String,
    /// What stopping it, or letting it go on, means.
    pub text: String,
    pub suspended: bool,
    pub back: String,
}

/// The way asked for, true to stop. Errors: a form that is not ours, `400`.
pub(super) fn stops(form: &Form) -> Result<bool, Problem> {
    match form.value("turn") {
        "suspend" => Ok(true),
        "restore" => Ok(false),
        _ => Err(Problem::bad_request()),
    }
}
