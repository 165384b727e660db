//! Services are open in another person's name: they are ended before this one is opened.
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::HeaderMap;

use crate::app::App;
use crate::app::end_use::{self, OpenUse};
use crate::web::error::Problem;
use crate::web::extract::{AidantHere, Visit};
use crate::web::pages::redirect;
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Page, Row};

use super::step;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/authorize/{handle}/end", Access::Aidant, show),
        Route::post("/authorize/{handle}/end", Access::Aidant, end),
    ]
}

#[derive(serde::Deserialize)]
struct Asked {
    user: Option<String>,
}

#[derive(Template)]
#[template(path = "authorize/end.html")]
struct EndPage {
    page: Page,
    service: String,
    other: String,
    rows: Vec<Row>,
    hub: bool,
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    aidant: AidantHere,
    Path(handle): Path<String>,
    headers: HeaderMap,
) -> Response {
    let opening = match step(&app, &visit, &aidant, &handle, &headers).await {
        Ok(opening) => opening,
        Err(response) => return response,
    };
    let uses = match end_use::going_on(&app, &aidant.person, Some(&opening.browser)).await {
        Ok(uses) => uses,
        Err(error) => return Problem::internal(&error).respond(&visit),
    };
    let page = visit.page("authorize-end-title");
    let hub = uses.iter().any(|open| open.is_hub);
    let rows = uses.into_iter().map(|open| row(&page, open)).collect();
    ui::html(&EndPage {
        page,
        service: opening.client.name,
        other: format!("/authorize/{handle}/user"),
        rows,
        hub,
    })
}

/// One open service: in whose name, since when.
fn row(page: &Page, open: OpenUse) -> Row {
    let name = match open.user {
        Some(user) => user.usual_name(),
        None => page.t("uses-somebody").into_owned(),
    };
    let since = page.l.t1("uses-since", "hour", page.l.hour(open.started_at)).into_owned();
    Row::many(open.service, vec![name, since])
}

async fn end(
    State(app): State<App>,
    visit: Visit,
    aidant: AidantHere,
    Path(handle): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let opening = match step(&app, &visit, &aidant, &handle, &headers).await {
        Ok(opening) => opening,
        Err(response) => return response,
    };
    if let Err(error) = end_use::end_by_aidant(&app, &aidant.person, Some(&opening.browser)).await {
        return Problem::internal(&error).respond(&visit);
    }
    match asked.user.as_deref().and_then(|id| id.parse::<crate::domain::ids::UserId>().ok()) {
        Some(user) => redirect(&format!("/authorize/{handle}/mandate?user={user}")),
        None => redirect(&format!("/authorize/{handle}/user")),
    }
}
