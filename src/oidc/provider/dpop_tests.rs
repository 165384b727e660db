use super::*;
use crate::oidc::provider::jose::tests::{Signer, signers};
use proptest::prelude::*;
use serde_json::{Value, json};

const URL: &str = "https://op.example/token";
const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_unix(NOW).unwrap()
}

/// The claims of a good proof with some replaced, or with null left out.
fn with(changes: &Value) -> Value {
    let mut claims = json!({"jti": "one", "htm": "POST", "htu": URL, "iat": NOW});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn proof(signer: &Signer, changes: &Value) -> String {
    signer.sign(Some("dpop+jwt"), &with(changes))
}

fn checked(proof: &str, token: Option<&str>) -> Result<Proof, BadProof> {
    check(Call { method: "POST", url: URL, proofs: &[proof] }, token, now()).map(Option::unwrap)
}

#[test]
fn every_algorithm_served_proves_its_key() {
    for signer in signers() {
        let found = checked(&proof(&signer, &json!({})), None).unwrap();
        assert_eq!(found.jkt, signer.public.thumbprint(ThumbprintHash::SHA256).unwrap());
        assert!(is_thumbprint(&found.jkt));
        assert!(found.until > now() + WINDOW, "remembered for longer than it would be taken");
    }
    assert_eq!(check(Call { method: "POST", url: URL, proofs: &[] }, None, now()), Ok(None));
}

#[test]
fn addresses_are_the_same_whatever_their_writing() {
    let signer = &signers()[0];
    for same in [
        "https://op.example:443/token",
        "HTTPS://OP.example/token",
        "https://op.example/token?a=1#b",
        "https://op.example/./token",
    ] {
        assert!(checked(&proof(signer, &json!({"htu": same})), None).is_ok(), "{same}");
    }
    for other in [
        "https://op.example/Token",
        "https://op.example/token/",
        "http://op.example/token",
        "https://op.example:8443/token",
        "https://op.example.evil.example/token",
        "https://op.example@evil.example/token",
        "https://user@op.example/token",
        "/token",
        "",
    ] {
        let refused = checked(&proof(signer, &json!({"htu": other})), None);
        assert_eq!(refused, Err(BadProof::OtherCall), "{other}");
    }
}

#[test]
fn a_proof_for_another_call_time_or_token_is_refused() {
    let signer = &signers()[0];
    for (bad, why) in [
        (json!({"htm": "GET"}), BadProof::OtherCall),
        (json!({"htm": "post"}), BadProof::OtherCall),
        (json!({"htm": null}), BadProof::Unreadable),
        (json!({"htu": null}), BadProof::Unreadable),
        (json!({"iat": NOW - 61}), BadProof::Age),
        (json!({"iat": NOW + 61}), BadProof::Age),
        (json!({"iat": 1e300}), BadProof::Age),
        (json!({"iat": null}), BadProof::Unreadable),
        (json!({"iat": "now"}), BadProof::Unreadable),
        (json!({"jti": null}), BadProof::Unreadable),
        (json!({"jti": ""}), BadProof::Unreadable),
        (json!({"jti": "x".repeat(257)}), BadProof::Unreadable),
    ] {
        assert_eq!(checked(&proof(signer, &bad), None), Err(why), "{bad}");
    }
    for good in [json!({"iat": NOW - 60}), json!({"iat": NOW + 60}), json!({"ath": "of a token elsewhere"})] {
        assert!(checked(&proof(signer, &good), None).is_ok(), "{good}");
    }
    let at = |ath: Value| checked(&proof(signer, &json!({ "ath": ath })), Some("a-token"));
    assert!(at(json!(ath("a-token"))).is_ok());
    for bad in [json!(null), json!(""), json!(ath("other")), json!("a-token")] {
        assert_eq!(at(bad), Err(BadProof::OtherToken));
    }
}

#[test]
fn its_header_must_be_that_of_a_proof() {
    let signer = &signers()[0];
    assert_eq!(checked(&signer.sign(Some("JWT"), &with(&json!({}))), None), Err(BadProof::Header));
    let good = proof(signer, &json!({}));
    let rest = good.split_once('.').unwrap().1;
    let header = |header: &Value| format!("{}.{rest}", BASE64URL_NOPAD.encode(header.to_string().as_bytes()));
    let public = serde_json::to_value(&signer.public).unwrap();
    let mut private = public.clone();
    private["d"] = json!("AAAA");
    for (bad, why) in [
        (json!({"typ": "dpop+jwt", "alg": "ES256"}), BadProof::Header),
        (json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": private}), BadProof::Header),
        (json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "oct", "k": "AAAA"}}), BadProof::Header),
        (json!({"typ": "dpop+jwt", "alg": "HS256", "jwk": public}), BadProof::Signature),
        (json!({"typ": "dpop+jwt", "alg": "none", "jwk": public}), BadProof::Signature),
        (
            json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": public, "crit": ["x"], "x": 1}),
            BadProof::Unreadable,
        ),
        (json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": signers()[0].public}), BadProof::Signature),
    ] {
        assert_eq!(checked(&header(&bad), None), Err(why), "{bad}");
    }
    let call = Call { method: "POST", url: URL, proofs: &[&good, &good] };
    assert_eq!(check(call, None, now()), Err(BadProof::Several));
    for nonsense in ["", "a.b.c", "....", &good[..40], &format!("{good}.x"), &"x".repeat(10_000)] {
        assert_eq!(checked(nonsense, None), Err(BadProof::Unreadable), "{nonsense}");
    }
}

proptest! {
    #[test]
    fn never_panics(text in "[ -~]{0,200}", header in "[ -~]{0,80}", payload in "[ -~]{0,80}") {
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        for text in [text, format!("{}.{}.{}", encode(&header), encode(&payload), encode("x"))] {
            prop_assert!(checked(&text, Some("t")).is_err());
        }
    }

    #[test]
    fn any_claims_of_a_key_that_signs_never_panic(
        name in prop::sample::select(vec!["jti", "htm", "htu", "iat", "ath"]),
        text in "[^\0]{0,40}", number in any::<f64>(), whole in any::<i64>(),
    ) {
        let signer = &signers()[0];
        for value in [json!(text), json!(number), json!(whole), json!([text])] {
            let _ = checked(&proof(signer, &json!({name: value})), Some("t"));
        }
    }
}
