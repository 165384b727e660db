//! A service stopped at once, or let go on.
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::{address, before_an_act, find, problem};
use crate::app::App;
use crate::app::manage_client::{self, ManageError};
use crate::oidc::provider::client::Client;
use crate::web::extract::{PostedForm, Visit};
use crate::web::pages::suspension::{SuspensionPage, stops};
use crate::web::pages::{Answer, redirect};
use crate::web::ui::{self, Form, Section};

fn draw(visit: &Visit, status: StatusCode, form: Form, client: &Client) -> Response {
    let title = if client.suspended { "clients-resume" } else { "clients-suspend" };
    let page = visit.page(title).in_section(Section::Clients).of_form(&form);
    let text =
        page.l.t(if client.suspended { "clients-resume-text" } else { "clients-suspend-text" }).into_owned();
    let (name, suspended, back) = (client.name.clone(), client.suspended, address(client));
    ui::render(status, &SuspensionPage { page, form, name, text, suspended, back })
}

pub(super) async fn ask(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Answer {
    Ok(draw(&visit, StatusCode::OK, Form::empty(), &find(&app, &visit, &id).await?))
}

pub(super) async fn turn(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Answer {
    let by = before_an_act(&app, &visit, &headers, form.fields()).await?;
    let client = find(&app, &visit, &id).await?;
    let suspend = stops(&form).map_err(|problem| problem.respond(&visit))?;
    let reason = form.required("reason", "people-reason-required");
    if form.is_valid() {
        match manage_client::suspend(&app, by, &client.client_id, suspend, &reason).await {
            Ok(()) => return Ok(redirect(&address(&client))),
            Err(ManageError::Already(_)) => form.refuse("reason", "clients-turn-nothing"),
            Err(error) => return Err(problem(&error).respond(&visit)),
        }
    }
    Ok(draw(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, &client))
}
