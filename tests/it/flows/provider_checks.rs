//! A service asks what an aidant may do for a user, and says what was done.
use entremise::app::give_check::count_checks;
use entremise::domain::ids::UserId;
use serde_json::{Value, json as value};
use time::Duration;

use super::provider::{Browser, basic, id_token, json, logged, param, redeem, server, userinfo};
use super::provider_high_security::Bank;
use crate::support::app::{Answer, TestApp};
use crate::support::services::{Desk, Service, ahmed, josette};
use crate::support::signing::Signer;

struct Opened {
    token: String,
    user: Value,
    aidant: Value,
    structure: Value,
}

async fn scene(app: &TestApp) -> (Desk, UserId, Service) {
    let desk = app.desk("Nadia", "35600000012345").await;
    let user = app.user(&josette()).await;
    app.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await;
    (desk, user, app.service("impots", |_| {}).await)
}

async fn open(app: &TestApp, desk: &Desk, service: &Service, user: UserId) -> Opened {
    let code = param(&Browser::of(app, desk).open(service, user, &[]).await, "code").expect("a code");
    let tokens = json(redeem(app, service, &code, &[]).await.assert_status(200));
    let claims = id_token(app, service, tokens["id_token"].as_str().unwrap()).await;
    Opened {
        token: tokens["access_token"].as_str().unwrap().to_owned(),
        user: claims["sub"].clone(),
        aidant: claims["act"]["sub"].clone(),
        structure: claims["act"]["act"]["sub"].clone(),
    }
}

fn question(opened: &Opened, action: &str) -> Value {
    value!({
        "subject": { "type": "aidant", "id": opened.aidant, "properties": { "structure": opened.structure } },
        "action": { "name": action },
        "resource": { "type": "user", "id": opened.user },
    })
}

async fn ask(app: &TestApp, service: &Service, question: &Value) -> Answer {
    let call = server(app.post("/access/v1/evaluation")).header("authorization", basic(service));
    call.json(question.to_string()).send().await
}

