//! The description of what services call is what the program does: its paths are the routes, and every answer seen here
//! is one it announces, of the shape it announces.
use std::collections::BTreeSet;

use entremise::web::route::Access;
use entremise::web::router::routes;
use serde_json::{Value, json as value};
use time::Duration;

use crate::flows::provider::{Browser, basic, json, param, redeem, server};
use crate::support::app::{Answer, TestApp};
use crate::support::services::josette;

fn document() -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/api/openapi.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the document")).expect("JSON")
}

#[test]
fn its_paths_are_the_routes_of_services() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut written = BTreeSet::new();
    let mut names = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            written.insert((method.to_uppercase(), path.clone()));
            assert!(names.insert(operation["operationId"].to_string()), "a name twice");
            assert!(!operation["responses"].as_object().expect("answers").is_empty());
        }
    }
    let known: BTreeSet<(String, String)> = routes()
        .iter()
        .filter(|route| route.access == Access::Service || written.iter().any(|(_, path)| path == route.path))
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .collect();
    assert_eq!(written, known);
}

/// Follows a reference within the document.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let place = reference.strip_prefix('#').expect("within the document");
            document.pointer(place).unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => value,
    }
}

/// What is wrong with a value, by the words of JSON Schema that the document uses.
fn fault(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let schema = resolved(document, schema);
    let is = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some(other) => panic!("{other}: a type this test does not know"),
        None => true,
    };
    let listed = schema["enum"].as_array().is_none_or(|list| list.contains(value));
    let constant = schema.get("const").is_none_or(|constant| constant == value);
    if !is || !listed || !constant {
        return Some(format!("{at}: {value} is not {schema}"));
    }
    if let Some(object) = value.as_object() {
        let known = schema["properties"].as_object();
        for name in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(name.as_str().expect("a name")) {
                return Some(format!("{at}: {name} is missing"));
            }
        }
        for (name, value) in object {
            match known.and_then(|known| known.get(name)) {
                Some(schema) => {
                    let wrong = fault(document, schema, value, &format!("{at}/{name}"));
                    if wrong.is_some() {
                        return wrong;
                    }
                }
                None if schema["additionalProperties"] == false => {
                    return Some(format!("{at}: {name} is not announced"));
                }
                None => {}
            }
        }
    }
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|item| fault(document, &schema["items"], item, at)).next()
}

#[track_caller]
fn announced(document: &Value, seen: &mut BTreeSet<String>, answer: &Answer) {
    let (method, path) = answer.call.split_once(' ').expect("a call");
    let operation = &document["paths"][path][method.to_lowercase()];
    let status = answer.status.as_u16().to_string();
    let response = resolved(document, &operation["responses"][&status]);
    assert!(response["description"].is_string(), "{} answers {status}, which is not announced", answer.call);
    let kind = answer.header("content-type");
    let schema = &response["content"][kind]["schema"];
    assert!(schema.is_object(), "{} {status}: {kind} is not announced", answer.call);
    let body = if kind.ends_with("json") { json(answer) } else { Value::String(answer.body.clone()) };
    if let Some(fault) = fault(document, schema, &body, "") {
        panic!("{} {status}: {fault}\n{}", answer.call, answer.body);
    }
    for name in response["headers"].as_object().into_iter().flatten().map(|(name, _)| name) {
        assert!(!answer.header(name).is_empty(), "{} {status}: no {name}", answer.call);
    }
    if answer.status.as_u16() >= 400 {
        assert!(crate::errors::is_listed(&status, &body), "not in the catalogue of errors: {}", answer.body);
    }
    seen.insert(format!("{} {status}", answer.call));
}

