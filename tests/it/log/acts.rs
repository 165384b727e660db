//! Acts and refusals whose line is easily forgotten, and what stands beside an act: who, by name and card, from where.
use entremise::app::activate_account::{self, PasswordChoice};
use entremise::app::erase_user::{self, EraseError};
use entremise::app::sessions;
use entremise::app::sign_in::{self, Browser as SignInBrowser, CodeOutcome, PasswordOutcome};
use entremise::domain::ids::UserId;
use entremise::domain::person::Role as PersonRole;
use entremise::domain::secret::{PlainToken, Secret};
use entremise::log::entry::Leaf;
use entremise::log::part::{Part, PartKind};
use entremise::store::action_log::part_place;
use serde_json::{Value, json};
use time::Duration;

use super::codes::signed_in;
use super::*;
use crate::flows::france_connect_identifies::reasons;
use crate::flows::mandate_support::{Desk, josette};
use crate::flows::people_support::PASSWORD;
use crate::flows::provider::{Browser, basic, json as read, logged, opened, param, redeem, server, userinfo};
use crate::support::{Engine, TestApp};

/// Every line of a kind with one of its parts, oldest first.
async fn with_part(app: &TestApp, kind: &str, part: PartKind) -> Vec<(Leaf, Option<Value>)> {
    let leaves = rows(&app.app.store, "SELECT CAST(0 AS BIGINT), leaf FROM entry ORDER BY id").await;
    let sealed: Vec<(Vec<u8>, String, Vec<u8>)> = {
        const SQL: &str =
            "SELECT e.leaf, p.part, p.sealed FROM entry_part p JOIN entry e ON e.id = p.entry_id";
        entremise::view!(app.app.store, tx => {
            Ok::<_, StoreError>(match entremise::store::Access::tx(tx) {
                entremise::store::Tx::Pg(c) => sqlx::query_as(SQL).fetch_all(&mut **c).await?,
                entremise::store::Tx::Lite(c) => sqlx::query_as(SQL).fetch_all(&mut **c).await?,
            })
        })
        .unwrap()
    };
    let leaves = leaves.iter().map(|(_, bytes)| (bytes, Leaf::decode(bytes).unwrap()));
    let told = leaves.filter(|(_, leaf)| leaf.kind.token() == kind).map(|(bytes, leaf)| {
        let found = sealed.iter().find(|(of, name, _)| of == bytes && name == part.token());
        let content = found.map(|(_, _, sealed)| {
            let clear = app.app.sealer.open(part_place(&leaf.id, part), sealed).unwrap();
            let (nonce, bytes) = clear.split_at(32);
            let part = Part::open(part, nonce.try_into().unwrap(), bytes.to_vec(), &leaf.parts[&part]);
            part.unwrap().content().unwrap()
        });
        (leaf, content)
    });
    told.collect()
}

