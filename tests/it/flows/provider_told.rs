//! Services are told that a use is over, at an address of theirs and nowhere else, over real HTTP.
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration as Wait;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use entremise::app::openid::OpenId;
use entremise::app::tell_logout;
use entremise::domain::ids::UserId;
use entremise::jobs::Jobs;
use entremise::oidc::outbound::Outbound;
use serde_json::{Value, json as value};
use time::Duration;
use tokio::sync::{Mutex, mpsc};

use super::mandate_support::{self, Desk as SignedDesk};
use super::provider::{Browser, id_token, json, logged, param, redeem};
use crate::support::app::TestApp;
use crate::support::services::{Desk, Service, josette};

/// A service's own server: gives what it is sent to the test, and answers as the test wants.
struct Receiver {
    address: String,
    got: Mutex<mpsc::UnboundedReceiver<(String, String)>>,
    status: Arc<AtomicU16>,
}

type Line = (mpsc::UnboundedSender<(String, String)>, Arc<AtomicU16>);

impl Receiver {
    async fn listen() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("its address"));
        let (sender, got) = mpsc::unbounded_channel();
        let status = Arc::new(AtomicU16::new(200));
        let line: Line = (sender, Arc::clone(&status));
        let router = Router::new().fallback(take).with_state(line);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, got: Mutex::new(got), status }
    }

    /// The next message, however slow this machine is.
    async fn next(&self) -> (String, String) {
        let mut got = self.got.lock().await;
        tokio::time::timeout(Wait::from_secs(60), got.recv()).await.expect("in time").expect("a message")
    }

    async fn nothing(&self) -> bool {
        self.got.lock().await.try_recv().is_err()
    }
}

async fn take(
    State((sender, status)): State<Line>,
    uri: http::Uri,
    body: Bytes,
) -> (http::StatusCode, [(&'static str, &'static str); 1]) {
    let _ = sender.send((uri.path().to_owned(), String::from_utf8_lossy(&body).into_owned()));
    let status = status.load(Ordering::SeqCst);
    (http::StatusCode::from_u16(status).expect("a status"), [("location", "/elsewhere")])
}

async fn scene(app: &TestApp, receiver: &Receiver) -> (Desk, UserId, Service) {
    let desk = app.desk("Nadia", "35600000012345").await;
    let user = app.user(&josette()).await;
    app.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await;
    let uri = format!("{}/out", receiver.address);
    let service = app.service("impots", |new| new.policy.backchannel_logout_uri = Some(uri)).await;
    (desk, user, service)
}

/// Opens the service and gives the claims of its ID token.
async fn open(app: &TestApp, desk: &Desk, service: &Service, user: UserId) -> Value {
    let code = param(&Browser::of(app, desk).open(service, user, &[]).await, "code").expect("a code");
    let tokens = json(redeem(app, service, &code, &[]).await.assert_status(200));
    id_token(app, service, tokens["id_token"].as_str().unwrap()).await
}

/// Claims of a logout token whose signature, type and names are right.
async fn verified(app: &TestApp, body: &str) -> Value {
    let form: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let [(name, token)] = form.as_slice() else { panic!("one field: {body}") };
    assert_eq!(name, "logout_token");
    let header = jsonwebtoken::decode_header(token).expect("a header");
    assert_eq!(header.typ.as_deref(), Some("logout+jwt"));
    let keys: jsonwebtoken::jwk::JwkSet =
        serde_json::from_value(json(&app.get("/jwks").send().await)).expect("keys");
    let key = keys.find(&header.kid.expect("a kid")).expect("a published key");
    let key = jsonwebtoken::DecodingKey::from_jwk(key).expect("a usable key");
    let mut rules = jsonwebtoken::Validation::new(header.alg);
    rules.validate_exp = false;
    rules.set_audience(&["impots"]);
    rules.set_issuer(&["http://localhost:8080"]);
    let claims = jsonwebtoken::decode::<Value>(token, &key, &rules).expect("a good signature").claims;
    let mut names: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["aud", "events", "exp", "iat", "iss", "jti", "sid", "sub"], "and no nonce");
    assert_eq!(claims["events"], value!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    assert!(claims["exp"].as_i64() > claims["iat"].as_i64());
    claims
}

