//! Step 2: the person identifies, on this computer, at the identity provider.
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{HeaderMap, header};

use super::{read, reference, stopped, words};
use crate::app::App;
use crate::app::identify_user::{self, IdentifyError};
use crate::app::read_mandates::Reading;
use crate::domain::mandate::State as Stand;
use crate::domain::secret::PlainToken;
use crate::web::extract::cookies::{self, Cookie};
use crate::web::extract::{Person, Visit};
use crate::web::layer::headers::FormEndsAt;
use crate::web::pages::redirect;
use crate::web::pages::sign_in::code_first;
use crate::web::ui::screens::desk::Identity;
use crate::web::ui::{self, L, Section};

#[derive(serde::Deserialize)]
pub(super) struct Asked {
    problem: Option<String>,
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(text): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let (reference, view) = match read(&app, &visit, &who, &text, Reading::Step).await {
        Ok(found) => found,
        Err(response) => return *response,
    };
    if !matches!(view.state, Stand::Draft { .. } | Stand::AwaitingConsent { .. }) {
        return redirect(&format!("/mandates/{reference}"));
    }
    let page = visit.page("desk-identity-title").in_section(Section::Mandates);
    let provider = app.federation.provider().label.in_language(page.l.tag()).to_owned();
    let problem = asked.problem.map(|code| problem(&page.l, &code, &provider)).unwrap_or_default();
    let rows = words::rows(&page.l, &view);
    let cancel_href = format!("/mandates/{reference}");
    let mut response = ui::html(&Identity { page, provider, rows, problem, cancel_href });
    // The button posts here and the answer leads to the provider: the policy of this page must allow it.
    if let Ok(origin) = app.federation.origin(app.now()).await {
        response.extensions_mut().insert(FormEndsAt(origin));
    }
    response
}

pub(super) async fn start(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(text): Path<String>,
    headers: HeaderMap,
) -> Response {
    let reference = match reference(&visit, &text) {
        Ok(reference) => reference,
        Err(response) => return *response,
    };
    if let Err(first) = code_first(&app, &visit, &headers, Vec::new()).await {
        return first;
    }
    let hub =
        cookies::get(&app, &headers, Cookie::Authorization).map(|token| PlainToken::presented(token).hash());
    match identify_user::start(&app, &who, &reference, hub.as_ref()).await {
        Ok(start) => {
            let mut response = redirect(start.url.as_str());
            let cookie = cookies::set(&app, Cookie::Consent, start.browser.reveal(), None);
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        Err(IdentifyError::Desk(error)) => stopped(&visit, &error),
        Err(error) => {
            tracing::warn!(operation = visit.operation, %error, "identification not begun");
            back(&text, error.code().unwrap_or_default())
        }
    }
}

/// To the step, with what went wrong.
pub(in crate::web::pages) fn back(reference: &str, code: &str) -> Response {
    redirect(&format!("/mandates/{reference}/identity?problem={code}"))
}

/// What to say of a failure. The code stands in the address: an unknown one says what holds for any.
fn problem(l: &L, code: &str, provider: &str) -> String {
    let key = match code {
        "provider_slow" | "provider_down" | "provider_failing" => "desk-problem-down",
        "refused_by_person" => "desk-problem-stopped",
        "missing_claim" | "bad_claim" => "desk-problem-incomplete",
        "level_not_accepted" => "desk-problem-level",
        "loop" => "desk-problem-loop",
        "under_age" => "desk-problem-under-age",
        "provider_misconfigured" => "desk-problem-configuration",
        "lapsed" => "desk-problem-lapsed",
        _ => "desk-problem-unverified",
    };
    l.t1(key, "provider", provider).into_owned()
}
