//! The keys that sign: rotated while services redeem codes, and the signed answer of userinfo.
use std::collections::BTreeSet;
use std::sync::Arc;

use entremise::app::App;
use entremise::app::openid::OpenId;
use entremise::app::signing_keys::{self, KeysError};
use entremise::crypto::jwt::Alg;
use entremise::domain::ids::UserId;
use entremise::oidc::provider::params::Params;
use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;
use time::Duration;

use super::provider::{Browser, basic, json, logged, param, redeem, server, userinfo};
use super::provider_tokens::issue;
use crate::support::app::TestApp;
use crate::support::services::{Desk, Mandate, Service, josette};
use crate::support::signing::NO_PROOF;

async fn scene(app: &TestApp) -> (Desk, UserId, Mandate) {
    let desk = app.desk("Nadia", "35600000012345").await;
    let user = app.user(&josette()).await;
    let mandate = app.mandate(&desk, user, &["argent"], Duration::days(300), None).await;
    (desk, user, mandate)
}

/// Another node on the same database: it keeps keys and waiting acts of its own.
fn another_node(app: &App) -> App {
    let mut node = app.clone();
    node.openid = Arc::new(OpenId::new(&node.sealer, &node.config.server));
    node.together = Arc::default();
    node
}

fn published(text: &str) -> JwkSet {
    serde_json::from_str(text).expect("a key set")
}

/// Redeems codes on one node; each ID token is verified with the keys that either node publishes. The keys used.
async fn load(
    on: App,
    other: App,
    work: Arc<(Desk, UserId, Service, Mandate)>,
    times: usize,
) -> BTreeSet<String> {
    let (desk, user, service, mandate) = &*work;
    let mut used = BTreeSet::new();
    for _ in 0..times {
        let code = issue(&on, desk, *user, service, mandate).await;
        let body = format!(
            "grant_type=authorization_code&code={}&redirect_uri=https%3A%2F%2Fimpots.example%2Fcb",
            code.reveal()
        );
        let params = Params::parse(body.as_bytes());
        let tokens =
            entremise::app::redeem_code::redeem(&on, NO_PROOF, Some(&basic(service)), &params, "test").await;
        let tokens = serde_json::to_value(tokens.expect("no request fails")).unwrap();
        let token = tokens["id_token"].as_str().expect("an ID token");
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.expect("a kid");
        for node in [&on, &other] {
            let ring = signing_keys::ring(node).await.expect("keys");
            let keys = published(ring.jwks());
            let key = keys.find(&kid).unwrap_or_else(|| panic!("{kid} is not published"));
            let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
            let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
            rules.validate_exp = false;
            rules.set_audience(&["impots"]);
            jsonwebtoken::decode::<Value>(token, &key, &rules).expect("a good signature");
        }
        used.insert(kid);
    }
    used
}

