//! Refresh tokens: for services registered for them, while the use and all it stands on go on.
use entremise::domain::ids::UserId;
use time::Duration;

use super::provider::{Browser, basic, json, logged, param, redeem, server, userinfo};
use crate::support::app::{Answer, TestApp};
use crate::support::services::{Desk, Service, josette};

async fn scene(app: &TestApp) -> (Desk, UserId, Service) {
    let desk = app.desk("Nadia", "35600000012345").await;
    let user = app.user(&josette()).await;
    app.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await;
    (desk, user, app.service("impots", |new| new.policy.may_refresh = true).await)
}

struct Tokens {
    access: String,
    refresh: String,
}

fn tokens(answer: &Answer) -> Tokens {
    let told = json(answer.assert_status(200));
    let text = |name: &str| told[name].as_str().unwrap_or_else(|| panic!("no {name}: {told}")).to_owned();
    Tokens { access: text("access_token"), refresh: text("refresh_token") }
}

async fn code(app: &TestApp, desk: &Desk, service: &Service, user: UserId) -> String {
    param(&Browser::of(app, desk).open(service, user, &[]).await, "code").expect("a code")
}

async fn refresh(app: &TestApp, service: &Service, token: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    fields.extend(more);
    server(app.post("/token")).header("authorization", basic(service)).form(&fields).send().await
}

async fn introspected(app: &TestApp, service: &Service, token: &str) -> serde_json::Value {
    let call = server(app.post("/introspect")).header("authorization", basic(service));
    json(call.form(&[("token", token)]).send().await.assert_status(200))
}

