//! Somebody's data are erased: the log, and everybody else's receipts, still verify; no part goes without an entry.
use entremise::app::App;
use entremise::app::erase_user::{self, EraseError, Reason};
use entremise::app::export_log::Wanted;
use entremise::app::give_receipt;
use entremise::app::notices::{self, Carrier};
use entremise::domain::ids::{EntryId, UserId};
use entremise::log::part::PartKind;
use entremise::log::receipt;
use entremise::log::verify::{Report, Wrong};
use entremise::notify::Mail;
use time::Duration;

use super::*;
use crate::flows::mandate_support::{Desk, fatou, josette};
use crate::support::TestApp;

async fn bundle(app: &App) -> Vec<String> {
    lines(app, &Wanted { parts: true, ..Wanted::default() }).await
}

fn check(app: &App, lines: &[String]) -> Report {
    super::check(lines, &trust(app))
}

async fn settle(app: &TestApp) {
    let keeper = keeper(app, "a");
    app.clock.advance(Duration::seconds(30));
    sequence(app, &keeper).await;
    keeper.sign(&app.app).await.unwrap().expect("something new");
}

async fn ids<T>(app: &TestApp, sql: &'static str) -> Vec<T>
where
    T: Send + Unpin,
    for<'r> T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    for<'r> T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    entremise::view!(app.app.store, tx => {
        Ok::<_, StoreError>(match entremise::store::Access::tx(tx) {
            entremise::store::Tx::Pg(c) => sqlx::query_scalar(sql).fetch_all(&mut **c).await?,
            entremise::store::Tx::Lite(c) => sqlx::query_scalar(sql).fetch_all(&mut **c).await?,
        })
    })
    .unwrap()
}

async fn user_of(app: &TestApp, reference: &str) -> UserId {
    erase_user::user_of(&app.app, reference).await.unwrap()
}

/// The lines of a bundle without one part of the first entry of a kind, as a server that hides it gives them.
fn without_part(lines: &[String], kind: &str, part: &str) -> Vec<String> {
    let mut lines = lines.to_vec();
    let line = lines.iter_mut().find(|line| line.contains(&format!("\"kind\":\"{kind}\""))).expect(kind);
    let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
    assert!(value["parts"].as_object_mut().unwrap().remove(part).is_some(), "{line}");
    let parts = value["parts"].to_string();
    // The leaf has commitments under that name too.
    let at = line.rfind(",\"parts\":").unwrap();
    *line = format!("{},\"parts\":{parts}}}", &line[..at]);
    lines
}

