//! Sign-in: password, then the code of the card; and the code again after a quarter of an hour without activity.
use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use time::Duration;

use crate::app::App;
use crate::app::caller::{Caller, HalfSession};
use crate::app::check_code::{CodeCheck, seconds_until};
use crate::app::sign_in::{self, Browser, CodeOutcome, PasswordOutcome};
use crate::app::step_up::{self, StepUp};
use crate::app::{sign_out, stash};
use crate::domain::secret::{PlainToken, Secret};
use crate::domain::time::Timestamp;
use crate::web::error::Problem;
use crate::web::extract::cookies::{self, Cookie};
use crate::web::extract::{Person, PostedForm, Visit};
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Form, L, Message, Page};

use super::professional::Offer;
use super::{local_path, professional, redirect, redirect_back};

/// A browser stays known for a year after each complete sign-in.
const DEVICE_LASTS: Duration = Duration::days(365);
/// As long as a form is kept.
const STASH_LASTS: Duration = Duration::hours(1);
/// As long as the largest form read.
const STASH_LIMIT: usize = 64 * 1024;

/// The routes of these screens.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/sign-in", Access::Public, show),
        Route::post("/sign-in", Access::Public, post),
        Route::get("/sign-in/code", Access::Half, show_code),
        Route::post("/sign-in/code", Access::Half, post_code),
        Route::get("/sign-in/again", Access::SignedIn, show_again),
        Route::post("/sign-in/again", Access::SignedIn, post_again),
        Route::post("/sign-out", Access::Public, out),
        Route::get("/signed-out", Access::Public, show_out),
    ]
}

