//! The addresses of a service and its public keys, changed while it goes on.
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::{address, before_an_act, find, problem, typed};
use crate::app::App;
use crate::app::manage_client::{self, Addresses, ManageError};
use crate::oidc::provider::client::Client;
use crate::oidc::provider::policy::ClientKeys;
use crate::web::extract::{PostedForm, Visit};
use crate::web::pages::{Answer, redirect};
use crate::web::ui::{self, Form, Page, Section};

/// Fields: `redirect_uris`, `post_logout_uris`, `backchannel_uri`, `jwks_uri`, `jwks`.
#[derive(Template)]
#[template(path = "clients/addresses.html")]
struct AddressesPage {
    page: Page,
    form: Form,
    name: String,
    back: String,
}

fn draw(visit: &Visit, status: StatusCode, form: Form, client: &Client) -> Response {
    let page = visit.page("clients-addresses-title").in_section(Section::Clients).of_form(&form);
    ui::render(status, &AddressesPage { page, form, name: client.name.clone(), back: address(client) })
}

/// The form as it is registered now.
fn registered(client: &Client) -> Form {
    let mut form = Form::empty();
    form.set("redirect_uris", client.redirect_uris.join("\n"));
    form.set("post_logout_uris", client.post_logout_redirect_uris.join("\n"));
    form.set("backchannel_uri", client.policy.backchannel_logout_uri.clone().unwrap_or_default());
    match &client.policy.keys {
        ClientKeys::None => {}
        ClientKeys::Inline(keys) => form.set("jwks", serde_json::to_string_pretty(keys).unwrap_or_default()),
        ClientKeys::Uri(uri) => form.set("jwks_uri", uri.clone()),
    }
    form
}

pub(super) async fn ask(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Answer {
    let client = find(&app, &visit, &id).await?;
    Ok(draw(&visit, StatusCode::OK, registered(&client), &client))
}

pub(super) async fn change(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Answer {
    let by = before_an_act(&app, &visit, &headers, form.fields()).await?;
    let client = find(&app, &visit, &id).await?;
    let new = Addresses {
        redirect_uris: typed::lines(&form, "redirect_uris"),
        post_logout_redirect_uris: typed::lines(&form, "post_logout_uris"),
        backchannel_logout_uri: typed::address(&form, "backchannel_uri"),
        keys: typed::keys(&mut form),
    };
    if form.is_valid() {
        match manage_client::change_addresses(&app, by, &client.client_id, &new).await {
            Ok(_) => return Ok(redirect(&address(&client))),
            Err(ManageError::Refused(refused)) => typed::refuse(&mut form, &refused),
            Err(error) => return Err(problem(&error).respond(&visit)),
        }
    }
    Ok(draw(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, &client))
}
