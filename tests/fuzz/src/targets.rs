//! What is fuzzed, and what must hold of every answer.
use std::pin::Pin;

use serde_json::Value;

use super::input::{filled, lines};
use super::product::{Answered, ISSUER, Product};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

type Done<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
pub type Target = for<'a> fn(&'a Product, &'a [u8]) -> Done<'a>;

pub fn named(name: &str) -> Target {
    match name {
        "authorize" => |product, data| Box::pin(authorize(product, data)),
        "assertion" => |product, data| Box::pin(assertion(product, data)),
        "proof" => |product, data| Box::pin(proof(product, data)),
        "requests" => |product, data| Box::pin(requests(product, data)),
        "evaluation" => |product, data| Box::pin(evaluation(product, data)),
        other => panic!("{other} is no target"),
    }
}

/// Parameters of an authorization request, by form and by address. The browser goes nowhere but to the service's own
/// address or to a page of ours.
async fn authorize(product: &Product, data: &[u8]) {
    let body = filled(product, data).await;
    let session = product.session();
    let posted = product.post("/authorize", &[("cookie", session.clone())], FORM, body.clone()).await;
    stays(product, &posted);
    let query: String = body
        .iter()
        .map(|byte| match byte {
            b'!' | b'$'..=b';' | b'=' | b'?'..=b'Z' | b'_' | b'a'..=b'z' | b'~' => {
                char::from(*byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    if query.len() < 8_000
        && let Some(answer) =
            product.get(&format!("/authorize?{query}"), &[("cookie", session.into_bytes())]).await
    {
        stays(product, &answer);
    }
}

fn stays(product: &Product, answer: &Answered) {
    let to = answer.header("location");
    let ours = to.is_empty() || (to.starts_with('/') && !to.starts_with("//"));
    let known = [&product.open.redirect_uri, &product.keyed.redirect_uri];
    let theirs = known.into_iter().any(|uri| to.starts_with(&format!("{uri}?")));
    assert!(ours || theirs, "sent to {to}");
}

/// A client assertion: on one line its header, on the others its claims, both signed by the right key; or any text.
/// Accepted only when it names the client and the issuer alone.
async fn assertion(product: &Product, data: &[u8]) {
    let data = filled(product, data).await;
    let (header, claims) = lines(&data);
    let (text, signed) = match header {
        [] => (String::from_utf8_lossy(claims).into_owned(), false),
        _ => (product.signed(header, claims), true),
    };
    let mut body = form_urlencoded::Serializer::new("token=none".to_owned());
    body.append_pair("client_assertion_type", ASSERTION_TYPE).append_pair("client_assertion", &text);
    let answer = product.post("/introspect", &[], FORM, body.finish()).await;
    an_answer(&answer);
    if answer.status.is_success() && signed {
        let header: Value = serde_json::from_slice(header).expect("an accepted header is JSON");
        let claims: Value = serde_json::from_slice(claims).expect("accepted claims are JSON");
        assert_eq!(header["alg"], "ES256");
        for (name, expected) in [("iss", "keyed"), ("sub", "keyed"), ("aud", ISSUER)] {
            assert_eq!(claims[name], expected, "{claims}");
        }
        assert!(claims["exp"].is_number() && claims["jti"].is_string(), "{claims}");
    }
}

/// A proof of possession: as an assertion, at userinfo. Accepted only when it was made for this call.
async fn proof(product: &Product, data: &[u8]) {
    let data = filled(product, data).await;
    let (header, claims) = lines(&data);
    let (text, signed) = match header {
        [] => (claims.to_vec(), false),
        _ => (product.signed(header, claims).into_bytes(), true),
    };
    let token = format!("DPoP {}", product.bound).into_bytes();
    let Some(answer) = product.get("/userinfo", &[("authorization", token), ("dpop", text)]).await else {
        return;
    };
    an_answer(&answer);
    if answer.status.is_success() {
        assert!(signed, "nobody else can sign");
        let claims: Value = serde_json::from_slice(claims).expect("accepted claims are JSON");
        assert_eq!(claims["htm"], "GET", "{claims}");
        let url = url::Url::parse(claims["htu"].as_str().expect("an address")).expect("an address");
        assert_eq!((url.path(), url.port()), ("/userinfo", Some(8080)), "{claims}");
    }
}

/// The body of a call by a service: its first byte says which call and how the service shows who it is.
async fn requests(product: &Product, data: &[u8]) {
    let Some((way, body)) = data.split_first() else { return };
    let body = filled(product, body).await;
    let paths = ["/token", "/par", "/introspect", "/revoke", "/userinfo", "/actions", "/actions"];
    let path = paths[usize::from(way & 0x0f) % paths.len()];
    let kind = if path == "/actions" { JSON } else { FORM };
    // What is given back is not the token that the next input needs.
    let own = if path == "/revoke" {
        String::from_utf8_lossy(&body).replace(&product.token, "gone").into_bytes()
    } else {
        body
    };
    let mut headers = vec![("idempotency-key", format!("{}", way >> 4))];
    match (path, way >> 6) {
        ("/actions", _) => headers.push(("authorization", format!("Bearer {}", product.token))),
        ("/userinfo", 0) => headers.push(("authorization", format!("Bearer {}", product.token))),
        ("/userinfo", _) | (_, 0) => {}
        (_, _) => headers.push(("authorization", product.basic())),
    }
    an_answer(&product.post(path, &headers, kind, own).await);
}

/// An AuthZEN question. Yes only to a question about the people of the open use.
async fn evaluation(product: &Product, data: &[u8]) {
    let body = filled(product, data).await;
    let answer = product
        .post("/access/v1/evaluation", &[("authorization", product.basic())], JSON, body.clone())
        .await;
    an_answer(&answer);
    if answer.json()["decision"] == true {
        let asked: Value = serde_json::from_slice(&body).expect("an answered question is JSON");
        assert_eq!(asked["subject"]["id"], product.worth["act"]["sub"], "{asked}");
        assert_eq!(
            asked["subject"]["properties"]["structure"], product.worth["act"]["act"]["sub"],
            "{asked}"
        );
        assert_eq!(asked["resource"]["id"], product.worth["sub"], "{asked}");
        let domain = &asked["resource"]["properties"]["domain"];
        assert!(domain.is_null() || domain == "argent", "{asked}");
    }
}

/// What holds of every answer to a service: JSON, never stored, an error with its two members and its challenge.
fn an_answer(answer: &Answered) {
    assert_eq!(answer.header("cache-control"), "no-store");
    let told = answer.json();
    if answer.status.is_success() {
        return;
    }
    let members = told.as_object().expect("an object");
    assert_eq!(members.len(), 2, "{told}");
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|c| matches!(c, b' '..=b'~') && c != b'"' && c != b'\\')
    };
    assert!(
        told["error"].as_str().is_some_and(plain) && told["error_description"].as_str().is_some_and(plain),
        "{told}"
    );
    assert!(answer.status.as_u16() != 401 || !answer.header("www-authenticate").is_empty(), "{told}");
}
