//! Step 4: the aidant signs with the code of their card.
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;

use super::{civil_name, gender, read, reference, stopped, words};
use crate::app::App;
use crate::app::check_code::{CodeCheck, seconds_until};
use crate::app::read_mandates::{self, Reading, View};
use crate::app::sign_mandate::{self, Signing};
use crate::domain::mandate::State as Stand;
use crate::domain::time::Timestamp;
use crate::web::extract::{Person, PostedForm, Visit};
use crate::web::pages::redirect;
use crate::web::ui::screens::desk::{Sign, Signed};
use crate::web::ui::{self, Form, Message, Section};

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(text): Path<String>,
) -> Response {
    match read(&app, &visit, &who, &text, Reading::Step).await {
        Ok((_, view)) => page(&app, &visit, StatusCode::OK, Form::empty(), &view),
        Err(response) => *response,
    }
}

pub(super) async fn post(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(text): Path<String>,
    PostedForm(mut form): PostedForm,
) -> Response {
    let reference = match reference(&visit, &text) {
        Ok(reference) => reference,
        Err(response) => return *response,
    };
    let code = form.required("code", "desk-code-required");
    if form.is_valid() {
        match sign_mandate::sign(&app, &who, &reference, &code).await {
            Ok(Signing::Signed | Signing::AlreadySigned) => {
                return redirect(&format!("/mandates/{reference}/done"));
            }
            Ok(Signing::Code(check)) => refuse(&mut form, check, app.now()),
            Ok(Signing::Changed) => form.refuse("code", "desk-sign-changed"),
            Err(error) => return stopped(&visit, &error),
        }
    }
    match read(&app, &visit, &who, &text, Reading::Step).await {
        Ok((_, view)) => page(&app, &visit, StatusCode::UNPROCESSABLE_ENTITY, form, &view),
        Err(response) => *response,
    }
}

/// What to say of a code that was not accepted.
fn refuse(form: &mut Form, check: CodeCheck, now: Timestamp) {
    let message = match check {
        CodeCheck::AlreadyUsed { next_in_seconds } => {
            Message::new("desk-code-used").with("seconds", next_in_seconds)
        }
        CodeCheck::Locked { until } => {
            Message::new("desk-code-locked").with("seconds", seconds_until(until, now))
        }
        CodeCheck::Wrong | CodeCheck::Accepted { .. } => Message::new("desk-code-wrong"),
    };
    form.refuse("code", message);
}

fn page(app: &App, visit: &Visit, status: StatusCode, form: Form, view: &View) -> Response {
    let address = format!("/mandates/{}", view.row.reference);
    let (Stand::AwaitingSignature { consented_at, .. }, Some(person)) = (view.state, &view.person) else {
        return redirect(&address);
    };
    let page = visit.page("desk-sign-title").in_section(Section::Mandates).of_form(&form);
    let l = page.l.clone();
    let provider = app.federation.provider().label.in_language(l.tag()).to_owned();
    let how = match gender(person) {
        ui::Gender::Female => "desk-agreed-how-female",
        ui::Gender::Male => "desk-agreed-how-male",
        ui::Gender::Unknown => "desk-agreed-how-other",
    };
    ui::render(
        status,
        &Sign {
            form,
            agreed: l.t1("desk-agreed", "name", civil_name(&l, person)).into_owned(),
            agreed_how: l.t2(how, "hour", l.hour(consented_at), "provider", provider).into_owned(),
            rows: words::rows(&l, view),
            replaces: replaced(app, view, l.tag()),
            cancel_href: address,
            page,
        },
    )
}

/// What the text the person agreed to says it replaces.
fn replaced(app: &App, view: &View, language: &str) -> Vec<String> {
    let Some(terms) = read_mandates::terms(app, view) else { return Vec::new() };
    let line = |grant: crate::domain::consent::ReplacedGrant| {
        format!("{} ({})", grant.label.in_language(language), grant.reference)
    };
    terms.replaces.into_iter().map(line).collect()
}

pub(super) async fn done(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(text): Path<String>,
) -> Response {
    let (reference, view) = match read(&app, &visit, &who, &text, Reading::Step).await {
        Ok(found) => found,
        Err(response) => return *response,
    };
    let address = format!("/mandates/{reference}");
    if !matches!(view.state, Stand::Active { .. }) {
        return redirect(&address);
    }
    let page = visit.page("desk-signed-title").in_section(Section::Mandates);
    let rows = words::rows(&page.l, &view);
    ui::html(&Signed {
        page,
        reference: reference.to_string(),
        rows,
        attestation_href: format!("{address}/attestation"),
        mandate_href: address,
    })
}