/// What a caller meets on a page that needs a session: sign-in, and back. A form posted in a session that had died
/// is kept until then.
pub async fn required(app: &App, visit: Visit, request: Request) -> Response {
    if request.method() != Method::POST {
        return redirect_back("/sign-in", &visit);
    }
    let (parts, body) = request.into_parts();
    let kept = match axum::body::to_bytes(body, STASH_LIMIT).await {
        Ok(body) if is_form(&parts.headers) => {
            let fields = form_urlencoded::parse(&body).into_owned().collect();
            keep(app, &parts.headers, &visit, fields).await
        }
        _ => Ok(None),
    };
    match kept {
        Ok(Some(cookie)) => with_cookie(redirect("/sign-in?next=%2Fresume"), cookie),
        Ok(None) => redirect("/sign-in"),
        Err(problem) => problem.respond(&visit),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

async fn keep(
    app: &App,
    headers: &HeaderMap,
    visit: &Visit,
    fields: Vec<(String, String)>,
) -> Result<Option<HeaderValue>, Problem> {
    let Some(session) = cookies::get(app, headers, Cookie::Session) else { return Ok(None) };
    let session = PlainToken::presented(session);
    let kept = stash::keep(app, &session, visit.asked(), fields).await;
    let kept = kept.map_err(|fault| Problem::internal(&fault))?;
    Ok(kept.map(|token| cookies::set(app, Cookie::Stash, token.reveal(), Some(STASH_LASTS))))
}

/// Before an act: the code again if it has been too long. What was typed is kept.
///
/// # Errors
/// The page that asks for it.
pub async fn code_first(
    app: &App,
    visit: &Visit,
    headers: &HeaderMap,
    fields: Vec<(String, String)>,
) -> Result<(), Response> {
    if visit.signed_in().is_none_or(|who| who.is_fresh(app.now())) {
        return Ok(());
    }
    Err(match keep(app, headers, visit, fields).await {
        Ok(Some(cookie)) => with_cookie(redirect("/sign-in/again?next=%2Fresume"), cookie),
        Ok(None) => redirect_back("/sign-in/again", visit),
        Err(problem) => problem.respond(visit),
    })
}

/// A response with one more cookie.
pub fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// What a sign-in of this visit comes with.
pub fn browser(app: &App, visit: &Visit, headers: &HeaderMap) -> Browser {
    let token = |which| cookies::get(app, headers, which).map(PlainToken::presented);
    Browser {
        address: visit.address,
        user_agent: visit.user_agent.clone(),
        device: token(Cookie::Device),
        session: token(Cookie::Session),
    }
}

/// The cookies of a complete session.
pub fn signed_in(app: &App, to: &str, session: &PlainToken, device: Option<&PlainToken>) -> Response {
    let mut response = redirect(to);
    response = with_cookie(response, cookies::set(app, Cookie::Session, session.reveal(), None));
    match device {
        Some(device) => {
            with_cookie(response, cookies::set(app, Cookie::Device, device.reveal(), Some(DEVICE_LASTS)))
        }
        None => response,
    }
}

#[derive(Template)]
#[template(path = "people/sign_in.html")]
struct SignInPage {
    page: Page,
    form: Form,
    /// The provider that takes the place of the password.
    offer: Option<Offer>,
    provider_action: String,
    problem: Option<String>,
}

impl SignInPage {
    async fn respond(app: &App, visit: &Visit, form: Form, status: StatusCode) -> Response {
        let page = Self {
            page: visit.page("sign-in-title").of_form(&form),
            form,
            offer: Offer::of(app, &visit.l()).await,
            provider_action: with_next("/sign-in/professional", &next(visit)),
            problem: professional::problem(app, visit),
        };
        professional::leads_there(page.offer.as_ref(), ui::render(status, &page))
    }
}

async fn show(State(app): State<App>, visit: Visit) -> Response {
    if visit.signed_in().is_some() {
        return redirect(&next(&visit));
    }
    SignInPage::respond(&app, &visit, Form::empty(), StatusCode::OK).await
}

async fn post(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Response {
    let email = form.required("email", "sign-in-email-required");
    let password = Secret::new(form.raw("password"));
    if password.is_empty() {
        form.refuse("password", "sign-in-password-required");
    }
    if !form.is_valid() {
        return SignInPage::respond(&app, &visit, form, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    match sign_in::password(&app, &email, password, &browser(&app, &visit, &headers)).await {
        Ok(PasswordOutcome::Accepted(token)) => {
            let to = with_next("/sign-in/code", &next(&visit));
            with_cookie(redirect(&to), cookies::set(&app, Cookie::Session, token.reveal(), None))
        }
        Ok(PasswordOutcome::Refused) => {
            form.refuse("password", "sign-in-refused");
            SignInPage::respond(&app, &visit, form, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Ok(PasswordOutcome::Wait { until }) => {
            form.refuse("password", wait_message("sign-in-wait", &visit.l(), until, app.now()));
            SignInPage::respond(&app, &visit, form, StatusCode::TOO_MANY_REQUESTS).await
        }
        Ok(PasswordOutcome::TooMany) => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many").respond(&visit)
        }
        Err(fault) => Problem::internal(&fault).respond(&visit),
    }
}

#[derive(Template)]
#[template(path = "people/code.html")]
struct CodePage {
    page: Page,
    form: Form,
    again: bool,
    /// Seconds until the card shows a code that can be used, when the last one typed was used already.
    countdown: Option<i64>,
}

impl CodePage {
    fn title(again: bool) -> &'static str {
        if again { "code-again-title" } else { "code-title" }
    }

    fn fresh(visit: &Visit, again: bool) -> Self {
        Self { page: visit.page(Self::title(again)), form: Form::empty(), again, countdown: None }
    }

    fn refused(visit: &Visit, form: Form, again: bool, countdown: Option<i64>) -> Self {
        let page = visit.page(Self::title(again)).of_form(&form);
        Self { page, form, again, countdown }
    }
}

async fn show_code(visit: Visit) -> Response {
    match visit.caller {
        Caller::SignedIn(_) => redirect(&next(&visit)),
        _ => ui::html(&CodePage::fresh(&visit, false)),
    }
}

async fn post_code(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Response {
    let half: HalfSession = match &visit.caller {
        Caller::Half(half) => half.clone(),
        // A second press of the button: the first one signed in.
        Caller::SignedIn(_) => return redirect(&next(&visit)),
        Caller::Nobody => return redirect("/sign-in"),
    };
    let code = form.required("code", "code-required");
    if !form.is_valid() {
        let page = CodePage::refused(&visit, form, false, None);
        return ui::render(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    match sign_in::code(&app, &half, &code, &browser(&app, &visit, &headers)).await {
        Ok(CodeOutcome::Complete { session, device }) => {
            signed_in(&app, &next(&visit), &session, device.as_ref())
        }
        Ok(CodeOutcome::Over) => redirect(&with_next("/sign-in", &next(&visit))),
        Ok(CodeOutcome::Wrong) => code_refused(&visit, form, &CodeRefusal::Wrong, false, app.now()),
        Ok(CodeOutcome::AlreadyUsed { next_in_seconds }) => {
            code_refused(&visit, form, &CodeRefusal::Used(next_in_seconds), false, app.now())
        }
        Ok(CodeOutcome::Wait { until }) => {
            code_refused(&visit, form, &CodeRefusal::Wait(until), false, app.now())
        }
        Err(fault) => Problem::internal(&fault).respond(&visit),
    }
}

/// Why a code was not taken.
pub enum CodeRefusal {
    Wrong,
    /// Seconds until the next one.
    Used(i64),
    Wait(Timestamp),
}

impl CodeRefusal {
    /// `None` when it was taken.
    pub fn of(check: &CodeCheck) -> Option<Self> {
        match *check {
            CodeCheck::Accepted { .. } => None,
            CodeCheck::Wrong => Some(Self::Wrong),
            CodeCheck::AlreadyUsed { next_in_seconds } => Some(Self::Used(next_in_seconds)),
            CodeCheck::Locked { until } => Some(Self::Wait(until)),
        }
    }

    /// The sentence beside the field, and the seconds to count down.
    pub fn message(&self, l: &L, now: Timestamp) -> (Message, Option<i64>) {
        match self {
            Self::Wrong => (Message::new("code-wrong"), None),
            Self::Used(seconds) => {
                let wait = l.duration(Duration::seconds(*seconds));
                (Message::new("code-used").with("wait", wait), Some(*seconds))
            }
            Self::Wait(until) => (wait_message("code-wait", l, *until, now), None),
        }
    }
}

fn code_refused(visit: &Visit, mut form: Form, why: &CodeRefusal, again: bool, now: Timestamp) -> Response {
    let (message, countdown) = why.message(&visit.l(), now);
    form.refuse("code", message);
    ui::render(StatusCode::UNPROCESSABLE_ENTITY, &CodePage::refused(visit, form, again, countdown))
}

async fn show_again(visit: Visit) -> Response {
    ui::html(&CodePage::fresh(&visit, true))
}

async fn post_again(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    PostedForm(mut form): PostedForm,
) -> Response {
    let code = form.required("code", "code-required");
    if !form.is_valid() {
        let page = CodePage::refused(&visit, form, true, None);
        return ui::render(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    match step_up::again(&app, &who, &code).await {
        Ok(StepUp::Fresh) => redirect(&next(&visit)),
        Ok(StepUp::Wrong) => code_refused(&visit, form, &CodeRefusal::Wrong, true, app.now()),
        Ok(StepUp::AlreadyUsed { next_in_seconds }) => {
            code_refused(&visit, form, &CodeRefusal::Used(next_in_seconds), true, app.now())
        }
        Ok(StepUp::Locked { until }) => {
            code_refused(&visit, form, &CodeRefusal::Wait(until), true, app.now())
        }
        Err(fault) => Problem::internal(&fault).respond(&visit),
    }
}

/// « Attendez 4 minutes » under the key given, with the variable `wait`.
fn wait_message(key: &'static str, l: &L, until: Timestamp, now: Timestamp) -> Message {
    Message::new(key).with("wait", l.duration(Duration::seconds(seconds_until(until, now))))
}

/// Where to go when this is done: a path of ours.
pub fn next(visit: &Visit) -> String {
    let query = visit.uri.query().unwrap_or_default();
    let next = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "next");
    next.map_or_else(|| "/".to_owned(), |(_, value)| local_path(&value).to_owned())
}

pub fn with_next(path: &str, next: &str) -> String {
    if next == "/" {
        return path.to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("{path}?{query}")
}

async fn out(State(app): State<App>, visit: Visit) -> Response {
    let to = match sign_out::sign_out(&app, &visit.caller).await {
        Ok(true) => "/professional/leaving",
        Ok(false) => "/signed-out",
        Err(fault) => return Problem::internal(&fault).respond(&visit),
    };
    let mut response = with_cookie(redirect(to), cookies::forget(&app, Cookie::Session));
    response = with_cookie(response, cookies::forget(&app, Cookie::Stash));
    // Nothing of the pages seen stays on a shared desk. Cookies are left: the browser stays a known one.
    let everything = HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert("clear-site-data", everything);
    response
}

#[derive(Template)]
#[template(path = "people/signed_out.html")]
struct SignedOutPage {
    page: Page,
}

async fn show_out(visit: Visit) -> Response {
    ui::html(&SignedOutPage { page: visit.page("signed-out-title") })
}
