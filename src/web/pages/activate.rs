//! The link of an invitation: password, then card. Or of a reset: password only.
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::app::App;
use crate::app::activate_account::{self, CardValidation, Invitation, PasswordChoice, Purpose};
use crate::crypto::password::Weakness;
use crate::domain::secret::{PlainToken, Secret};
use crate::web::error::Problem;
use crate::web::extract::{PostedForm, Visit};
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Form, Page};

use super::professional::Offer;
use super::sign_in::{CodeRefusal, browser, signed_in};
use super::{professional, redirect};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/activate/{token}", Access::Public, show),
        Route::post("/activate/{token}", Access::Public, post),
        Route::get("/activate/{token}/card", Access::Public, show_card),
        Route::post("/activate/{token}/card", Access::Public, post_card),
        Route::post("/activate/{token}/app", Access::Public, post_app),
    ]
}

#[derive(Template)]
#[template(path = "people/activate_password.html")]
struct PasswordPage {
    page: Page,
    form: Form,
    name: String,
    email: String,
    reset: bool,
    /// The provider that takes the place of a password, in an invitation.
    offer: Option<Offer>,
    provider_action: String,
    problem: Option<String>,
}

impl PasswordPage {
    async fn new(app: &App, visit: &Visit, (token, invitation): (&str, &Invitation), form: Form) -> Self {
        let reset = invitation.purpose == Purpose::Reset;
        let title = if reset { "reset-title" } else { "activate-title" };
        Self {
            page: visit.page(title).of_form(&form),
            form,
            name: invitation.name.full(),
            email: invitation.email.clone(),
            reset,
            offer: if reset { None } else { Offer::of(app, &visit.l()).await },
            provider_action: format!("/activate/{token}/professional"),
            problem: professional::problem(app, visit),
        }
    }
}

/// The invitation behind a link, or the page that says it leads nowhere any more.
async fn open(app: &App, visit: &Visit, token: &str) -> Result<(PlainToken, Invitation), Response> {
    let token = PlainToken::presented(token);
    match activate_account::look(app, &token).await {
        Ok(Some(invitation)) => Ok((token, invitation)),
        Ok(None) => Err(over(app, visit).await),
        Err(fault) => Err(Problem::internal(&fault).respond(visit)),
    }
}

async fn over(app: &App, visit: &Visit) -> Response {
    let source = visit.address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
    match activate_account::refuse_link(app, &source).await {
        Ok(()) => Problem::new(StatusCode::GONE, "link-over").respond(visit),
        Err(fault) => Problem::internal(&fault).respond(visit),
    }
}

async fn show(State(app): State<App>, visit: Visit, Path(token): Path<String>) -> Response {
    match open(&app, &visit, &token).await {
        Ok((_, invitation)) => {
            let page = PasswordPage::new(&app, &visit, (&token, &invitation), Form::empty()).await;
            professional::leads_there(page.offer.as_ref(), ui::html(&page))
        }
        Err(response) => response,
    }
}

async fn post(
    State(app): State<App>,
    visit: Visit,
    Path(token): Path<String>,
    PostedForm(mut form): PostedForm,
) -> Response {
    let (link, invitation) = match open(&app, &visit, &token).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let password = Secret::new(form.raw("password"));
    if password.is_empty() {
        form.refuse("password", "password-required");
    } else if form.raw("password") != form.raw("password_again") {
        form.refuse("password_again", "password-differs");
    }
    if form.is_valid() {
        match activate_account::choose_password(&app, &link, password).await {
            Ok(PasswordChoice::Next) => return redirect(&format!("/activate/{token}/card")),
            Ok(PasswordChoice::Changed) => return redirect("/sign-in"),
            Ok(PasswordChoice::LinkOver) => return over(&app, &visit).await,
            Ok(PasswordChoice::Busy) => {
                return Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many").respond(&visit);
            }
            Ok(PasswordChoice::Weak(weakness)) => form.refuse("password", weakness_key(weakness)),
            Err(fault) => return Problem::internal(&fault).respond(&visit),
        }
    }
    let page = PasswordPage::new(&app, &visit, (&token, &invitation), form).await;
    professional::leads_there(page.offer.as_ref(), ui::render(StatusCode::UNPROCESSABLE_ENTITY, &page))
}

