//! Screens as data: one struct per page, filled by `web::pages`, drawn by its template, and rendered by the tests
//! with samples in every language. Forms post to the address they are shown at.
pub mod desk;

#[cfg(test)]
mod samples;

use askama::Template;

use super::{Form, Page};

/// A destructive act, on a page of its own. The form posts to this same address.
#[derive(Template)]
#[template(path = "confirm.html")]
pub struct Confirm {
    pub page: Page,
    pub form: Form,
    /// What happens, and that it cannot be undone.
    pub sentence: String,
    /// The words of the button: the act itself.
    pub label: String,
    pub back_href: String,
    pub danger: bool,
    /// Asks for the code of the card as well (field `code`).
    pub code: bool,
}

/// A page that tells the outcome of an act and where to go next.
#[derive(Template)]
#[template(path = "outcome.html")]
pub struct Outcome {
    pub page: Page,
    pub sentence: String,
    pub next_href: String,
    pub next: String,
}
