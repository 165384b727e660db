//! The answer on its way to the service.
use askama::Template;
use axum::response::Response;
use url::Url;

use crate::oidc::provider::client::origin;
use crate::oidc::provider::response::Answer;
use crate::web::extract::Visit;
use crate::web::layer::headers::FormEndsAt;
use crate::web::pages::redirect;
use crate::web::ui::{self, Page};

#[derive(Template)]
#[template(path = "authorize/form_post.html")]
struct FormPostPage {
    page: Page,
    action: String,
    fields: Vec<(&'static str, String)>,
}

/// A redirect, or a form that posts itself (with a button where scripts do not run).
pub(super) fn respond(visit: &Visit, answer: Answer) -> Response {
    match answer {
        Answer::Redirect(to) => redirect(&to),
        Answer::FormPost { action, fields } => {
            let ends_at = action.clone();
            let page = visit.page("authorize-return-title");
            leads_to(&ends_at, ui::html(&FormPostPage { page, action, fields }))
        }
    }
}

/// Lets the forms of a page end at the service: Chromium applies `form-action` to redirects too.
pub(super) fn leads_to(redirect_uri: &str, mut response: Response) -> Response {
    if let Some(origin) = origin(redirect_uri).and_then(|origin| Url::parse(&origin).ok()) {
        response.extensions_mut().insert(FormEndsAt(origin.origin()));
    }
    response
}
