//! Claims asked for one by one, and ID tokens signed as each service is registered for.
use data_encoding::BASE64URL_NOPAD;
use entremise::app::signing_keys;
use entremise::crypto::jwt::Alg;
use entremise::domain::ids::UserId;
use entremise::oidc::provider::policy::{ClientKeys, Policy};
use entremise::store::StoreError;
use serde_json::{Value, json as value};
use time::Duration;

use super::provider::{Browser, authorize, id_token, json, param, redeem, userinfo};
use super::provider_high_security::Bank;
use crate::support::app::TestApp;
use crate::support::change;
use crate::support::services::{Desk, Service, ahmed, josette};
use crate::support::signing::Signer;

struct Scene {
    desk: Desk,
    user: UserId,
    service: Service,
}

async fn scene(app: &TestApp) -> Scene {
    let desk = app.desk("Nadia", "35600000012345").await;
    let user = app.user(&ahmed()).await;
    app.mandate(&desk, user, &["argent", "social"], Duration::days(31), Some("eidas1")).await;
    Scene { desk, user, service: app.service("impots", |_| {}).await }
}

impl Scene {
    /// What the ID token and userinfo say when these claims are asked for.
    async fn told(&self, app: &TestApp, claims: &Value, scope: &str) -> (Value, Value) {
        let claims = claims.to_string();
        let more = [("claims", claims.as_str()), ("scope", scope)];
        let back = Browser::of(app, &self.desk).open(&self.service, self.user, &more).await;
        let tokens =
            json(redeem(app, &self.service, &param(&back, "code").unwrap(), &[]).await.assert_status(200));
        let signed = id_token(app, &self.service, tokens["id_token"].as_str().unwrap()).await;
        let info = userinfo(app, tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(tokens["scope"], scope, "what is asked by name is no scope");
        (signed, json(info.assert_status(200)))
    }
}

/// The names in `said` that are of a person's identity.
pub fn identity(said: &Value) -> Vec<&str> {
    let of_a_person = [
        "given_name",
        "family_name",
        "birthdate",
        "gender",
        "preferred_username",
        "email",
        "birthplace",
        "birthcountry",
    ];
    of_a_person.into_iter().filter(|name| said.get(name).is_some()).collect()
}

/// The error that a request with these claims is answered with at once.
async fn error(app: &TestApp, service: &Service, claims: &str) -> Option<String> {
    let answer = app.get(&authorize(service, &[("claims", claims)])).send().await;
    answer.assert_status(303);
    if answer.location().starts_with('/') { None } else { param(answer.location(), "error") }
}

on_both_engines! {
    async fn claims_asked_for_by_name_are_given_where_they_are_asked_for(app: TestApp) {
        let scene = scene(&app).await;
        let asked = value!({
            "userinfo": { "email": { "essential": true }, "given_name": null, "picture": null, "http://x.example/y": null },
            "id_token": { "birthdate": { "essential": true }, "auth_time": { "essential": true }, "act": null, "family_name": { "value": "Autre" } },
        });
        let (signed, info) = scene.told(&app, &asked, "openid").await;
        assert_eq!(identity(&signed), ["family_name", "birthdate"]);
        assert_eq!((&signed["birthdate"], &signed["family_name"]), (&value!("1950-03-00"), &value!("Slimani")), "as it is");
        assert_eq!(identity(&info), ["given_name", "email"]);
        assert_eq!(info["email"], "ahmed@example.fr");
        // Beside scopes; of userinfo alone; and nothing when nothing is asked.
        let (signed, info) = scene.told(&app, &value!({ "userinfo": { "birthplace": null } }), "openid email").await;
        assert_eq!((identity(&signed), identity(&info)), (vec![], vec!["email", "birthplace"]));
        let (signed, info) = scene.told(&app, &value!({}), "openid").await;
        assert!(identity(&signed).is_empty() && identity(&info).is_empty());
        assert_eq!(app.count("SELECT COUNT(*) FROM authorization_code WHERE claims IS NULL").await, 1);
        // A service that is not told who acts is not told so by asking.
        app.change_by_hand("UPDATE client SET enforces_limits = FALSE, tells_actor = FALSE WHERE created_at <= $1").await;
        let asked = value!({ "id_token": { "act": { "essential": true } }, "userinfo": { "act": null, "authorization_details": null } });
        let (signed, info) = scene.told(&app, &asked, "openid").await;
        assert!(signed.get("act").is_none() && info.get("act").is_none() && info.get("authorization_details").is_none());
        // The ID token of a hub holds what was agreed with it and nothing else.
        app.change_by_hand("UPDATE client SET is_hub = TRUE WHERE created_at <= $1").await;
        let page = Browser::of(&app, &scene.desk);
        let claims = r#"{"id_token":{"birthdate":null},"userinfo":{"email":null}}"#;
        let tokens = hub(&app, page, &scene, claims).await;
        let signed = id_token(&app, &scene.service, tokens["id_token"].as_str().unwrap()).await;
        assert!(identity(&signed).is_empty());
        let info = json(&userinfo(&app, tokens["access_token"].as_str().unwrap()).await);
        assert_eq!(identity(&info), ["email"]);
    }

    async fn an_essential_level_must_be_met_and_a_named_user_meant(app: TestApp) {
        let scene = scene(&app).await;
        let other = app.user(&josette()).await;
        app.mandate(&scene.desk, other, &["argent"], Duration::days(31), None).await;
        let level = |essential: bool, levels: &[&str]| {
            value!({ "id_token": { "acr": { "essential": essential, "values": levels } } }).to_string()
        };
        let said = error(&app, &scene.service, &level(true, &["eidas9"])).await;
        assert_eq!(said.as_deref(), Some("unmet_authentication_requirements"));
        assert_eq!(error(&app, &scene.service, &level(false, &["eidas9"])).await, None, "only preferred");
        // Only users who were identified so are offered, and the token says so.
        let mut browser = Browser::of(&app, &scene.desk);
        let claims = level(true, &["eidas1", "eidas9"]);
        let handle = browser.arrive(&scene.service, &[("claims", &claims)]).await;
        browser.get(&handle).await;
        let page = browser.get(&format!("{handle}/user")).await;
        page.assert_status(200).assert_contains(&scene.user.to_string());
        assert!(!page.body.contains(&other.to_string()), "identified on paper");
        let (signed, _) = scene.told(&app, &serde_json::from_str(&claims).unwrap(), "openid").await;
        assert_eq!(signed["acr"], "eidas1");
        // One user by name: no other may be chosen, in silence either.
        let named = |sub: &Value| value!({ "id_token": { "sub": { "value": sub } } }).to_string();
        let meant = named(&signed["sub"]);
        let handle = browser.arrive(&scene.service, &[("claims", &meant)]).await;
        browser.get(&handle).await;
        let page = browser.get(&format!("{handle}/user")).await;
        assert!(page.body.contains(&scene.user.to_string()) && !page.body.contains(&other.to_string()));
        for (claims, code) in [(meant, None), (named(&value!("somebody")), Some("login_required"))] {
            let silent = browser.arrive(&scene.service, &[("claims", &claims), ("prompt", "none")]).await;
            let back = browser.get(&silent).await;
            assert_eq!(param(back.location(), "error").as_deref(), code, "{claims}");
        }
        // What was asked of the mandate holds in silence too.
        let domain = if signed["authorization_details"][0]["domains"][0] == "argent" { "social" } else { "argent" };
        let details = value!([{ "type": "urn:entremise:mandate", "domains": [domain] }]).to_string();
        let silent = browser.arrive(&scene.service, &[("authorization_details", &details), ("prompt", "none")]).await;
        assert_eq!(param(browser.get(&silent).await.location(), "error").as_deref(), Some("login_required"));
    }

    async fn claims_not_well_formed_come_back_as_invalid(app: TestApp) {
        let scene = scene(&app).await;
        for bad in ["[]", "{", r#"{"userinfo":3}"#, r#"{"userinfo":{"email":true}}"#, r#"{"id_token":{"acr":{"essential":1}}}"#] {
            assert_eq!(error(&app, &scene.service, bad).await.as_deref(), Some("invalid_request"), "{bad}");
        }
        let app = TestApp::fresh(app.db.engine).await;
        let bank = Bank::of(&app).await;
        for (claims, code) in [
            ("[]", "invalid_request"),
            (r#"{"id_token":{"acr":{"essential":true,"value":"eidas9"}}}"#, "unmet_authentication_requirements"),
        ] {
            let answer = bank.push(&app, None, &[("claims", claims)]).await;
            assert_eq!(json(answer.assert_status(400))["error"], code);
        }
    }

    async fn id_tokens_are_signed_as_registered(app: TestApp) {
        for alg in [Alg::Ps256, Alg::EdDsa] {
            let app = TestApp::fresh(app.db.engine).await;
            let listed = async || json(&app.get("/.well-known/openid-configuration").send().await)["id_token_signing_alg_values_supported"].clone();
            assert_eq!(listed().await, value!(["RS256", "ES256"]), "what has keys is announced");
            let bank = Bank::signing(&app, alg).await;
            assert_eq!(listed().await, value!(["RS256", "ES256", alg.name()]));
            let pushed = bank.push(&app, None, &[]).await;
            let code = bank.code(&app, &pushed).await;
            let proof = bank.holder.proof(&app, "POST", "/token", &value!({}));
            let tokens = json(bank.redeem(&app, &code, &[&proof]).await.assert_status(200));
            let token = tokens["id_token"].as_str().unwrap();
            let header = jsonwebtoken::decode_header(token).unwrap();
            assert_eq!(serde_json::to_value(header.alg).unwrap(), alg.name());
            let claims = id_token(&app, &bank.service, token).await;
            let access = tokens["access_token"].as_str().unwrap().as_bytes();
            let (function, half) = if alg == Alg::EdDsa { (&aws_lc_rs::digest::SHA512, 32) } else { (&aws_lc_rs::digest::SHA256, 16) };
            let hash = aws_lc_rs::digest::digest(function, access);
            assert_eq!(claims["at_hash"], BASE64URL_NOPAD.encode(&hash.as_ref()[..half]));
            let keys = json(&app.get("/jwks").send().await);
            let own: Vec<_> = keys["keys"].as_array().unwrap().iter().filter(|key| key["alg"] == alg.name()).collect();
            assert_eq!(own.len(), 2, "one that signs, one that is next");
            assert!(own.iter().all(|key| key["use"] == "sig" && key.get("d").is_none() && key["kid"].is_string()));
            // Rotated like the others.
            let before = header.kid.unwrap();
            app.clock.advance(Duration::days(91));
            assert!(signing_keys::keep(&app.app).await.unwrap() >= 3, "each algorithm has a new key");
            let ring = signing_keys::ring(&app.app).await.unwrap();
            assert_ne!(ring.current(alg).unwrap().kid(), before);
            assert!(ring.jwks().contains(&before), "still published");
        }
    }

    /// The rules of a registration stand in the database too.
    async fn a_service_has_a_secret_or_signs_and_never_rs256_where_security_is_high(app: TestApp) {
        app.service("impots", |_| {}).await;
        let keys = ClientKeys::Inline(Signer::fresh().jwks());
        app.service("bank", |new| new.policy = Policy::high_security(keys)).await;
        for sql in [
            "UPDATE client SET secret_hash = NULL WHERE client_id = 'impots'",
            "UPDATE client SET auth_method = 'private_key_jwt' WHERE client_id = 'impots'",
            "UPDATE client SET auth_method = 'client_secret_basic' WHERE client_id = 'bank'",
            "UPDATE client SET id_token_alg = 'RS256' WHERE client_id = 'bank'",
            "UPDATE client SET userinfo_alg = 'RS256' WHERE client_id = 'bank'",
            "UPDATE client SET id_token_alg = 'none' WHERE client_id = 'impots'",
            "UPDATE signing_key SET alg = 'HS256'",
        ] {
            let refused: Result<u64, StoreError> =
                entremise::transact!(app.app.store, "test_rule", tx => { change!(tx, sqlx::query(sql)) });
            assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{sql}: {refused:?}");
        }
    }
}

/// The tokens of a service behind which stand others, which the aidant has to name.
async fn hub(app: &TestApp, mut browser: Browser<'_>, scene: &Scene, claims: &str) -> Value {
    let handle = browser.arrive(&scene.service, &[("claims", claims), ("scope", "openid")]).await;
    browser.get(&handle).await;
    let page = format!("{handle}/mandate?user={}", scene.user);
    let grant = super::provider::first_grant(&browser.get(&page).await.body);
    let fields = [("grant", grant.as_str()), ("presence", "absent"), ("declared", "Mon logement")];
    let back = browser.post(&page, &fields).await.assert_status(303).location().to_owned();
    json(redeem(app, &scene.service, &param(&back, "code").unwrap(), &[]).await.assert_status(200))
}
