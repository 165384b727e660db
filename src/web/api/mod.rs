//! Protocol endpoints: one file each, with its `routes()`.
use super::route::Route;

/// The routes of every endpoint.
pub fn routes() -> Vec<Route> {
    Vec::new()
}
