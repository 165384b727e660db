//! What a revocation and a service's requests do to each other when they meet, on two nodes whose clocks are an hour
//! apart: the log and the answers agree.
use std::sync::Arc;

use entremise::app::{App, give_userinfo, record, redeem_code};
use entremise::domain::time::Clock;
use entremise::log::draft::Draft;
use entremise::log::kind::Kind;
use entremise::oidc::provider::params::Params;
use entremise::store::mandate::{Ending, end_whole};
use time::Duration;

use super::provider::{basic, json, logged, redeem};
use super::provider_tokens::issue;
use crate::support::app::TestApp;
use crate::support::clock::TestClock;
use crate::support::services::josette;
use crate::support::signing::NO_PROOF;

const TRIALS: usize = 60;

on_both_engines! {
    async fn nothing_is_given_after_a_revocation_in_the_mandates_own_order(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let service = app.service("impots", |_| {}).await;
        let shared = Arc::new(app.app.clone());
        // Another node: connections and a clock of its own.
        let clock = TestClock::new();
        let other = Arc::new(App { store: app.db.store().await, clock: Arc::new(clock.clone()), ..app.app.clone() });
        let (mut given, mut refused) = (0, 0);
        for trial in 0..TRIALS {
            let user = app.user(&josette()).await;
            let mandate = app.mandate(&desk, user, &["argent"], Duration::days(31), None).await;
            app.clock.advance(Duration::hours(2));
            clock.set(app.clock.now() + Duration::hours(if trial % 2 == 0 { 1 } else { -1 }));
            let first = issue(&app.app, &desk, user, &service, &mandate).await;
            let tokens = json(redeem(&app, &service, first.reveal(), &[]).await.assert_status(200));
            let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
            let waiting = issue(&app.app, &desk, user, &service, &mandate).await;
            let mut calls = Vec::new();
            for _ in 0..3 {
                let (shared, bearer) = (Arc::clone(&shared), bearer.clone());
                calls.push(tokio::spawn(async move {
                    give_userinfo::give(&shared, NO_PROOF, Some(&bearer), None, &format!("trial {trial}")).await.is_ok()
                }));
            }
            let (node, id) = (Arc::clone(&other), mandate.id);
            let revocation = tokio::spawn(async move {
                entremise::transact!(node.store, "test_revocation", tx => {
                    let entry = record::reserve(&node);
                    let ending = Ending { reason: "revoked", by: Some("user_at_desk"), at: node.now(), entry };
                    assert!(end_whole(tx, id, ending).await?);
                    record::record(&node, tx, Draft::done(Kind::MandateRevoked).named(entry).mandate(id)).await
                })
            });
            let (node, header) = (Arc::clone(&shared), basic(&service));
            let body = format!(
                "grant_type=authorization_code&code={}&redirect_uri=https%3A%2F%2Fimpots.example%2Fcb",
                waiting.reveal()
            );
            calls.push(tokio::spawn(async move {
                redeem_code::redeem(&node, NO_PROOF, Some(&header), &Params::parse(body.as_bytes()), &format!("trial {trial}"))
                    .await
                    .is_ok()
            }));
            revocation.await.unwrap().unwrap();
            for call in calls {
                if call.await.unwrap() { given += 1 } else { refused += 1 }
            }
        }
        assert_eq!(given + refused, 4 * i64::try_from(TRIALS).unwrap());
        let written = logged(&app, "userinfo.given").await + logged(&app, "code.redeemed").await;
        assert_eq!(written, given + i64::try_from(TRIALS).unwrap(), "each answer has its entry, and no other has one");
        let after = app.count(
            "SELECT COUNT(*) FROM entry e JOIN entry r ON r.mandate_id = e.mandate_id AND r.kind = 'mandate.revoked'
             WHERE e.outcome = 'done' AND e.kind IN ('userinfo.given', 'code.redeemed')
               AND e.mandate_sequence > r.mandate_sequence").await;
        assert_eq!(after, 0);
        let gaps = app.count(
            "SELECT COUNT(*) FROM (SELECT m.next_sequence - COUNT(e.id) AS missing FROM mandate m
               JOIN entry e ON e.mandate_id = m.id GROUP BY m.id, m.next_sequence) AS counted WHERE missing <> 1").await;
        assert_eq!(gaps, 0, "numbers taken by what was overtaken are given back");
    }
}
