use super::super::client::tests::client;
use super::Reauthentication::{Activity, Fresh};
use super::*;
use proptest::prelude::*;

const GOOD: &[(&str, &str)] = &[
    ("client_id", "impots"),
    ("redirect_uri", "https://rp.example/cb"),
    ("response_type", "code"),
    ("scope", "openid profile"),
    ("state", "s"),
    ("nonce", "n"),
];

/// The good request with some parameters replaced, added, or (with an empty value) left out.
fn with(changes: &[(&str, &str)]) -> Params {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in GOOD {
        if !changes.iter().any(|(changed, _)| changed == name) {
            query.append_pair(name, value);
        }
    }
    for (name, value) in changes {
        query.append_pair(name, value);
    }
    Params::parse(query.finish().as_bytes())
}

fn refused(changes: &[(&str, &str)]) -> (AnswerTo, &'static str) {
    match check(&with(changes), &client()).unwrap_err() {
        Refused::Client(answer, error) => (answer, error.code()),
        Refused::Page(error) => panic!("a page: {error}"),
    }
}

fn page(changes: &[(&str, &str)]) -> PageError {
    match check(&with(changes), &client()).unwrap_err() {
        Refused::Page(error) => error,
        Refused::Client(_, error) => panic!("sent to the client: {error}"),
    }
}

#[test]
fn a_good_request_is_understood() {
    let request = check(&with(&[]), &client()).unwrap();
    assert_eq!(request.answer_to.redirect_uri, "https://rp.example/cb");
    assert_eq!(request.answer_to.state.as_deref(), Some("s"));
    assert_eq!(request.nonce.as_deref(), Some("n"));
    assert_eq!(request.scopes.to_string(), "openid profile");
    assert_eq!(request.answer_to.mode, ResponseMode::Query);
    assert!(request.prompts.is_empty() && request.challenge.is_none() && request.max_age.is_none());
}

