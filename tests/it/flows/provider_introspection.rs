//! A service asks what its tokens are worth, and gives them back.
use entremise::app::give_check::count_checks;
use time::Duration;

use super::provider::{Browser, basic, id_token as claims_of, json, logged, param, redeem, server, userinfo};
use crate::log::{refuse_lines, rows, take_lines};
use crate::support::app::{Answer, TestApp};
use crate::support::services::{Desk, Service, josette};
use entremise::domain::ids::UserId;

async fn scene(app: &TestApp) -> (Desk, UserId, Service) {
    let desk = app.desk("Nadia", "35600000012345").await;
    let user = app.user(&josette()).await;
    app.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await;
    (desk, user, app.service("impots", |_| {}).await)
}

/// An access token of the service, by the whole of the flow.
async fn tokens_of(app: &TestApp, desk: &Desk, service: &Service, user: UserId) -> (String, String) {
    let code = param(&Browser::of(app, desk).open(service, user, &[]).await, "code").expect("a code");
    let tokens = json(redeem(app, service, &code, &[]).await.assert_status(200));
    (tokens["access_token"].as_str().unwrap().to_owned(), tokens["id_token"].as_str().unwrap().to_owned())
}

async fn ask(app: &TestApp, path: &str, service: &Service, fields: &[(&str, &str)]) -> Answer {
    server(app.post(path)).header("authorization", basic(service)).form(fields).send().await
}

async fn introspect(app: &TestApp, service: &Service, token: &str) -> Answer {
    ask(app, "/introspect", service, &[("token", token)]).await
}

