//! The page of something that went wrong: what happened, what is safe, what to do, and the operation id
//! that lets support find the cause in the journal of the service.
use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::form::Message;
use super::page::Page;
use super::render;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorTemplate<'a> {
    page: Page,
    what_happened: String,
    what_is_safe: String,
    what_to_do: String,
    operation: &'a str,
}

/// The sentences of an error page. `new("not-found")` takes the keys `error-not-found-title`, `-happened`,
/// `-safe` and `-do` of the locale files.
#[derive(Clone, Debug)]
pub struct ErrorPage {
    title: Message,
    happened: Message,
    safe: Message,
    advice: Message,
}

impl ErrorPage {
    pub fn new(kind: &str) -> Self {
        let part = |part: &str| Message::new(format!("error-{kind}-{part}"));
        Self { title: part("title"), happened: part("happened"), safe: part("safe"), advice: part("do") }
    }

    /// The page for a status code without sentences of its own.
    pub fn of_status(status: StatusCode) -> Self {
        Self::new(match status.as_u16() {
            400 | 413 | 415 | 422 => "bad-request",
            401 | 403 => "forbidden",
            404 => "not-found",
            405 => "wrong-method",
            429 => "too-many",
            502..=504 => "unavailable",
            _ => "internal",
        })
    }

    /// `operation` is the id of the request, as in the journal of the service.
    pub fn respond(&self, status: StatusCode, page: Page, operation: &str) -> Response {
        let l = page.l.clone();
        let title = l.message(&self.title).into_owned();
        render(
            status,
            &ErrorTemplate {
                what_happened: l.message(&self.happened).into_owned(),
                what_is_safe: l.message(&self.safe).into_owned(),
                what_to_do: l.message(&self.advice).into_owned(),
                page: page.titled_with(title),
                operation,
            },
        )
    }
}
