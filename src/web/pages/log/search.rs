//! Search in the log.
use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;

use super::criteria::{self, Offered};
use super::problem;
use super::words::Told;
use crate::app::App;
use crate::app::search_log::{self, Found};
use crate::app::unmask::Names;
use crate::web::extract::{Person, Visit};
use crate::web::ui::{self, Form, L, Page, Section};

#[derive(Template)]
#[template(path = "log/search.html")]
struct SearchPage {
    page: Page,
    form: Form,
    offered: Offered,
    lines: Vec<Told>,
    /// Address of the older lines; empty on the last page.
    next: String,
    /// How far back was looked, when that is not all; empty otherwise.
    stopped: String,
    /// Address of the newest lines; empty when these are.
    newest: String,
    /// Address of the page that takes this search away; empty when it is none.
    export: String,
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Query(mut form): Query<Form>,
) -> Response {
    let l = visit.l();
    let wanted = criteria::wanted(&mut form, &l);
    let found = if form.is_valid() {
        search_log::search(&app, &who, &wanted).await
    } else {
        // What is wrong is not searched without: that would answer another question.
        let choices = search_log::choices(&app, &who).await;
        choices.map(Found::none)
    };
    let found = match found {
        Ok(found) => found,
        Err(error) => return problem(&error).respond(&visit),
    };
    criteria::explain(&mut form, &found.unclear);
    if let Some(structure) = &found.structure {
        form.set("structure", criteria::named(structure));
    }
    let status = if form.is_valid() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = visit.page("log-title").in_section(Section::Log).of_form(&form);
    ui::render(status, &fill(page, form, &found, &l))
}

fn fill(page: Page, form: Form, found: &Found, l: &L) -> SearchPage {
    let masked = Names::default();
    let older = !form.value("before").is_empty();
    let next = found.next.map(|last| criteria::address("/log", &form, Some(("before", &last.to_string()))));
    SearchPage {
        offered: Offered::of(&found.choices, l),
        lines: found.lines.iter().map(|line| Told::of(line, &masked, l)).collect(),
        next: next.unwrap_or_default(),
        stopped: found.stopped.map(|at| l.date_hour(at)).unwrap_or_default(),
        newest: if older { criteria::address("/log", &form, None) } else { String::new() },
        export: if form.is_valid() { criteria::address("/log/export", &form, None) } else { String::new() },
        page,
        form,
    }
}