/// Nothing but that it is worth nothing.
fn assert_inactive(answer: &Answer, why: &str) {
    answer.assert_status(200);
    assert_eq!(answer.body, r#"{"active":false}"#, "{why}");
    assert_eq!(answer.header("cache-control"), "no-store");
}

on_both_engines! {
    async fn a_live_token_is_told_with_what_it_stands_on(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let (token, id_token) = tokens_of(&app, &desk, &service, user).await;
        app.clock.advance(Duration::seconds(10));
        let answer = introspect(&app, &service, &token).await;
        answer.assert_status(200);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        let told = json(&answer);
        let claims = claims_of(&app, &service, &id_token).await;
        for same in ["iss", "sub", "aud", "iat", "auth_time", "acr", "act", "authorization_details"] {
            assert!(claims[same] != serde_json::Value::Null, "{same}");
            assert_eq!(told[same], claims[same], "{same}");
        }
        assert_eq!(told["active"], true);
        assert_eq!(told["client_id"], "impots");
        assert_eq!(told["token_type"], "Bearer");
        assert_eq!(told["scope"], "openid profile email birth");
        assert_eq!(told["exp"], app.app.now().unix() + 590);
        let known = ["active", "iss", "sub", "aud", "client_id", "scope", "token_type", "iat", "exp", "auth_time", "acr",
            "act", "authorization_details"];
        for name in told.as_object().unwrap().keys() {
            assert!(known.contains(&name.as_str()), "{name} is told");
        }
        let withheld = app.service("hub", |new| {
            new.policy.tells_actor = false;
            new.policy.enforces_limits = false;
        }).await;
        let (token, _) = tokens_of(&app, &desk, &withheld, user).await;
        let told = json(&introspect(&app, &withheld, &token).await);
        assert_eq!(told["active"], true);
        assert!(told.get("act").is_none() && told.get("authorization_details").is_none());
    }

    async fn a_resource_server_may_ask_of_any_token(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let server = app.service("resource", |new| new.policy.is_resource_server = true).await;
        let (token, _) = tokens_of(&app, &desk, &service, user).await;
        let (own, told) = (json(&introspect(&app, &service, &token).await), json(&introspect(&app, &server, &token).await));
        assert_eq!((&told["active"], &told["client_id"], &told["aud"]), (&own["active"], &own["client_id"], &own["aud"]));
        assert_ne!(told["sub"], own["sub"], "the user as its own sector knows them");
        assert_eq!(logged(&app, "check.given").await, 2);
        app.change_by_hand("UPDATE use_session SET ended_at = $1, end_cause = 'aidant', ended_entry_id = entry_id").await;
        assert_inactive(&introspect(&app, &server, &token).await, "over for it too");
    }

    async fn of_many_who_ask_at_once_each_is_told_their_own(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let other = app.service("other", |_| {}).await;
        let (token, _) = tokens_of(&app, &desk, &service, user).await;
        let (others, _) = tokens_of(&app, &desk, &other, user).await;
        let wrong = Service { secret: other.secret.clone(), ..service.clone() };
        let asked: Vec<_> = (0..100)
            .map(|turn| match turn % 5 {
                0 => (&service, token.as_str(), 200, "impots"),
                1 => (&other, others.as_str(), 200, "other"),
                2 => (&service, others.as_str(), 200, ""),
                3 => (&service, "nonsense", 200, ""),
                _ => (&wrong, token.as_str(), 401, ""),
            })
            .collect();
        let answers = asked.iter().map(|(service, token, ..)| introspect(&app, service, token));
        let answers = futures_util::future::join_all(answers).await;
        for ((_, _, status, client), answer) in asked.iter().zip(&answers) {
            let told = json(answer.assert_status(*status));
            assert_eq!(told["client_id"].as_str().unwrap_or_default(), *client);
            assert_eq!(told["active"] == true, !client.is_empty());
        }
    }

    async fn whoever_is_not_its_service_learns_nothing(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let other = app.service("other", |_| {}).await;
        let (token, id_token) = tokens_of(&app, &desk, &service, user).await;
        assert_inactive(&introspect(&app, &other, &token).await, "of another service");
        assert_inactive(&introspect(&app, &service, "nonsense").await, "unknown");
        assert_inactive(&introspect(&app, &service, &id_token).await, "not an access token");
        let wrong = Service { secret: other.secret.clone(), ..service.clone() };
        let unknown = Service { client_id: "nobody".to_owned(), ..service.clone() };
        for path in ["/introspect", "/revoke"] {
            for who in [&wrong, &unknown] {
                let answer = ask(&app, path, who, &[("token", &token)]).await;
                assert_eq!(json(answer.assert_status(401))["error"], "invalid_client");
                assert!(answer.header("www-authenticate").starts_with("Basic "));
            }
            let bearer = server(app.post(path)).header("authorization", format!("Bearer {token}"));
            bearer.form(&[("token", &token)]).send().await.assert_status(401);
            server(app.post(path)).form(&[("token", &token)]).send().await.assert_status(401);
            server(app.get(&format!("{path}?token={token}"))).send().await.assert_status(405);
            for bad in [vec![], vec![("token", "")], vec![("token", token.as_str()), ("token", "x")]] {
                let answer = ask(&app, path, &service, &bad).await;
                assert_eq!(json(answer.assert_status(400))["error"], "invalid_request", "{bad:?}");
            }
            let not_a_form = server(app.post(path)).header("authorization", basic(&service));
            not_a_form.header("content-type", "application/json").send().await.assert_status(400);
        }
        assert_eq!(json(&introspect(&app, &service, &token).await)["active"], true, "nothing was changed");
        assert!(logged(&app, "client.refused").await >= 8);
        assert_eq!(app.count("SELECT COUNT(*) FROM entry WHERE kind = 'check.given' AND outcome <> 'done'").await, 3);
    }

    async fn what_has_ended_is_inactive_at_the_next_request(app: TestApp) {
        for sql in [
            "UPDATE mandate_grant SET state = 'ended', end_reason = 'revoked', ended_at = $1, ended_entry_id = (SELECT m.entry_id FROM mandate m WHERE m.id = mandate_id)",
            "UPDATE mandate SET state = 'suspended' WHERE signed_at <= $1",
            "UPDATE structure SET status = 'suspended' WHERE created_at <= $1",
            "DELETE FROM structure_domain WHERE domain = 'argent' AND $1 IS NOT NULL",
            "UPDATE membership SET status = 'suspended' WHERE created_at <= $1",
            "UPDATE person SET status = 'suspended' WHERE created_at <= $1",
            "UPDATE card SET state = 'lost' WHERE imported_at <= $1",
            "UPDATE use_session SET ended_at = $1, end_cause = 'aidant', ended_entry_id = entry_id",
            "UPDATE access_token SET revoked_at = $1",
        ] {
            let app = TestApp::fresh(app.db.engine).await;
            let (desk, user, service) = scene(&app).await;
            let (token, _) = tokens_of(&app, &desk, &service, user).await;
            assert_eq!(json(&introspect(&app, &service, &token).await)["active"], true, "{sql}");
            app.change_by_hand(sql).await;
            assert_inactive(&introspect(&app, &service, &token).await, sql);
        }
        let (desk, user, service) = scene(&app).await;
        let (token, _) = tokens_of(&app, &desk, &service, user).await;
        app.clock.advance(Duration::seconds(599));
        assert_eq!(json(&introspect(&app, &service, &token).await)["active"], true);
        app.clock.advance(Duration::seconds(1));
        assert_inactive(&introspect(&app, &service, &token).await, "ten minutes later");
        app.change_by_hand("UPDATE client SET status = 'suspended' WHERE created_at <= $1").await;
        introspect(&app, &service, &token).await.assert_status(401);
    }

    async fn counts_that_could_not_be_written_are_told_later(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let (token, _) = tokens_of(&app, &desk, &service, user).await;
        for _ in 0..5 {
            introspect(&app, &service, &token).await.assert_status(200);
        }
        refuse_lines(&app, "checks.counted").await;
        assert!(count_checks(&app.app, true).await.is_err());
        introspect(&app, &service, &token).await.assert_status(200);
        take_lines(&app).await;
        count_checks(&app.app, true).await.unwrap();
        let told = rows(&app.app.store, "SELECT CAST(0 AS BIGINT), leaf FROM entry WHERE kind = 'checks.counted'").await;
        let [(_, leaf)] = &told[..] else { panic!("{told:?}") };
        assert!(String::from_utf8_lossy(leaf).contains(r#""count":5"#), "{}", String::from_utf8_lossy(leaf));
    }

    async fn the_first_answer_is_an_entry_and_the_others_are_counted(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let (token, _) = tokens_of(&app, &desk, &service, user).await;
        let before = app.count("SELECT COUNT(*) FROM entry").await;
        for _ in 0..5 {
            introspect(&app, &service, &token).await.assert_status(200);
        }
        assert_eq!(logged(&app, "check.given").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM entry").await, before + 1, "four answers wrote nothing");
        count_checks(&app.app, false).await.unwrap();
        assert_eq!(logged(&app, "checks.counted").await, 0, "the period is not over");
        app.clock.advance(Duration::minutes(5));
        count_checks(&app.app, false).await.unwrap();
        count_checks(&app.app, true).await.unwrap();
        assert_eq!(logged(&app, "checks.counted").await, 1);
        let counted = app.count("SELECT COUNT(*) FROM entry WHERE kind = 'checks.counted' AND mandate_id IS NOT NULL").await;
        assert_eq!(counted, 1, "it is in the story of the mandate");
        // The process forgot it, the database did not: still no second first entry.
        introspect(&app, &service, &token).await.assert_status(200);
        assert_eq!(logged(&app, "check.given").await, 1);
        count_checks(&app.app, true).await.unwrap();
        assert_eq!(logged(&app, "checks.counted").await, 2);
    }

    async fn a_token_given_back_is_dead_with_its_family(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let other = app.service("other", |_| {}).await;
        let (token, _) = tokens_of(&app, &desk, &service, user).await;
        // What is not its own is as unknown to it, and stays alive.
        ask(&app, "/revoke", &other, &[("token", &token)]).await.assert_status(200);
        ask(&app, "/revoke", &service, &[("token", "nonsense"), ("token_type_hint", "refresh_token")]).await.assert_status(200);
        userinfo(&app, &token).await.assert_status(200);
        assert_eq!(app.count("SELECT COUNT(*) FROM entry WHERE kind = 'token.revoked' AND outcome <> 'done'").await, 2);
        ask(&app, "/revoke", &service, &[("token", &token), ("token_type_hint", "surprise")]).await.assert_status(200);
        userinfo(&app, &token).await.assert_status(401);
        assert_inactive(&introspect(&app, &service, &token).await, "given back");
        ask(&app, "/revoke", &service, &[("token", &token)]).await.assert_status(200);
        assert_eq!(app.count("SELECT COUNT(*) FROM entry WHERE kind = 'token.revoked' AND outcome = 'done'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM use_session WHERE ended_at IS NOT NULL").await, 0, "the use goes on");
    }
}
