//! A service is opened in a user's name: arrival of the request, then one address per step.
//!
//! | address | step |
//! | --- | --- |
//! | `/authorize` | the request arrives, is checked and kept |
//! | `/authorize/{handle}` | decides which step is next; nothing to see |
//! | `…/user` | in whose name |
//! | `…/end` | another person's services are open in this browser: end them first |
//! | `…/mandate` | under which grant, where the user is; opens the service |
//! | `…/cancel` | back to the service with `access_denied` |
mod answer;
mod end;
mod mandate;
mod user;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::app::App;
use crate::app::caller::{Caller, SignedIn};
use crate::app::open_service::{self, OpenError, Opening, Received};
use crate::domain::secret::PlainToken;
use crate::oidc::provider::error::{AuthorizeError, PageError};
use crate::oidc::provider::metadata::path;
use crate::oidc::provider::params::Params;
use crate::web::error::Problem;
use crate::web::extract::cookies::{self, Cookie};
use crate::web::extract::{AidantHere, Visit};
use crate::web::pages::{redirect, redirect_back};
use crate::web::route::{Access, Route};

/// The routes of these screens.
pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get(path::AUTHORIZE, Access::Public, arrive_by_query),
        Route::post(path::AUTHORIZE, Access::Public, arrive_by_form).protocol(),
        Route::get("/authorize/{handle}", Access::Public, next_step),
        Route::post("/authorize/{handle}/cancel", Access::Aidant, cancel),
    ];
    routes.extend(user::routes());
    routes.extend(end::routes());
    routes.extend(mandate::routes());
    routes
}

async fn arrive_by_query(State(app): State<App>, visit: Visit, RawQuery(query): RawQuery) -> Response {
    arrive(&app, &visit, query.unwrap_or_default().as_bytes()).await
}

async fn arrive_by_form(State(app): State<App>, visit: Visit, body: Bytes) -> Response {
    arrive(&app, &visit, &body).await
}

async fn arrive(app: &App, visit: &Visit, encoded: &[u8]) -> Response {
    let source = visit.source();
    match open_service::receive(app, &Params::parse(encoded), &source).await {
        Ok(Received::Kept(handle)) => redirect(&format!("/authorize/{}", handle.reveal())),
        Ok(Received::Answer(answer)) => answer::respond(visit, answer),
        Ok(Received::Page(error)) => Problem::new(StatusCode::BAD_REQUEST, page_kind(error)).respond(visit),
        Err(error) => problem(visit, "", &error),
    }
}

fn page_kind(error: PageError) -> &'static str {
    match error {
        PageError::NoClient | PageError::UnknownClient => "unknown-service",
        PageError::UnknownRequestUri => "request-gone",
        PageError::NoRedirectUri | PageError::UnknownRedirectUri => "unknown-return",
    }
}

/// Decides what comes next for a request, whoever is here.
async fn next_step(
    State(app): State<App>,
    visit: Visit,
    Path(handle): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (opening, cookie) = match resumed(&app, &handle, &headers).await {
        Ok(found) => found,
        Err(error) => return problem(&visit, &handle, &error),
    };
    let who = visit.signed_in();
    let mut response = if opening.is_silent() {
        silent(&app, &visit, &opening, who, &headers).await
    } else {
        match (&visit.caller, who) {
            (Caller::Nobody, _) => redirect_back("/sign-in", &visit),
            (Caller::Half(_), _) => redirect_back("/sign-in/code", &visit),
            (_, Some(who)) if opening.needs_code(who, app.now()) => redirect_back("/sign-in/again", &visit),
            _ => redirect(&format!("/authorize/{handle}/user")),
        }
    };
    if let Some(token) = cookie {
        let value = cookies::set(&app, Cookie::Authorization, token.reveal(), None);
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// `prompt=none` is answered to a whole page only: in a frame nobody would see in whose name it goes on.
async fn silent(
    app: &App,
    visit: &Visit,
    opening: &Opening,
    who: Option<&SignedIn>,
    headers: &HeaderMap,
) -> Response {
    let framed =
        headers.get("sec-fetch-dest").is_some_and(|dest| dest != HeaderValue::from_static("document"));
    let answered = if framed {
        open_service::give_up(app, opening, AuthorizeError::InteractionRequired).await
    } else {
        open_service::silently(app, opening, who).await
    };
    match answered {
        Ok(answer) => answer::respond(visit, answer),
        Err(error) => problem(visit, "", &error),
    }
}

async fn cancel(
    State(app): State<App>,
    visit: Visit,
    Path(handle): Path<String>,
    headers: HeaderMap,
) -> Response {
    let given_up = async {
        let (opening, _) = resumed(&app, &handle, &headers).await?;
        open_service::give_up(&app, &opening, AuthorizeError::AccessDenied).await
    };
    match given_up.await {
        Ok(answer) => answer::respond(&visit, answer),
        Err(error) => problem(&visit, &handle, &error),
    }
}

async fn resumed(
    app: &App,
    handle: &str,
    headers: &HeaderMap,
) -> Result<(Opening, Option<PlainToken>), OpenError> {
    let browser = cookies::get(app, headers, Cookie::Authorization).filter(|token| !token.is_empty());
    open_service::resume(app, &PlainToken::presented(handle), browser.map(PlainToken::presented)).await
}

/// A step of the aidant: the request, if it waits in this browser and no code is owed first.
async fn step(
    app: &App,
    visit: &Visit,
    aidant: &AidantHere,
    handle: &str,
    headers: &HeaderMap,
) -> Result<Opening, Response> {
    match resumed(app, handle, headers).await {
        // A step reached without the cookie is not the browser that brought the request.
        Ok((_, Some(_))) => Err(problem(visit, handle, &OpenError::Gone)),
        Ok((opening, None)) if opening.is_silent() || opening.needs_code(&aidant.person, app.now()) => {
            Err(redirect(&format!("/authorize/{handle}")))
        }
        Ok((opening, None)) => Ok(opening),
        Err(error) => Err(problem(visit, handle, &error)),
    }
}

fn problem(visit: &Visit, handle: &str, error: &OpenError) -> Response {
    match error {
        OpenError::Gone => Problem::new(StatusCode::BAD_REQUEST, "request-gone").respond(visit),
        OpenError::LogStopped => Problem::log_stopped().respond(visit),
        OpenError::EndFirst => redirect(&format!("/authorize/{handle}/end")),
        OpenError::NotOffered => redirect(&format!("/authorize/{handle}/user")),
        error => Problem::internal(error).respond(visit),
    }
}
