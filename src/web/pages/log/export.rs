//! What an auditor takes away: the lines of a search, or the bundle that can be verified without us. Given as a stream:
//! neither is ever whole in memory.
use askama::Template;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use http::{HeaderMap, StatusCode, header};

use super::criteria::{self, Offered, Said};
use super::problem;
use crate::app::App;
use crate::app::caller::SignedIn;
use crate::app::export_log::{ExportError, Writing};
use crate::app::export_search::{self, BundleError, Format};
use crate::app::search_log;
use crate::web::error::Problem;
use crate::web::extract::{Person, PostedForm, Visit};
use crate::web::pages::sign_in::code_first;
use crate::web::ui::{self, Choice, Form, Page, Section};

#[derive(Template)]
#[template(path = "log/export.html")]
struct ExportPage {
    page: Page,
    form: Form,
    formats: Vec<Choice>,
    /// The criteria in words: an error about one of them leads there.
    criteria: Vec<Said>,
    /// Nothing can be taken until the search is put right.
    wrong: bool,
    /// The criteria, as hidden fields.
    kept: Vec<(&'static str, String)>,
    back: String,
}

async fn draw(app: &App, visit: &Visit, who: &SignedIn, form: Form) -> Response {
    let choices = match search_log::choices(app, who).await {
        Ok(choices) => choices,
        Err(error) => return problem(&error).respond(visit),
    };
    let status = if form.is_valid() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let back = criteria::address("/log", &form, None);
    let here = criteria::address("/log/export", &form, None);
    let page = visit.page("room-export-title").in_section(Section::Log).of_form(&form).reached_at(here);
    let l = page.l.clone();
    let formats = vec![
        Choice::new("csv", l.t("room-export-csv")).hint(l.t("room-export-csv-hint")),
        Choice::new("jsonl", l.t("room-export-jsonl")).hint(l.t("room-export-jsonl-hint")),
        Choice::new("bundle", l.t("room-export-bundle")).hint(l.t("room-export-bundle-hint")),
    ];
    let kept = criteria::set(&form);
    let wrong = criteria::are_wrong(&form);
    let criteria = criteria::said(&form, &Offered::of(&choices, &l), &l);
    ui::render(status, &ExportPage { page, form, formats, criteria, wrong, kept, back })
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Query(mut form): Query<Form>,
) -> Response {
    criteria::wanted(&mut form, &visit.l());
    draw(&app, &visit, &who, form).await
}

pub(super) async fn take(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Response {
    if let Err(first) = code_first(&app, &visit, &headers, form.fields()).await {
        return first;
    }
    let wanted = criteria::wanted(&mut form, &visit.l());
    let format = match form.value("format") {
        "csv" => Some(Format::Csv),
        "jsonl" => Some(Format::JsonLines),
        "bundle" if form.is_valid() => {
            return match export_search::bundle(&app, &who, &wanted).await {
                Ok(export) => bundle(app.clone(), Writing::new(export)),
                Err(BundleError::Audit(error)) => problem(&error).respond(&visit),
                Err(BundleError::Export(ExportError::NoHead | ExportError::Empty { .. })) => {
                    form.refuse("format", "room-export-no-head");
                    draw(&app, &visit, &who, form).await
                }
                Err(BundleError::Unclear(unclear)) => {
                    criteria::explain(&mut form, &[unclear]);
                    draw(&app, &visit, &who, form).await
                }
                Err(error) => Problem::internal(&error).respond(&visit),
            };
        }
        "bundle" => None,
        _ => {
            form.refuse("format", "room-export-format-required");
            None
        }
    };
    let Some(format) = format.filter(|_| form.is_valid()) else {
        return draw(&app, &visit, &who, form).await;
    };
    match export_search::take(&app, &who, &wanted, format).await {
        Ok(Ok(taking)) => lines(app.clone(), taking, format),
        Ok(Err(unclear)) => {
            criteria::explain(&mut form, &unclear);
            draw(&app, &visit, &who, form).await
        }
        Err(error) => problem(&error).respond(&visit),
    }
}

fn lines(app: App, taking: export_search::Taking, format: Format) -> Response {
    let stream = try_unfold((app, taking), |(app, mut taking)| async move {
        let text = taking.next(&app).await.inspect_err(|error| tracing::error!(%error, "lines not taken"))?;
        Ok::<_, crate::app::search_log::AuditError>(text.map(|text| (text, (app, taking))))
    });
    let kind = match format {
        Format::Csv => "text/csv; charset=utf-8; header=present",
        Format::JsonLines => "application/jsonl; charset=utf-8",
    };
    file(kind, format.name(), Body::from_stream(stream))
}

fn bundle(app: App, writing: Writing) -> Response {
    let stream = try_unfold((app, writing), |(app, mut writing)| async move {
        let lines =
            writing.next(&app).await.inspect_err(|error| tracing::error!(%error, "bundle not taken"))?;
        let text = |lines: Vec<String>| lines.into_iter().map(|line| line + "\n").collect::<String>();
        Ok::<_, ExportError>(lines.map(|lines| (text(lines), (app, writing))))
    });
    file("application/jsonl; charset=utf-8", "bundle.jsonl", Body::from_stream(stream))
}

/// To be kept as a file, by nobody on the way.
fn file(kind: &'static str, end: &str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"entremise-log.{end}\"")),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    (headers, body).into_response()
}