on_both_engines! {
    /// The first promise of the log: if its entry cannot be written, the act does not happen.
    async fn an_act_whose_entry_cannot_be_written_does_not_happen(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.signed(josette(), &["argent"], "31").await;
        let end = format!("/mandates/{reference}/end");
        const ACTIVE: &str = "SELECT COUNT(*) FROM mandate m JOIN mandate_grant g ON g.mandate_id = m.id \
            WHERE m.state = 'active' AND m.ended_at IS NULL AND g.state = 'live'";
        refuse_lines(&desk.app, "mandate.revoked").await;
        desk.post(&end, &[("by", "user")]).await.assert_status(500);
        assert_eq!(number(&desk.app.app.store, ACTIVE).await, 1);
        assert_eq!(logged(&desk.app, "mandate.revoked").await, 0);
        take_lines(&desk.app).await;
        desk.post(&end, &[("by", "user")]).await.assert_status(303);
        assert_eq!(number(&desk.app.app.store, ACTIVE).await, 0);
        assert_eq!(logged(&desk.app, "mandate.revoked").await, 1);
    }

    async fn a_browser_forgotten_and_a_session_left_behind_are_told(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", "21030118500013").await;
        let nadia = app.hire("Nadia Benali", "nadia@exemple.fr", &[PersonRole::Aidant], structure).await;
        let karim = app.hire("Karim Haddad", "karim@exemple.fr", &[PersonRole::Aidant], structure).await;
        let who = signed_in(&app, &nadia.session).await;
        let (_, devices) = sessions::list(&app.app, &who).await.unwrap();
        assert!(sessions::forget_device(&app.app, &who, devices[0].id).await.unwrap());
        assert!(!sessions::forget_device(&app.app, &who, devices[0].id).await.unwrap());
        assert_eq!(logged(&app, "device.forgotten").await, 1);

        // Karim signs in where Nadia had stayed: her session ends, and the log says by whom.
        let form = [("email", karim.email.as_str()), ("password", PASSWORD)];
        let call = app.post("/sign-in").form(&form).cookie("device", &karim.device);
        call.session(&nadia.session).header("user-agent", "Accueil").send().await.assert_status(303);
        let told = with_part(&app, "session.revoked", PartKind::Technical).await;
        let [(leaf, beside)] = &told[..] else { panic!("{told:?}") };
        let actor = leaf.actor.as_ref().and_then(|actor| actor.pseudonym.clone());
        assert!(actor.is_some() && leaf.about().is_some() && actor != leaf.about());
        assert_eq!(*beside, Some(json!({ "user_agent": "Accueil" })));
    }

    async fn an_enrolment_begun_again_ends_the_card_it_voids(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", "21030118500013").await;
        let (_, link) =
            app.invite("Nadia Benali", "nadia@exemple.fr", &[PersonRole::Aidant], Some(structure)).await;
        let chosen = activate_account::choose_password(&app.app, &link, Secret::new(PASSWORD)).await.unwrap();
        assert!(matches!(chosen, PasswordChoice::Next));
        for _ in 0..3 {
            activate_account::enrol_app(&app.app, &link).await.unwrap().expect("an enrolment");
        }
        assert_eq!((logged(&app, "card.enrolled").await, logged(&app, "card.ended").await), (3, 2));
        let void = "SELECT COUNT(*) FROM card c JOIN entry e ON e.card_id = c.id \
            WHERE c.state = 'revoked' AND e.kind = 'card.ended'";
        assert_eq!(number(&app.app.store, void).await, 2);
    }

    async fn a_code_given_silently_is_a_line_of_its_mandate(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&crate::support::services::josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), None).await;
        let service = app.service("one", |_| {}).await;
        let mut browser = Browser::of(&app, &desk);
        let back = browser.open(&service, user, &[]).await;
        let token = read(&redeem(&app, &service, &param(&back, "code").unwrap(), &[]).await);
        let handle = browser.arrive(&service, &[("prompt", "none")]).await;
        let code = param(browser.get(&handle).await.location(), "code").expect("a code");
        redeem(&app, &service, &code, &[]).await.assert_status(200);
        userinfo(&app, token["access_token"].as_str().unwrap()).await.assert_status(200);
        assert_eq!(logged(&app, "use.continued").await, 1);
        let of_mandate = "SELECT COUNT(*) FROM entry WHERE kind = 'use.continued' AND mandate_sequence > 0 \
            AND use_id IS NOT NULL AND grant_id IS NOT NULL";
        assert_eq!(number(&app.app.store, of_mandate).await, 1);
    }

    async fn attempts_that_are_not_even_looked_at_are_told(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", "21030118500013").await;
        let nadia = app.hire("Nadia Benali", "nadia@exemple.fr", &[PersonRole::Aidant], structure).await;
        let stranger = SignInBrowser {
            address: Some("192.0.2.7".parse().unwrap()),
            user_agent: Some("curl".to_owned()),
            ..SignInBrowser::default()
        };
        let guess = || sign_in::password(&app.app, &nadia.email, Secret::new("wrong"), &stranger);
        for _ in 0..5 {
            assert!(matches!(guess().await.unwrap(), PasswordOutcome::Refused));
        }
        assert!(matches!(guess().await.unwrap(), PasswordOutcome::Wait { .. }));
        assert_eq!(logged(&app, "lock.started").await, 1);
        // The clock stands still: lines of one instant have no order.
        let locked = |told: Vec<String>| (told.len(), told.iter().filter(|reason| *reason == "locked").count());
        assert_eq!(locked(reasons(&app, "sign_in.refused").await), (6, 1));
        // The leaf names neither the address nor the account; both stand beside it, for a year.
        for (leaf, beside) in with_part(&app, "sign_in.refused", PartKind::Technical).await {
            assert!(leaf.facts.is_empty(), "{leaf:?}");
            let beside = beside.expect("something beside it");
            assert_eq!((&beside["address"], &beside["user_agent"]), (&json!("192.0.2.7"), &json!("curl")));
            assert_eq!(beside["account"].as_str().unwrap().len(), 16);
        }

        // The code of the card, by somebody who has the password: refused, locked, and after that still told.
        let answer = app.password(&nadia.email, PASSWORD, Some(&nadia.device)).await;
        let half = answer.set_cookie("session").unwrap();
        let wrong = nadia.card.wrong_code(app.app.now());
        for _ in 0..7 {
            app.code(&half, &wrong, Some(&nadia.device)).await;
        }
        assert_eq!(locked(reasons(&app, "card.code_refused").await), (7, 2));
        assert_eq!(logged(&app, "lock.started").await, 2);
    }

    /// A code used before may be shown as often as one likes; its lines are counted like those of any flood.
    async fn codes_shown_again_and_again_are_counted_not_copied(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", "21030118500013").await;
        let nadia = app.hire("Nadia Benali", "nadia@exemple.fr", &[PersonRole::Aidant], structure).await;
        let code = nadia.card.code(app.app.now());
        app.sign_in(&nadia).await;
        let answer = app.password(&nadia.email, PASSWORD, Some(&nadia.device)).await;
        let half = answer.set_cookie("session").unwrap();
        for _ in 0..30 {
            app.code(&half, &code, Some(&nadia.device)).await;
        }
        assert_eq!(logged(&app, "card.code_refused").await, 20);
        app.clock.advance(Duration::minutes(1));
        assert_eq!(record::count_refusals(&app.app).await.unwrap(), 1);
        let counted = with_part(&app, "refusals.counted", PartKind::Technical).await;
        let (leaf, beside) = &counted[0];
        assert_eq!(leaf.facts.keys().map(ToString::to_string).collect::<Vec<_>>(), ["minute", "of", "refusals"]);
        assert_eq!(beside.as_ref().unwrap()["source"].as_str().unwrap().len(), 16);
    }

    async fn a_code_at_the_right_time_completes_and_says_who_with_which_card(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", "21030118500013").await;
        let nadia = app.hire("Nadia Benali", "nadia@exemple.fr", &[PersonRole::Aidant], structure).await;
        let answer = app.password(&nadia.email, PASSWORD, Some(&nadia.device)).await;
        let half = PlainToken::presented(answer.set_cookie("session").unwrap());
        let entremise::app::caller::Caller::Half(half) =
            entremise::app::caller::resolve(&app.app, &half).await.unwrap()
        else {
            panic!("a half session")
        };
        let browser = SignInBrowser { address: Some("192.0.2.9".parse().unwrap()), ..SignInBrowser::default() };
        let code = nadia.card.code(app.app.now());
        let done = sign_in::code(&app.app, &half, &code, &browser).await.unwrap();
        assert!(matches!(done, CodeOutcome::Complete { .. }));
        let told = with_part(&app, "sign_in.completed", PartKind::Actor).await;
        let actor = told.last().unwrap().1.clone();
        assert_eq!(actor, Some(json!({ "name": "Nadia Benali", "card": nadia.card.serial })));
        let told = with_part(&app, "sign_in.completed", PartKind::Technical).await;
        assert_eq!(told.last().unwrap().1, Some(json!({ "address": "192.0.2.9" })));
    }

    /// What a person does at the desk has their name, their card and their browser beside it; what the user does, theirs.
    async fn acts_of_people_say_who_and_from_where(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.signed(josette(), &["argent"], "31").await;
        let end = format!("/mandates/{reference}/end");
        let call = desk.app.post(&end).session(&desk.aidant.session).header("user-agent", "Accueil");
        call.form(&[("by", "user")]).send().await.assert_status(303);
        let who = json!({ "name": "Nadia Benali", "card": desk.aidant.card.serial });
        for kind in ["mandate.proposed", "mandate.signed", "mandate.revoked"] {
            let told = with_part(&desk.app, kind, PartKind::Actor).await;
            assert_eq!(told[0].1, Some(who.clone()), "{kind}");
        }
        let told = with_part(&desk.app, "mandate.revoked", PartKind::Technical).await;
        assert_eq!(told[0].1, Some(json!({ "user_agent": "Accueil" })));
        let told = with_part(&desk.app, "mandate.consent_given", PartKind::Actor).await;
        assert_eq!(told[0].1, None, "the user acts, not the aidant");
    }

    async fn an_erasure_refused_is_told(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.signed(josette(), &["argent"], "31").await;
        let user: UserId = erase_user::user_of(&desk.app.app, &reference).await.unwrap();
        let ask = || erase_user::erase(&desk.app.app, user, erase_user::Reason::Request, None);
        assert!(matches!(ask().await, Err(EraseError::Live)));
        desk.post(&format!("/mandates/{reference}/end"), &[("by", "user")]).await.assert_status(303);
        erase_user::hold(&desk.app.app, user, true, "litige").await.unwrap();
        assert!(matches!(ask().await, Err(EraseError::Held)));
        assert!(erase_user::hold(&desk.app.app, user, true, "litige").await.is_err());
        let mut told = reasons(&desk.app, "data.erased").await;
        told.sort();
        assert_eq!(told, ["held", "live"]);
        assert_eq!(reasons(&desk.app, "hold.placed").await, ["held"]);
        let subject = "SELECT COUNT(*) FROM entry WHERE kind = 'data.erased' AND subject IS NOT NULL";
        assert_eq!(number(&desk.app.app.store, subject).await, 2);
    }

    async fn requests_of_services_that_cannot_be_read_are_told(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        opened(&app, &desk, "one").await;
        let service = app.service("two", |_| {}).await;
        let call = |path: &str| server(app.post(path)).header("authorization", basic(&service));
        call("/token").form(&[("grant_type", "refresh_token")]).send().await.assert_status(400);
        call("/revoke").form(&[("token_type_hint", "access_token")]).send().await.assert_status(400);
        assert_eq!(reasons(&app, "token.refreshed").await, ["bad_request"]);
        assert_eq!(reasons(&app, "token.revoked").await, ["bad_request"]);
    }

    /// A node whose clock is behind: the database refuses, and it is a fault of ours, no reason to ask the user again.
    async fn a_signature_the_database_refuses_is_no_reason_to_ask_again(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.ready(josette(), &["argent"], "31").await;
        let later = if desk.app.db.engine == Engine::Sqlite {
            "UPDATE mandate SET consented_at = '2099-01-01T00:00:00.000000Z'"
        } else {
            "UPDATE mandate SET consented_at = timestamptz '2099-01-01T00:00:00Z'"
        };
        assert_eq!(force(&desk.app.app.store, later).await.unwrap(), 1);
        desk.sign(&reference, &desk.code()).await.assert_status(500);
        assert_eq!(reasons(&desk.app, "mandate.sign_refused").await, Vec::<String>::new());
        assert_eq!(number(&desk.app.app.store, "SELECT COUNT(*) FROM mandate WHERE state = 'active'").await, 0);
    }
}
