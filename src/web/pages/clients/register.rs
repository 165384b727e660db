//! A new service, by form: the same rules as at the command line.
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::{before_an_act, secret, typed, words};
use crate::app::App;
use crate::app::oversee_clients::{self, Domain};
use crate::app::register_client::{self, RegisterError};
use crate::crypto::jwt::Alg;
use crate::web::error::Problem;
use crate::web::extract::{PostedForm, Visit};
use crate::web::pages::{Answer, redirect};
use crate::web::ui::{self, Choice, Form, L, Page, Section};

const FLAGS: [(&str, &str); 7] = [
    ("refresh", "clients-flag-refresh"),
    ("resource_server", "clients-flag-resource-server"),
    ("par", "clients-flag-par"),
    ("dpop", "clients-flag-dpop"),
    ("withhold_actor", "clients-flag-withhold-actor"),
    ("ignores_limits", "clients-flag-ignores-limits"),
    ("hub", "clients-flag-hub"),
];

#[derive(Template)]
#[template(path = "clients/new.html")]
struct NewPage {
    page: Page,
    form: Form,
    profiles: Vec<Choice>,
    methods: Vec<Choice>,
    algs: Vec<Choice>,
    userinfo_algs: Vec<Choice>,
    scopes: Vec<Choice>,
    domains: Vec<Choice>,
    flags: Vec<Choice>,
    reauthentications: Vec<Choice>,
}

fn draw(visit: &Visit, status: StatusCode, form: Form, catalogue: &[Domain]) -> Response {
    let page = visit.page("clients-new").in_section(Section::Clients).of_form(&form);
    let l = page.l.clone();
    let choice = |value: &str, key: &str| Choice::new(value, l.t(key));
    let profile = |word: &str| {
        let word = word.to_owned();
        let key = format!("clients-profile-{}", word.replace('_', "-"));
        let hint = l.t(&format!("{key}-hint"));
        Choice::new(word, l.t(&key)).hint(hint)
    };
    let algs = || Alg::ALL.map(|alg| Choice::new(alg.name(), alg.name())).to_vec();
    let page = NewPage {
        profiles: ["general", "high_security", "franceconnect"].map(profile).to_vec(),
        methods: methods(&l),
        algs: algs(),
        userinfo_algs: [choice("", "clients-userinfo-plain")].into_iter().chain(algs()).collect(),
        scopes: words::scopes(&l),
        domains: catalogue.iter().map(|row| Choice::new(row.key.clone(), words::domain(row, &l))).collect(),
        flags: FLAGS.map(|(value, key)| choice(value, key)).to_vec(),
        reauthentications: vec![
            choice("", "clients-as-profile"),
            choice("fresh", "clients-rule-fresh"),
            choice("activity", "clients-rule-activity"),
        ],
        page,
        form,
    };
    ui::render(status, &page)
}

fn methods(l: &L) -> Vec<Choice> {
    let one = |word: &str, key: &str| Choice::new(word, l.t(key));
    vec![
        one("", "clients-as-profile"),
        one("client_secret_basic", "clients-auth-client-secret-basic"),
        one("client_secret_post", "clients-auth-client-secret-post"),
        one("private_key_jwt", "clients-auth-private-key-jwt"),
    ]
}

async fn catalogue(app: &App, visit: &Visit) -> Result<Vec<Domain>, Response> {
    oversee_clients::domains(app).await.map_err(|error| Problem::internal(&error).respond(visit))
}

pub(super) async fn ask(State(app): State<App>, visit: Visit) -> Answer {
    let mut form = Form::empty();
    form.set("id_token_alg", "ES256");
    Ok(draw(&visit, StatusCode::OK, form, &catalogue(&app, &visit).await?))
}

pub(super) async fn register(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Answer {
    let by = before_an_act(&app, &visit, &headers, form.fields()).await?;
    let catalogue = catalogue(&app, &visit).await?;
    let Some(new) = typed::service(&mut form, &catalogue) else {
        return Err(Problem::bad_request().respond(&visit));
    };
    if form.is_valid() {
        match register_client::register(&app, by, &new).await {
            Ok((id, None)) => return Ok(redirect(&format!("/clients/{id}"))),
            Ok((id, Some(made))) => {
                let client = super::find(&app, &visit, &id.to_string()).await?;
                return Ok(secret::shown(&visit, "clients-registered", &client, &made));
            }
            Err(RegisterError::Refused(refused)) => typed::refuse(&mut form, &refused),
            Err(RegisterError::BadClientId) => form.refuse("client_id", "clients-client-id-bad"),
            Err(RegisterError::Taken) => form.refuse("client_id", "clients-client-id-taken"),
            Err(error) => return Err(Problem::internal(&error).respond(&visit)),
        }
    }
    Ok(draw(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, &catalogue))
}
