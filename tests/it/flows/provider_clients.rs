//! What becomes of a service: a new secret beside the old one, a stop, keys where it publishes them.
use std::sync::{Arc, Mutex};

use entremise::app::manage_client::{By, ManageError, rotate_secret, show, suspend};
use entremise::oidc::provider::policy::{ClientAuthMethod, ClientKeys, Policy};
use entremise::store::StoreError;
use serde_json::json;
use time::Duration;

use super::provider::{Browser, authorize, basic, json, logged, param, redeem, server, userinfo};
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
        let second = rotate_secret(&app.app, By::CommandLine, "impots", Duration::hours(2)).await.unwrap();
        assert!(known(&app, &service, first).await && known(&app, &service, second.reveal()).await);
        let third = rotate_secret(&app.app, By::CommandLine, "impots", Duration::hours(2)).await.unwrap();
        assert!(!known(&app, &service, first).await, "two at a time");
        assert!(known(&app, &service, second.reveal()).await && known(&app, &service, third.reveal()).await);
        assert!(show(&app.app, "impots").await.unwrap().1.is_some());
        app.clock.advance(Duration::hours(2));
        assert!(!known(&app, &service, second.reveal()).await && known(&app, &service, third.reveal()).await);
        assert!(show(&app.app, "impots").await.unwrap().1.is_none());
        let fourth = rotate_secret(&app.app, By::CommandLine, "impots", Duration::ZERO).await.unwrap();
        assert!(!known(&app, &service, third.reveal()).await, "at once");
        assert!(known(&app, &service, fourth.reveal()).await);
        assert_eq!(logged(&app, "client.changed").await, 3);
        for wrong in [Duration::days(32), Duration::hours(-1)] {
            assert!(matches!(rotate_secret(&app.app, By::CommandLine, "impots", wrong).await, Err(ManageError::OverlapTooLong)));
        }
        assert!(matches!(rotate_secret(&app.app, By::CommandLine, "x", Duration::ZERO).await, Err(ManageError::Unknown)));
        let keys = ClientKeys::Inline(Signer::fresh().jwks());
        app.service("bank", |new| new.policy = Policy::high_security(keys)).await;
        assert!(matches!(rotate_secret(&app.app, By::CommandLine, "bank", Duration::ZERO).await, Err(ManageError::NoSecret)));
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
        suspend(&app.app, By::CommandLine, "impots", true, "").await.unwrap();
        userinfo(&app, token).await.assert_status(401);
        assert!(!known(&app, &service, &service.secret).await);
        let answer = app.get(&authorize(&service, &[])).send().await;
        answer.assert_status(400);
        app.get(&waiting).session(&desk.session).send().await.assert_status(400);
        assert!(matches!(suspend(&app.app, By::CommandLine, "impots", true, "").await, Err(ManageError::Already("suspended"))));
        suspend(&app.app, By::CommandLine, "impots", false, "").await.unwrap();
        assert!(known(&app, &service, &service.secret).await);
        assert_eq!(logged(&app, "client.changed").await, 2);
    }

    /// Known failure 19, for services: what a suspension ends does not come back with the service.
    async fn what_was_open_at_a_suspended_service_never_lives_again(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), None).await;
        let service = app.service("impots", |new| {
            new.policy.may_refresh = true;
            new.policy.backchannel_logout_uri = Some("https://impots.example/out".to_owned());
        }).await;
        let other = app.service("allocations", |_| {}).await;
        let mut browser = Browser::of(&app, &desk);
        let code = param(&browser.open(&service, user, &[]).await, "code").unwrap();
        let tokens = json(redeem(&app, &service, &code, &[]).await.assert_status(200));
        let elsewhere = param(&browser.open(&other, user, &[]).await, "code").unwrap();
        let elsewhere = json(redeem(&app, &other, &elsewhere, &[]).await.assert_status(200));
        let silent = browser.arrive(&service, &[("prompt", "none")]).await;
        let unspent = param(browser.get(&silent).await.location(), "code").unwrap();
        suspend(&app.app, By::CommandLine, "impots", true, "").await.unwrap();
        assert_eq!(app.count("SELECT COUNT(*) FROM use_session WHERE end_cause = 'revoked'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM logout_message").await, 1, "the service is told");
        suspend(&app.app, By::CommandLine, "impots", false, "").await.unwrap();
        assert!(known(&app, &service, &service.secret).await, "it goes on");
        let access = tokens["access_token"].as_str().unwrap();
        userinfo(&app, access).await.assert_status(401);
        let said = server(app.post("/introspect")).header("authorization", basic(&service));
        let said = said.form(&[("token", access)]).send().await;
        assert_eq!(json(&said), json!({ "active": false }));
        let answer = redeem(&app, &service, &unspent, &[]).await;
        assert_eq!(json(answer.assert_status(400))["error"], "invalid_grant");
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
        let call = server(app.post("/token")).header("authorization", basic(&service));
        assert_eq!(json(call.form(&refresh).send().await.assert_status(400))["error"], "invalid_grant");
        let silent = browser.arrive(&service, &[("prompt", "none")]).await;
        let answer = browser.get(&silent).await;
        assert_eq!(param(answer.location(), "error").as_deref(), Some("login_required"));
        userinfo(&app, elsewhere["access_token"].as_str().unwrap()).await.assert_status(200);
        // A use that was being opened meanwhile ends when the service goes on.
        let late = param(&browser.open(&service, user, &[]).await, "code").unwrap();
        app.change_by_hand("UPDATE client SET status = 'suspended' WHERE client_id = 'impots' AND created_at <= $1").await;
        suspend(&app.app, By::CommandLine, "impots", false, "").await.unwrap();
        redeem(&app, &service, &late, &[]).await.assert_status(400);
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
