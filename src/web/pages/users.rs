//! The users of the structure: search by name, by name, page by page.
use axum::extract::{Query, State};
use axum::response::Response;

use super::mandates::{gender, stopped};
use super::searched;
use crate::app::App;
use crate::app::list_users::{self, Line};
use crate::domain::ids::UserId;
use crate::web::extract::{AidantHere, Visit};
use crate::web::route::{Access, Route};
use crate::web::ui::screens::desk::{UserLine, Users};
use crate::web::ui::{self, Form, L, Section};

/// The routes of this screen.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/users", Access::Member, show)]
}

#[derive(serde::Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    after: Option<String>,
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    AidantHere { person, here }: AidantHere,
    Query(asked): Query<Asked>,
) -> Response {
    let typed = searched(&asked.q);
    let after: Option<UserId> = asked.after.as_deref().and_then(|id| id.parse().ok());
    let found = match list_users::list(&app, &person, here.structure_id, &typed, after).await {
        Ok(found) => found,
        Err(error) => return stopped(&visit, &error),
    };
    let page = visit.page("users-title").in_section(Section::Users);
    let address = form_urlencoded::Serializer::new("/users?".to_owned()).append_pair("q", &typed).finish();
    let mut form = Form::empty();
    form.set("q", typed.clone());
    let l = page.l.clone();
    ui::html(&Users {
        page,
        form,
        next_href: found.next.map(|last| format!("{address}&after={last}")).unwrap_or_default(),
        first_href: if after.is_some() { address } else { String::new() },
        lines: found.lines.into_iter().map(|one| line(&l, &one)).collect(),
        searched: !typed.is_empty(),
    })
}

/// The family name first: it is what the list is ordered by.
fn line(l: &L, one: &Line) -> UserLine {
    let identity = &one.identity;
    UserLine {
        href: format!("/mandates?user={}", one.id),
        name: format!("{} {}", identity.usual_family_name(), identity.given_name),
        born: l.born(gender(identity), identity.birthdate.as_str()),
        mandates: l.number(one.mandates),
    }
}
