//! What a service may ask to know of the user, changed while it goes on.
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::{address, before_an_act, find, problem, typed, words};
use crate::app::App;
use crate::app::manage_client;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::scope::Scopes;
use crate::web::error::Problem;
use crate::web::extract::{PostedForm, Visit};
use crate::web::pages::{Answer, redirect};
use crate::web::ui::{self, Choice, Form, Page, Section};

/// Field: `scopes`, ticked or not.
#[derive(Template)]
#[template(path = "clients/scopes.html")]
struct ScopesPage {
    page: Page,
    form: Form,
    scopes: Vec<Choice>,
    name: String,
    back: String,
}

pub(super) async fn ask(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Answer {
    let client = find(&app, &visit, &id).await?;
    Ok(draw(&visit, &client))
}

/// The form as it is registered now: nothing that can be ticked is wrong.
fn draw(visit: &Visit, client: &Client) -> Response {
    let mut form = Form::empty();
    for scope in client.policy.scopes.iter() {
        form.add("scopes", scope.name());
    }
    let page = visit.page("clients-scopes-title").in_section(Section::Clients).of_form(&form);
    let (scopes, name, back) = (words::scopes(&page.l), client.name.clone(), address(client));
    ui::render(StatusCode::OK, &ScopesPage { page, form, scopes, name, back })
}

pub(super) async fn change(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    PostedForm(form): PostedForm,
) -> Answer {
    let by = before_an_act(&app, &visit, &headers, form.fields()).await?;
    let client = find(&app, &visit, &id).await?;
    let scopes = typed::scopes(&form).ok_or_else(|| Problem::bad_request().respond(&visit))?;
    match manage_client::change_scopes(&app, by, &client.client_id, &Scopes::of(&scopes)).await {
        Ok(_) => Ok(redirect(&address(&client))),
        Err(error) => Err(problem(&error).respond(&visit)),
    }
}
