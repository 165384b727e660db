//! Every service, with how much it is used and how much is refused to it.
use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{address, words};
use crate::app::App;
use crate::app::oversee_clients::{self, Listed};
use crate::web::error::Problem;
use crate::web::extract::Visit;
use crate::web::ui::{self, L, Page, Section, Tone};

#[derive(Template)]
#[template(path = "clients/list.html")]
struct ListPage {
    page: Page,
    lines: Vec<Line>,
}

struct Line {
    href: String,
    name: String,
    client_id: String,
    profile: String,
    state: String,
    tone: Tone,
    last_use: String,
    uses: String,
    refused: String,
}

pub(super) async fn show(State(app): State<App>, visit: Visit) -> Response {
    match oversee_clients::list(&app).await {
        Ok(listed) => {
            let page = visit.page("clients-title").in_section(Section::Clients);
            let now = app.now();
            let line = |one: &Listed| line(one, now, &page.l);
            ui::html(&ListPage { lines: listed.iter().map(line).collect(), page })
        }
        Err(error) => Problem::internal(&error).respond(&visit),
    }
}

fn line(one: &Listed, now: crate::domain::time::Timestamp, l: &L) -> Line {
    let client = &one.client;
    let (state, tone) = words::state(client, l);
    let pair = |(week, month): (i64, i64)| format!("{} / {}", l.number(week), l.number(month));
    Line {
        href: address(client),
        name: client.name.clone(),
        client_id: client.client_id.clone(),
        profile: words::profile(client.policy.profile, l),
        state,
        tone,
        last_use: match one.last_use {
            Some(at) => l.moment(at, now),
            None => l.t("clients-never").into_owned(),
        },
        uses: pair(one.uses),
        refused: pair(one.refused),
    }
}
