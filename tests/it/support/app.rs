//! The product in a test: the real router on a real database, a clock that moves, people of two structures.
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use entremise::app::{App, record};
use entremise::config::Config;
use entremise::crypto::keyring::Keyring;
use entremise::crypto::random::SystemEntropy;
use entremise::log::draft::Draft;
use entremise::log::kind::Kind;
use http::{Method, Request, StatusCode, header};
use tower::ServiceExt;

use super::clock::TestClock;
use super::database::{Engine, TempFolder, TestDb};

/// Where the product believes it is.
pub const ORIGIN: &str = "http://localhost:8080";

pub struct TestApp {
    pub app: App,
    pub clock: TestClock,
    router: Router,
    pub db: TestDb,
    _folder: TempFolder,
}

impl TestApp {
    /// An empty product: nobody, no structure.
    pub async fn fresh(engine: Engine) -> Self {
        Self::on(TestDb::fresh(engine).await).await
    }

    pub async fn on(db: TestDb) -> Self {
        let folder = TempFolder::new();
        let keys = folder.0.join("keys");
        Keyring::create(&keys, &SystemEntropy).expect("keys are created");
        let keyring = Keyring::load(&keys).expect("keys are read");
        let clock = TestClock::new();
        let config = config(&db, &folder);
        let app = App::new(db.store().await, Arc::new(clock.clone()), keyring, config).expect("a product");
        let router = entremise::web::router(&app);
        Self { app, clock, router, db, _folder: folder }
    }

    /// Has users identified by this provider from now on.
    pub fn identify_with(&mut self, federation: entremise::oidc::federation::Federation) {
        self.app.federation = Arc::new(federation);
        self.router = entremise::web::router(&self.app);
    }

    /// Works on another database from now on, as after a copy was restored.
    pub async fn move_to(&mut self, db: TestDb) {
        self.app.store = db.store().await;
        self.db = db;
        self.router = entremise::web::router(&self.app);
    }

    /// Lets professionals enter with this provider from now on.
    pub fn let_enter_with(&mut self, federation: entremise::oidc::federation::Federation) {
        self.app.professionals = Some(Arc::new(federation));
        self.router = entremise::web::router(&self.app);
    }

    /// Has the witnesses of this policy file count from now on.
    pub fn watched_by(&mut self, policy_file: std::path::PathBuf) {
        let mut config = (*self.app.config).clone();
        config.log.policy_file = Some(policy_file);
        self.app.config = Arc::new(config);
        self.router = entremise::web::router(&self.app);
    }

    /// An entry of the log to stand behind rows that a test writes itself.
    pub async fn entry(&self, kind: Kind) -> entremise::domain::ids::EntryId {
        record::append(&self.app, Draft::done(kind)).await.expect("the log is written").id
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    /// A request as a browser on one of our own pages makes it.
    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        let headers =
            vec![("sec-fetch-site", "same-origin".to_owned()), ("accept-language", "fr".to_owned())];
        Call {
            app: self,
            method,
            path: path.to_owned(),
            headers,
            cookies: Vec::new(),
            form: None,
            json: None,
        }
    }
}

fn config(db: &TestDb, folder: &TempFolder) -> Config {
    let text = format!(
        r#"
        [server]
        origin = "{ORIGIN}"
        [database]
        url = "{}"
        [identity]
        issuer = "http://identite.localhost:8081"
        client_id = "entremise"
        client_secret = "a secret of tests, long enough 123"
        [log]
        origin = "test.example/log"
        head_file = "{}"
        "#,
        db.url,
        folder.0.join("log-head").display()
    );
    toml::from_str(&text).expect("the configuration of tests")
}

/// One request in the making.
pub struct Call<'a> {
    app: &'a TestApp,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    cookies: Vec<String>,
    form: Option<String>,
    json: Option<String>,
}

impl Call<'_> {
    /// Replaces a header of the same name.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a header, beside others of the same name.
    pub fn also(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        self.cookies.push(format!("{name}={value}"));
        self
    }

    /// As someone signed in, with the token of their session.
    pub fn session(self, token: &str) -> Self {
        self.cookie("session", token)
    }

    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(fields);
        self.form = Some(text.finish());
        self
    }

    pub fn json(mut self, text: impl Into<String>) -> Self {
        self.json = Some(text.into());
        self
    }

    pub async fn send(self) -> Answer {
        let mut request = Request::builder().method(self.method.clone()).uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if !self.cookies.is_empty() {
            request = request.header(header::COOKIE, self.cookies.join("; "));
        }
        let body = match (self.form, self.json) {
            (Some(form), _) => {
                request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                Body::from(form)
            }
            (None, Some(json)) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(json)
            }
            (None, None) => Body::empty(),
        };
        let request = request.body(body).expect("a request");
        let response = self.app.router.clone().oneshot(request).await.expect("the router always answers");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 4 * 1024 * 1024).await.expect("a body of reasonable size");
        Answer {
            call: format!("{} {}", self.method, self.path),
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

#[derive(Debug)]
pub struct Answer {
    pub call: String,
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// Where the answer sends the browser; empty if nowhere.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The value given to a cookie by this answer.
    pub fn set_cookie(&self, name: &str) -> Option<String> {
        let start = format!("{name}=");
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok()?.strip_prefix(start.as_str()).map(str::to_owned))
            .filter_map(|rest| rest.split(';').next().map(str::to_owned))
            .find(|value| !value.is_empty())
    }

    #[track_caller]
    pub fn assert_status(&self, expected: u16) -> &Self {
        assert_eq!(self.status.as_u16(), expected, "{} → {}\n{}", self.call, self.location(), self.body);
        self
    }

    #[track_caller]
    pub fn assert_contains(&self, text: &str) -> &Self {
        assert!(self.body.contains(text), "{}: no « {text} » in\n{}", self.call, self.body);
        self
    }
}
