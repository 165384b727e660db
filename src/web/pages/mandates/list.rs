//! The mandates of the structure: search by name or reference, newest first, page by page.
use axum::extract::{Query, State};
use axum::response::Response;

use super::{stopped, words};
use crate::app::App;
use crate::app::desk::DeskError;
use crate::app::list_users;
use crate::app::read_mandates::{self, Line};
use crate::domain::ids::{MandateId, UserId};
use crate::web::extract::{AidantHere, Visit};
use crate::web::pages::searched;
use crate::web::ui::screens::desk::{List, MandateLine};
use crate::web::ui::{self, Form, L, Section};

#[derive(serde::Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    before: Option<String>,
    /// Only those of one person: the list of users leads here.
    user: Option<String>,
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    AidantHere { person, here }: AidantHere,
    Query(asked): Query<Asked>,
) -> Response {
    let typed = searched(&asked.q);
    let before: Option<MandateId> = asked.before.as_deref().and_then(|id| id.parse().ok());
    let user: Option<UserId> = asked.user.as_deref().and_then(|id| id.parse().ok());
    let named = match user {
        Some(id) => match list_users::one(&app, &person, here.structure_id, id).await {
            Ok(Some(identity)) => Some((id, identity)),
            Ok(None) => return stopped(&visit, &DeskError::NotFound),
            Err(error) => return stopped(&visit, &error),
        },
        None => None,
    };
    let wanted = read_mandates::Asked { user, typed: &typed, before };
    let lines = match read_mandates::list(&app, &person, here.structure_id, wanted).await {
        Ok(lines) => lines,
        Err(error) => return stopped(&visit, &error),
    };
    let page = visit.page("desk-list-title").in_section(Section::Mandates);
    let mut form = Form::empty();
    form.set("q", typed.clone());
    let mut query = form_urlencoded::Serializer::new("/mandates?".to_owned());
    query.append_pair("q", &typed);
    if let Some((id, _)) = &named {
        query.append_pair("user", &id.to_string());
    }
    let address = query.finish();
    let l = page.l.clone();
    ui::html(&List {
        page,
        form,
        lines: lines.lines.into_iter().map(|one| line(&l, one)).collect(),
        next_href: lines.next.map(|after| format!("{address}&before={after}")).unwrap_or_default(),
        first_href: if before.is_some() { address } else { String::new() },
        of_person: named.map(|(_, identity)| words::born_line(&l, &identity)).unwrap_or_default(),
        searched: !typed.is_empty(),
        new_href: "/mandates/new".to_owned(),
    })
}

fn line(l: &L, one: Line) -> MandateLine {
    let (state, tone) = words::state(one.state);
    let labels: Vec<String> = one.domains.iter().map(|words| words.in_language(l.tag()).to_owned()).collect();
    MandateLine {
        href: format!("/mandates/{}", one.reference),
        person: one.person.map_or_else(|| l.t("desk-nobody-yet").into_owned(), |person| person.usual_name()),
        reference: one.reference.to_string(),
        domains: labels.join(" · "),
        state: l.t(state).into_owned(),
        tone,
        end: l.end_day(one.ends_at),
    }
}
