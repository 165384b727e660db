//! Sign-in: password, then the code of the card.
use axum::extract::Request;
use axum::response::Response;

use crate::app::App;
use crate::web::extract::Visit;
use crate::web::route::Route;

use super::redirect_back;

/// The routes of these screens.
pub fn routes() -> Vec<Route> {
    Vec::new()
}

/// What a caller meets on a page that needs a session: sign-in, and back. A form posted in a session that had died
/// is kept until then.
pub async fn required(_app: &App, visit: Visit, _request: Request) -> Response {
    redirect_back("/sign-in", &visit)
}
