//! A mandate, or one domain of it, ends at the desk: one page, one sentence, one button.
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;

use super::{reference, stopped, words};
use crate::app::App;
use crate::app::end_mandate::{self, Asker, Extent};
use crate::app::read_mandates::{self, Reading, View};
use crate::domain::catalogue::DomainKey;
use crate::domain::mandate::State as Stand;
use crate::web::error::Problem;
use crate::web::extract::{Person, PostedForm, Visit};
use crate::web::pages::{redirect, redirect_back};
use crate::web::ui::screens::desk::End;
use crate::web::ui::{self, Form, Section};

pub(super) async fn show_whole(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(text): Path<String>,
) -> Response {
    show(&app, &visit, &who, &text, Extent::Whole).await
}

pub(super) async fn show_domain(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path((text, domain)): Path<(String, String)>,
) -> Response {
    match domain.parse::<DomainKey>() {
        Ok(domain) => show(&app, &visit, &who, &text, Extent::Domain(domain)).await,
        Err(_) => Problem::not_found().respond(&visit),
    }
}

pub(super) async fn post_whole(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(text): Path<String>,
    PostedForm(form): PostedForm,
) -> Response {
    post(&app, &visit, &who, &text, Extent::Whole, form).await
}

pub(super) async fn post_domain(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path((text, domain)): Path<(String, String)>,
    PostedForm(form): PostedForm,
) -> Response {
    match domain.parse::<DomainKey>() {
        Ok(domain) => post(&app, &visit, &who, &text, Extent::Domain(domain), form).await,
        Err(_) => Problem::not_found().respond(&visit),
    }
}

type Who = crate::app::caller::SignedIn;

async fn show(app: &App, visit: &Visit, who: &Who, text: &str, extent: Extent) -> Response {
    if !who.is_fresh(app.now()) {
        return redirect_back("/sign-in/again", visit);
    }
    draw(app, visit, who, text, &extent, (StatusCode::OK, Form::empty())).await
}

async fn post(app: &App, visit: &Visit, who: &Who, text: &str, extent: Extent, mut form: Form) -> Response {
    if !who.is_fresh(app.now()) {
        return redirect_back("/sign-in/again", visit);
    }
    let reference = match reference(visit, text) {
        Ok(reference) => reference,
        Err(response) => return *response,
    };
    let asker = match form.value("by") {
        "user" => Asker::User,
        "structure" => Asker::Structure,
        _ => {
            form.refuse("by", "desk-end-by-required");
            return draw(app, visit, who, text, &extent, (StatusCode::UNPROCESSABLE_ENTITY, form)).await;
        }
    };
    match end_mandate::end(app, who, &reference, &extent, asker).await {
        Ok(()) => redirect(&format!("/mandates/{reference}")),
        Err(error) => stopped(visit, &error),
    }
}

async fn draw(
    app: &App,
    visit: &Visit,
    who: &Who,
    text: &str,
    extent: &Extent,
    (status, form): (StatusCode, Form),
) -> Response {
    let reference = match reference(visit, text) {
        Ok(reference) => reference,
        Err(response) => return *response,
    };
    let view = match read_mandates::one(app, who, &reference, Reading::Step).await {
        Ok(view) => view,
        Err(error) => return stopped(visit, &error),
    };
    let address = format!("/mandates/{reference}");
    if !matches!(view.state, Stand::Active { .. } | Stand::Suspended { .. }) {
        return redirect(&address);
    }
    let title = match extent {
        Extent::Whole => "desk-end-title",
        Extent::Domain(_) => "desk-end-grant-title",
    };
    let page = visit.page(title).in_section(Section::Mandates).of_form(&form);
    let Some(sentence) = sentence(&page.l, &view, extent) else { return redirect(&address) };
    ui::render(status, &End { page, form, sentence, code: false, back_href: address })
}

/// What ends; None for a domain that is not in force in this mandate.
fn sentence(l: &ui::L, view: &View, extent: &Extent) -> Option<String> {
    let name = view.person.as_ref()?.usual_name();
    match extent {
        Extent::Whole => Some(l.t1("desk-end-sentence", "name", name).into_owned()),
        Extent::Domain(domain) => {
            let grant = view.grants.iter().find(|grant| grant.domain == *domain && grant.state == "live")?;
            let label = words::label(l, grant);
            Some(l.t2("desk-end-grant-sentence", "domain", label, "name", name).into_owned())
        }
    }
}
