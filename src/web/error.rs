//! What goes wrong outside a form: a page that says what happened, what is safe and what to do, with the
//! operation id; the cause goes to the journal of the service only.
use std::error::Error;

use axum::response::Response;
use http::StatusCode;

use super::extract::Visit;
use super::ui::ErrorPage;

/// An error page in the making. `kind` names its sentences (`error-<kind>-…`).
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    cause: Option<String>,
}

impl Problem {
    pub const fn new(status: StatusCode, kind: &'static str) -> Self {
        Self { status, kind, cause: None }
    }

    pub const fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found")
    }

    /// Nothing new is granted while the log is not signed.
    pub const fn log_stopped() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "log-stopped")
    }

    pub const fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden")
    }

    pub const fn bad_request() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request")
    }

    /// A form that does not come from one of our pages.
    pub const fn cross_site() -> Self {
        Self::new(StatusCode::FORBIDDEN, "bad-request")
    }

    /// A fault of ours: the cause is written to the journal, never to the page.
    pub fn internal(cause: &dyn Error) -> Self {
        let mut text = cause.to_string();
        let mut source = cause.source();
        while let Some(next) = source {
            text.push_str(": ");
            text.push_str(&next.to_string());
            source = next.source();
        }
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, kind: "internal", cause: Some(text) }
    }

    pub fn internal_error(cause: &str) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, kind: "internal", cause: Some(cause.to_owned()) }
    }

    pub fn respond(&self, visit: &Visit) -> Response {
        if let Some(cause) = &self.cause {
            tracing::error!(operation = visit.operation, cause, "fault");
        }
        ErrorPage::new(self.kind).respond(self.status, visit.page("error-title"), &visit.operation)
    }
}
