//! Every authorization request that must be refused, and where each refusal goes.
use entremise::domain::ids::UserId;
use serde_json::Value;
use time::Duration;

use super::provider::{Browser, authorize, first_grant, id_token, json, logged, param, redeem};
use crate::support::app::TestApp;
use crate::support::services::{Desk, Service, ahmed, josette};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn scene(app: &TestApp) -> (Desk, UserId, Service) {
    let desk = app.desk("Nadia", "35600000012345").await;
    let user = app.user(&josette()).await;
    app.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await;
    (desk, user, app.service("impots", |_| {}).await)
}

/// Where a request with `prompt=none` leads, from the same session.
async fn silent(browser: &Browser<'_>, service: &Service, more: &[(&str, String)]) -> String {
    let mut all = vec![("prompt", "none")];
    all.extend(more.iter().map(|(name, value)| (*name, value.as_str())));
    let mut browser = Browser { app: browser.app, session: browser.session.clone(), cookie: None };
    let handle = browser.get(&authorize(service, &all)).await.location().to_owned();
    browser.get(&handle).await.location().to_owned()
}

on_both_engines! {
    async fn nothing_leaves_for_an_address_that_is_not_the_services(app: TestApp) {
        let (_, _, service) = scene(&app).await;
        for changes in [
            [("client_id", "unknown")],
            [("client_id", "")],
            [("redirect_uri", "https://evil.example/cb")],
            [("redirect_uri", "https://impots.example/cb/")],
            [("redirect_uri", "https://impots.example/cb?x=1")],
            [("redirect_uri", "https://impots.example.evil.example/cb")],
            [("redirect_uri", "")],
        ] {
            let answer = app.get(&authorize(&service, &changes)).send().await;
            answer.assert_status(400);
            assert_eq!(answer.location(), "", "{changes:?}");
            assert!(!answer.header("content-security-policy").contains("evil"));
            assert!(!answer.body.contains("\"https://evil") && !answer.body.contains("\"https://impots"), "no link leads there");
        }
        app.change_by_hand("UPDATE client SET status = 'suspended' WHERE created_at <= $1").await;
        app.get(&authorize(&service, &[])).send().await.assert_status(400);
        assert_eq!(logged(&app, "authorization.refused").await, 8);
    }

    async fn every_other_error_goes_back_with_state_and_issuer_only(app: TestApp) {
        let (_, _, service) = scene(&app).await;
        for (changes, code) in [
            (vec![("response_type", "")], "invalid_request"),
            (vec![("response_type", "token")], "unsupported_response_type"),
            (vec![("request", "a.b.c")], "request_not_supported"),
            (vec![("request_uri", "https://impots.example/r")], "request_uri_not_supported"),
            (vec![("scope", "profile")], "invalid_scope"),
            (vec![("prompt", "none login")], "invalid_request"),
            (vec![("code_challenge", CHALLENGE), ("code_challenge_method", "plain")], "invalid_request"),
            (vec![("code_challenge", CHALLENGE)], "invalid_request"),
            (vec![("max_age", "soon")], "invalid_request"),
            (vec![("claims", "{")], "invalid_request"),
            (vec![("authorization_details", "[{\"type\":\"other\"}]")], "invalid_authorization_details"),
            (vec![("nonce", "a"), ("nonce", "b")], "invalid_request"),
        ] {
            for post in [false, true] {
                let address = authorize(&service, &changes);
                let answer = if post {
                    let fields: Vec<(String, String)> =
                        form_urlencoded::parse(address.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
                    let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
                    app.post("/authorize").header("sec-fetch-site", "cross-site").form(&fields).send().await
                } else {
                    app.get(&address).send().await
                };
                answer.assert_status(303);
                assert!(answer.location().starts_with("https://impots.example/cb?error="), "{}", answer.location());
                assert_eq!(param(answer.location(), "error").as_deref(), Some(code), "{changes:?}");
                assert_eq!(param(answer.location(), "state").as_deref(), Some("st ate&é"));
                assert_eq!(param(answer.location(), "iss").as_deref(), Some("http://localhost:8080"));
                let names: Vec<_> = url::Url::parse(answer.location()).unwrap().query_pairs()
                    .map(|(name, _)| name.into_owned()).collect();
                assert_eq!(names, ["error", "error_description", "state", "iss"]);
            }
        }
    }

    async fn a_posted_request_is_kept_and_answered_with_an_address_to_get(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let address = authorize(&service, &[("ui_locales", "zz"), ("display", "touch"), ("login_hint", "x"), ("new", "1")]);
        let fields: Vec<(String, String)> =
            form_urlencoded::parse(address.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        // As another site's form arrives: without the session cookie.
        let answer = app.post("/authorize").header("sec-fetch-site", "cross-site").form(&fields).send().await;
        answer.assert_status(303);
        let handle = answer.location().to_owned();
        let mut browser = Browser::of(&app, &desk);
        assert_eq!(browser.get(&handle).await.location(), format!("{handle}/user"));
        let shown = browser.get(&format!("{handle}/mandate?user={user}")).await;
        assert!(shown.header("content-security-policy").contains("form-action 'self' https://impots.example;"));
    }

    async fn sign_in_comes_first_and_the_request_waits(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let mut browser = Browser { app: &app, session: None, cookie: None };
        let handle = browser.arrive(&service, &[]).await;
        let next = form_urlencoded::byte_serialize(handle.as_bytes()).collect::<String>();
        assert_eq!(browser.get(&handle).await.location(), format!("/sign-in?next={next}"));
        browser.session = Some(desk.session.clone());
        assert_eq!(browser.get(&handle).await.location(), format!("{handle}/user"));
        browser.get(&format!("{handle}/mandate?user={user}")).await.assert_status(200);
    }

    async fn a_request_belongs_to_the_browser_that_brought_it(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let mut browser = Browser::of(&app, &desk);
        let handle = browser.arrive(&service, &[]).await;
        browser.get(&handle).await.assert_status(303);
        let mut other = Browser::of(&app, &desk);
        for path in [handle.clone(), format!("{handle}/user"), format!("{handle}/mandate?user={user}")] {
            other.get(&path).await.assert_status(400);
            other.cookie = Some("somebody else's".to_owned());
            other.get(&path).await.assert_status(400);
            other.cookie = None;
        }
        other.get("/authorize/nonsense").await.assert_status(400);
        app.clock.advance(Duration::minutes(31));
        browser.get(&handle).await.assert_status(400);
    }

    async fn an_answered_request_is_over(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let mut browser = Browser::of(&app, &desk);
        let handle = browser.arrive(&service, &[]).await;
        browser.get(&handle).await;
        let page = format!("{handle}/mandate?user={user}");
        let grant = first_grant(&browser.get(&page).await.body);
        let fields = [("grant", grant.as_str()), ("presence", "present")];
        browser.post(&page, &fields).await.assert_status(303);
        browser.post(&page, &fields).await.assert_status(400);
        browser.get(&handle).await.assert_status(400);
        assert_eq!(app.count("SELECT COUNT(*) FROM use_session").await, 1, "a second click opens nothing");
    }

    async fn giving_up_tells_the_service(app: TestApp) {
        let (desk, _, service) = scene(&app).await;
        let mut browser = Browser::of(&app, &desk);
        let handle = browser.arrive(&service, &[]).await;
        browser.get(&handle).await;
        let answer = browser.post(&format!("{handle}/cancel"), &[]).await;
        answer.assert_status(303);
        assert_eq!(param(answer.location(), "error").as_deref(), Some("access_denied"));
        assert_eq!(param(answer.location(), "state").as_deref(), Some("st ate&é"));
    }

    async fn prompt_login_and_max_age_ask_for_a_code_entered_since(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        for more in [[("prompt", "login")], [("max_age", "0")], [("max_age", "60")]] {
            app.clock.advance(Duration::seconds(61));
            let mut browser = Browser::of(&app, &desk);
            let handle = browser.arrive(&service, &more).await;
            let next = form_urlencoded::byte_serialize(handle.as_bytes()).collect::<String>();
            assert_eq!(browser.get(&handle).await.location(), format!("/sign-in/again?next={next}"), "{more:?}");
            let page = format!("{handle}/mandate?user={user}");
            assert_eq!(browser.get(&page).await.location(), handle, "no step can be reached around it");
            app.clock.advance(Duration::seconds(5));
            app.change_by_hand("UPDATE session SET last_code_at = $1").await;
            assert_eq!(browser.get(&handle).await.location(), format!("{handle}/user"), "{more:?}");
            let grant = first_grant(&browser.get(&page).await.body);
            let back = browser.post(&page, &[("grant", &grant), ("presence", "present")]).await.location().to_owned();
            let tokens = json(&redeem(&app, &service, &param(&back, "code").unwrap(), &[]).await);
            let claims = id_token(&app, &service, tokens["id_token"].as_str().unwrap()).await;
            assert_eq!(claims["auth_time"], app.app.now().unix(), "auth_time is the code's");
        }
    }

    async fn prompt_none_only_repeats_what_was_chosen(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let mut browser = Browser::of(&app, &desk);
        assert_eq!(param(&silent(&browser, &service, &[]).await, "error").as_deref(), Some("login_required"), "nothing chosen yet");
        let back = browser.open(&service, user, &[]).await;
        let tokens = json(&redeem(&app, &service, &param(&back, "code").unwrap(), &[]).await);
        let first = id_token(&app, &service, tokens["id_token"].as_str().unwrap()).await;
        app.clock.advance(Duration::minutes(2));
        let hint = tokens["id_token"].as_str().unwrap().to_owned();
        for more in [vec![], vec![("id_token_hint", hint.clone())], vec![("max_age", "3600".to_owned())]] {
            let back = silent(&browser, &service, &more).await;
            let tokens = json(&redeem(&app, &service, &param(&back, "code").unwrap(), &[]).await);
            let again = id_token(&app, &service, tokens["id_token"].as_str().unwrap()).await;
            assert_eq!((&again["sub"], &again["auth_time"]), (&first["sub"], &first["auth_time"]));
        }
        for more in [vec![("max_age", "60".to_owned())], vec![("id_token_hint", "not.a.token".to_owned())]] {
            assert_eq!(param(&silent(&browser, &service, &more).await, "error").as_deref(), Some("login_required"), "{more:?}");
        }
        browser.session = None;
        assert_eq!(param(&silent(&browser, &service, &[]).await, "error").as_deref(), Some("login_required"));
        browser.session = Some(desk.session.clone());
        app.change_by_hand("UPDATE mandate_grant SET state = 'ended', end_reason = 'revoked', ended_at = $1, ended_entry_id = (SELECT m.entry_id FROM mandate m WHERE m.id = mandate_id)").await;
        assert_eq!(param(&silent(&browser, &service, &[]).await, "error").as_deref(), Some("login_required"), "revoked since");
    }

    async fn in_a_frame_prompt_none_is_refused(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        Browser::of(&app, &desk).open(&service, user, &[]).await;
        let handle = app.get(&authorize(&service, &[("prompt", "none")])).send().await.location().to_owned();
        let answer = app.get(&handle).session(&desk.session).header("sec-fetch-dest", "iframe").send().await;
        assert_eq!(param(answer.location(), "error").as_deref(), Some("interaction_required"));
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
    }

    async fn the_documents_say_what_is_served(app: TestApp) {
        app.service("any", |_| {}).await;
        let metadata = json(app.get("/.well-known/openid-configuration").send().await.assert_status(200));
        assert_eq!(metadata, json(&app.get("/.well-known/oauth-authorization-server").send().await));
        assert_eq!(metadata["issuer"], "http://localhost:8080");
        let keys = json(app.get("/jwks").send().await.assert_status(200));
        let keys = keys["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 4, "for each algorithm the current key and the next");
        let kids: std::collections::BTreeSet<_> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
        assert_eq!(kids.len(), 4);
        for key in keys {
            assert_eq!(key["use"], "sig");
            for private in ["d", "p", "q", "dp", "dq", "qi"] {
                assert!(key.get(private).is_none());
            }
        }
    }

    async fn keys_rotate_with_overlap(app: TestApp) {
        use entremise::app::signing_keys::{KeysError, generate};
        use entremise::crypto::jwt::Alg;
        let (desk, user, service) = scene(&app).await;
        let token = |back: String| { let (app, service) = (&app, &service); async move {
            json(&redeem(app, service, &param(&back, "code").unwrap(), &[]).await)["id_token"].as_str().unwrap().to_owned()
        }};
        let old = token(Browser::of(&app, &desk).open(&service, user, &[]).await).await;
        assert!(matches!(generate(&app.app, Alg::Es256).await, Err(KeysError::TooSoon(_))), "services do not know it yet");
        app.clock.advance(Duration::hours(2));
        app.change_by_hand("UPDATE session SET last_code_at = $1, idle_ends_at = ends_at, fresh_until = ends_at").await;
        let before = json(&app.get("/jwks").send().await);
        generate(&app.app, Alg::Es256).await.unwrap();
        let new = token(Browser::of(&app, &desk).open(&service, user, &[]).await).await;
        let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        assert_ne!(kid(&old), kid(&new));
        assert!(before["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid(&new)), "published before it signed");
        let after = json(&app.get("/jwks").send().await);
        assert!(after["keys"].as_array().unwrap().iter().any(|key: &Value| key["kid"] == kid(&old)), "published after");
    }

    async fn what_is_asked_narrows_what_is_offered(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let (money, home) = (app.user(&josette()).await, app.user(&ahmed()).await);
        app.mandate(&desk, money, &["argent"], Duration::days(31), None).await;
        app.mandate(&desk, home, &["logement"], Duration::days(31), None).await;
        let any = app.service("any", |_| {}).await;
        let taxes = app.service("taxes", |new| new.domains = Some(vec!["argent".to_owned()])).await;
        let details = r#"[{"type":"urn:entremise:mandate","domains":["logement"]}]"#;
        for (service, more, sees_money, sees_home) in [
            (&any, vec![], true, true),
            (&any, vec![("authorization_details", details)], false, true),
            (&taxes, vec![], true, false),
            (&taxes, vec![("authorization_details", details)], false, false),
        ] {
            let mut browser = Browser::of(&app, &desk);
            let handle = browser.arrive(service, &more).await;
            browser.get(&handle).await;
            let list = browser.get(&format!("{handle}/user")).await;
            assert_eq!(list.body.contains("Martin"), sees_money, "{more:?}");
            assert_eq!(list.body.contains("Slimane"), sees_home, "{more:?}");
            let page = browser.get(&format!("{handle}/mandate?user={home}")).await;
            assert_eq!(page.status == 200, sees_home, "an id in the address opens no more than the list");
        }
    }
}
