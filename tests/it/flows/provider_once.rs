//! What a request shows once is spent with the act it authorises, in a commit that others share: also when the act is
//! refused, and of several at once for one only.
use entremise::domain::secret::PlainToken;
use serde_json::json;

use super::provider::{json, logged};
use super::provider_high_security::{Bank, error};
use crate::support::app::{Answer, TestApp};

/// How many requests come at once.
const AT_ONCE: usize = 6;

async fn all<T>(each: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    futures_util::future::join_all(each).await
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status.as_u16() == status).count()
}

on_both_engines! {
    async fn what_a_refused_request_showed_is_spent(app: TestApp) {
        let bank = Bank::of(&app).await;
        let (assertion, proof) = (bank.assertion(&app), bank.holder.proof(&app, "POST", "/par", &json!({})));
        let shown = ("client_assertion", assertion.as_str());
        let elsewhere = ("redirect_uri", "https://evil.example/cb");
        let refused = bank.push(&app, Some(&proof), &[shown, elsewhere]).await;
        assert_eq!(error(refused.assert_status(400)), "invalid_request");
        assert_eq!(app.count("SELECT COUNT(*) FROM spent_proof").await, 2);
        let again = bank.push(&app, None, &[shown]).await;
        assert_eq!(error(again.assert_status(401)), "invalid_client");
        let again = bank.push(&app, Some(&proof), &[]).await;
        assert_eq!(error(again.assert_status(400)), "invalid_dpop_proof");

        // An assertion that came with a bad proof.
        let (assertion, bad) = (bank.assertion(&app), bank.holder.proof(&app, "GET", "/par", &json!({})));
        let shown = ("client_assertion", assertion.as_str());
        assert_eq!(error(bank.push(&app, Some(&bad), &[shown]).await.assert_status(400)), "invalid_dpop_proof");
        assert_eq!(error(bank.push(&app, None, &[shown]).await.assert_status(401)), "invalid_client");
        assert_eq!(app.count("SELECT COUNT(*) FROM authorization_request").await, 0, "nothing was kept");
        assert_eq!((logged(&app, "client.refused").await, logged(&app, "authorization.refused").await), (2, 3));

        // A code shown with another key than its own: assertion and proof are spent, the code is not.
        let pushed = bank.push(&app, Some(&bank.holder.proof(&app, "POST", "/par", &json!({}))), &[]).await;
        let code = bank.code(&app, &pushed).await;
        let (assertion, thief) = (bank.assertion(&app), crate::support::signing::Signer::fresh());
        let proof = thief.proof(&app, "POST", "/token", &json!({}));
        let refused = bank.redeem_as(&app, &code, &[&proof], &assertion).await;
        assert_eq!(error(refused.assert_status(400)), "invalid_grant");
        let again = bank.redeem_as(&app, &code, &[&bank.proof(&app)], &assertion).await;
        assert_eq!(error(again.assert_status(401)), "invalid_client");
        assert_eq!(error(bank.redeem(&app, &code, &[&proof]).await.assert_status(400)), "invalid_dpop_proof");
        let tokens = json(bank.redeem(&app, &code, &[&bank.proof(&app)]).await.assert_status(200));

        // A token that is dead by now.
        let token = tokens["access_token"].as_str().unwrap();
        app.change_by_hand("UPDATE access_token SET revoked_at = $1").await;
        let (dpop, proof) = (format!("DPoP {token}"), bank.holder.proof_with(&app, "GET", "/userinfo", token));
        assert_eq!(error(bank.userinfo(&app, &dpop, &[&proof]).await.assert_status(401)), "invalid_token");
        assert_eq!(error(bank.userinfo(&app, &dpop, &[&proof]).await.assert_status(401)), "invalid_dpop_proof");
        assert_eq!((logged(&app, "userinfo.refused").await, logged(&app, "userinfo.given").await), (2, 0));
    }

    async fn a_stranger_has_nothing_remembered(app: TestApp) {
        let bank = Bank::of(&app).await;
        let invented = PlainToken::generate(app.app.entropy.as_ref());
        let token = invented.reveal();
        let proof = bank.holder.proof_with(&app, "GET", "/userinfo", token);
        let answer = bank.userinfo(&app, &format!("DPoP {token}"), &[&proof]).await;
        assert_eq!(error(answer.assert_status(401)), "invalid_token");
        assert_eq!(app.count("SELECT COUNT(*) FROM spent_proof").await, 0, "no token is bound to its key");
        assert_eq!(logged(&app, "userinfo.refused").await, 1);
    }

    async fn of_several_that_show_the_same_at_once_one_is_answered(app: TestApp) {
        let bank = Bank::of(&app).await;
        let assertion = bank.assertion(&app);
        let shown = [("client_assertion", assertion.as_str())];
        let answers = all((0..AT_ONCE).map(|_| bank.push(&app, None, &shown))).await;
        assert_eq!((count(&answers, 201), count(&answers, 401)), (1, AT_ONCE - 1));
        assert_eq!(app.count("SELECT COUNT(*) FROM authorization_request").await, 1);
        assert_eq!(logged(&app, "client.refused").await, i64::try_from(AT_ONCE - 1).unwrap());

        let proof = bank.holder.proof(&app, "POST", "/par", &json!({}));
        let answers = all((0..AT_ONCE).map(|_| bank.push(&app, Some(&proof), &[]))).await;
        assert_eq!((count(&answers, 201), count(&answers, 400)), (1, AT_ONCE - 1));
        assert_eq!(app.count("SELECT COUNT(*) FROM authorization_request").await, 2);

        // Whoever shows a proof of its own is not held up by those beside it.
        let token = bank.token(&app).await;
        let dpop = format!("DPoP {token}");
        let made = || bank.holder.proof_with(&app, "GET", "/userinfo", &token);
        let (same, own) = (made(), [made(), made(), made()]);
        let proofs: Vec<&str> = own.iter().map(String::as_str).chain(std::iter::repeat_n(same.as_str(), AT_ONCE)).collect();
        let answers = all(proofs.iter().map(|proof| bank.userinfo(&app, &dpop, std::slice::from_ref(proof)))).await;
        assert_eq!(count(&answers, 200), own.len() + 1, "of the same proof one");
        assert_eq!(count(&answers[..own.len()], 200), own.len());
        assert_eq!(logged(&app, "userinfo.given").await, i64::try_from(own.len() + 1).unwrap());
    }
}
