use super::*;
use crate::oidc::provider::jose::tests::{Signer, signers};
use proptest::prelude::*;
use serde_json::{Value, json};

const ISSUER: &str = "https://op.example";
const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_unix(NOW).unwrap()
}

fn claims() -> Value {
    json!({"iss": "bank", "sub": "bank", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "nbf": NOW, "jti": "one"})
}

/// The good claims with some replaced, or with null left out.
fn with(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn check(text: &str, keys: &JwkSet) -> Result<Proven, BadAssertion> {
    Assertion::read(text)?.check(keys, ISSUER, now())
}

fn set(signer: &Signer) -> JwkSet {
    JwkSet { keys: vec![signer.public.clone()] }
}

#[test]
fn every_algorithm_served_proves_its_client() {
    for signer in signers() {
        let proven = check(&signer.sign(None, &claims()), &set(&signer)).unwrap();
        assert_eq!(proven.until, Timestamp::from_unix(NOW + 60).unwrap(), "{}", signer.name);
    }
}

#[test]
fn the_same_name_is_the_same_proof_and_another_is_another() {
    let signer = &signers()[0];
    let spent = |changes| check(&signer.sign(None, &with(&changes)), &set(signer)).unwrap().spent_as;
    assert_eq!(spent(json!({})), spent(json!({"exp": NOW + 9})), "whatever else it says");
    assert_ne!(spent(json!({})), spent(json!({"jti": "two"})));
    assert_ne!(spent_as("dpop", "bank", "one"), spent(json!({})));
    assert_ne!(spent_as("assertion", "ban", "kone"), spent(json!({})));
}

#[test]
fn clocks_a_little_apart_and_fractions_are_accepted() {
    let signer = &signers()[0];
    for good in [
        json!({"iat": NOW + 10, "nbf": NOW + 10}),
        json!({"iat": null, "nbf": null}),
        json!({"iat": NOW - 3_000}),
        json!({"exp": 1_800_000_060.5}),
        json!({"iat": NOW + 30, "exp": NOW + 30 + 3_600}),
        json!({"surprise": [1]}),
    ] {
        assert!(check(&signer.sign(None, &with(&good)), &set(signer)).is_ok(), "{good}");
    }
}

#[test]
fn whatever_is_wrong_with_it_is_refused() {
    use BadAssertion::{Audience, Expired, FromTheFuture, Jti, Subject, TooLong, Unreadable};
    let signer = &signers()[0];
    for (bad, why) in [
        (json!({"iss": "other"}), Subject),
        (json!({"iss": null}), Unreadable),
        (json!({"aud": [ISSUER]}), Audience),
        (json!({"aud": [ISSUER, "https://other.example"]}), Audience),
        (json!({"aud": "https://op.example/token"}), Audience),
        (json!({"aud": "https://op.example/par"}), Audience),
        (json!({"aud": "https://op.example/"}), Audience),
        (json!({"aud": null}), Audience),
        (json!({"exp": null}), Unreadable),
        (json!({"exp": "soon"}), Unreadable),
        (json!({"exp": NOW}), Expired),
        (json!({"exp": NOW - 300}), Expired),
        (json!({"exp": 1e300}), Expired),
        (json!({"exp": NOW + 3_631}), TooLong),
        (json!({"exp": NOW + 90_000}), TooLong),
        (json!({"iat": NOW + 61}), FromTheFuture),
        (json!({"nbf": NOW + 61}), FromTheFuture),
        (json!({"jti": null}), Unreadable),
        (json!({"jti": ""}), Jti),
        (json!({"jti": "x".repeat(257)}), Jti),
    ] {
        assert_eq!(check(&signer.sign(None, &with(&bad)), &set(signer)), Err(why), "{bad}");
    }
    assert_eq!(check(&signer.sign(None, &with(&json!({"sub": null}))), &set(signer)), Err(Unreadable));
}

#[test]
fn another_key_or_algorithm_proves_nothing() {
    let all = signers();
    let text = all[0].sign(None, &claims());
    assert_eq!(check(&text, &set(&all[1])), Err(BadAssertion::UnknownKey));
    let other = &signers()[0];
    let mut renamed = set(other);
    assert_eq!(check(&text, &renamed), Err(BadAssertion::UnknownKey));
    renamed.keys[0].common.key_id = all[0].public.common.key_id.clone();
    assert_eq!(check(&text, &renamed), Err(BadAssertion::Signature));
    let mut for_encryption = set(&all[0]);
    for_encryption.keys[0].common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Encryption);
    assert_eq!(check(&text, &for_encryption), Err(BadAssertion::UnknownKey));
    // RS256 with the very RSA key registered, a shared secret, and no signature at all.
    let rsa = all.iter().find(|signer| signer.name == "PS256").unwrap();
    let rs256 = rsa.sign_as(jsonwebtoken::Algorithm::RS256, None, &claims());
    assert_eq!(check(&rs256, &set(rsa)), Err(BadAssertion::UnknownKey));
    let secret = jsonwebtoken::EncodingKey::from_secret(b"public");
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    let forged = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
    assert_eq!(check(&forged, &set(&all[0])), Err(BadAssertion::UnknownKey));
    let payload = text.split('.').nth(1).unwrap();
    let none = format!("eyJhbGciOiJub25lIn0.{payload}.");
    assert_eq!(check(&none, &set(&all[0])), Err(BadAssertion::UnknownKey));
}

#[test]
fn a_body_names_its_kind_of_assertion() {
    let text = signers()[0].sign(None, &claims());
    let of = |kind: &str, text: &str| {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("client_assertion_type", kind).append_pair("client_assertion", text);
        presented(&Params::parse(body.finish().as_bytes())).unwrap()
    };
    assert_eq!(of(ASSERTION_TYPE, &text).unwrap().unwrap().client_id, "bank");
    for (kind, text) in
        [("", text.as_str()), ("urn:other", &text), (ASSERTION_TYPE, ""), (ASSERTION_TYPE, "a.b")]
    {
        assert!(matches!(of(kind, text), Some(Err(BadAssertion::Unreadable))), "{kind} {text}");
    }
    assert!(of("", "").is_none());
}

proptest! {
    #[test]
    fn never_panics(text in "[ -~]{0,200}", header in "[ -~]{0,60}", payload in "[ -~]{0,120}") {
        let keys = JwkSet { keys: Vec::new() };
        let encode = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
        for text in [text, format!("{}.{}.{}", encode(&header), encode(&payload), encode("x"))] {
            prop_assert!(check(&text, &keys).is_err());
        }
    }

    #[test]
    fn any_claims_of_a_client_that_signs_never_panic(
        name in prop::sample::select(vec!["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]),
        text in "[^\0]{0,40}", number in any::<f64>(), whole in any::<i64>(),
    ) {
        let signer = &signers()[0];
        for value in [json!(text), json!(number), json!(whole), json!([text]), json!({"a": whole})] {
            let _ = check(&signer.sign(None, &with(&json!({name: value}))), &set(signer));
        }
    }
}