on_both_engines! {
    async fn a_token_is_renewed_while_the_use_goes_on(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let first = tokens(&redeem(&app, &service, &code(&app, &desk, &service, user).await, &[]).await);
        app.clock.advance(Duration::minutes(11));
        userinfo(&app, &first.access).await.assert_status(401);
        let answer = refresh(&app, &service, &first.refresh, &[]).await;
        let second = tokens(&answer);
        assert_eq!(answer.header("cache-control"), "no-store");
        let told = json(&answer);
        assert_eq!((&told["token_type"], &told["scope"]), (&"Bearer".into(), &"openid profile email birth".into()));
        assert_eq!(told["expires_in"], 600);
        assert_eq!(told["authorization_details"][0]["domains"][0], "argent");
        userinfo(&app, &second.access).await.assert_status(200);
        assert_ne!(first.refresh, second.refresh);
        // Less may be asked, never more; the next one is of the whole again.
        let less = refresh(&app, &service, &second.refresh, &[("scope", "openid birth")]).await;
        let third = tokens(&less);
        assert_eq!(json(&less)["scope"], "openid birth");
        let info = json(&userinfo(&app, &third.access).await);
        assert!(info.get("given_name").is_none() && info["birthplace"].is_string());
        let whole = refresh(&app, &service, &third.refresh, &[]).await;
        assert_eq!(json(&whole)["scope"], "openid profile email birth");
        assert_eq!(logged(&app, "token.refreshed").await, 3);
        // A refresh token opens nothing itself, and is told apart.
        let last = tokens(&whole);
        userinfo(&app, &last.refresh).await.assert_status(401);
        let told = introspected(&app, &service, &last.refresh).await;
        assert_eq!(told["active"], true);
        assert!(told.get("token_type").is_none());
        assert_eq!(introspected(&app, &service, &third.refresh).await["active"], false, "it was replaced");
        // Given back, it takes the whole family along.
        let back = server(app.post("/revoke")).header("authorization", basic(&service));
        back.form(&[("token", &last.refresh), ("token_type_hint", "refresh_token")]).send().await.assert_status(200);
        userinfo(&app, &last.access).await.assert_status(401);
        assert_eq!(json(&refresh(&app, &service, &last.refresh, &[]).await)["error"], "invalid_grant");
    }

    async fn only_services_registered_for_it_get_one(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let plain = app.service("plain", |_| {}).await;
        let given = json(&redeem(&app, &plain, &code(&app, &desk, &plain, user).await, &[]).await);
        assert!(given.get("refresh_token").is_none() && given["access_token"].is_string());
        assert_eq!(app.count("SELECT COUNT(*) FROM refresh_token").await, 0);
        let other = app.service("other", |new| new.policy.may_refresh = true).await;
        let ours = tokens(&redeem(&app, &service, &code(&app, &desk, &service, user).await, &[]).await);
        for (who, token, more, status, error) in [
            (&other, ours.refresh.as_str(), vec![], 400, "invalid_grant"),
            (&plain, ours.refresh.as_str(), vec![], 400, "invalid_grant"),
            (&service, ours.access.as_str(), vec![], 400, "invalid_grant"),
            (&service, "nonsense", vec![], 400, "invalid_grant"),
            (&service, "", vec![], 400, "invalid_request"),
            (&service, ours.refresh.as_str(), vec![("scope", "profile")], 400, "invalid_scope"),
            (&service, ours.refresh.as_str(), vec![("refresh_token", "twice")], 400, "invalid_request"),
            (&Service { secret: other.secret.clone(), ..service.clone() }, ours.refresh.as_str(), vec![], 401, "invalid_client"),
        ] {
            let answer = refresh(&app, who, token, &more).await;
            assert_eq!(json(answer.assert_status(status))["error"], error, "{more:?}");
        }
        // Whoever asked for less at first cannot ask for more now.
        let narrow = Browser::of(&app, &desk).open(&other, user, &[("scope", "openid")]).await;
        let narrow = tokens(&redeem(&app, &other, &param(&narrow, "code").unwrap(), &[]).await);
        let more = refresh(&app, &other, &narrow.refresh, &[("scope", "openid email")]).await;
        assert_eq!(json(&more)["error"], "invalid_scope");
        tokens(&refresh(&app, &service, &ours.refresh, &[]).await);
        app.change_by_hand("UPDATE client SET may_refresh = FALSE WHERE created_at <= $1").await;
        let late = refresh(&app, &other, &narrow.refresh, &[]).await;
        assert_eq!(json(&late)["error"], "invalid_grant", "the registration was taken back");
    }

    async fn a_token_shown_twice_kills_its_family(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let first = tokens(&redeem(&app, &service, &code(&app, &desk, &service, user).await, &[]).await);
        let second = tokens(&refresh(&app, &service, &first.refresh, &[]).await);
        userinfo(&app, &second.access).await.assert_status(200);
        // Of another service it is only unknown: nobody can kill a family that is not theirs.
        let other = app.service("other", |new| new.policy.may_refresh = true).await;
        refresh(&app, &other, &first.refresh, &[]).await.assert_status(400);
        userinfo(&app, &second.access).await.assert_status(200);
        assert_eq!(json(refresh(&app, &service, &first.refresh, &[]).await.assert_status(400))["error"], "invalid_grant");
        for token in [&first.access, &second.access] {
            userinfo(&app, token).await.assert_status(401);
        }
        refresh(&app, &service, &second.refresh, &[]).await.assert_status(400);
        assert_eq!(app.count("SELECT COUNT(*) FROM use_session WHERE end_cause = 'code_reuse'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM entry WHERE kind = 'token.refreshed' AND outcome = 'refused' AND mandate_id IS NOT NULL").await, 1);
    }

    async fn a_code_shown_twice_kills_them_too(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let code = code(&app, &desk, &service, user).await;
        let first = tokens(&redeem(&app, &service, &code, &[]).await);
        redeem(&app, &service, &code, &[]).await.assert_status(400);
        refresh(&app, &service, &first.refresh, &[]).await.assert_status(400);
        assert_eq!(app.count("SELECT COUNT(*) FROM refresh_token WHERE revoked_at IS NULL").await, 0);
    }

    async fn nothing_is_refreshed_after_what_it_stands_on(app: TestApp) {
        for sql in [
            "UPDATE mandate_grant SET state = 'ended', end_reason = 'revoked', ended_at = $1, ended_entry_id = (SELECT m.entry_id FROM mandate m WHERE m.id = mandate_id)",
            "UPDATE mandate SET state = 'suspended' WHERE signed_at <= $1",
            "UPDATE structure SET status = 'suspended' WHERE created_at <= $1",
            "UPDATE person SET status = 'suspended' WHERE created_at <= $1",
            "UPDATE card SET state = 'lost' WHERE imported_at <= $1",
            "UPDATE use_session SET ended_at = $1, end_cause = 'aidant', ended_entry_id = entry_id",
        ] {
            let app = TestApp::fresh(app.db.engine).await;
            let (desk, user, service) = scene(&app).await;
            let first = tokens(&redeem(&app, &service, &code(&app, &desk, &service, user).await, &[]).await);
            app.change_by_hand(sql).await;
            let answer = refresh(&app, &service, &first.refresh, &[]).await;
            assert_eq!(json(answer.assert_status(400))["error"], "invalid_grant", "{sql}");
            assert_eq!(app.count("SELECT COUNT(*) FROM access_token").await, 1, "{sql}");
        }
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::minutes(15), None).await;
        let service = app.service("impots", |new| new.policy.may_refresh = true).await;
        let first = tokens(&redeem(&app, &service, &code(&app, &desk, &service, user).await, &[]).await);
        app.clock.advance(Duration::minutes(14));
        let answer = refresh(&app, &service, &first.refresh, &[]).await;
        assert_eq!(json(&answer)["expires_in"], 60, "no token outlives the grant");
        app.clock.advance(Duration::minutes(1));
        refresh(&app, &service, &tokens(&answer).refresh, &[]).await.assert_status(400);
    }

    async fn of_two_that_refresh_at_once_one_wins_and_both_lose_in_the_end(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let first = tokens(&redeem(&app, &service, &code(&app, &desk, &service, user).await, &[]).await);
        let (one, two) =
            tokio::join!(refresh(&app, &service, &first.refresh, &[]), refresh(&app, &service, &first.refresh, &[]));
        let won = [&one, &two].into_iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM access_token WHERE revoked_at IS NULL").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM refresh_token WHERE revoked_at IS NULL AND replaced_at IS NULL").await, 0);
    }
}
