//! The table of all routes, behind the layers.
use std::time::Duration;

use axum::{Router, middleware};
use http::StatusCode;
use tower_http::timeout::TimeoutLayer;

use crate::app::App;

use super::route::{Access, Route};
use super::{api, layer, pages, ui};

/// Largest request body read: forms and protocol requests are small.
const BODY_LIMIT: usize = 64 * 1024;

/// A request that takes longer, body included, is given up: no slow client holds a connection to the database.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Every route of the product.
pub fn routes() -> Vec<Route> {
    let mut routes = vec![Route::get(ui::assets::ROUTE, Access::Public, ui::assets::serve)];
    routes.extend(pages::routes());
    routes.extend(api::routes());
    routes
}

/// The product's router: the table, with access checked per route, and the layers that serve all.
pub fn router(app: &App) -> Router {
    router_with(app, Vec::new())
}

/// The same with `more` routes, behind the same layers (the page of the demonstration).
pub fn router_with(app: &App, more: Vec<Route>) -> Router {
    let mut router = Router::new();
    for route in routes().into_iter().chain(more) {
        let rule = layer::access::Rule { access: route.access, cross_site: route.cross_site };
        let guarded =
            route.handler.layer(middleware::from_fn_with_state((app.clone(), rule), layer::access::check));
        router = router.route(route.path, guarded);
    }
    router
        .fallback(pages::not_found)
        .method_not_allowed_fallback(pages::wrong_method)
        .layer(axum::extract::DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(app.clone(), layer::visit::attach))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_WITHIN))
        .layer(middleware::from_fn_with_state(app.clone(), layer::headers::add))
        .layer(middleware::from_fn(layer::operation::trace))
        .with_state(app.clone())
}
