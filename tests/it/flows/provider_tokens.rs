//! Codes and tokens: wrong ones, stolen ones, and those whose reason has ended.
use std::sync::Arc;

use entremise::app::App;
use entremise::app::know_service::ServiceError;
use entremise::app::redeem_code::redeem as redeem_code;
use entremise::domain::ids::{RowId, UseId};
use entremise::domain::secret::PlainToken;
use entremise::oidc::provider::params::Params;
use entremise::store::{StoreError, authorization, use_session};
use time::Duration;

use super::provider::{Browser, basic, json, logged, param, redeem, server, userinfo};
use crate::support::app::TestApp;
use crate::support::services::{Desk, Mandate, Service, josette};
use crate::support::signing::NO_PROOF;
use entremise::domain::ids::UserId;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

async fn scene(app: &TestApp) -> (Desk, UserId, Service, Mandate) {
    let desk = app.desk("Nadia", "35600000012345").await;
    let user = app.user(&josette()).await;
    let mandate = app.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await;
    (desk, user, app.service("impots", |_| {}).await, mandate)
}

async fn code(app: &TestApp, desk: &Desk, service: &Service, user: UserId, more: &[(&str, &str)]) -> String {
    param(&Browser::of(app, desk).open(service, user, more).await, "code").expect("a code")
}

