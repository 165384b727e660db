//! Step 3: the user, identified in this browser, reads and decides. The aidant's session opens nothing here.
use axum::extract::{Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::mandates::{born_line, clauses, stopped};
use super::redirect;
use crate::app::decide_consent::{self, ConsentError, Decision, Language, Reading};
use crate::app::identify_user::{self, Failed, IdentifyError};
use crate::app::{App, close_provider_session};
use crate::domain::mandate::State as Stand;
use crate::domain::secret::PlainToken;
use crate::web::error::Problem;
use crate::web::extract::cookies::{self, Cookie};
use crate::web::extract::{PostedForm, ProviderAnswer, Visit};
use crate::web::route::{Access, Route};
use crate::web::ui::screens::desk::{Answered, Consent};
use crate::web::ui::{self, Form};

/// The routes of these screens.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/consent/back", Access::Consenting, back),
        Route::get("/consent/signed-out", Access::Consenting, signed_out),
        Route::get("/consent", Access::Consenting, show),
        Route::post("/consent", Access::Consenting, post),
    ]
}

const NOBODY: Problem = Problem::new(StatusCode::FORBIDDEN, "consent-nobody");

fn browser(app: &App, headers: &HeaderMap) -> Option<PlainToken> {
    cookies::get(app, headers, Cookie::Consent).map(PlainToken::presented)
}

/// The provider sent the browser back.
async fn back(
    State(app): State<App>,
    visit: Visit,
    Query(returned): Query<ProviderAnswer>,
    headers: HeaderMap,
) -> Response {
    let foreign = Problem::new(StatusCode::BAD_REQUEST, "identification-foreign");
    let (state, answer) = returned.parts();
    let browser = browser(&app, &headers).unwrap_or_else(|| PlainToken::presented(""));
    match identify_user::complete(&app, &browser, &state, answer).await {
        Ok(()) => redirect("/consent"),
        Err(Failed { error: IdentifyError::Foreign, .. }) => foreign.respond(&visit),
        Err(Failed { error, close_at: Some(url), .. }) => {
            if error.code().is_some() {
                tracing::warn!(operation = visit.operation, %error, "identification refused");
            } else {
                tracing::error!(operation = visit.operation, %error, "identification failed");
            }
            redirect(url.as_str())
        }
        Err(Failed { reference, error, close_at: None }) => {
            tracing::warn!(operation = visit.operation, %error, "identification refused");
            match (reference, error.code(), &error) {
                (Some(reference), Some(code), _) => {
                    super::mandates::back_to_identity(reference.as_str(), code)
                }
                (_, _, IdentifyError::Desk(error)) => stopped(&visit, error),
                _ => foreign.respond(&visit),
            }
        }
    }
}

#[derive(serde::Deserialize)]
struct Left {
    state: Option<String>,
}

/// The session at the provider is closed: on to the text, or to why there is none.
async fn signed_out(
    State(app): State<App>,
    visit: Visit,
    Query(left): Query<Left>,
    headers: HeaderMap,
) -> Response {
    let Some(browser) = browser(&app, &headers) else { return redirect("/consent") };
    match close_provider_session::after(&app, &browser, &left.state.unwrap_or_default()).await {
        Ok(None) => redirect("/consent"),
        Ok(Some(why)) => super::mandates::back_to_identity(why.reference.as_str(), &why.refused),
        Err(fault) => Problem::internal(&fault).respond(&visit),
    }
}

async fn show(State(app): State<App>, visit: Visit, headers: HeaderMap) -> Response {
    let Some(browser) = browser(&app, &headers) else { return NOBODY.respond(&visit) };
    match close_provider_session::close_provider_session(&app, &browser).await {
        Ok(Some(url)) => return redirect(url.as_str()),
        Ok(None) => {}
        Err(fault) => return Problem::internal(&fault).respond(&visit),
    }
    match decide_consent::read(&app, &browser).await {
        Ok(reading) => draw(&visit, StatusCode::OK, Form::empty(), &reading),
        Err(error) => refused(&visit, &error),
    }
}

async fn post(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Response {
    let Some(browser) = browser(&app, &headers) else { return NOBODY.respond(&visit) };
    let read_in = Language::of(visit.locale.tag());
    let outcome = match form.value("answer") {
        "agree" => {
            let declared = form.has("declaration", "yes");
            decide_consent::agree(&app, &browser, declared, read_in, &visit.origin()).await
        }
        "refuse" => decide_consent::refuse(&app, &browser, read_in, &visit.origin()).await,
        _ => {
            form.refuse("declaration", "desk-consent-answer-required");
            return again(&app, &visit, &browser, form).await;
        }
    };
    match outcome {
        Ok(_) => redirect("/consent"),
        Err(ConsentError::Undeclared) => {
            form.refuse("declaration", "desk-consent-declaration-required");
            again(&app, &visit, &browser, form).await
        }
        Err(error) => refused(&visit, &error),
    }
}

async fn again(app: &App, visit: &Visit, browser: &PlainToken, form: Form) -> Response {
    match decide_consent::read(app, browser).await {
        Ok(reading) => draw(visit, StatusCode::UNPROCESSABLE_ENTITY, form, &reading),
        Err(error) => refused(visit, &error),
    }
}

fn refused(visit: &Visit, error: &ConsentError) -> Response {
    match error {
        ConsentError::Desk(error) => stopped(visit, error),
        ConsentError::Nobody | ConsentError::Undeclared => NOBODY.respond(visit),
    }
}

fn draw(visit: &Visit, status: StatusCode, form: Form, reading: &Reading) -> Response {
    let address = format!("/mandates/{}", reading.reference);
    let answered = match reading.answered {
        Some(Decision::Agreed) => Some((true, "desk-answered-yes-title", format!("{address}/signature"))),
        Some(Decision::Refused) => Some((false, "desk-answered-no-title", address)),
        None => None,
    };
    if let Some((agreed, title, next_href)) = answered {
        let page = visit.page(title).without_session();
        return ui::html(&Answered { page, agreed, structure: reading.structure.clone(), next_href });
    }
    if !matches!(reading.state, Stand::AwaitingConsent { .. }) {
        return Problem::new(StatusCode::CONFLICT, "desk-lapsed").respond(visit);
    }
    let page = visit.page("desk-consent-title").of_form(&form).without_session();
    let language = page.l.tag();
    let terms = match reading.frozen.terms() {
        Ok(terms) => terms,
        Err(cause) => return Problem::internal(&cause).respond(visit),
    };
    let (Ok(french), Ok(translated)) = (terms.clauses("fr"), terms.clauses(language)) else {
        return Problem::internal_error("no words for this version of the text").respond(visit);
    };
    ui::render(
        status,
        &Consent {
            person: born_line(&page.l, &terms.user),
            structure: reading.structure.clone(),
            clauses: clauses(french),
            translation: if language == "fr" { Vec::new() } else { clauses(translated) },
            form,
            page,
        },
    )
}
