//! The look: templates, sentences, dates in words, assets.
//!
//! # A page in twenty lines
//!
//! ```text
//! #[derive(askama::Template)]
//! #[template(path = "cards/link.html")]
//! struct LinkPage { page: Page, form: Form, serial: String }
//!
//! async fn show(/* the caller, as `web::extract` knows them */) -> Response {
//!     let page = page.titled("card-link-title").in_section(Section::Cards);
//!     ui::html(&LinkPage { page, form: Form::empty(), serial })
//! }
//!
//! async fn post(…, axum::Form(mut form): axum::Form<Form>) -> Response {
//!     let code = form.required("code", "code-required");
//!     // … the use case refuses: form.refuse("code", Message::new("code-used").with("wait", l.duration(wait)));
//!     if !form.is_valid() {
//!         let page = page.titled("card-link-title").of_form(&form).reached_at("/cards/link");
//!         return ui::render(StatusCode::UNPROCESSABLE_ENTITY, &LinkPage { page, form, serial });
//!     }
//!     Redirect::to("/cards").into_response()
//! }
//! ```
//!
//! ```html
//! {% extends "base.html" %}
//! {% import "components.html" as c %}
//! {% block main %}
//! {{ c::error_summary(page.l, form) }}
//! <h1>{{ page.t("card-link-title") }}</h1>
//! <p class="lead">{{ page.l.t1("card-link-lead", "serial", serial) }}</p>
//! <form method="post" novalidate>
//!   {{ c::code_field(page.l, form, "code", page.t("card-code"), hint = page.t("card-code-hint")) }}
//!   {{ c::buttons(page.t("card-link-do"), back_href = "/cards", back = page.t("cancel")) }}
//! </form>
//! {% endblock %}
//! ```
//!
//! * Macros, arguments and looks: `templates/components.html` (each has a line that says what it is for).
//! * Sentences: `locales/{fr,en}/<your file>.ftl`, the same keys and values in both. In French write ordinary
//!   spaces before « ; : ! ? » and straight apostrophes: they are typeset when loaded. Plurals and gender are
//!   Fluent selectors: `{ $count -> [one] un mandat *[other] { $count } mandats }`.
//!   `t` takes a key, `t1`, `t2`, `t3` also name and value pairs, [`Message`] says a sentence later.
//! * Dates: `page.l.date(ts)`, `.day`, `.hour`, `.date_hour`, `.end` (end of a mandate, after « jusqu’au »),
//!   `.moment(ts, now)`, `.stamp` (auditors), `.born(gender, claim)`, `.duration`, `.number`, `.list`.
//! * One `h1` per page, one main button, `novalidate` on forms (errors come from us, at the top and beside the
//!   field), no inline style or script, ids only through the macros.
//! * A destructive act has a page of its own: `c::confirm`.
//! * [`ErrorPage`] for what went wrong outside a form.
pub mod assets;
mod error_page;
mod form;
pub mod locale;
mod page;
mod parts;
#[cfg(test)]
mod preview;
pub mod qr;
pub mod screens;
#[cfg(test)]
mod tests;
mod words;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};

pub use self::error_page::ErrorPage;
pub use self::form::{FieldError, Form, Message};
pub use self::locale::{Arg, L, Locale};
pub use self::page::{ActingFor, Flash, Page, Section, Who};
pub use self::parts::{Choice, Moment, Pages, Row, Tone, spaced};
pub use self::words::Gender;

/// A page with status 200.
pub fn html(page: &impl Template) -> Response {
    render(StatusCode::OK, page)
}

/// A page. Never kept by the browser or anything between: a shared desk must not show it after sign-out,
/// neither by the back button nor from a cache.
pub fn render(status: StatusCode, page: &impl Template) -> Response {
    let headers: [(HeaderName, &str); 3] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "Cookie, Accept-Language"),
    ];
    match page.render() {
        Ok(body) => (status, headers, body).into_response(),
        Err(cause) => {
            tracing::error!(%cause, "page not rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
