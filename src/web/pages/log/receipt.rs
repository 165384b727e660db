//! The receipt of one line, or of each line of a mandate's story: to keep, and to check elsewhere.
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use http::header;

use crate::app::App;
use crate::app::give_receipt::{self, ReceiptError};
use crate::app::prove_story;
use crate::app::search_log::AuditError;
use crate::domain::ids::EntryId;
use crate::web::error::Problem;
use crate::web::extract::{Person, Visit};

pub(super) async fn download(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse::<EntryId>() else { return Problem::not_found().respond(&visit) };
    match give_receipt::for_auditor(&app, &who, id).await {
        Ok(receipt) => file("application/json", &format!("{id}.json"), format!("{receipt}\n")),
        Err(error) => problem(&error).respond(&visit),
    }
}

/// The proof of a whole story, some lines at a time.
pub(super) async fn story(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(reference): Path<String>,
) -> Response {
    let proving = match prove_story::prove(&app, &who, &reference).await {
        Ok(proving) => proving,
        Err(error) => return problem(&error).respond(&visit),
    };
    let stream = try_unfold((app, proving), |(app, mut proving)| async move {
        let text =
            proving.next(&app).await.inspect_err(|error| tracing::error!(%error, "story not proven"))?;
        Ok::<_, ReceiptError>(text.map(|text| (text, (app, proving))))
    });
    file("application/jsonl; charset=utf-8", &format!("{reference}.jsonl"), Body::from_stream(stream))
}

/// To be kept as a file, by nobody on the way.
fn file(kind: &'static str, name: &str, body: impl Into<Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"entremise-{name}\"")),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    (headers, body.into()).into_response()
}

fn problem(error: &ReceiptError) -> Problem {
    match error {
        ReceiptError::NotFound | ReceiptError::Waiting => Problem::not_found(),
        ReceiptError::Audit(AuditError::NoPerimeter) => Problem::forbidden(),
        error => Problem::internal(error),
    }
}
