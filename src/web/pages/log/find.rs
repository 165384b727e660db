//! From a name or an address to a pseudonym. Posted, so that no name stays in an address or a history.
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::problem;
use crate::app::App;
use crate::app::find_person::{self, Identity};
use crate::domain::user::Birthdate;
use crate::web::extract::{Person, PostedForm, Visit};
use crate::web::pages::redirect;
use crate::web::pages::sign_in::code_first;
use crate::web::ui::{self, Form, Page, Section};

#[derive(Template)]
#[template(path = "log/find.html")]
struct FindPage {
    page: Page,
    form: Form,
    /// Pseudonyms of one identity known from several providers: short form and address.
    several: Vec<(String, String)>,
}

fn draw(visit: &Visit, status: StatusCode, form: Form, several: Vec<(String, String)>) -> Response {
    let page = visit.page("room-find-title").in_section(Section::Log).of_form(&form);
    ui::render(status, &FindPage { page: page.reached_at("/log/find"), form, several })
}

pub(super) async fn show(visit: Visit) -> Response {
    draw(&visit, StatusCode::OK, Form::empty(), Vec::new())
}

pub(super) async fn user(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Response {
    if let Err(first) = code_first(&app, &visit, &headers, form.fields()).await {
        return first;
    }
    let identity = Identity {
        given_name: form.required("given_name", "room-find-given-required"),
        family_name: form.required("family_name", "room-find-family-required"),
        birthdate: form.required("birthdate", "room-find-birth-required"),
    };
    if form.error("birthdate").is_none() && Birthdate::parse(&identity.birthdate).is_err() {
        form.refuse("birthdate", "room-find-birthdate");
    }
    if !form.is_valid() {
        return draw(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, Vec::new());
    }
    match find_person::user(&app, &who, &identity).await {
        Ok(found) => match found.as_slice() {
            [] => {
                form.refuse("given_name", "room-find-nobody");
                draw(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, Vec::new())
            }
            [one] => redirect(&format!("/log?user={one}")),
            several => {
                let told = several.iter().map(|one| (one.short('u'), format!("/log?user={one}"))).collect();
                draw(&visit, StatusCode::OK, form, told)
            }
        },
        Err(error) => problem(&error).respond(&visit),
    }
}

pub(super) async fn aidant(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Response {
    if let Err(first) = code_first(&app, &visit, &headers, form.fields()).await {
        return first;
    }
    let email = form.required("email", "room-find-email-required");
    if form.is_valid() {
        match find_person::aidant(&app, &who, &email).await {
            Ok(Some(pseudonym)) => return redirect(&format!("/log/aidants/{pseudonym}")),
            Ok(None) => form.refuse("email", "room-find-nobody"),
            Err(error) => return problem(&error).respond(&visit),
        }
    }
    draw(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, Vec::new())
}
