//! Under which grant, and where the user is. Its button opens the service.
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::app::App;
use crate::app::choose_grant::{self, Choice as Decided, Offer};
use crate::app::open_service::{OpenError, Opening};
use crate::domain::ids::UserId;
use crate::domain::use_session::Presence;
use crate::domain::user::CivilIdentity;
use crate::oidc::provider::france_connect::Unfit;
use crate::web::error::Problem;
use crate::web::extract::{AidantHere, PostedForm, Visit};
use crate::web::pages::redirect;
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Choice, Form, Gender, L, Page};

use super::answer::{self, leads_to};
use super::user::steps;
use super::{problem, step};

/// Longest name of a service behind a hub, in characters.
const LONGEST_DECLARED: usize = 120;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/authorize/{handle}/mandate", Access::Aidant, show),
        Route::post("/authorize/{handle}/mandate", Access::Aidant, open),
    ]
}

#[derive(serde::Deserialize)]
struct Asked {
    user: Option<String>,
}

#[derive(Template)]
#[template(path = "authorize/mandate.html")]
struct MandatePage {
    page: Page,
    form: Form,
    steps: Vec<String>,
    service: String,
    hub: bool,
    cancel: String,
    other: String,
    name: String,
    born: String,
    grants: Vec<Choice>,
    presences: Vec<Choice>,
}

/// Why the service cannot be opened for this person, whatever the mandate.
#[derive(Template)]
#[template(path = "authorize/unfit.html")]
struct UnfitPage {
    page: Page,
    service: String,
    why: String,
    cancel: String,
    other: String,
}

fn unfit(visit: &Visit, handle: &str, opening: &Opening, why: Unfit) -> Response {
    let page = visit.page("authorize-unfit-title");
    let key = match why {
        Unfit::Email => "authorize-unfit-email",
        Unfit::Gender => "authorize-unfit-gender",
        Unfit::Birth => "authorize-unfit-birth",
    };
    let shown = UnfitPage {
        service: opening.client.name.clone(),
        why: page.t(key).into_owned(),
        cancel: format!("/authorize/{handle}/cancel"),
        other: format!("/authorize/{handle}/user"),
        page,
    };
    leads_to(&opening.request.answer_to.redirect_uri, ui::render(StatusCode::CONFLICT, &shown))
}

/// The request and the user chosen, with what may be used in their name.
struct Scene {
    opening: Opening,
    user: UserId,
    identity: CivilIdentity,
    offers: Vec<Offer>,
}

async fn scene(
    app: &App,
    visit: &Visit,
    aidant: &AidantHere,
    handle: &str,
    asked: &Asked,
    headers: &HeaderMap,
) -> Result<Scene, Response> {
    let opening = step(app, visit, aidant, handle, headers).await?;
    let user = asked.user.as_deref().and_then(|id| id.parse::<UserId>().ok());
    let Some(user) = user else { return Err(redirect(&format!("/authorize/{handle}/user"))) };
    match choose_grant::may_open_for(app, &opening, &aidant.person, user).await {
        Ok(true) => {}
        Ok(false) => return Err(redirect(&format!("/authorize/{handle}/end?user={user}"))),
        Err(error) => return Err(Problem::internal(&error).respond(visit)),
    }
    match choose_grant::offers(app, &opening, &aidant.person, aidant.here.structure_id, user).await {
        Ok((identity, offers)) => Ok(Scene { opening, user, identity, offers }),
        Err(OpenError::Unfit(why)) => Err(unfit(visit, handle, &opening, why)),
        Err(error) => Err(problem(visit, handle, &error)),
    }
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    aidant: AidantHere,
    Path(handle): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    match scene(&app, &visit, &aidant, &handle, &asked, &headers).await {
        Ok(scene) => {
            let mut form = Form::empty();
            if let [only] = scene.offers.as_slice() {
                form.set("grant", only.grant.to_string());
            }
            page(&visit, &handle, &scene, form)
        }
        Err(response) => response,
    }
}

fn page(visit: &Visit, handle: &str, scene: &Scene, form: Form) -> Response {
    let status = if form.is_valid() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = visit.page("authorize-mandate-title").of_form(&form);
    let gender = Gender::parse(scene.identity.gender.as_deref().unwrap_or_default());
    let presence = |presence: Presence| {
        let key = match presence {
            Presence::Present => "authorize-presence-present",
            Presence::Telephone => "authorize-presence-telephone",
            Presence::Absent => "authorize-presence-absent",
        };
        Choice::new(presence.as_str(), page.t(key))
    };
    let shown = MandatePage {
        steps: steps(&page.l),
        service: scene.opening.client.name.clone(),
        hub: scene.opening.client.policy.is_hub,
        cancel: format!("/authorize/{handle}/cancel"),
        other: format!("/authorize/{handle}/user"),
        name: scene.identity.usual_name(),
        born: page.l.born(gender, scene.identity.birthdate.as_str()),
        grants: scene.offers.iter().map(|offer| grant(&page.l, offer)).collect(),
        presences: Presence::ALL.into_iter().map(presence).collect(),
        page,
        form,
    };
    leads_to(&scene.opening.request.answer_to.redirect_uri, ui::render(status, &shown))
}

fn grant(l: &L, offer: &Offer) -> Choice {
    let label = if l.tag() == "fr" { &offer.label_fr } else { &offer.label_en };
    let mut hint = l.t1("authorize-grant-until", "end", l.end(offer.ends_at)).into_owned();
    for (said, key) in
        [(!offer.may_act, "authorize-grant-consult"), (offer.single_use, "authorize-grant-once")]
    {
        if said {
            hint = format!("{hint} · {}", l.t(key));
        }
    }
    Choice::new(offer.grant.to_string(), label.clone()).hint(hint)
}

async fn open(
    State(app): State<App>,
    visit: Visit,
    aidant: AidantHere,
    Path(handle): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Response {
    let scene = match scene(&app, &visit, &aidant, &handle, &asked, &headers).await {
        Ok(scene) => scene,
        Err(response) => return response,
    };
    let Some(decided) = decided(&scene, &mut form) else {
        return page(&visit, &handle, &scene, form);
    };
    match choose_grant::open(&app, &scene.opening, &aidant.person, &decided).await {
        Ok(answer) => answer::respond(&visit, answer),
        Err(OpenError::EndFirst) => redirect(&format!("/authorize/{handle}/end?user={}", scene.user)),
        Err(error) => problem(&visit, &handle, &error),
    }
}

/// What the form says, or what is wrong with it.
fn decided(scene: &Scene, form: &mut Form) -> Option<Decided> {
    let grant = scene.offers.iter().map(|offer| offer.grant).find(|id| form.has("grant", &id.to_string()));
    if grant.is_none() {
        form.refuse("grant", "authorize-grant-required");
    }
    let presence = form.value("presence").parse::<Presence>().ok();
    if presence.is_none() {
        form.refuse("presence", "authorize-presence-required");
    }
    let declared = Some(form.value("declared").to_owned()).filter(|_| scene.opening.client.policy.is_hub);
    if declared.as_ref().is_some_and(|name| name.is_empty() || name.chars().count() > LONGEST_DECLARED) {
        form.refuse("declared", "authorize-declared-required");
    }
    if !form.is_valid() {
        return None;
    }
    Some(Decided { user: scene.user, grant: grant?, presence: presence?, declared_service: declared })
}
