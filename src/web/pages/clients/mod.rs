//! The services that receive users, for an operator: what each may do, what it did, what was refused to it, its keys;
//! registered, changed, stopped at once.
mod addresses;
mod list;
mod register;
mod scopes;
mod secret;
mod show;
mod suspension;
mod typed;
mod words;

use axum::response::Response;
use http::HeaderMap;

use crate::app::manage_client::{By, ManageError};
use crate::app::{App, oversee_clients};
use crate::domain::ids::ServiceId;
use crate::oidc::provider::client::Client;
use crate::web::error::Problem;
use crate::web::extract::Visit;
use crate::web::route::{Access, Route};

use super::sign_in::code_first;

/// The routes of these screens.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/clients", Access::Operator, list::show),
        Route::get("/clients/new", Access::Operator, register::ask),
        Route::post("/clients/new", Access::Operator, register::register),
        Route::get("/clients/{id}", Access::Operator, show::show),
        Route::get("/clients/{id}/suspension", Access::Operator, suspension::ask),
        Route::post("/clients/{id}/suspension", Access::Operator, suspension::turn),
        Route::get("/clients/{id}/secret", Access::Operator, secret::ask),
        Route::post("/clients/{id}/secret", Access::Operator, secret::renew),
        Route::get("/clients/{id}/addresses", Access::Operator, addresses::ask),
        Route::post("/clients/{id}/addresses", Access::Operator, addresses::change),
        Route::get("/clients/{id}/scopes", Access::Operator, scopes::ask),
        Route::post("/clients/{id}/scopes", Access::Operator, scopes::change),
    ]
}

/// The service of an address.
async fn find(app: &App, visit: &Visit, id: &str) -> Result<Client, Response> {
    let Ok(id) = id.parse::<ServiceId>() else { return Err(Problem::not_found().respond(visit)) };
    match oversee_clients::find(app, id).await {
        Ok(Some(client)) => Ok(client),
        Ok(None) => Err(Problem::not_found().respond(visit)),
        Err(error) => Err(Problem::internal(&error).respond(visit)),
    }
}

/// The operator who sends a form, after the code again if it has been too long.
async fn before_an_act(
    app: &App,
    visit: &Visit,
    headers: &HeaderMap,
    fields: Vec<(String, String)>,
) -> Result<By, Response> {
    code_first(app, visit, headers, fields).await?;
    let who = visit.signed_in().ok_or_else(|| Problem::forbidden().respond(visit))?;
    Ok(By::Operator(who.person_id))
}

/// The page of what went wrong with a change, when no field is to blame.
fn problem(error: &ManageError) -> Problem {
    if matches!(error, ManageError::Unknown) { Problem::not_found() } else { Problem::internal(error) }
}

/// Where the page of a service is.
fn address(client: &Client) -> String {
    format!("/clients/{}", client.id)
}
