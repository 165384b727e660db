//! A known address asked with a method it does not have: 405, and which methods it has (RFC 9110 §15.5.6).
use std::collections::{BTreeMap, BTreeSet};

use entremise::web::router::routes;
use http::Method;

use crate::support::{Engine, TestApp};

#[tokio::test]
async fn a_wrong_method_is_told_which_are_right() {
    let app = TestApp::fresh(Engine::Sqlite).await;
    let mut table: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for route in routes() {
        table.entry(route.path).or_default().insert(route.method.to_string());
    }
    assert!(table.len() > 30, "the routes were read");
    for (path, methods) in table {
        let address: String = path
            .split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part })
            .collect::<Vec<_>>()
            .join("/");
        let wrong = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE];
        for method in wrong.into_iter().filter(|method| !methods.contains(method.as_str())) {
            let answer = app.call(method.clone(), &address).send().await;
            answer.assert_status(405);
            let allowed: BTreeSet<String> = answer
                .header("allow")
                .split(',')
                .map(|name| name.trim().to_owned())
                .filter(|name| name != "HEAD")
                .collect();
            assert_eq!(allowed, methods, "{method} {address}");
            assert_eq!(answer.header("allow").contains("HEAD"), methods.contains("GET"), "{address}");
        }
    }
    // What does not exist stays unknown, whatever the method.
    for method in [Method::GET, Method::POST, Method::DELETE] {
        let answer = app.call(method, "/nowhere").send().await;
        answer.assert_status(404);
        assert_eq!(answer.header("allow"), "");
    }
    app.call(Method::DELETE, "/token")
        .send()
        .await
        .assert_status(405)
        .assert_contains("Cette adresse ne s’utilise pas ainsi");
}