on_both_engines! {
    async fn every_answer_is_one_it_announces(app: TestApp) {
        let document = document();
        let mut seen = BTreeSet::new();
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await;
        let service = app.service("impots", |new| new.policy.may_refresh = true).await;
        let signed = app.service("signed", |new| new.policy.userinfo_alg = Some(entremise::crypto::jwt::Alg::Es256)).await;
        let code = param(&Browser::of(&app, &desk).open(&service, user, &[]).await, "code").unwrap();
        let tokens = redeem(&app, &service, &code, &[]).await;
        let given = json(&tokens);
        let (token, refresh) = (given["access_token"].as_str().unwrap(), given["refresh_token"].as_str().unwrap());
        let code = param(&Browser::of(&app, &desk).open(&signed, user, &[]).await, "code").unwrap();
        let other = json(&redeem(&app, &signed, &code, &[]).await);
        let post = |path: &str| server(app.post(path)).header("authorization", basic(&service));
        let bearer = |path: &str, token: &str| server(app.post(path)).header("authorization", format!("Bearer {token}"));
        let told = json(&post("/introspect").form(&[("token", token)]).send().await);
        let question = value!({
            "subject": { "type": "aidant", "id": told["act"]["sub"], "properties": { "structure": told["act"]["act"]["sub"] } },
            "action": { "name": "act" }, "resource": { "type": "user", "id": told["sub"] } });
        let report = |outcome: &str, domain: &str| {
            value!({ "type": "x", "label": "l", "outcome": outcome, "domain": domain }).to_string()
        };
        let long = "x".repeat(70_000);
        let act = |key: &str, body: String| bearer("/actions", token).header("idempotency-key", key).json(body);
        for answer in [
            tokens,
            post("/token").form(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]).send().await,
            post("/token").form(&[]).send().await,
            server(app.post("/token")).form(&[]).send().await,
            post("/par").form(&[("response_type", "code"), ("redirect_uri", &service.redirect_uri), ("scope", "openid"),
                ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S256")]).send().await,
            post("/par").form(&[]).send().await,
            server(app.post("/par")).form(&[]).send().await,
            post("/introspect").form(&[("token", token)]).send().await,
            post("/introspect").form(&[("token", "x")]).send().await,
            post("/introspect").form(&[]).send().await,
            server(app.post("/introspect")).form(&[("token", token)]).send().await,
            post("/revoke").form(&[("token", "x")]).send().await,
            post("/revoke").form(&[]).send().await,
            server(app.post("/revoke")).form(&[]).send().await,
            bearer("/userinfo", token).send().await,
            bearer("/userinfo", other["access_token"].as_str().unwrap()).send().await,
            bearer("/userinfo", token).form(&[("access_token", token)]).send().await,
            bearer("/userinfo", "x").send().await,
            server(app.post("/userinfo")).form(&[("access_token", token)]).send().await,
            server(app.get("/userinfo")).header("authorization", format!("Bearer {token}")).send().await,
            server(app.get("/userinfo")).send().await,
            post("/access/v1/evaluation").json(question.to_string()).send().await,
            post("/access/v1/evaluation").json("{}").send().await,
            server(app.post("/access/v1/evaluation")).json(question.to_string()).send().await,
            act("1", report("done", "argent")).send().await,
            act("1", report("done", "argent")).send().await,
            act("1", report("refused", "argent")).send().await,
            act("2", report("done", "social")).send().await,
            act("3", report("perhaps", "argent")).send().await,
            bearer("/actions", "x").header("idempotency-key", "4").json(report("done", "argent")).send().await,
            post("/token").form(&[("grant_type", &long)]).send().await,
            post("/par").form(&[("state", &long)]).send().await,
            post("/introspect").form(&[("token", &long)]).send().await,
            post("/revoke").form(&[("token", &long)]).send().await,
            bearer("/userinfo", token).form(&[("access_token", &long)]).send().await,
            post("/access/v1/evaluation").json(long.clone()).send().await,
            act("5", long.clone()).send().await,
            app.get("/jwks").send().await,
            app.get("/openapi.json").send().await,
            app.get("/.well-known/openid-configuration").send().await,
            app.get("/.well-known/oauth-authorization-server").send().await,
        ] {
            announced(&document, &mut seen, &answer);
        }
        // All that is announced was seen, but for what a healthy program does not answer.
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                for status in operation["responses"].as_object().unwrap().keys().filter(|status| *status != "500") {
                    let call = format!("{} {path} {status}", method.to_uppercase());
                    assert!(seen.contains(&call) || call == "GET /userinfo 400", "{call} was not seen");
                }
            }
        }
        assert_eq!(json(&app.get("/openapi.json").send().await), document);
    }
}
