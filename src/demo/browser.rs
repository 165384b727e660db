//! Cookies of the demonstration's sites: host-only, out of reach of scripts, not sent by other sites' forms.
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use cookie::{Cookie, SameSite};

/// The value of the cookie `name`, if the browser sent one.
pub(crate) fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).find_map(|line| {
        Cookie::split_parse(line)
            .flatten()
            .find(|cookie| cookie.name() == name)
            .map(|cookie| cookie.value().to_owned())
    })
}

/// Sets `name` until the browser closes. Not `Secure`: the demonstration is plain HTTP on loopback.
pub(crate) fn set(response: &mut Response, name: &str, value: &str) {
    let cookie = Cookie::build((name, value)).path("/").http_only(true).same_site(SameSite::Lax).build();
    append(response, &cookie);
}

pub(crate) fn clear(response: &mut Response, name: &str) {
    let cookie =
        Cookie::build((name, "")).path("/").http_only(true).max_age(cookie::time::Duration::ZERO).build();
    append(response, &cookie);
}

fn append(response: &mut Response, cookie: &Cookie<'_>) {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}
