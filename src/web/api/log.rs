//! The public side of the log, as C2SP tlog-tiles wants it: the signed head and the hashes, static and
//! readable by existing tools. Entries would show who is helped, and when: only an auditor of everything gets them.
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use crate::app::publish_log::{BundleError, PublishError};
use crate::app::{App, publish_log};
use crate::log::tile::Tile;
use crate::web::extract::Person;
use crate::web::route::{Access, Route};

/// The routes of these endpoints.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/log/checkpoint", Access::Public, checkpoint),
        Route::get("/log/tile/{*path}", Access::Public, tile),
        Route::get("/log/tile/entries/{*path}", Access::Auditor, entries),
    ]
}

async fn checkpoint(State(app): State<App>) -> Response {
    match publish_log::checkpoint(&app).await {
        Ok(Some(note)) => answer("text/plain; charset=utf-8", "public, max-age=5", note.into_bytes()),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => unavailable(&error),
    }
}

/// A tile under the latest head never changes again, partial ones included: their width is in their address.
async fn tile(State(app): State<App>, Path(path): Path<String>) -> Response {
    let Ok(tile) = path.parse::<Tile>() else { return StatusCode::NOT_FOUND.into_response() };
    match publish_log::tile(&app, tile).await {
        Ok(Some(hashes)) => answer("application/octet-stream", "public, max-age=31536000, immutable", hashes),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => unavailable(&error),
    }
}

/// A bundle of entries. Not to be kept by anything between the log and the auditor.
async fn entries(State(app): State<App>, Person(who): Person, Path(path): Path<String>) -> Response {
    // A bundle has the index and the width of the tile of its leaf hashes.
    let Ok(tile) = format!("0/{path}").parse::<Tile>() else { return StatusCode::NOT_FOUND.into_response() };
    match publish_log::entries(&app, &who, tile).await {
        Ok(Some(bundle)) => answer("application/octet-stream", "private, no-store", bundle),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(BundleError::Perimeter) => StatusCode::FORBIDDEN.into_response(),
        Err(error) => {
            tracing::error!(%error, "a bundle of entries could not be given");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

fn answer(kind: &'static str, keep: &'static str, body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep)], body).into_response()
}

fn unavailable(error: &PublishError) -> Response {
    tracing::error!(%error, "the log could not be published");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
