//! Entering with an identity provider of professionals, and linking one's account to it. The card comes afterwards.
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::app::App;
use crate::app::caller::SignedIn;
use crate::app::check_code::CodeCheck;
use crate::app::professional::{self, Leaving, ProfessionalError, Purpose, Start};
use crate::app::step_up::{self, StepUp};
use crate::domain::secret::PlainToken;
use crate::web::error::Problem;
use crate::web::extract::cookies::{self, Cookie};
use crate::web::extract::{Person, PostedForm, ProviderAnswer, Visit};
use crate::web::layer::headers::FormEndsAt;
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Form, L, Page};

use super::sign_in::{CodeRefusal, browser, next, with_cookie, with_next};
use super::{Answer, redirect};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/sign-in/professional", Access::Public, sign_in),
        Route::post("/activate/{token}/professional", Access::Public, activate),
        Route::get("/account/professional", Access::SignedIn, show),
        Route::post("/account/professional/link", Access::SignedIn, link),
        Route::post("/account/professional/unlink", Access::SignedIn, unlink),
        Route::get("/professional/back", Access::Public, back),
        Route::get("/professional/leaving", Access::Public, leaving),
        Route::get("/professional/signed-out", Access::Public, signed_out),
    ]
}

/// The provider's name on our pages, where there is one.
pub fn label(app: &App, l: &L) -> Option<String> {
    let provider = app.professionals.as_deref()?;
    Some(provider.provider().label.in_language(l.tag()).to_owned())
}

/// The provider, as a page with a form that leads to it offers it.
pub struct Offer {
    pub provider: String,
    /// Where the form ends; unknown while the provider does not answer.
    origin: Option<url::Origin>,
}

impl Offer {
    pub async fn of(app: &App, l: &L) -> Option<Self> {
        let origin = app.professionals.as_deref()?.origin_soon(app.now()).await;
        Some(Self { provider: label(app, l)?, origin })
    }

    /// Whether the form would lead anywhere: the policy of the page allows no place that nobody has told us.
    pub fn is_open(&self) -> bool {
        self.origin.is_some()
    }
}

/// A page that offers the provider: its policy must allow its form to end there.
pub fn leads_there(offer: Option<&Offer>, mut response: Response) -> Response {
    if let Some(origin) = offer.and_then(|offer| offer.origin.clone()) {
        response.extensions_mut().insert(FormEndsAt(origin));
    }
    response
}

/// What to say of the failure named in the address of the page; nothing when none is. An unknown one says what holds
/// for any.
pub fn problem(app: &App, visit: &Visit) -> Option<String> {
    let query = visit.uri.query().unwrap_or_default();
    let (_, code) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "problem")?;
    let key = match code.as_ref() {
        "provider_slow" | "provider_down" | "provider_failing" => "professional-problem-down",
        "refused_by_person" => "professional-problem-stopped",
        "provider_misconfigured" => "professional-problem-configuration",
        "level_not_accepted" => "professional-problem-level",
        "unknown_professional" => "professional-problem-unknown",
        "account_not_active" => "professional-problem-not-active",
        "no_structure_in_force" => "professional-problem-no-structure",
        "linked_already" => "professional-problem-linked-already",
        "linked_elsewhere" => "professional-problem-linked-elsewhere",
        "other_session" => "professional-problem-session",
        "other_email" => "professional-problem-email",
        "other_organisation" => "professional-problem-organisation",
        "no_password" => "professional-problem-no-password",
        _ => "professional-problem-unverified",
    };
    let l = visit.l();
    Some(l.t1(key, "provider", label(app, &l)?).into_owned())
}

fn bound(app: &App, headers: &HeaderMap) -> PlainToken {
    PlainToken::presented(cookies::get(app, headers, Cookie::Professional).unwrap_or_default())
}

/// Off to the provider, or back to `here` with what went wrong.
fn off(app: &App, visit: &Visit, start: Result<Start, ProfessionalError>, here: &str) -> Response {
    match start {
        Ok(start) => {
            let cookie = cookies::set(app, Cookie::Professional, start.browser.reveal(), None);
            with_cookie(redirect(start.url.as_str()), cookie)
        }
        Err(ProfessionalError::Fault(fault)) => Problem::internal(&fault).respond(visit),
        Err(ProfessionalError::TooMany) => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many").respond(visit)
        }
        Err(error) => {
            tracing::warn!(operation = visit.operation, %error, "a professional was not sent on");
            redirect(&format!("{here}?problem={}", error.code().unwrap_or_default()))
        }
    }
}

async fn sign_in(State(app): State<App>, visit: Visit, headers: HeaderMap) -> Response {
    if app.professionals.is_none() {
        return Problem::not_found().respond(&visit);
    }
    let next = next(&visit);
    let purpose = Purpose::SignIn { next: &next };
    let start = professional::ask(&app, purpose, &browser(&app, &visit, &headers)).await;
    off(&app, &visit, start, "/sign-in")
}

async fn activate(
    State(app): State<App>,
    visit: Visit,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    if app.professionals.is_none() {
        return Problem::not_found().respond(&visit);
    }
    let here = format!("/activate/{token}");
    let token = PlainToken::presented(token);
    let start = professional::ask(&app, Purpose::Activate(&token), &browser(&app, &visit, &headers)).await;
    match start {
        Err(ProfessionalError::LinkOver) => Problem::new(StatusCode::GONE, "link-over").respond(&visit),
        start => off(&app, &visit, start, &here),
    }
}

