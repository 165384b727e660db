//! The receipt of one line, to keep and to check elsewhere.
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header;

use crate::app::App;
use crate::app::give_receipt::{self, ReceiptError};
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
        Ok(receipt) => {
            let headers = [
                (header::CONTENT_TYPE, "application/json".to_owned()),
                (header::CONTENT_DISPOSITION, format!("attachment; filename=\"entremise-{id}.json\"")),
                (header::CACHE_CONTROL, "private, no-store".to_owned()),
            ];
            (headers, format!("{receipt}\n")).into_response()
        }
        Err(ReceiptError::NotFound | ReceiptError::Waiting) => Problem::not_found().respond(&visit),
        Err(ReceiptError::Audit(AuditError::NoPerimeter)) => Problem::forbidden().respond(&visit),
        Err(error) => Problem::internal(&error).respond(&visit),
    }
}