on_both_engines! {
    async fn an_erased_user_is_gone_and_every_proof_stays(app: TestApp) {
        let desk = Desk::open(app).await;
        let hers = desk.signed(josette(), &["argent", "logement"], "31").await;
        desk.app.clock.advance(Duration::minutes(5));
        let other = desk.signed(fatou(), &["argent"], "31").await;
        desk.app.clock.advance(Duration::minutes(2));
        let app = &desk.app;
        settle(app).await;
        let (josette, fatou) = (user_of(app, &hers).await, user_of(app, &other).await);
        let whole = bundle(&app.app).await;
        assert_eq!(check(&app.app, &whole).faults, []);
        assert!(whole.join("\n").contains("MARTIN"));
        let signed: Vec<EntryId> = ids(app, "SELECT id FROM entry WHERE kind = 'mandate.signed' ORDER BY id").await;
        let kinds = [PartKind::Actor, PartKind::User];
        let of_fatou = give_receipt::for_command_line(&app.app, signed[1], &kinds).await.unwrap();
        let of_josette = give_receipt::for_command_line(&app.app, signed[0], &[PartKind::Actor]).await.unwrap();

        // Not while a mandate lives, not under a hold; nothing is half done.
        let erase = async |user| erase_user::erase(&app.app, user, Reason::Request, Some("décision 12")).await;
        assert!(matches!(erase(josette).await, Err(EraseError::Live)));
        assert_eq!(notices::send_due(&app.app, &Carrier::Mailbox).await.unwrap(), 1, "that she signed");
        desk.post(&format!("/mandates/{hers}/end"), &[("by", "user")]).await.assert_status(303);
        erase_user::hold(&app.app, josette, true, "ordonnance 7").await.unwrap();
        assert!(matches!(erase_user::hold(&app.app, josette, true, "x").await, Err(EraseError::Held)));
        assert!(matches!(erase(josette).await, Err(EraseError::Held)));
        app.clock.advance(Duration::seconds(1));
        erase_user::hold(&app.app, josette, false, "levée").await.unwrap();
        app.clock.advance(Duration::seconds(1));
        assert!(matches!(erase_user::hold(&app.app, josette, false, "x").await, Err(EraseError::NotHeld)));
        // Of the mails to her one has left and one waits; somebody else's waits too.
        let stranger = Mail { to: "fatou@exemple.fr".into(), subject: "Mandat".into(), body: "Signé.".into() };
        entremise::transact!(app.app.store, "test_queue", tx => {
            let queued = notices::queue(&app.app, tx, &stranger, "mandate-signed:another").await;
            queued.map_err(|error| StoreError::Corrupt(error.to_string()))
        })
        .unwrap();
        assert_eq!(number(&app.app.store, "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL").await, 2);
        assert_eq!(number(&app.app.store, "SELECT COUNT(*) FROM outbox").await, 3);
        erase(josette).await.unwrap();
        assert_eq!(number(&app.app.store, "SELECT COUNT(*) FROM outbox").await, 1, "what she was told is gone too");
        assert_eq!(notices::send_due(&app.app, &Carrier::Mailbox).await.unwrap(), 1, "nothing more is sent to her");
        assert_eq!(notices::mailbox(&app.app, 10).await.unwrap(), [stranger]);
        assert!(matches!(erase(josette).await, Err(EraseError::Erased)));
        settle(app).await;

        let after = bundle(&app.app).await;
        let report = check(&app.app, &after);
        assert_eq!(report.faults, []);
        assert!(report.absent_parts > 0);
        let text = after.join("\n");
        assert!(!text.contains("MARTIN"), "her name is in no part any more");
        assert!(text.contains("data.erased") && text.contains("\"reason\":\"request\""));
        assert_eq!(number(&app.app.store, "SELECT COUNT(*) FROM app_user WHERE length(pseudonym_key_sealed) = 0").await, 1);
        // Receipts given before: another person's, and her own, which shows the aidant.
        for text in [&of_fatou, &of_josette] {
            receipt::verify(text, &trust(&app.app)).unwrap();
        }
        // What is asked of the log again: the same leaf and proof, what is left of the parts.
        let again = give_receipt::for_command_line(&app.app, signed[0], &kinds).await.unwrap();
        let proven = receipt::verify(&again, &trust(&app.app)).unwrap();
        assert_eq!(proven.parts.iter().map(|part| part.kind).collect::<Vec<_>>(), [PartKind::Actor], "the evidence about the aidant stays");
        // Her mandate can still be read, and says nothing of her; what is written about it later still links.
        desk.get(&format!("/mandates/{hers}")).await.assert_status(200);
        let before = number(&app.app.store, "SELECT COUNT(DISTINCT subject) FROM entry WHERE subject IS NOT NULL").await;
        entremise::app::record::append(&app.app, Draft::done(Kind::NoticeSent).by_role(Role::System).user(josette)).await.unwrap();
        assert_eq!(number(&app.app.store, "SELECT COUNT(DISTINCT subject) FROM entry WHERE subject IS NOT NULL").await, before);
        // Nobody else's data went.
        assert!(matches!(erase(fatou).await, Err(EraseError::Live)));
    }

    async fn no_part_is_missing_without_an_entry(app: TestApp) {
        let desk = Desk::open(app).await;
        let hers = desk.signed(josette(), &["argent"], "31").await;
        let app = &desk.app;
        app.clock.advance(Duration::minutes(2));
        desk.post(&format!("/mandates/{hers}/end"), &[("by", "user")]).await.assert_status(303);
        settle(app).await;
        let whole = bundle(&app.app).await;
        let hidden = without_part(&whole, "mandate.signed", "actor");
        assert_eq!(check(&app.app, &hidden).faults[0].what, Wrong::Unjustified(PartKind::Actor));
        let hidden = without_part(&whole, "mandate.identified", "user");
        assert_eq!(check(&app.app, &hidden).faults[0].what, Wrong::Unjustified(PartKind::User));
        erase_user::erase(&app.app, user_of(app, &hers).await, Reason::Order, None).await.unwrap();
        settle(app).await;
        let erased = bundle(&app.app).await;
        assert_eq!(check(&app.app, &erased).faults, []);
        let hidden = without_part(&erased, "mandate.signed", "actor");
        assert_eq!(check(&app.app, &hidden).faults[0].what, Wrong::Unjustified(PartKind::Actor), "the aidant's part never goes with the user");
        // A copy from before shows what an entry says was erased.
        let mut shown = erased.clone();
        for (line, old) in shown.iter_mut().zip(&whole) {
            if old.contains("\"kind\":\"mandate.identified\"") {
                line.clone_from(old);
            }
        }
        assert!(check(&app.app, &shown).faults.iter().any(|fault| fault.what == Wrong::ErasedAndShown(PartKind::User)));
        // The database itself refuses: whoever deletes a part without its entry must first break a trigger.
        for statement in [
            "DELETE FROM entry_part WHERE part = 'actor'",
            "UPDATE erasure SET subject = NULL",
            "DELETE FROM erasure",
        ] {
            assert!(force(&app.app.store, statement).await.is_err(), "{statement}");
        }
    }

    async fn what_is_old_goes_by_itself(app: TestApp) {
        let desk = Desk::open(app).await;
        let hers = desk.signed(josette(), &["argent"], "31").await;
        let app = &desk.app;
        app.clock.advance(Duration::minutes(2));
        desk.post(&format!("/mandates/{hers}/end"), &[("by", "user")]).await.assert_status(303);
        let visit = Draft::done(Kind::NoticeSent).by_role(Role::System);
        let visit = visit.part(PartKind::Technical, serde_json::json!({ "address": "192.0.2.1" }));
        entremise::app::record::append(&app.app, visit).await.unwrap();
        let technical = "SELECT COUNT(*) FROM entry_part WHERE part = 'technical'";
        let named = "SELECT COUNT(*) FROM entry_part WHERE part = 'user'";
        let (all, users) = (number(&app.app.store, technical).await, number(&app.app.store, named).await);
        assert!(all > 0 && users > 0);
        app.clock.advance(Duration::days(364));
        assert_eq!(erase_user::keep_retention(&app.app).await.unwrap(), 0);
        assert_eq!(number(&app.app.store, technical).await, all);
        app.clock.advance(Duration::days(3));
        erase_user::keep_retention(&app.app).await.unwrap();
        assert_eq!((number(&app.app.store, technical).await, number(&app.app.store, named).await), (0, users));
        erase_user::keep_retention(&app.app).await.unwrap();
        assert_eq!(number(&app.app.store, "SELECT COUNT(*) FROM entry WHERE kind = 'data.erased'").await, 1, "once");
        settle(app).await;
        assert_eq!(check(&app.app, &bundle(&app.app).await).faults, []);
        app.clock.advance(Duration::days(6 * 365));
        let user = user_of(app, &hers).await;
        erase_user::hold(&app.app, user, true, "ordonnance 7").await.unwrap();
        assert_eq!(erase_user::keep_retention(&app.app).await.unwrap(), 0, "held");
        app.clock.advance(Duration::days(1));
        erase_user::hold(&app.app, user, false, "levée").await.unwrap();
        app.clock.advance(Duration::days(1));
        assert_eq!(erase_user::keep_retention(&app.app).await.unwrap(), 1);
        assert_eq!(number(&app.app.store, named).await, 0);
        settle(app).await;
        let lines = bundle(&app.app).await;
        assert_eq!(check(&app.app, &lines).faults, []);
        assert!(lines.iter().any(|line| line.contains("\"reason\":\"retention\"") && line.contains("\"user\"")));
    }
}