on_both_engines! {
    async fn keys_rotate_under_load_without_a_failed_request(app: TestApp) {
        let (desk, user, mandate) = scene(&app).await;
        let service = app.service("impots", |_| {}).await;
        let work = Arc::new((desk, user, service, mandate));
        let (one, two) = (app.app.clone(), another_node(&app.app));
        app.clock.advance(Duration::hours(1));
        let mut used = load(one.clone(), two.clone(), Arc::clone(&work), 1).await;
        for (rotates, round) in [(&one, 1), (&two, 2), (&one, 3)] {
            let here = tokio::spawn(load(one.clone(), two.clone(), Arc::clone(&work), 20));
            let there = tokio::spawn(load(two.clone(), one.clone(), Arc::clone(&work), 20));
            let other = if round == 2 { &one } else { &two };
            let (first, second) =
                tokio::join!(signing_keys::generate(rotates, Alg::Es256), signing_keys::generate(other, Alg::Es256));
            let made = [&first, &second].into_iter().filter(|made| made.is_ok()).count();
            assert_eq!(made, 1, "of two nodes that rotate at once one does: {first:?} {second:?}");
            let late = first.err().or(second.err()).unwrap();
            assert!(matches!(late, KeysError::TooSoon("ES256")), "{late}");
            used.extend(here.await.unwrap());
            used.extend(there.await.unwrap());
            app.clock.advance(Duration::seconds(61));
            used.extend(load(two.clone(), one.clone(), Arc::clone(&work), 2).await);
            app.clock.advance(Duration::hours(1));
        }
        assert_eq!(used.len(), 4, "each key signed in its turn");
        assert_eq!(app.count("SELECT COUNT(*) FROM signing_key WHERE alg = 'ES256' AND state = 'current'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM signing_key WHERE alg = 'ES256' AND state = 'next'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM signing_key WHERE alg = 'ES256' AND state = 'retired'").await, 2);
        assert_eq!(logged(&app, "key.retired").await, 2);
    }

    async fn keys_rotate_by_themselves(app: TestApp) {
        app.service("impots", |_| {}).await;
        assert_eq!(signing_keys::keep(&app.app).await.unwrap(), 0);
        let before = published(&app.get("/jwks").send().await.body);
        app.clock.advance(Duration::days(90));
        assert_eq!(signing_keys::keep(&app.app).await.unwrap(), 2, "one of each algorithm");
        assert_eq!(signing_keys::keep(&app.app).await.unwrap(), 0, "once");
        let after = published(&app.get("/jwks").send().await.body);
        assert_eq!((before.keys.len(), after.keys.len()), (4, 6));
        assert!(before.keys.iter().all(|key| after.keys.contains(key)), "what signed stays published");
        app.clock.advance(Duration::days(2) - Duration::seconds(1));
        assert_eq!(signing_keys::keep(&app.app).await.unwrap(), 0);
        app.clock.advance(Duration::seconds(1));
        assert_eq!(signing_keys::keep(&app.app).await.unwrap(), 2);
        assert_eq!(published(&app.get("/jwks").send().await.body).keys.len(), 4, "nothing needs them any more");
        assert_eq!(logged(&app, "key.retired").await, 2);
    }

    /// A node reads the keys once a minute at most: in between both documents are answered with the database out of reach.
    async fn the_documents_are_answered_from_memory(app: TestApp) {
        app.service("impots", |_| {}).await;
        let before = published(&app.get("/jwks").send().await.body);
        app.app.store.close().await;
        app.clock.advance(Duration::seconds(59));
        app.get("/.well-known/openid-configuration").send().await.assert_status(200).assert_contains("jwks_uri");
        assert_eq!(published(&app.get("/jwks").send().await.body), before);
    }

    async fn userinfo_is_signed_where_registered(app: TestApp) {
        let (desk, user, _) = scene(&app).await;
        for (name, alg) in [("es", Alg::Es256), ("rs", Alg::Rs256)] {
            let service = app.service(name, |new| new.policy.userinfo_alg = Some(alg)).await;
            let code = param(&Browser::of(&app, &desk).open(&service, user, &[]).await, "code").expect("a code");
            let tokens = json(redeem(&app, &service, &code, &[]).await.assert_status(200));
            let token = tokens["access_token"].as_str().unwrap();
            let answer = userinfo(&app, token).await;
            answer.assert_status(200);
            assert_eq!(answer.header("content-type"), "application/jwt");
            assert_eq!(answer.header("cache-control"), "no-store");
            let header = jsonwebtoken::decode_header(&answer.body).unwrap();
            let keys = published(&app.get("/jwks").send().await.body);
            let key = jsonwebtoken::DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
            let algorithm = if name == "es" { jsonwebtoken::Algorithm::ES256 } else { jsonwebtoken::Algorithm::RS256 };
            let mut rules = jsonwebtoken::Validation::new(algorithm);
            rules.required_spec_claims.clear();
            rules.validate_exp = false;
            rules.set_audience(&[name]);
            rules.set_issuer(&["http://localhost:8080"]);
            let claims = jsonwebtoken::decode::<Value>(&answer.body, &key, &rules).expect("a good signature").claims;
            assert_eq!((&claims["family_name"], &claims["birthdate"]), (&"Martin".into(), &"1962-00-00".into()));
            assert!(claims["sub"].is_string() && claims["act"]["sub"].is_string());
            // The same by a posted body, and refusals stay JSON.
            let posted = server(app.post("/userinfo")).form(&[("access_token", token)]).send().await;
            assert_eq!(posted.assert_status(200).header("content-type"), "application/jwt");
            let refused = userinfo(&app, "nonsense").await;
            assert_eq!(refused.assert_status(401).header("content-type"), "application/json");
        }
    }
}
