//! What becomes of a service: a new secret beside the old one, a stop, keys where it publishes them.
use std::sync::{Arc, Mutex};

use entremise::app::manage_client::{ManageError, rotate_secret, show, suspend};
use entremise::oidc::provider::policy::{ClientAuthMethod, ClientKeys, Policy};
use entremise::store::StoreError;
use serde_json::json;
use time::Duration;

use super::provider::{Browser, authorize, json, logged, param, redeem, server, userinfo};
use crate::support::app::{Answer, TestApp};
use crate::support::people::change;
use crate::support::services::{Service, josette};
use crate::support::signing::Signer;

/// What the token endpoint says to a service that shows these credentials with a code of nobody.
async fn known(app: &TestApp, service: &Service, secret: &str) -> bool {
    let shown = Service { secret: secret.to_owned(), ..service.clone() };
    let answer = redeem(app, &shown, "no-code", &[]).await;
    match json(&answer)["error"].as_str() {
        Some("invalid_grant") => true,
        Some("invalid_client") => false,
        other => panic!("{other:?}"),
    }
}

/// A service's own server, answering with what it holds at the moment: status and body.
async fn publishes(held: Arc<Mutex<(u16, String)>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let answer = move || {
        let (status, body) = held.lock().expect("not poisoned").clone();
        let status = http::StatusCode::from_u16(status).expect("a status");
        async move { (status, [("location", "/elsewhere")], body) }
    };
    let router = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/jwks")
}

async fn shows(app: &TestApp, assertion: &str) -> Answer {
    let fields = [
        ("token", "nothing"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    server(app.post("/introspect")).form(&fields).send().await
}

on_both_engines! {
    async fn a_new_secret_serves_beside_the_old_one_for_a_while(app: TestApp) {
        let service = app.service("impots", |_| {}).await;
        let first = service.secret.as_str();
        let second = rotate_secret(&app.app, "impots", Duration::hours(2)).await.unwrap();
        assert!(known(&app, &service, first).await && known(&app, &service, second.reveal()).await);
        let third = rotate_secret(&app.app, "impots", Duration::hours(2)).await.unwrap();
        assert!(!known(&app, &service, first).await, "two at a time");
        assert!(known(&app, &service, second.reveal()).await && known(&app, &service, third.reveal()).await);
        assert!(show(&app.app, "impots").await.unwrap().1.is_some());
        app.clock.advance(Duration::hours(2));
        assert!(!known(&app, &service, second.reveal()).await && known(&app, &service, third.reveal()).await);
        assert!(show(&app.app, "impots").await.unwrap().1.is_none());
        let fourth = rotate_secret(&app.app, "impots", Duration::ZERO).await.unwrap();
        assert!(!known(&app, &service, third.reveal()).await, "at once");
        assert!(known(&app, &service, fourth.reveal()).await);
        assert_eq!(logged(&app, "client.changed").await, 3);
        for wrong in [Duration::days(32), Duration::hours(-1)] {
            assert!(matches!(rotate_secret(&app.app, "impots", wrong).await, Err(ManageError::OverlapTooLong)));
        }
        assert!(matches!(rotate_secret(&app.app, "x", Duration::ZERO).await, Err(ManageError::Unknown)));
        let keys = ClientKeys::Inline(Signer::fresh().jwks());
        app.service("bank", |new| new.policy = Policy::high_security(keys)).await;
        assert!(matches!(rotate_secret(&app.app, "bank", Duration::ZERO).await, Err(ManageError::NoSecret)));
    }

    async fn a_suspended_service_is_stopped_at_once(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), None).await;
        let service = app.service("impots", |_| {}).await;
        let back = Browser::of(&app, &desk).open(&service, user, &[]).await;
        let tokens = json(&redeem(&app, &service, &param(&back, "code").unwrap(), &[]).await);
        let token = tokens["access_token"].as_str().unwrap();
        let waiting = Browser::of(&app, &desk).arrive(&service, &[]).await;
        suspend(&app.app, "impots", true).await.unwrap();
        userinfo(&app, token).await.assert_status(401);
        assert!(!known(&app, &service, &service.secret).await);
        let answer = app.get(&authorize(&service, &[])).send().await;
        answer.assert_status(400);
        app.get(&waiting).session(&desk.session).send().await.assert_status(400);
        assert!(matches!(suspend(&app.app, "impots", true).await, Err(ManageError::Already("suspended"))));
        suspend(&app.app, "impots", false).await.unwrap();
        assert!(known(&app, &service, &service.secret).await);
        assert_eq!(logged(&app, "client.changed").await, 2);
    }

    async fn keys_are_fetched_where_the_service_publishes_them_and_remembered(app: TestApp) {
        let (old, new) = (Signer::fresh(), Signer::fresh());
        let set = |signer: &Signer| (200, serde_json::to_string(&signer.jwks()).unwrap());
        let held = Arc::new(Mutex::new(set(&old)));
        let uri = publishes(Arc::clone(&held)).await;
        app.service("bank", |service| service.policy = Policy {
            auth_method: ClientAuthMethod::PrivateKeyJwt,
            keys: ClientKeys::Uri("https://bank.example/jwks".to_owned()),
            ..Policy::general()
        }).await;
        // A registration wants https; on this machine the address may be plain.
        let local = uri.clone();
        entremise::transact!(app.app.store, "test_uri", tx => {
            change!(tx, sqlx::query("UPDATE client SET jwks_uri = $1").bind(local.clone()))
        }).unwrap();
        let assertion = |signer: &Signer| signer.assertion(&app, "bank", &json!({}));
        shows(&app, &assertion(&old)).await.assert_status(200);
        *held.lock().unwrap() = (500, String::new());
        shows(&app, &assertion(&old)).await.assert_status(200);
        // New keys are seen as soon as we may ask again, and the old ones are gone.
        *held.lock().unwrap() = set(&new);
        shows(&app, &assertion(&new)).await.assert_status(401);
        app.clock.advance(Duration::seconds(31));
        shows(&app, &assertion(&new)).await.assert_status(200);
        shows(&app, &assertion(&old)).await.assert_status(401);
        // What is not a set of keys is none, and asked for again only after a while.
        for bad in [(302, String::new()), (404, String::new()), (200, "nonsense".to_owned()), (200, "x".repeat(70_000))] {
            *held.lock().unwrap() = bad.clone();
            app.clock.advance(Duration::minutes(11));
            shows(&app, &assertion(&new)).await.assert_status(401);
            *held.lock().unwrap() = set(&new);
            shows(&app, &assertion(&new)).await.assert_status(401);
            app.clock.advance(Duration::seconds(31));
            shows(&app, &assertion(&new)).await.assert_status(200);
        }
    }
}
