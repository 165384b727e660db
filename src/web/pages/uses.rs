//! The services open in somebody's name from this browser, and their end; a service's own sign-out.
use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, RawQuery, State};
use axum::response::Response;
use http::HeaderMap;

use crate::app::App;
use crate::app::end_use::{self, SignedOut};
use crate::domain::secret::PlainToken;
use crate::oidc::provider::metadata::path;
use crate::oidc::provider::params::Params;
use crate::web::error::Problem;
use crate::web::extract::cookies::{self, Cookie};
use crate::web::extract::{Person, Visit};
use crate::web::pages::redirect;
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Page, Row};

/// The routes of these screens.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/uses", Access::SignedIn, show),
        Route::post("/uses/end", Access::SignedIn, end),
        Route::get(path::END_SESSION, Access::Public, service_by_query),
        Route::post(path::END_SESSION, Access::Public, service_by_form).protocol(),
    ]
}

#[derive(serde::Deserialize)]
struct Asked {
    ended: Option<String>,
}

#[derive(Template)]
#[template(path = "authorize/uses.html")]
struct UsesPage {
    page: Page,
    rows: Vec<Row>,
    ended: bool,
    hub: bool,
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let browser = browser(&app, &headers);
    let uses = match end_use::going_on(&app, &who, browser.map(|token| token.hash()).as_ref()).await {
        Ok(uses) => uses,
        Err(error) => return Problem::internal(&error).respond(&visit),
    };
    let page = visit.page("uses-title");
    let hub = uses.iter().any(|open| open.is_hub);
    let rows = uses
        .into_iter()
        .map(|open| {
            let name =
                open.user.map_or_else(|| page.t("uses-somebody").into_owned(), |user| user.usual_name());
            let since = page.l.t1("uses-since", "hour", page.l.hour(open.started_at)).into_owned();
            Row::many(open.service, vec![name, since])
        })
        .collect();
    ui::html(&UsesPage { page, rows, ended: asked.ended.is_some(), hub })
}

fn browser(app: &App, headers: &HeaderMap) -> Option<PlainToken> {
    cookies::get(app, headers, Cookie::Authorization)
        .filter(|token| !token.is_empty())
        .map(PlainToken::presented)
}

async fn end(State(app): State<App>, visit: Visit, Person(who): Person, headers: HeaderMap) -> Response {
    let browser = browser(&app, &headers);
    match end_use::end_by_aidant(&app, &who, browser.map(|token| token.hash()).as_ref()).await {
        Ok(_) => redirect("/uses?ended=yes"),
        Err(error) => Problem::internal(&error).respond(&visit),
    }
}

#[derive(Template)]
#[template(path = "authorize/signed_out.html")]
struct SignedOutPage {
    page: Page,
    done: bool,
}

async fn service_by_query(State(app): State<App>, visit: Visit, RawQuery(query): RawQuery) -> Response {
    service(&app, &visit, query.unwrap_or_default().as_bytes()).await
}

async fn service_by_form(State(app): State<App>, visit: Visit, body: Bytes) -> Response {
    service(&app, &visit, &body).await
}

async fn service(app: &App, visit: &Visit, encoded: &[u8]) -> Response {
    match end_use::end_by_service(app, &Params::parse(encoded)).await {
        Ok(SignedOut::Return(to)) => redirect(&to),
        Ok(SignedOut::Say) => {
            ui::html(&SignedOutPage { page: visit.page("signed-out-use-title"), done: true })
        }
        Ok(SignedOut::Ask) => {
            ui::html(&SignedOutPage { page: visit.page("signed-out-ask-title"), done: false })
        }
        Err(error) => Problem::internal(&error).respond(visit),
    }
}
