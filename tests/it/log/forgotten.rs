//! What has served goes: drafts and whom they were for after a day, codes and tokens after their use, mails after a week.
use entremise::app::end_over::end_over;
use entremise::app::erase_user;
use entremise::app::forget_over::forget;
use entremise::app::notices::{self, Carrier};
use entremise::store::review::{self, NewReview};
use time::Duration;

use super::*;
use crate::flows::mandate_support::{self, Desk, fatou, josette, person};
use crate::flows::provider::{Browser, json, param, redeem};
use crate::support::services;

const NAMED: &str = "SELECT COUNT(*) FROM entry_part WHERE part = 'user'";

async fn round(app: &TestApp) -> usize {
    end_over(&app.app).await.unwrap();
    forget(&app.app).await.unwrap();
    erase_user::keep_retention(&app.app).await.unwrap()
}

/// Somebody identifies and goes no further.
async fn identified(desk: &Desk, who: mandate_support::Person) -> String {
    let reference = desk.propose(&["argent"], "31").await;
    let leaving = desk.leave(&reference).await;
    desk.come_back(&leaving, who).await.assert_status(303);
    reference
}

on_both_engines! {
    async fn who_identified_for_nothing_is_forgotten_after_a_day(app: TestApp) {
        let desk = Desk::open(app).await;
        let somebody = |sub: &str| {
            let mut person = person(sub, josette().userinfo);
            person.userinfo["family_name"] = sub.to_uppercase().into();
            person
        };
        desk.signed(fatou(), &["social"], "31").await;
        // Signed once, and lapsed now: the draft goes, its person stays.
        identified(&desk, fatou()).await;
        identified(&desk, somebody("parti")).await;
        let held = identified(&desk, somebody("retenu")).await;
        // Two on one draft: the first is on no mandate any more.
        let reference = identified(&desk, somebody("premier")).await;
        let leaving = desk.leave(&reference).await;
        desk.come_back(&leaving, somebody("second")).await.assert_status(303);
        let app = &desk.app;
        let store = &app.app.store;
        erase_user::hold(&app.app, erase_user::user_of(&app.app, &held).await.unwrap(), true, "ordonnance").await.unwrap();
        assert_eq!(number(store, "SELECT COUNT(*) FROM mandate WHERE text_version = '2'").await, 5, "salted");
        app.clock.advance(Duration::minutes(40));
        assert_eq!(round(app).await, 0);
        app.clock.advance(Duration::hours(20));
        assert_eq!(round(app).await, 0, "not before a day");
        assert_eq!(number(store, "SELECT COUNT(*) FROM consent_request").await, 0, "nor their ID tokens after an hour");
        let drafts = "SELECT COUNT(*) FROM mandate WHERE state = 'lapsed' AND user_id IS NOT NULL AND length(text_sealed) > 0";
        assert_eq!(number(store, drafts).await, 4);
        let before = number(store, NAMED).await;
        app.clock.advance(Duration::hours(4));
        assert_eq!(round(app).await, 3, "who left, and both of one draft");
        round(app).await;
        assert_eq!(number(store, drafts).await, 1, "the hold keeps its own");
        assert_eq!(number(store, NAMED).await, before - 3);
        assert_eq!(number(store, "SELECT COUNT(*) FROM app_user WHERE erased_at IS NULL").await, 2);
        assert_eq!(number(store, "SELECT COUNT(*) FROM mandate WHERE state = 'active' AND length(text_sealed) > 0").await, 1);
        let keeper = keeper(app, "a");
        sequence(app, &keeper).await;
        app.clock.advance(Duration::seconds(60));
        keeper.sign(&app.app).await.unwrap().unwrap();
        let bundle = lines(&app.app, &entremise::app::export_log::Wanted { parts: true, ..Default::default() }).await;
        assert_eq!(check(&bundle, &trust(&app.app)).faults, []);
    }

    async fn codes_and_tokens_go_after_their_use(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&services::josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await;
        let service = app.service("impots", |new| new.policy.may_refresh = true).await;
        let code = param(&Browser::of(&app, &desk).open(&service, user, &[]).await, "code").unwrap();
        json(redeem(&app, &service, &code, &[]).await.assert_status(200));
        let store = &app.app.store;
        let kept = "SELECT (SELECT COUNT(*) FROM authorization_code) + (SELECT COUNT(*) FROM access_token) \
            + (SELECT COUNT(*) FROM refresh_token)";
        assert_eq!(number(store, kept).await, 3);
        app.clock.advance(Duration::days(3));
        round(&app).await;
        assert_eq!(number(store, "SELECT COUNT(*) FROM authorization_request").await, 0, "answered, and over");
        assert_eq!(number(store, kept).await, 3, "the use goes on: they are still known for what they are");
        redeem(&app, &service, &code, &[]).await.assert_status(400);
        assert_eq!(number(store, "SELECT COUNT(*) FROM use_session WHERE end_cause = 'code_reuse'").await, 1);
        round(&app).await;
        assert_eq!(number(store, kept).await, 3);
        app.clock.advance(Duration::hours(25));
        round(&app).await;
        assert_eq!(number(store, kept).await, 0);
        assert_eq!(number(store, "SELECT COUNT(*) FROM use_session WHERE settled").await, 1);
        redeem(&app, &service, &code, &[]).await.assert_status(400);
    }

    async fn mails_browsers_and_notes_are_not_kept_for_ever(app: TestApp) {
        let desk = Desk::open(app).await;
        desk.signed(josette(), &["argent"], "31").await;
        let app = &desk.app;
        let store = &app.app.store;
        let readable = "SELECT COUNT(*) FROM outbox WHERE length(message_sealed) > 0";
        let waiting = number(store, readable).await;
        app.clock.advance(Duration::days(8));
        round(app).await;
        assert_eq!(number(store, readable).await, waiting, "what waits is not touched");
        notices::send_due(&app.app, &Carrier::Mailbox).await.unwrap();
        let all = number(store, "SELECT COUNT(*) FROM outbox").await;
        assert!(waiting > 0 && all == waiting);
        round(app).await;
        assert_eq!(number(store, readable).await, 0);
        assert_eq!(number(store, "SELECT COUNT(*) FROM outbox").await, all, "no notice is written twice");
        assert_eq!(notices::mailbox(&app.app, 10).await.unwrap(), []);

        let (entry, now, person) = (app.entry(Kind::PersonCreated).await, app.app.now(), desk.aidant.id);
        let place = review::note_place;
        let sealed = app.app.sealer.seal_text(place("burst:x"), "Rien de grave").unwrap();
        let device = entremise::domain::ids::RowId::new(now, &*app.app.entropy);
        let token = entremise::domain::secret::PlainToken::presented("browser").hash();
        entremise::transact!(store, "test_rows", tx => {
            let by = (person, now);
            let new = NewReview { finding: "burst:x", number: 1, by, note_sealed: &sealed, entry, seen: (1, now) };
            review::mark(tx, &new).await?;
            entremise::store::session::device_add(tx, device, &token, person, now, entry).await
        })
        .unwrap();
        app.clock.advance(Duration::days(364));
        round(app).await;
        assert_eq!(number(store, "SELECT COUNT(*) FROM device").await, 1);
        app.clock.advance(Duration::days(2));
        round(app).await;
        assert_eq!(number(store, "SELECT COUNT(*) FROM device").await, 0);
        let marks = entremise::view!(store, tx => { review::of(tx, &["burst:x".to_owned()]).await }).unwrap();
        assert_eq!(app.app.sealer.open_text(place("burst:x"), &marks[0].note_sealed).unwrap(), "");
        assert_eq!(forget(&app.app).await.unwrap(), 0, "once");
    }

    async fn nothing_of_an_erased_user_is_left_elsewhere(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&services::josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await;
        let service = app.service("impots", |_| {}).await;
        let code = param(&Browser::of(&app, &desk).open(&service, user, &[]).await, "code").unwrap();
        let token = json(redeem(&app, &service, &code, &[]).await.assert_status(200))["access_token"].as_str().unwrap().to_owned();
        let body = serde_json::json!({ "type": "declaration", "label": "Déclaration de revenus de Josette", "access": "act", "outcome": "done" });
        let call = crate::flows::provider::server(app.post("/actions")).header("authorization", format!("Bearer {token}"));
        call.header("idempotency-key", "key-1234567890123456").json(body.to_string()).send().await.assert_status(201);
        let store = &app.app.store;
        force(store, "UPDATE use_session SET declared_service = 'CAF, dossier de Josette'").await.unwrap();
        assert_eq!(number(store, "SELECT COUNT(*) FROM reported_action").await, 1);
        force(store, "UPDATE mandate SET state = 'ended', ended_at = signed_at, end_reason = 'closed', ended_entry_id = entry_id").await.unwrap();
        erase_user::erase(&app.app, user, erase_user::Reason::Request, None).await.unwrap();
        assert_eq!(number(store, "SELECT COUNT(*) FROM reported_action").await, 0);
        let left = "SELECT COUNT(*) FROM use_session WHERE declared_service IS NOT NULL OR subject_hash IS NOT NULL";
        assert_eq!(number(store, left).await, 0);
        if app.db.engine == crate::support::Engine::Sqlite {
            assert_eq!(number(store, "SELECT secure_delete FROM pragma_secure_delete").await, 1);
        }
    }
}