#[track_caller]
fn decision(answer: &Answer) -> bool {
    answer.assert_status(200);
    assert_eq!(json(answer).as_object().unwrap().len(), 1, "why is never told: {}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    json(answer)["decision"].as_bool().expect("a decision")
}

fn done() -> Value {
    value!({ "type": "tax.declared", "label": "Déclaration de revenus 2025", "reference": "D-17", "outcome": "done" })
}

async fn report(app: &TestApp, token: &str, key: &str, report: &Value) -> Answer {
    let call = server(app.post("/actions")).header("authorization", format!("Bearer {token}"));
    call.header("idempotency-key", key).json(report.to_string()).send().await
}

on_both_engines! {
    async fn an_aidant_may_do_what_the_grant_allows_while_the_use_goes_on(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let opened = open(&app, &desk, &service, user).await;
        for action in ["act", "consult"] {
            assert!(decision(&ask(&app, &service, &question(&opened, action)).await), "{action}");
        }
        let mut domain = question(&opened, "act");
        domain["resource"]["properties"] = value!({ "domain": "argent" });
        assert!(decision(&ask(&app, &service, &domain).await));
        assert_eq!(logged(&app, "check.given").await, 2, "one of each kind");
        count_checks(&app.app, true).await.unwrap();
        assert_eq!(logged(&app, "checks.counted").await, 1, "and the one asked twice is counted");
        let call = server(app.post("/access/v1/evaluation")).header("authorization", basic(&service));
        let named = call.header("x-request-id", "r-1").json(question(&opened, "act").to_string()).send().await;
        assert_eq!(named.header("x-request-id"), "r-1");
        app.change_by_hand("UPDATE mandate_grant SET access = 'consult' WHERE ends_at > $1").await;
        assert!(decision(&ask(&app, &service, &question(&opened, "consult")).await));
        assert!(!decision(&ask(&app, &service, &question(&opened, "act")).await), "the grant is for looking only");
        // Long after its tokens the use goes on, and so does the answer; with the use it ends.
        app.clock.advance(Duration::hours(1));
        assert!(decision(&ask(&app, &service, &question(&opened, "consult")).await));
        Browser::of(&app, &desk).post("/uses/end", &[]).await;
        app.change_by_hand("UPDATE use_session SET ended_at = $1, end_cause = 'aidant', ended_entry_id = entry_id WHERE ended_at IS NULL OR started_at < $1").await;
        assert!(!decision(&ask(&app, &service, &question(&opened, "consult")).await));
    }

    async fn anything_else_is_denied_alike(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let opened = open(&app, &desk, &service, user).await;
        let good = question(&opened, "act");
        let other = app.service("other", |_| {}).await;
        let elsewhere = app.desk("Bruno", "21290019500016").await;
        let second = app.user(&ahmed()).await;
        app.mandate(&elsewhere, second, &["argent"], Duration::days(31), None).await;
        let theirs = open(&app, &elsewhere, &service, second).await;
        let at_other = open(&app, &desk, &other, user).await;
        assert!(decision(&ask(&app, &service, &good).await));
        assert!(!decision(&ask(&app, &other, &good).await), "the identifiers of another service");
        for (place, value) in [
            ("/subject/id", theirs.aidant.clone()),
            ("/subject/properties/structure", theirs.structure.clone()),
            ("/resource/id", theirs.user.clone()),
            ("/resource/id", at_other.user.clone()),
            ("/subject/id", at_other.aidant.clone()),
            ("/subject/id", opened.user.clone()),
            ("/resource/id", value!(user.to_string())),
            ("/resource/id", value!("")),
            ("/subject/type", value!("user")),
            ("/resource/type", value!("account")),
            ("/action/name", value!("delete")),
        ] {
            let mut wrong = good.clone();
            *wrong.pointer_mut(place).unwrap() = value;
            assert!(!decision(&ask(&app, &service, &wrong).await), "{place}");
        }
        let mut domain = good.clone();
        domain["resource"]["properties"] = value!({ "domain": "social" });
        assert!(!decision(&ask(&app, &service, &domain).await), "a domain it was not opened in");
        assert_eq!(app.count("SELECT COUNT(*) FROM entry WHERE kind = 'check.given' AND outcome = 'refused'").await, 13);
    }

    async fn what_has_ended_is_denied_at_the_next_question(app: TestApp) {
        for sql in [
            "UPDATE mandate_grant SET state = 'ended', end_reason = 'revoked', ended_at = $1, ended_entry_id = (SELECT m.entry_id FROM mandate m WHERE m.id = mandate_id)",
            "UPDATE mandate SET state = 'suspended' WHERE signed_at <= $1",
            "UPDATE structure SET status = 'suspended' WHERE created_at <= $1",
            "UPDATE membership SET status = 'suspended' WHERE created_at <= $1",
            "UPDATE person SET status = 'suspended' WHERE created_at <= $1",
            "UPDATE card SET state = 'lost' WHERE imported_at <= $1",
        ] {
            let app = TestApp::fresh(app.db.engine).await;
            let (desk, user, service) = scene(&app).await;
            let opened = open(&app, &desk, &service, user).await;
            assert!(decision(&ask(&app, &service, &question(&opened, "act")).await), "{sql}");
            report(&app, &opened.token, "1", &done()).await.assert_status(201);
            app.change_by_hand(sql).await;
            assert!(!decision(&ask(&app, &service, &question(&opened, "act")).await), "{sql}");
            report(&app, &opened.token, "2", &done()).await.assert_status(401);
            assert_eq!(app.count("SELECT COUNT(*) FROM reported_action").await, 1, "{sql}");
        }
    }

    async fn bad_questions_and_strangers(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let opened = open(&app, &desk, &service, user).await;
        let good = question(&opened, "act");
        let wrong = Service { secret: "wrong".to_owned(), ..service.clone() };
        ask(&app, &wrong, &good).await.assert_status(401);
        server(app.post("/access/v1/evaluation")).json(good.to_string()).send().await.assert_status(401);
        for missing in ["subject", "action", "resource"] {
            let mut bad = good.clone();
            bad.as_object_mut().unwrap().remove(missing);
            assert_eq!(json(ask(&app, &service, &bad).await.assert_status(400))["error"], "invalid_request");
        }
        for bad in ["", "[]", "null", "{", "\"x\"", r#"{"subject":1}"#] {
            let call = server(app.post("/access/v1/evaluation")).header("authorization", basic(&service));
            call.json(bad).send().await.assert_status(400);
        }
        let form = server(app.post("/access/v1/evaluation")).header("authorization", basic(&service));
        form.form(&[("subject", "x")]).send().await.assert_status(400);
    }

    /// The body is JSON: a service that signs shows its assertion in the header, once.
    async fn a_service_that_signs_asks_by_an_assertion_in_the_header(app: TestApp) {
        let bank = Bank::of(&app).await;
        let pushed = bank.push(&app, None, &[]).await;
        let code = bank.code(&app, &pushed).await;
        let proof = bank.holder.proof(&app, "POST", "/token", &value!({}));
        let tokens = json(bank.redeem(&app, &code, &[&proof]).await.assert_status(200));
        let claims = id_token(&app, &bank.service, tokens["id_token"].as_str().unwrap()).await;
        let opened = Opened {
            token: String::new(),
            user: claims["sub"].clone(),
            aidant: claims["act"]["sub"].clone(),
            structure: claims["act"]["act"]["sub"].clone(),
        };
        let asked = question(&opened, "act").to_string();
        let ask = async |authorization: String| {
            let call = server(app.post("/access/v1/evaluation")).header("authorization", authorization);
            call.json(asked.as_str()).send().await
        };
        let assertion = |changes: Value| bank.signer.assertion(&app, "bank", &changes);
        let good = assertion(value!({}));
        assert!(decision(&ask(format!("bearer {good}")).await));
        let now = app.app.now().unix();
        let mut bad = vec![good, Signer::fresh().assertion(&app, "bank", &value!({})), "a.b.c".to_owned(), String::new()];
        bad.push(bank.signer.assertion(&app, "nobody", &value!({})));
        bad.push(tokens["id_token"].as_str().unwrap().to_owned());
        bad.push(tokens["access_token"].as_str().unwrap().to_owned());
        for changes in [
            value!({ "aud": "http://localhost:8080/access/v1/evaluation" }),
            value!({ "aud": ["http://localhost:8080"] }),
            value!({ "iss": "other" }),
            value!({ "exp": now }),
            value!({ "exp": null }),
            value!({ "iat": now + 61 }),
            value!({ "jti": null }),
        ] {
            bad.push(assertion(changes));
        }
        for assertion in &bad {
            let answer = ask(format!("Bearer {assertion}")).await;
            assert_eq!(json(answer.assert_status(401))["error"], "invalid_client");
            assert_ne!(answer.header("www-authenticate"), "");
        }
        ask(format!("DPoP {}", assertion(value!({})))).await.assert_status(401);
        // What was shown here is spent elsewhere too.
        let once = assertion(value!({}));
        assert!(decision(&ask(format!("Bearer {once}")).await));
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let fields = [("token", "x"), ("client_assertion_type", kind), ("client_assertion", once.as_str())];
        server(app.post("/introspect")).form(&fields).send().await.assert_status(401);
        // A service with a secret proves nothing so.
        app.service("impots", |_| {}).await;
        ask(format!("Bearer {}", bank.signer.assertion(&app, "impots", &value!({})))).await.assert_status(401);
    }

    async fn an_action_under_a_bound_token_comes_with_its_key(app: TestApp) {
        let bank = Bank::of(&app).await;
        let token = bank.token(&app).await;
        let send = async |authorization: String, proofs: &[&str]| {
            let call = server(app.post("/actions")).header("authorization", authorization);
            let call = proofs.iter().fold(call, |call, proof| call.also("dpop", *proof));
            call.header("idempotency-key", "1").json(done().to_string()).send().await
        };
        let good = || bank.holder.proof_with(&app, "POST", "/actions", &token);
        let (bearer, dpop) = (format!("Bearer {token}"), format!("DPoP {token}"));
        send(bearer.clone(), &[]).await.assert_status(401);
        send(bearer, &[&good()]).await.assert_status(401);
        for (proofs, code) in [
            (vec![], "invalid_dpop_proof"),
            (vec![good(), good()], "invalid_dpop_proof"),
            (vec![Signer::fresh().proof_with(&app, "POST", "/actions", &token)], "invalid_token"),
            (vec![bank.holder.proof_with(&app, "POST", "/userinfo", &token)], "invalid_dpop_proof"),
            (vec![bank.holder.proof_with(&app, "GET", "/actions", &token)], "invalid_dpop_proof"),
            (vec![bank.holder.proof_with(&app, "POST", "/actions", "another")], "invalid_dpop_proof"),
        ] {
            let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
            let answer = send(dpop.clone(), &proofs).await;
            assert_eq!(json(answer.assert_status(401))["error"], code);
            assert!(answer.header("www-authenticate").starts_with("DPoP "), "{}", answer.header("www-authenticate"));
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM reported_action").await, 0);
        let proof = good();
        send(dpop.clone(), &[&proof]).await.assert_status(201);
        let replayed = send(dpop.clone(), &[&proof]).await;
        assert_eq!(json(replayed.assert_status(401))["error"], "invalid_dpop_proof");
        send(dpop, &[&good()]).await.assert_status(200);
        assert_eq!(app.count("SELECT COUNT(*) FROM reported_action").await, 1, "the same again is the same");
    }

    async fn what_was_done_is_in_the_log_once(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let opened = open(&app, &desk, &service, user).await;
        let first = report(&app, &opened.token, "k-1", &done()).await;
        first.assert_status(201);
        assert_eq!(json(&first)["recorded_at"], app.app.now().unix());
        app.clock.advance(Duration::seconds(5));
        let again = report(&app, &opened.token, "k-1", &done()).await;
        again.assert_status(200);
        assert_eq!(json(&again), json(&first), "the same answer");
        let mut other = done();
        other["outcome"] = value!("refused");
        let conflict = report(&app, &opened.token, "k-1", &other).await;
        assert_eq!(json(conflict.assert_status(409))["error"], "conflict");
        report(&app, &opened.token, "k-2", &other).await.assert_status(201);
        assert_eq!(app.count("SELECT COUNT(*) FROM entry WHERE kind = 'action.reported' AND outcome = 'done' AND mandate_id IS NOT NULL").await, 2);
        assert_eq!(app.count("SELECT COUNT(*) FROM reported_action").await, 2);
        // The key is the service's own: another service may use the same.
        let second = app.service("second", |_| {}).await;
        let theirs = open(&app, &desk, &second, user).await;
        report(&app, &theirs.token, "k-1", &done()).await.assert_status(201);
    }

    async fn of_two_reports_at_once_one_is_kept(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let opened = open(&app, &desk, &service, user).await;
        let report_it = done();
        let (one, two) =
            tokio::join!(report(&app, &opened.token, "k", &report_it), report(&app, &opened.token, "k", &report_it));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 201]);
        assert_eq!(json(&one)["id"], json(&two)["id"]);
        assert_eq!(logged(&app, "action.reported").await, 1);
    }

    async fn reports_outside_the_mandate_are_refused_and_said_so(app: TestApp) {
        let (desk, user, service) = scene(&app).await;
        let opened = open(&app, &desk, &service, user).await;
        let mut elsewhere = done();
        elsewhere["domain"] = value!("social");
        let answer = report(&app, &opened.token, "1", &elsewhere).await;
        assert_eq!(json(answer.assert_status(403))["error"], "insufficient_scope");
        app.change_by_hand("UPDATE mandate_grant SET access = 'consult' WHERE ends_at > $1").await;
        report(&app, &opened.token, "2", &done()).await.assert_status(403);
        let mut looked = done();
        looked["access"] = value!("consult");
        looked["domain"] = value!("argent");
        report(&app, &opened.token, "3", &looked).await.assert_status(201);
        for (token, key, body, status) in [
            (opened.token.as_str(), "", done(), 400),
            (&opened.token, "4", value!([]), 400),
            (&opened.token, "4", value!({ "type": "x", "label": "l", "outcome": "done", "user": opened.user }), 400),
            ("nonsense", "4", done(), 401),
            ("", "4", done(), 401),
        ] {
            report(&app, token, key, &body).await.assert_status(status);
        }
        let none = server(app.post("/actions")).header("idempotency-key", "5").json(done().to_string()).send().await;
        assert_eq!(none.assert_status(401).header("www-authenticate"), "Bearer realm=\"entremise\"");
        let basic_only = server(app.post("/actions")).header("authorization", basic(&service)).header("idempotency-key", "5");
        basic_only.json(done().to_string()).send().await.assert_status(401);
        assert_eq!(app.count("SELECT COUNT(*) FROM reported_action").await, 1);
        assert!(app.count("SELECT COUNT(*) FROM entry WHERE kind = 'action.reported' AND outcome = 'refused'").await >= 5);
        app.clock.advance(Duration::minutes(10));
        report(&app, &opened.token, "6", &looked).await.assert_status(401);
        userinfo(&app, &opened.token).await.assert_status(401);
    }
}
