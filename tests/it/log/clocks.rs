//! Clocks that disagree or go back, two leaders at the same time, a keeper stopped at every point at which it waits.
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use entremise::app::App;
use entremise::app::export_log::Wanted;
use entremise::domain::ids::UserId;
use entremise::domain::time::Clock;
use entremise::log::kind::Kind;
use time::Duration;

use super::taken_away::latest;
use super::*;
use crate::flows::mandate_support::{Desk, josette};
use crate::flows::provider::{Browser, json, param, redeem, userinfo};
use crate::support::clock::TestClock;
use crate::support::{TestApp, services};

/// Runs a future until it has been polled this many times; then it is dropped where it stands.
async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let (mut future, mut left) = (Box::pin(future), times);
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Every head ever published is one of the tree as it stands.
async fn assert_heads(app: &TestApp) -> usize {
    let leaves: Vec<Hash> =
        placed(&app.app.store).await.iter().map(|(_, hash)| Hash::from_slice(hash).unwrap()).collect();
    let heads = rows(&app.app.store, "SELECT size, root FROM log_checkpoint ORDER BY size").await;
    for (size, found) in &heads {
        assert_eq!(*found, root_of(&leaves[..usize::try_from(*size).unwrap()]).bytes(), "the head of {size}");
    }
    heads.len()
}

on_both_engines! {
    async fn uses_and_revocations_are_in_the_mandates_own_order(app: TestApp) {
        let mut desk = Desk::open(app).await;
        // People and structures are there for long.
        desk.app.clock.advance(Duration::hours(3));
        desk.aidant.session = desk.app.session(desk.aidant.id, Some(desk.structure)).await;
        let service = desk.app.service("impots", |_| {}).await;
        let reference = desk.signed(josette(), &["argent", "logement"], "31").await;
        let ours = services::Desk {
            structure: desk.structure,
            aidant: desk.aidant.id,
            card: desk.aidant.card_id,
            session: desk.aidant.session.clone(),
        };
        let user: UserId = latest(&desk, "SELECT user_id FROM mandate ORDER BY signed_at DESC LIMIT 1").await;
        let back = Browser::of(&desk.app, &ours).open(&service, user, &[]).await;
        let tokens = json(&redeem(&desk.app, &service, &param(&back, "code").unwrap(), &[]).await);
        let access = tokens["access_token"].as_str().unwrap().to_owned();
        userinfo(&desk.app, &access).await.assert_status(200);
        // The revocation reaches a node whose clock is an hour behind: by the clocks it came before everything.
        desk.app.clock.advance(-Duration::hours(1));
        desk.post(&format!("/mandates/{reference}/end"), &[("by", "user")]).await.assert_status(303);
        desk.app.clock.advance(Duration::hours(1));
        let refused = userinfo(&desk.app, &access).await;
        assert!([400, 401, 403].contains(&refused.status.as_u16()), "nothing after the revocation, whatever the clocks say: {}", refused.status);
        let app = &desk.app;
        let order = rows(&app.app.store, "SELECT mandate_sequence, leaf FROM entry WHERE mandate_id IS NOT NULL \
            AND outcome = 'done' AND kind IN ('userinfo.given', 'mandate.revoked') ORDER BY mandate_sequence").await;
        let kinds: Vec<(Kind, i64)> = order.iter().map(|(_, leaf)| {
            let leaf = entremise::log::entry::Leaf::decode(leaf).unwrap();
            (leaf.kind, leaf.time.unix())
        }).collect();
        assert_eq!([kinds[0].0, kinds[1].0], [Kind::UserinfoGiven, Kind::MandateRevoked]);
        assert!(kinds[1].1 < kinds[0].1, "by the clocks the revocation came first: {kinds:?}");
        // One batch placed them by those clocks; the verifier reads the mandate's own numbers.
        let keeper = keeper(app, "a");
        sequence(app, &keeper).await;
        keeper.sign(&app.app).await.unwrap().unwrap();
        let bundle = lines(&app.app, &Wanted { parts: true, ..Wanted::default() }).await;
        assert_eq!(check(&bundle, &trust(&app.app)).faults, []);
    }

    async fn two_leaders_with_clocks_an_hour_apart_take_turns(app: TestApp) {
        let clock = TestClock::new();
        clock.set(app.clock.now() + Duration::hours(1));
        let ahead = App { store: app.db.store().await, clock: Arc::new(clock), ..app.app.clone() };
        let (a, b) = (keeper(&app, "a"), other_keeper(&app, "b"));
        write(&app.app, 1).await;
        sequence(&app, &a).await;
        a.sign(&app.app).await.unwrap().unwrap();
        b.trust(&ahead).await.unwrap();
        let both: Vec<_> = [(app.app.clone(), a), (ahead, b)]
            .into_iter()
            .map(|(node, keeper)| {
                tokio::spawn(async move {
                    let mut done = (0, 0);
                    for _ in 0..60 {
                        write(&node, 2).await;
                        done.0 += keeper.sequence(&node).await.expect("the log is kept");
                        done.1 += u64::from(keeper.sign(&node).await.expect("a head").is_some());
                    }
                    done
                })
            })
            .collect();
        for one in both {
            let (placed, signed) = one.await.unwrap();
            assert!(placed > 0 && signed > 0, "neither shuts the other out: {placed} placed, {signed} signed");
        }
        sequence(&app, &keeper(&app, "a")).await;
        assert_sound(&app.app.store).await;
        assert!(assert_heads(&app).await > 2);
    }

    async fn a_clock_that_goes_back_stops_nothing(app: TestApp) {
        let node = keeper(&app, "a");
        write(&app.app, 3).await;
        sequence(&app, &node).await;
        node.sign(&app.app).await.unwrap().unwrap();
        app.clock.advance(-Duration::hours(2));
        write(&app.app, 2).await;
        // The leader is gone, and by this clock its lease would last two hours more.
        let other = other_keeper(&app, "b");
        other.trust(&app.app).await.unwrap();
        assert_eq!(other.sequence(&app.app).await.unwrap(), 3);
        assert_eq!(other.sign(&app.app).await.unwrap().unwrap().size, 6);
        assert_eq!(node.sequence(&app.app).await.unwrap(), 0, "one leader at a time");
        assert_sound(&app.app.store).await;
        assert_eq!(assert_heads(&app).await, 2);
        assert_eq!(check(&lines(&app.app, &Wanted::default()).await, &trust(&app.app)).faults, []);
    }

    async fn a_keeper_stopped_wherever_it_waits_leaves_nothing_half_done(app: TestApp) {
        let node = keeper(&app, "a");
        let mut whole = 0;
        for times in 0..600 {
            write(&app.app, 1).await;
            let outcome = polled(async {
                let placed = node.sequence(&app.app).await?;
                node.sign(&app.app).await.map(|head| (placed, head))
            }, times).await;
            if let Some(done) = outcome {
                done.expect("nothing is left that stops the next");
                whole += 1;
                // Several times through to the end: each point at which it waits was one at which it was stopped.
                if whole == 5 {
                    break;
                }
            }
        }
        assert_eq!(whole, 5, "it ends when it is let");
        sequence(&app, &node).await;
        assert_sound(&app.app.store).await;
        assert_heads(&app).await;
    }
}
