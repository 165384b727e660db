//! A new secret: shown once, in the answer to the form that asked for it, and kept nowhere.
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use time::Duration;

use super::{address, before_an_act, find, problem};
use crate::app::App;
use crate::app::manage_client;
use crate::domain::secret::PlainToken;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::policy::ClientAuthMethod;
use crate::web::error::Problem;
use crate::web::extract::{PostedForm, Visit};
use crate::web::pages::Answer;
use crate::web::ui::{self, Choice, Form, Page, Row, Section};

/// Hours for which the secret before may go on serving, with the words of each.
const OVERLAPS: [(&str, &str); 4] = [
    ("168", "clients-overlap-week"),
    ("24", "clients-overlap-day"),
    ("744", "clients-overlap-month"),
    ("0", "clients-overlap-none"),
];

/// Field: `overlap`.
#[derive(Template)]
#[template(path = "clients/secret.html")]
struct AskPage {
    page: Page,
    form: Form,
    name: String,
    overlaps: Vec<Choice>,
    back: String,
}

#[derive(Template)]
#[template(path = "clients/secret_shown.html")]
struct ShownPage {
    page: Page,
    rows: Vec<Row>,
    back: String,
}

fn draw(visit: &Visit, status: StatusCode, form: Form, client: &Client) -> Response {
    let page = visit.page("clients-secret-new").in_section(Section::Clients).of_form(&form);
    let overlaps = OVERLAPS.map(|(hours, key)| Choice::new(hours, page.t(key))).to_vec();
    let (name, back) = (client.name.clone(), address(client));
    ui::render(status, &AskPage { page, form, name, overlaps, back })
}

/// The page that shows a secret, which nothing can show again.
pub(super) fn shown(visit: &Visit, title: &str, client: &Client, secret: &PlainToken) -> Response {
    let back = address(client);
    let page = visit.page(title).in_section(Section::Clients).reached_at(back.clone());
    let rows = vec![
        Row::new(page.t("clients-client-id"), client.client_id.clone()).hash(),
        Row::new(page.t("clients-secret"), secret.reveal()).hash(),
    ];
    ui::html(&ShownPage { page, rows, back })
}

/// The service, if it has a secret at all.
async fn with_secret(app: &App, visit: &Visit, id: &str) -> Result<Client, Response> {
    let client = find(app, visit, id).await?;
    if client.policy.auth_method == ClientAuthMethod::PrivateKeyJwt {
        return Err(Problem::not_found().respond(visit));
    }
    Ok(client)
}

pub(super) async fn ask(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Answer {
    let client = with_secret(&app, &visit, &id).await?;
    let mut form = Form::empty();
    form.set("overlap", "168");
    Ok(draw(&visit, StatusCode::OK, form, &client))
}

pub(super) async fn renew(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Answer {
    let by = before_an_act(&app, &visit, &headers, form.fields()).await?;
    let client = with_secret(&app, &visit, &id).await?;
    let offered = OVERLAPS.iter().any(|(hours, _)| *hours == form.value("overlap"));
    let overlap = form.value("overlap").parse::<i64>().ok().filter(|_| offered).map(Duration::hours);
    let Some(overlap) = overlap else {
        form.refuse("overlap", "clients-overlap-required");
        return Ok(draw(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, &client));
    };
    match manage_client::rotate_secret(&app, by, &client.client_id, overlap).await {
        Ok(secret) => Ok(shown(&visit, "clients-secret-title", &client, &secret)),
        Err(error) => Err(problem(&error).respond(&visit)),
    }
}