on_both_engines! {
    async fn wrong_requests_are_refused_and_use_nothing_up(app: TestApp) {
        let (desk, user, service, _) = scene(&app).await;
        let other = app.service("other", |_| {}).await;
        let posts = app.service("posts", |new| {
            new.policy.auth_method = entremise::oidc::provider::policy::ClientAuthMethod::ClientSecretPost;
        }).await;
        let code = code(&app, &desk, &service, user, &[("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]).await;
        let wrong = Service { secret: other.secret.clone(), ..service.clone() };
        let unknown = Service { client_id: "nobody".to_owned(), ..service.clone() };
        for (who, more, status, error) in [
            (&wrong, vec![], 401, "invalid_client"),
            (&unknown, vec![], 401, "invalid_client"),
            (&posts, vec![], 401, "invalid_client"),
            (&service, vec![("client_secret", service.secret.as_str())], 400, "invalid_request"),
            (&service, vec![("grant_type", "")], 400, "invalid_request"),
            (&service, vec![("grant_type", "password")], 400, "unsupported_grant_type"),
            (&service, vec![("code", "")], 400, "invalid_request"),
            (&service, vec![("code", "a wrong one")], 400, "invalid_grant"),
            (&service, vec![("redirect_uri", "https://impots.example/cb/")], 400, "invalid_grant"),
            (&service, vec![("code_verifier", "")], 400, "invalid_grant"),
            (&service, vec![("code_verifier", CHALLENGE)], 400, "invalid_grant"),
            (&other, vec![("code_verifier", VERIFIER)], 400, "invalid_grant"),
        ] {
            let answer = redeem(&app, who, &code, &more).await;
            answer.assert_status(status);
            assert_eq!(json(&answer)["error"], error, "{more:?}");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(!answer.header("www-authenticate").is_empty(), status == 401);
        }
        let nobody = server(app.post("/token")).form(&[("grant_type", "authorization_code"), ("code", &code)]);
        nobody.send().await.assert_status(401);
        let not_a_form = server(app.post("/token")).header("authorization", basic(&service)).header("content-type", "application/json");
        not_a_form.send().await.assert_status(400);
        redeem(&app, &service, &code, &[("code_verifier", VERIFIER)]).await.assert_status(200);
    }

    async fn a_code_lives_a_minute_and_a_token_ten(app: TestApp) {
        let (desk, user, service, _) = scene(&app).await;
        let late = code(&app, &desk, &service, user, &[]).await;
        app.clock.advance(Duration::seconds(60));
        assert_eq!(json(redeem(&app, &service, &late, &[]).await.assert_status(400))["error"], "invalid_grant");
        let in_time = code(&app, &desk, &service, user, &[]).await;
        app.clock.advance(Duration::seconds(59));
        let tokens = json(redeem(&app, &service, &in_time, &[]).await.assert_status(200));
        let token = tokens["access_token"].as_str().unwrap();
        app.clock.advance(Duration::seconds(599));
        userinfo(&app, token).await.assert_status(200);
        app.clock.advance(Duration::seconds(1));
        userinfo(&app, token).await.assert_status(401);
    }

    async fn nothing_outlives_the_grant(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::seconds(90), None).await;
        let service = app.service("impots", |_| {}).await;
        let code = code(&app, &desk, &service, user, &[]).await;
        app.clock.advance(Duration::seconds(30));
        let tokens = json(redeem(&app, &service, &code, &[]).await.assert_status(200));
        assert_eq!(tokens["expires_in"], 60);
        let token = tokens["access_token"].as_str().unwrap();
        app.clock.advance(Duration::seconds(59));
        userinfo(&app, token).await.assert_status(200);
        app.clock.advance(Duration::seconds(1));
        userinfo(&app, token).await.assert_status(401);
    }

    async fn a_code_used_twice_kills_what_it_gave(app: TestApp) {
        let (desk, user, service, _) = scene(&app).await;
        let code = code(&app, &desk, &service, user, &[]).await;
        let tokens = json(redeem(&app, &service, &code, &[]).await.assert_status(200));
        let token = tokens["access_token"].as_str().unwrap();
        userinfo(&app, token).await.assert_status(200);
        assert_eq!(json(redeem(&app, &service, &code, &[]).await.assert_status(400))["error"], "invalid_grant");
        userinfo(&app, token).await.assert_status(401);
        assert_eq!(app.count("SELECT COUNT(*) FROM access_token WHERE revoked_at IS NULL").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM use_session WHERE end_cause = 'code_reuse'").await, 1);
        assert_eq!(logged(&app, "code.reused").await, 1);
    }

    async fn what_ends_in_between_is_seen_at_the_next_request(app: TestApp) {
        for sql in [
            "UPDATE mandate_grant SET state = 'ended', end_reason = 'revoked', ended_at = $1, ended_entry_id = (SELECT m.entry_id FROM mandate m WHERE m.id = mandate_id)",
            "UPDATE mandate SET state = 'suspended' WHERE signed_at <= $1",
            "UPDATE structure SET status = 'suspended' WHERE created_at <= $1",
            "DELETE FROM structure_domain WHERE domain = 'argent' AND $1 IS NOT NULL",
            "UPDATE membership SET status = 'suspended' WHERE created_at <= $1",
            "UPDATE membership SET is_aidant = FALSE, is_referent = TRUE WHERE created_at <= $1",
            "UPDATE person SET status = 'suspended' WHERE created_at <= $1",
            "UPDATE person SET charter_version = NULL WHERE created_at <= $1",
            "UPDATE card SET state = 'lost' WHERE imported_at <= $1",
            "UPDATE client SET status = 'suspended' WHERE created_at <= $1",
            "UPDATE use_session SET ended_at = $1, end_cause = 'aidant', ended_entry_id = entry_id",
        ] {
            let app = TestApp::fresh(app.db.engine).await;
            let (desk, user, service, _) = scene(&app).await;
            let other = app.service("other", |_| {}).await;
            let first = code(&app, &desk, &service, user, &[]).await;
            let tokens = json(redeem(&app, &service, &first, &[]).await.assert_status(200));
            let token = tokens["access_token"].as_str().unwrap();
            let waiting = code(&app, &desk, &other, user, &[]).await;
            userinfo(&app, token).await.assert_status(200);
            app.change_by_hand(sql).await;
            let answer = userinfo(&app, token).await;
            answer.assert_status(401);
            assert!(answer.header("www-authenticate").contains("invalid_token"), "{sql}");
            let answer = redeem(&app, &other, &waiting, &[]).await;
            assert!([400, 401].contains(&answer.status.as_u16()), "{sql}: {}", answer.body);
            assert_eq!(logged(&app, "userinfo.refused").await, 1, "{sql}");
            assert_eq!(logged(&app, "userinfo.given").await, 1, "{sql}");
            assert_eq!(app.count("SELECT COUNT(*) FROM authorization_code WHERE redeemed_at IS NOT NULL").await, 1, "{sql}");
        }
    }

    async fn a_grant_for_one_use_is_used_once(app: TestApp) {
        let (desk, user, service, _) = scene(&app).await;
        app.change_by_hand("UPDATE mandate_grant SET single_use = TRUE WHERE ends_at > $1").await;
        let other = app.service("other", |_| {}).await;
        let (first, second) = (code(&app, &desk, &service, user, &[]).await, code(&app, &desk, &other, user, &[]).await);
        let tokens = json(redeem(&app, &service, &first, &[]).await.assert_status(200));
        assert_eq!(json(redeem(&app, &other, &second, &[]).await.assert_status(400))["error"], "invalid_grant");
        userinfo(&app, tokens["access_token"].as_str().unwrap()).await.assert_status(200);
        let mut browser = Browser::of(&app, &desk);
        let handle = browser.arrive(&service, &[]).await;
        browser.get(&handle).await;
        let page = browser.get(&format!("{handle}/mandate?user={user}")).await;
        assert_eq!(page.location(), format!("{handle}/user"), "it is not offered again");
    }

    async fn tokens_come_by_header_or_body_never_by_address(app: TestApp) {
        let (desk, user, service, _) = scene(&app).await;
        let tokens = json(&redeem(&app, &service, &code(&app, &desk, &service, user, &[]).await, &[]).await);
        let token = tokens["access_token"].as_str().unwrap();
        for path in [format!("/userinfo?access_token={token}"), "/userinfo".to_owned()] {
            let answer = server(app.get(&path)).send().await;
            answer.assert_status(401);
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"entremise\"");
        }
        userinfo(&app, "nonsense").await.assert_status(401);
        userinfo(&app, tokens["id_token"].as_str().unwrap()).await.assert_status(401);
        server(app.get("/userinfo")).header("authorization", format!("bEARER {token}")).send().await.assert_status(200);
    }

    async fn secrets_and_codes_are_kept_only_as_hashes(app: TestApp) {
        let (desk, user, service, _) = scene(&app).await;
        redeem(&app, &service, &code(&app, &desk, &service, user, &[]).await, &[]).await.assert_status(200);
        for sql in [
            "SELECT COUNT(*) FROM client WHERE length(secret_hash) <> 32",
            "SELECT COUNT(*) FROM authorization_code WHERE length(code_hash) <> 32",
            "SELECT COUNT(*) FROM access_token WHERE length(token_hash) <> 32",
        ] {
            assert_eq!(app.count(sql).await, 0, "{sql}");
        }
        assert_eq!(service.secret.len(), 43, "256 random bits");
    }

    async fn of_two_concurrent_redemptions_exactly_one_wins_a_thousand_times(app: TestApp) {
        let (desk, user, service, mandate) = scene(&app).await;
        let header = basic(&service);
        let shared = Arc::new(app.app.clone());
        for trial in 0..1_000 {
            let code = issue(&app.app, &desk, user, &service, &mandate).await;
            let body = format!(
                "grant_type=authorization_code&code={}&redirect_uri=https%3A%2F%2Fimpots.example%2Fcb",
                code.reveal()
            );
            let contest = |shared: Arc<App>, header: String, body: String| {
                tokio::spawn(async move { redeem_code(&shared, NO_PROOF, Some(&header), &Params::parse(body.as_bytes()), "test").await })
            };
            let (one, two) = tokio::join!(
                contest(Arc::clone(&shared), header.clone(), body.clone()),
                contest(Arc::clone(&shared), header.clone(), body.clone())
            );
            let outcomes = [one.unwrap(), two.unwrap()];
            let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
            assert_eq!(won, 1, "trial {trial}");
            let lost = outcomes.into_iter().find_map(Result::err).unwrap();
            assert!(matches!(lost, ServiceError::Refused(error) if error.code() == "invalid_grant"), "{lost}");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM access_token").await, 1_000);
        assert_eq!(app.count("SELECT COUNT(*) FROM access_token WHERE revoked_at IS NULL").await, 0);
        assert_eq!(logged(&app, "code.reused").await, 1_000);
    }
}

/// A use and its code, through the product's own functions.
pub(super) async fn issue(
    app: &App,
    desk: &Desk,
    user: UserId,
    service: &Service,
    mandate: &Mandate,
) -> PlainToken {
    let now = app.now();
    let code = PlainToken::generate(&*app.entropy);
    let id = UseId::new(now, &*app.entropy);
    let session = entremise::domain::ids::SessionId::from_uuid(RowId::new(now, &*app.entropy).uuid());
    entremise::transact!(app.store, "test_issue", tx => {
        let entry = match entremise::store::Access::tx(tx) {
            entremise::store::Tx::Pg(c) => sqlx::query_scalar("SELECT entry_id FROM mandate LIMIT 1").fetch_one(&mut **c).await,
            entremise::store::Tx::Lite(c) => sqlx::query_scalar("SELECT entry_id FROM mandate LIMIT 1").fetch_one(&mut **c).await,
        }
        .map_err(StoreError::from)?;
        use_session::insert(tx, &use_session::NewUse {
            id,
            session,
            browser: None,
            client: service.id,
            grant: mandate.grants[0],
            mandate: mandate.id,
            user,
            structure: desk.structure,
            person: desk.aidant,
            card: desk.card,
            presence: "present",
            subject: None,
            declared_service: None,
            auth_time: now,
            started_at: now,
            entry,
        }).await?;
        authorization::insert_code(tx, &authorization::NewCode {
            hash: &code.hash(),
            use_id: id,
            client: service.id,
            redirect_uri: &service.redirect_uri,
            scope: "openid profile",
            nonce: None,
            claims: None,
            challenge: None,
            dpop_jkt: None,
            issued_at: now,
            expires_at: now + Duration::seconds(60),
        }).await?;
        Ok::<_, StoreError>(())
    })
    .expect("a code is issued");
    code
}