async fn send(app: &TestApp) -> usize {
    tokio::time::timeout(Wait::from_secs(60), tell_logout::send_due(&app.app))
        .await
        .expect("in time")
        .expect("the queue is worked")
}

on_both_engines! {
    async fn a_revocation_reaches_the_service_by_the_jobs_alone(app: TestApp) {
        let receiver = Receiver::listen().await;
        let desk = SignedDesk::open(app).await;
        let app = &desk.app;
        let reference = desk.signed(mandate_support::josette(), &["argent"], "31").await;
        let user: UserId = entremise::view!(app.app.store, tx => {
            const SQL: &str = "SELECT user_id FROM mandate";
            match entremise::store::Access::tx(tx) {
                entremise::store::Tx::Pg(c) => sqlx::query_scalar(SQL).fetch_one(&mut **c).await,
                entremise::store::Tx::Lite(c) => sqlx::query_scalar(SQL).fetch_one(&mut **c).await,
            }
            .map_err(entremise::store::StoreError::from)
        })
        .unwrap();
        let uri = format!("{}/out", receiver.address);
        let service = app.service("impots", |new| new.policy.backchannel_logout_uri = Some(uri)).await;
        let mut browser = Browser { app, session: Some(desk.aidant.session.clone()), cookie: None };
        let code = param(&browser.open(&service, user, &[]).await, "code").expect("a code");
        let tokens = json(redeem(app, &service, &code, &[]).await.assert_status(200));
        let claims = id_token(app, &service, tokens["id_token"].as_str().unwrap()).await;
        let jobs = Jobs::start(&app.app, None);
        desk.post(&format!("/mandates/{reference}/end"), &[("by", "user")]).await.assert_status(303);
        let (path, body) = receiver.next().await;
        jobs.stop().await;
        assert_eq!(path, "/out");
        let told = verified(app, &body).await;
        assert_eq!((&told["sid"], &told["sub"]), (&claims["sid"], &claims["sub"]));
        assert_eq!(app.count("SELECT COUNT(*) FROM use_session WHERE end_cause = 'revoked'").await, 1);
        assert_eq!(logged(app, "notice.sent").await, 1);
        assert!(receiver.nothing().await, "once");
    }

    async fn every_end_is_told_once(app: TestApp) {
        let receiver = Receiver::listen().await;
        let (desk, user, service) = scene(&app, &receiver).await;
        let first = open(&app, &desk, &service, user).await;
        assert_eq!(send(&app).await, 0, "it goes on");
        let mut browser = Browser::of(&app, &desk);
        browser.post("/uses/end", &[]).await.assert_status(303);
        assert_eq!(send(&app).await, 1);
        assert_eq!(verified(&app, &receiver.next().await.1).await["sid"], first["sid"]);
        assert_eq!(send(&app).await, 0);
        // A service that never got a token knows nothing of the use.
        Browser::of(&app, &desk).open(&service, user, &[]).await;
        browser.post("/uses/end", &[]).await.assert_status(303);
        assert_eq!(send(&app).await, 0);
        // Nor is one told that did not ask for it.
        let silent = app.service("silent", |_| {}).await;
        open(&app, &desk, &silent, user).await;
        browser.post("/uses/end", &[]).await.assert_status(303);
        assert_eq!(send(&app).await, 0);
        assert!(receiver.nothing().await);
        // A code presented twice ends the use, and the service is told.
        let code = param(&Browser::of(&app, &desk).open(&service, user, &[]).await, "code").expect("a code");
        redeem(&app, &service, &code, &[]).await.assert_status(200);
        redeem(&app, &service, &code, &[]).await.assert_status(400);
        assert_eq!(send(&app).await, 1);
        let second = verified(&app, &receiver.next().await.1).await;
        assert_ne!(second["sid"], first["sid"]);
        assert_eq!(second["sub"], first["sub"]);
    }

    async fn a_service_that_fails_is_told_again_later_and_never_elsewhere(app: TestApp) {
        let receiver = Receiver::listen().await;
        let (desk, user, service) = scene(&app, &receiver).await;
        open(&app, &desk, &service, user).await;
        Browser::of(&app, &desk).post("/uses/end", &[]).await.assert_status(303);
        let mut tokens = Vec::new();
        for (status, wait) in [(500, 5), (400, 10), (307, 20), (201, 40)] {
            receiver.status.store(status, Ordering::SeqCst);
            assert_eq!(send(&app).await, 0, "{status}");
            let (path, body) = receiver.next().await;
            assert_eq!(path, "/out", "a redirection is not followed");
            tokens.push(verified(&app, &body).await["jti"].clone());
            app.clock.advance(Duration::seconds(wait - 1));
            assert_eq!(send(&app).await, 0);
            assert!(receiver.nothing().await, "not yet");
            app.clock.advance(Duration::seconds(1));
        }
        receiver.status.store(204, Ordering::SeqCst);
        assert_eq!(send(&app).await, 1);
        tokens.push(verified(&app, &receiver.next().await.1).await["jti"].clone());
        tokens.sort_by_key(ToString::to_string);
        tokens.dedup();
        assert_eq!(tokens.len(), 5, "each attempt has a token of its own");
        assert_eq!(logged(&app, "notice.sent").await, 1);
    }

    async fn a_service_that_never_answers_is_given_up(app: TestApp) {
        let receiver = Receiver::listen().await;
        let (desk, user, service) = scene(&app, &receiver).await;
        open(&app, &desk, &service, user).await;
        Browser::of(&app, &desk).post("/uses/end", &[]).await.assert_status(303);
        receiver.status.store(503, Ordering::SeqCst);
        for _ in 0..15 {
            assert_eq!(send(&app).await, 0);
            app.clock.advance(Duration::hours(1));
        }
        let mut attempts = 0;
        while !receiver.nothing().await {
            attempts += 1;
        }
        assert_eq!(attempts, 12);
        assert_eq!(app.count("SELECT COUNT(*) FROM logout_message WHERE failed_at IS NOT NULL").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM entry WHERE kind = 'notice.sent' AND outcome = 'refused'").await, 1);
    }

    async fn an_address_of_our_own_network_is_never_called(app: TestApp) {
        let receiver = Receiver::listen().await;
        let (desk, user, service) = scene(&app, &receiver).await;
        open(&app, &desk, &service, user).await;
        Browser::of(&app, &desk).post("/uses/end", &[]).await.assert_status(303);
        // As in production, where we are served with TLS: this machine is not to be called.
        let mut openid = OpenId::new(&app.app.sealer, &app.app.config.server);
        openid.outbound = Outbound::new(false);
        let mut elsewhere = app.app.clone();
        elsewhere.openid = Arc::new(openid);
        assert_eq!(tell_logout::send_due(&elsewhere).await.unwrap(), 0);
        assert!(receiver.nothing().await);
        assert_eq!(app.count("SELECT COUNT(*) FROM logout_message WHERE failed_at IS NOT NULL").await, 1, "nor tried again");
        // An address taken out of the registration is not called either.
        open(&app, &desk, &service, user).await;
        Browser::of(&app, &desk).post("/uses/end", &[]).await.assert_status(303);
        app.change_by_hand("UPDATE client SET backchannel_logout_uri = NULL WHERE created_at <= $1").await;
        assert_eq!(send(&app).await, 0);
        assert!(receiver.nothing().await);
    }
}