async fn back(
    State(app): State<App>,
    visit: Visit,
    Query(answered): Query<ProviderAnswer>,
    headers: HeaderMap,
) -> Response {
    let (state, answer) = answered.parts();
    let from = browser(&app, &visit, &headers);
    let bound = bound(&app, &headers);
    match professional::answer(&app, &bound, &state, answer, &visit.caller, &from).await {
        Ok(returned) => {
            let Some(session) = returned.session else {
                return redirect(if returned.closing { "/professional/leaving" } else { &returned.to });
            };
            let to = with_next("/sign-in/code", &returned.to);
            with_cookie(redirect(&to), cookies::set(&app, Cookie::Session, session.reveal(), None))
        }
        Err(ProfessionalError::NotConfigured) => Problem::not_found().respond(&visit),
        Err(ProfessionalError::Fault(fault)) => Problem::internal(&fault).respond(&visit),
        Err(_) => Problem::new(StatusCode::BAD_REQUEST, "professional-foreign").respond(&visit),
    }
}

#[derive(Template)]
#[template(path = "people/professional_leaving.html")]
struct LeavingPage {
    page: Page,
    provider: String,
    url: String,
}

/// A page of its own, which sends the browser on: a redirection would be held to the policy of the form that led here.
async fn leaving(State(app): State<App>, visit: Visit, headers: HeaderMap) -> Response {
    match professional::leave(&app, &bound(&app, &headers)).await {
        Ok(Leaving::There(url)) => {
            let page = visit.page("professional-leaving-title").without_session();
            let provider = label(&app, &page.l).unwrap_or_default();
            ui::html(&LeavingPage { page, provider, url: url.into() })
        }
        Ok(Leaving::Here(to)) => redirect(&to),
        Err(fault) => Problem::internal(&fault).respond(&visit),
    }
}

#[derive(serde::Deserialize)]
struct Left {
    state: Option<String>,
}

async fn signed_out(
    State(app): State<App>,
    visit: Visit,
    Query(left): Query<Left>,
    headers: HeaderMap,
) -> Response {
    let state = left.state.unwrap_or_default();
    match professional::after(&app, &bound(&app, &headers), &state).await {
        Ok(to) => redirect(&to),
        Err(fault) => Problem::internal(&fault).respond(&visit),
    }
}

#[derive(Template)]
#[template(path = "people/professional.html")]
struct ProfessionalPage {
    page: Page,
    form: Form,
    offer: Offer,
    /// The day of the link, when there is one.
    since: Option<String>,
    problem: Option<String>,
    countdown: Option<i64>,
}

async fn draw(app: &App, visit: &Visit, who: &SignedIn, form: Form, countdown: Option<i64>) -> Response {
    let l = visit.l();
    let Some(offer) = Offer::of(app, &l).await else { return Problem::not_found().respond(visit) };
    let since = match professional::linked_since(app, who).await {
        Ok(since) => since.map(|at| l.date(at)),
        Err(fault) => return Problem::internal(&fault).respond(visit),
    };
    let status = if form.is_valid() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = visit.page("professional-title").of_form(&form).reached_at("/account/professional");
    let problem = problem(app, visit);
    let page = ProfessionalPage { page, form, offer, since, problem, countdown };
    leads_there(Some(&page.offer), ui::render(status, &page))
}

async fn show(State(app): State<App>, visit: Visit, Person(who): Person) -> Response {
    draw(&app, &visit, &who, Form::empty(), None).await
}

/// A fresh code of the card, or the page again with what is wrong with it.
async fn with_code(app: &App, visit: &Visit, who: &SignedIn, mut form: Form) -> Result<(), Response> {
    if app.professionals.is_none() {
        return Err(Problem::not_found().respond(visit));
    }
    let code = form.required("code", "code-required");
    let mut countdown = None;
    if form.is_valid() {
        let why = match step_up::again(app, who, &code).await {
            Ok(StepUp::Fresh) => return Ok(()),
            Ok(StepUp::Wrong) => CodeRefusal::of(&CodeCheck::Wrong),
            Ok(StepUp::AlreadyUsed { next_in_seconds }) => Some(CodeRefusal::Used(next_in_seconds)),
            Ok(StepUp::Locked { until }) => Some(CodeRefusal::Wait(until)),
            Err(fault) => return Err(Problem::internal(&fault).respond(visit)),
        };
        if let Some(why) = why {
            let (message, seconds) = why.message(&visit.l(), app.now());
            form.refuse("code", message);
            countdown = seconds;
        }
    }
    Err(draw(app, visit, who, form, countdown).await)
}

async fn link(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    headers: HeaderMap,
    PostedForm(form): PostedForm,
) -> Answer {
    with_code(&app, &visit, &who, form).await?;
    let start = professional::ask(&app, Purpose::Link(&who), &browser(&app, &visit, &headers)).await;
    Ok(off(&app, &visit, start, "/account/professional"))
}

async fn unlink(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    PostedForm(form): PostedForm,
) -> Answer {
    with_code(&app, &visit, &who, form).await?;
    match professional::unlink(&app, &who).await {
        Ok(true) => Ok(redirect("/account/professional")),
        Ok(false) => Ok(redirect("/account/professional?problem=no_password")),
        Err(fault) => Err(Problem::internal(&fault).respond(&visit)),
    }
}
