//! Screens: one file each, with its `routes()`.
pub mod account;
pub mod activate;
pub mod authorize;
pub mod cards;
pub mod clients;
pub mod consent;
pub mod home;
pub mod log;
pub mod mandates;
pub mod people;
pub mod professional;
pub mod resume;
pub mod sign_in;
pub mod structures;
mod suspension;
pub mod users;
pub mod uses;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::error::Problem;
use super::extract::Visit;
use super::route::Route;

/// The routes of every screen.
pub fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    routes.extend(home::routes());
    routes.extend(mandates::routes());
    routes.extend(consent::routes());
    routes.extend(log::routes());
    routes.extend(authorize::routes());
    routes.extend(account::routes());
    routes.extend(activate::routes());
    routes.extend(cards::routes());
    routes.extend(clients::routes());
    routes.extend(people::routes());
    routes.extend(professional::routes());
    routes.extend(resume::routes());
    routes.extend(structures::routes());
    routes.extend(sign_in::routes());
    routes.extend(users::routes());
    routes.extend(uses::routes());
    routes
}

/// What a handler answers, or early what stands in its way.
pub type Answer = Result<Response, Response>;

/// An address that does not exist.
pub async fn not_found(visit: Visit) -> Response {
    Problem::not_found().respond(&visit)
}

/// An address that exists, asked in another way than it answers to. The router adds `Allow` (RFC 9110 §15.5.6).
pub async fn wrong_method(visit: Visit) -> Response {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method").respond(&visit)
}

/// 303: the next page is fetched with GET.
pub fn redirect(to: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, to.to_owned())]).into_response()
}

/// To a page that must come first, and that leads back to what was asked.
pub fn redirect_back(to: &str, visit: &Visit) -> Response {
    let next = form_urlencoded::Serializer::new(String::new()).append_pair("next", visit.asked()).finish();
    redirect(&format!("{to}?{next}"))
}

/// What was typed to search, no longer than any name.
pub fn searched(typed: &str) -> String {
    typed.trim().chars().take(200).collect()
}

/// A `next` address, if it is a path of ours: never another site (open redirect), never `//host`.
pub fn local_path(next: &str) -> &str {
    let local = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && next.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    if local { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn only_our_own_paths_are_followed() {
        assert_eq!(local_path("/mandates?page=2"), "/mandates?page=2");
        for foreign in
            ["https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x", "", "x"]
        {
            assert_eq!(local_path(foreign), "/", "{foreign:?}");
        }
    }
}
