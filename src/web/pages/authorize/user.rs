//! In whose name: search and pages of the users whose grants serve.
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::HeaderMap;

use crate::app::App;
use crate::app::choose_user::{Candidates, candidates};
use crate::web::extract::{AidantHere, Visit};
use crate::web::route::{Access, Route};
use crate::web::ui::{self, Form, Gender, L, Page};

use super::answer::leads_to;
use super::{problem, step};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/authorize/{handle}/user", Access::Aidant, show)]
}

#[derive(serde::Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    before: Option<String>,
}

struct Line {
    href: String,
    name: String,
    born: String,
    grants: String,
}

#[derive(Template)]
#[template(path = "authorize/user.html")]
struct UserPage {
    page: Page,
    form: Form,
    steps: Vec<String>,
    service: String,
    cancel: String,
    searched: bool,
    lines: Vec<Line>,
    first: String,
    next: String,
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    aidant: AidantHere,
    Path(handle): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let opening = match step(&app, &visit, &aidant, &handle, &headers).await {
        Ok(opening) => opening,
        Err(response) => return response,
    };
    let before = asked.before.as_deref().and_then(|id| id.parse().ok());
    let found = match candidates(&app, &opening, aidant.here.structure_id, &asked.q, before).await {
        Ok(found) => found,
        Err(error) => return problem(&visit, &handle, &error),
    };
    let page = visit.page("authorize-user-title");
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", &asked.q).finish();
    let address = format!("/authorize/{handle}/user?{query}");
    let mut form = Form::empty();
    form.set("q", asked.q.clone());
    let shown = UserPage {
        form,
        steps: steps(&page.l),
        service: opening.client.name.clone(),
        searched: !asked.q.trim().is_empty(),
        next: found.next.map(|next| format!("{address}&before={next}")).unwrap_or_default(),
        first: before.map(|_| address).unwrap_or_default(),
        lines: lines(&page.l, &handle, found),
        page,
        cancel: format!("/authorize/{handle}/cancel"),
    };
    leads_to(&opening.request.answer_to.redirect_uri, ui::html(&shown))
}

/// Names of the two steps.
pub(super) fn steps(l: &L) -> Vec<String> {
    vec![l.t("authorize-step-user").into_owned(), l.t("authorize-step-mandate").into_owned()]
}

fn lines(l: &L, handle: &str, found: Candidates) -> Vec<Line> {
    let line = |candidate: crate::app::choose_user::Candidate| {
        let identity = &candidate.identity;
        let gender = Gender::parse(identity.gender.as_deref().unwrap_or_default());
        Line {
            href: format!("/authorize/{handle}/mandate?user={}", candidate.user),
            name: format!("{} {}", identity.given_name, identity.usual_family_name()),
            born: l.born(gender, identity.birthdate.as_str()),
            grants: l
                .t1("authorize-user-grants", "count", i64::try_from(candidate.grants).unwrap_or(1))
                .into_owned(),
        }
    };
    found.users.into_iter().map(line).collect()
}