const fn weakness_key(weakness: Weakness) -> &'static str {
    match weakness {
        Weakness::TooShort => "password-too-short",
        Weakness::TooLong => "password-too-long",
        Weakness::Common => "password-common",
        Weakness::Personal => "password-personal",
    }
}

#[derive(Template)]
#[template(path = "people/activate_card.html")]
struct CardPage {
    page: Page,
    form: Form,
    /// Where the code is posted.
    action: String,
    /// Where an app is enrolled.
    app_action: String,
    has_card: bool,
    /// An app is being enrolled: its code is awaited.
    awaits_app: bool,
    /// Shown once, in answer to the enrolment.
    qr: Option<String>,
    secret: String,
    countdown: Option<i64>,
}

impl CardPage {
    fn new(visit: &Visit, token: &str, invitation: &Invitation, form: Form) -> Self {
        let address = format!("/activate/{token}/card");
        let title = if invitation.has_card { "activate-card-title" } else { "enrol-title" };
        Self {
            page: visit.page(title).of_form(&form).reached_at(address.clone()),
            form,
            action: address,
            app_action: format!("/activate/{token}/app"),
            has_card: invitation.has_card,
            awaits_app: invitation.awaits_app,
            qr: None,
            secret: String::new(),
            countdown: None,
        }
    }
}

/// The invitation, if the card is what comes next.
async fn open_card(app: &App, visit: &Visit, token: &str) -> Result<(PlainToken, Invitation), Response> {
    let (link, invitation) = open(app, visit, token).await?;
    if invitation.purpose == Purpose::Reset || !invitation.has_first_step {
        return Err(redirect(&format!("/activate/{token}")));
    }
    Ok((link, invitation))
}

async fn show_card(State(app): State<App>, visit: Visit, Path(token): Path<String>) -> Response {
    match open_card(&app, &visit, &token).await {
        Ok((_, invitation)) => ui::html(&CardPage::new(&visit, &token, &invitation, Form::empty())),
        Err(response) => response,
    }
}

async fn post_card(
    State(app): State<App>,
    visit: Visit,
    Path(token): Path<String>,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Response {
    let (link, invitation) = match open_card(&app, &visit, &token).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let code = form.required("code", "code-required");
    let mut countdown = None;
    if form.is_valid() {
        let why = match activate_account::validate_card(&app, &link, &code, &browser(&app, &visit, &headers))
            .await
        {
            Ok(CardValidation::Complete { session, device }) => {
                return signed_in(&app, "/", &session, device.as_ref());
            }
            Ok(CardValidation::LinkOver) => return over(&app, &visit).await,
            Ok(CardValidation::Wrong) => CodeRefusal::Wrong,
            Ok(CardValidation::AlreadyUsed { next_in_seconds }) => CodeRefusal::Used(next_in_seconds),
            Ok(CardValidation::Wait { until }) => CodeRefusal::Wait(until),
            Err(fault) => return Problem::internal(&fault).respond(&visit),
        };
        let (message, seconds) = why.message(&visit.l(), app.now());
        form.refuse("code", message);
        countdown = seconds;
    }
    let page = CardPage { countdown, ..CardPage::new(&visit, &token, &invitation, form) };
    ui::render(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Answers with the QR code itself, without redirection: it exists in this answer only.
async fn post_app(State(app): State<App>, visit: Visit, Path(token): Path<String>) -> Response {
    let (link, mut invitation) = match open_card(&app, &visit, &token).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let enrolment = match activate_account::enrol_app(&app, &link).await {
        Ok(Some(enrolment)) => enrolment,
        Ok(None) => return over(&app, &visit).await,
        Err(fault) => return Problem::internal(&fault).respond(&visit),
    };
    let label = visit.l().t("enrol-qr-label").into_owned();
    // The page is now about the app, whatever card was handed over before.
    (invitation.has_card, invitation.awaits_app) = (false, true);
    let page = CardPage {
        qr: ui::qr::svg(&enrolment.uri, &label),
        secret: enrolment.secret.to_string(),
        ..CardPage::new(&visit, &token, &invitation, Form::empty())
    };
    ui::html(&page)
}
