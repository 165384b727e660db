//! A small browser for the tests: cookies per host, redirects followed one by one, forms.
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use time::Duration;
use tokio::net::TcpListener;
use url::Url;

use crate::domain::time::{Clock, Timestamp};

/// A clock that stands still until it is moved.
pub(crate) struct Hand(AtomicI64);

impl Hand {
    pub(crate) fn at(seconds: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(seconds)))
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.0.fetch_add(time.whole_seconds(), Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A port of this machine, and the origin of `host` on it.
pub(crate) async fn listen(host: &str) -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{host}:{}", listener.local_addr().unwrap().port());
    (listener, origin)
}

pub(crate) fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

pub(crate) struct Browser {
    http: reqwest::Client,
    cookies: HashMap<(String, String), String>,
}

pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) text: String,
}

impl Browser {
    pub(crate) fn new() -> Self {
        Self { http: super::http::client().unwrap(), cookies: HashMap::new() }
    }

    /// One GET, redirection not followed.
    pub(crate) async fn get(&mut self, url: &str) -> Page {
        self.exchange(url, None).await
    }

    pub(crate) async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.exchange(url, Some(body)).await
    }

    /// Follows redirections with GET until a page, or until the address starts with `until`.
    pub(crate) async fn follow(&mut self, mut page: Page, until: &str) -> Page {
        while let Some(location) = &page.location {
            let next = page.url.join(location).unwrap();
            if next.as_str().starts_with(until) {
                break;
            }
            page = self.get(next.as_str()).await;
        }
        page
    }

    async fn exchange(&mut self, url: &str, body: Option<String>) -> Page {
        let url = Url::parse(url).unwrap();
        let host = url.host_str().unwrap().to_owned();
        let mut request = match body {
            None => self.http.get(url.clone()),
            Some(body) => self
                .http
                .post(url.clone())
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body),
        };
        let mine = self.cookies.iter().filter(|((of, _), _)| *of == host);
        let line: Vec<_> = mine.map(|((_, name), value)| format!("{name}={value}")).collect();
        if !line.is_empty() {
            request = request.header(COOKIE, line.join("; "));
        }
        let answer = request.send().await.unwrap();
        for set in answer.headers().get_all(SET_COOKIE) {
            let cookie = cookie::Cookie::parse(set.to_str().unwrap().to_owned()).unwrap();
            self.cookies.insert((host.clone(), cookie.name().to_owned()), cookie.value().to_owned());
        }
        let location = answer.headers().get(LOCATION).map(|value| value.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        Page { url, status, location, text: answer.text().await.unwrap() }
    }
}

impl Page {
    /// A parameter of the address this redirects to.
    pub(crate) fn told(&self, name: &str) -> Option<String> {
        let target = self.url.join(self.location.as_deref()?).unwrap();
        target.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// A parameter of this page's own address.
    pub(crate) fn asked(&self, name: &str) -> String {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap()
    }
}