#[test]
fn a_request_is_kept_whole_until_its_answer() {
    let request = check(
        &with(&[
            ("prompt", "login"),
            ("max_age", "3"),
            ("scope", "openid birth"),
            ("claims", r#"{"id_token":{"rep_scope":{"value":"L"}}}"#),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ]),
        &client(),
    )
    .unwrap();
    let kept = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<Request>(&kept).unwrap(), request);
}

#[test]
fn what_is_absent_stays_absent() {
    let request = check(&with(&[("state", ""), ("nonce", "")]), &client()).unwrap();
    assert_eq!((request.answer_to.state, request.nonce), (None, None));
}

#[test]
fn hints_never_cause_an_error() {
    let hints = [
        ("display", "popup"),
        ("ui_locales", "xx-nonsense fr"),
        ("claims_locales", "??"),
        ("login_hint", "someone@example.org"),
        ("acr_values", "eidas1 nonsense"),
        ("surprise", "1"),
        ("resource", "x"),
    ];
    assert_eq!(check(&with(&hints), &client()).unwrap(), check(&with(&[]), &client()).unwrap());
    let twice = [("surprise", "1"), ("surprise", "2"), ("display", "page"), ("display", "wap")];
    assert!(check(&with(&twice), &client()).is_ok(), "an unknown parameter is ignored even twice");
}

#[test]
fn nothing_leaves_the_page_while_the_address_is_not_the_clients() {
    assert_eq!(page(&[("redirect_uri", "")]), PageError::NoRedirectUri);
    for uri in [
        "https://evil.example/cb",
        "https://rp.example/cb/",
        "https://rp.example/cb#x",
        "javascript:alert(1)",
    ] {
        assert_eq!(page(&[("redirect_uri", uri)]), PageError::UnknownRedirectUri, "{uri}");
    }
    let twice = [("redirect_uri", "https://rp.example/cb"), ("redirect_uri", "https://rp.example/cb")];
    assert_eq!(page(&twice), PageError::UnknownRedirectUri);
    assert_eq!(
        page(&[("redirect_uri", "https://evil.example/"), ("response_type", "token")]),
        PageError::UnknownRedirectUri
    );
    let suspended = Client { suspended: true, ..client() };
    assert_eq!(check(&with(&[]), &suspended).unwrap_err(), Refused::Page(PageError::UnknownClient));
    assert_eq!(client_id(&with(&[("client_id", "")])), Err(PageError::NoClient));
    assert_eq!(client_id(&with(&[("client_id", "a"), ("client_id", "a")])), Err(PageError::NoClient));
}

#[test]
fn each_thing_wrong_has_its_error_and_brings_the_state_back() {
    for (changes, code) in [
        (&[("response_type", "")] as &[_], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code id_token")], "unsupported_response_type"),
        (&[("response_type", "code"), ("response_type", "code")], "invalid_request"),
        (&[("request", "x.y.z")], "request_not_supported"),
        (&[("request_uri", "https://rp.example/r")], "request_uri_not_supported"),
        (&[("registration", "{}")], "registration_not_supported"),
        (&[("scope", "")], "invalid_scope"),
        (&[("scope", "profile email")], "invalid_scope"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("response_mode", "query"), ("response_mode", "form_post")], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("prompt", "create")], "invalid_request"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("max_age", "1.5")], "invalid_request"),
        (&[("code_challenge", "x"), ("code_challenge_method", "S256")], "invalid_request"),
        (&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")], "invalid_request"),
        (
            &[
                ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
                ("code_challenge_method", "plain"),
            ],
            "invalid_request",
        ),
        (&[("code_challenge_method", "S256")], "invalid_request"),
        (&[("claims", "nonsense")], "invalid_request"),
        (&[("authorization_details", "nonsense")], "invalid_authorization_details"),
        (&[("nonce", "a"), ("nonce", "b")], "invalid_request"),
    ] {
        let (answer, got) = refused(changes);
        assert_eq!(got, code, "{changes:?}");
        assert_eq!(answer.state.as_deref(), Some("s"), "{changes:?}");
        assert_eq!(answer.redirect_uri, "https://rp.example/cb");
    }
    let (answer, code) = refused(&[("state", "a"), ("state", "b")]);
    assert_eq!((answer.state, code), (None, "invalid_request"), "a repeated state is no state");
}

#[test]
fn an_error_travels_in_the_mode_asked_for() {
    let (answer, _) = refused(&[("response_mode", "form_post"), ("response_type", "token")]);
    assert_eq!(answer.mode, ResponseMode::FormPost);
}

#[test]
fn long_state_and_nonce_up_to_their_limits() {
    let (state, nonce) = ("é".repeat(1_000), "n".repeat(384));
    let request = check(&with(&[("state", &state), ("nonce", &nonce)]), &client()).unwrap();
    assert_eq!((request.answer_to.state, request.nonce), (Some(state.clone()), Some(nonce.clone())));
    assert_eq!(refused(&[("state", &(state + "x"))]).1, "invalid_request");
    assert_eq!(refused(&[("nonce", &(nonce + "x"))]).1, "invalid_request");
}

#[test]
fn prompt_max_age_pkce_and_filters_are_kept() {
    let request = check(
        &with(&[
            ("prompt", "login consent select_account"),
            ("max_age", "0"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("claims", r#"{"id_token":{"rep_scope":{"essential":true,"values":["Logement"]}}}"#),
            ("authorization_details", r#"[{"type":"urn:entremise:mandate","domains":["argent"]}]"#),
            ("response_mode", "form_post"),
        ]),
        &client(),
    )
    .unwrap();
    assert_eq!(request.prompts, BTreeSet::from([Prompt::Login, Prompt::Consent, Prompt::SelectAccount]));
    assert_eq!(request.max_age, Some(0));
    assert!(request.challenge.is_some());
    assert_eq!(request.filter.rep_scope, ["Logement"]);
    assert_eq!(request.filter.domains, ["argent"]);
    assert_eq!(request.answer_to.mode, ResponseMode::FormPost);
    let far = check(&with(&[("max_age", "99999999999999999999")]), &client()).unwrap();
    assert_eq!(far.max_age, Some(u32::MAX));
}

#[test]
fn when_a_fresh_code_is_needed() {
    let at = |seconds: i64| Timestamp::from_unix(1_800_000_000 + seconds).unwrap();
    let login = BTreeSet::from([Prompt::Login]);
    let none = BTreeSet::new();
    let ask = |prompts, max_age, policy, last, arrived, now| {
        needs_fresh_code(prompts, max_age, policy, at(last), at(arrived), at(now))
    };
    assert!(!ask(&none, None, Fresh, 0, 100_000, 100_000), "nothing asked");
    assert!(ask(&login, None, Fresh, 0, 10, 20));
    assert!(!ask(&login, None, Fresh, 15, 10, 20), "entered since the request");
    assert!(ask(&none, Some(0), Fresh, 0, 10, 20), "max_age=0 is login");
    assert!(!ask(&login, None, Activity, 0, 899, 899));
    assert!(ask(&login, None, Activity, 0, 900, 900));
    assert!(!ask(&none, Some(0), Activity, 0, 899, 899));
    assert!(!ask(&none, Some(60), Fresh, 0, 60, 60));
    assert!(ask(&none, Some(60), Fresh, 0, 61, 61));
    assert!(ask(&none, Some(60), Activity, 0, 61, 61), "max_age is never loosened");
    assert!(!ask(&none, Some(60), Fresh, 61, 61, 300), "entered for this request");
}

proptest! {
    #[test]
    fn never_panics(query in "[ -~]{0,200}") {
        let params = Params::parse(query.as_bytes());
        let _ = client_id(&params);
        let _ = check(&params, &client());
    }

    #[test]
    fn any_values_in_known_places_never_panic(
        values in proptest::collection::vec((0usize..14, "[^\0]{0,40}"), 0..6),
    ) {
        let names = ["scope", "state", "nonce", "prompt", "max_age", "claims", "authorization_details", "response_mode",
            "code_challenge", "code_challenge_method", "id_token_hint", "response_type", "redirect_uri", "request"];
        let changes: Vec<(&str, &str)> = values.iter().map(|(at, value)| (names[*at], value.as_str())).collect();
        let _ = check(&with(&changes), &client());
    }

    #[test]
    fn state_and_nonce_come_back_intact(state in "[^\0]{1,300}", nonce in "[^\0]{1,300}") {
        let request = check(&with(&[("state", &state), ("nonce", &nonce)]), &client()).unwrap();
        prop_assert_eq!(request.answer_to.state.as_deref(), Some(state.as_str()));
        prop_assert_eq!(request.nonce.as_deref(), Some(nonce.as_str()));
    }
}
