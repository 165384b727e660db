//! The mandates of the structure: search by name or reference, newest first, page by page.
use axum::extract::{Query, State};
use axum::response::Response;

use super::{stopped, words};
use crate::app::App;
use crate::app::read_mandates::{self, Line};
use crate::domain::ids::MandateId;
use crate::web::extract::{AidantHere, Visit};
use crate::web::ui::screens::desk::{List, MandateLine};
use crate::web::ui::{self, Form, L, Section};

#[derive(serde::Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    before: Option<String>,
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    AidantHere { person, here }: AidantHere,
    Query(asked): Query<Asked>,
) -> Response {
    let typed: String = asked.q.trim().chars().take(200).collect();
    let before: Option<MandateId> = asked.before.as_deref().and_then(|id| id.parse().ok());
    let lines = match read_mandates::list(&app, &person, here.structure_id, &typed, before).await {
        Ok(lines) => lines,
        Err(error) => return stopped(&visit, &error),
    };
    let page = visit.page("desk-list-title").in_section(Section::Mandates);
    let mut form = Form::empty();
    form.set("q", typed.clone());
    let next_href = lines.next.map(|after| {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("q", &typed)
            .append_pair("before", &after.to_string())
            .finish();
        format!("/mandates?{query}")
    });
    let l = page.l.clone();
    ui::html(&List {
        page,
        form,
        lines: lines.lines.into_iter().map(|one| line(&l, one)).collect(),
        next_href: next_href.unwrap_or_default(),
        first_href: if before.is_some() { "/mandates".to_owned() } else { String::new() },
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
