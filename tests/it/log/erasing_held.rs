//! What may be deleted at all: nothing without its entry, nothing of somebody held, and never much at once.
use entremise::app::erase_user;
use entremise::app::export_log::Wanted;
use entremise::app::record::append;
use entremise::domain::ids::UserId;
use entremise::domain::time::Clock;
use entremise::log::part::PartKind;
use time::Duration;

use super::*;
use crate::flows::mandate_support::{Desk, fatou, josette};

const TECHNICAL: &str = "SELECT COUNT(*) FROM entry_part WHERE part = 'technical'";
/// Parts that an erasure of their user would take.
const OTHERS: &str = "SELECT COUNT(*) FROM entry_part WHERE part <> 'actor'";
const ERASURES: &str = "SELECT COUNT(*) FROM erasure";

/// A line that holds an address, about this user or nobody.
async fn visit(app: &TestApp, user: Option<UserId>) {
    let draft = Draft::done(Kind::NoticeSent).by_role(Role::System);
    let draft = draft.part(PartKind::Technical, serde_json::json!({ "address": "192.0.2.1" }));
    append(
        &app.app,
        match user {
            Some(user) => draft.user(user),
            None => draft,
        },
    )
    .await
    .unwrap();
}

async fn assert_verified(app: &TestApp) {
    let keeper = keeper(app, "a");
    app.clock.advance(Duration::seconds(30));
    sequence(app, &keeper).await;
    keeper.sign(&app.app).await.unwrap().expect("something new");
    let bundle = lines(&app.app, &Wanted { parts: true, ..Wanted::default() }).await;
    assert_eq!(check(&bundle, &trust(&app.app)).faults, []);
}

on_both_engines! {
    async fn the_database_erases_nothing_without_the_entry_that_says_it(app: TestApp) {
        let desk = Desk::open(app).await;
        let hers = desk.signed(josette(), &["argent"], "31").await;
        let app = &desk.app;
        let user = erase_user::user_of(&app.app, &hers).await.unwrap();
        desk.post(&format!("/mandates/{hers}/end"), &[("by", "user")]).await.assert_status(303);
        visit(app, Some(user)).await;
        let parts = number(&app.app.store, OTHERS).await;
        let refused = async |statement: &str, why: &str| {
            let error = force(&app.app.store, statement).await.expect_err(statement).to_string();
            assert!(error.contains(why), "{statement}: {error}");
            assert_eq!(number(&app.app.store, OTHERS).await, parts, "{statement}");
        };
        let entry = "an erasure needs the entry that says it";
        refused("INSERT INTO erasure (entry_id, subject) SELECT id, subject FROM entry WHERE kind = 'mandate.signed'", entry).await;
        refused("INSERT INTO erasure (entry_id, before_id) SELECT id, id FROM entry WHERE kind = 'mandate.signed'", entry).await;
        // With an entry that says so, of somebody whose data stand: under a hold, or not decided at all.
        let said = || Draft::done(Kind::DataErased).by_role(Role::Operator).fact("reason", "request").list("parts", ["user"]);
        append(&app.app, said().user(user)).await.unwrap();
        let whose = "INSERT INTO erasure (entry_id, subject) SELECT id, subject FROM entry WHERE kind = 'data.erased'";
        refused(whose, "an erasure needs a user who was erased").await;
        erase_user::hold(&app.app, user, true, "ordonnance 7").await.unwrap();
        refused(whose, "an erasure needs a user who was erased").await;
        // Another's entry, and one of a range that is to come.
        let other = "INSERT INTO erasure (entry_id, subject) SELECT id, X FROM entry WHERE kind = 'data.erased'";
        refused(&other.replace('X', "(SELECT actor FROM entry WHERE kind = 'mandate.signed')"), entry).await;
        append(&app.app, said()).await.unwrap();
        app.clock.advance(Duration::seconds(1));
        visit(app, None).await;
        let parts_now = number(&app.app.store, TECHNICAL).await;
        let ahead = "INSERT INTO erasure (entry_id, before_id) SELECT e.id, (SELECT id FROM entry ORDER BY id DESC LIMIT 1) \
            FROM entry e WHERE e.kind = 'data.erased' AND e.subject IS NULL";
        assert!(force(&app.app.store, ahead).await.unwrap_err().to_string().contains(entry));
        assert_eq!((number(&app.app.store, TECHNICAL).await, number(&app.app.store, ERASURES).await), (parts_now, 0));
    }

    async fn a_hold_keeps_addresses_until_it_is_lifted(app: TestApp) {
        let desk = Desk::open(app).await;
        let hers = desk.signed(josette(), &["argent"], "31").await;
        desk.app.clock.advance(Duration::minutes(5));
        let other = desk.signed(fatou(), &["argent"], "31").await;
        let app = &desk.app;
        let user = async |reference: &str| erase_user::user_of(&app.app, reference).await.unwrap();
        let (josette, fatou) = (user(&hers).await, user(&other).await);
        for whose in [Some(josette), Some(fatou), None, Some(josette)] {
            app.clock.advance(Duration::seconds(1));
            visit(app, whose).await;
        }
        erase_user::hold(&app.app, josette, true, "ordonnance 7").await.unwrap();
        // As holds were kept before they protected addresses.
        force(&app.app.store, "UPDATE app_user SET pseudonym = NULL").await.unwrap();
        app.clock.advance(Duration::days(367));
        let kept = "SELECT COUNT(*) FROM entry_part p JOIN entry e ON e.id = p.entry_id JOIN app_user u ON u.pseudonym = e.subject \
            WHERE p.part = 'technical' AND u.held_at IS NOT NULL";
        for _ in 0..2 {
            erase_user::keep_retention(&app.app).await.unwrap();
            let left = number(&app.app.store, TECHNICAL).await;
            assert!(left >= 2, "hers stay");
            assert_eq!(left, number(&app.app.store, kept).await, "and nobody else's");
        }
        assert_eq!(number(&app.app.store, ERASURES).await, 1, "once");
        assert!(force(&app.app.store, "DELETE FROM entry_part WHERE part = 'technical'").await.is_err());
        assert_verified(app).await;
        // Nothing new has grown too old; what the hold kept has.
        erase_user::hold(&app.app, josette, false, "levée").await.unwrap();
        app.clock.advance(Duration::hours(1));
        erase_user::keep_retention(&app.app).await.unwrap();
        assert_eq!(number(&app.app.store, TECHNICAL).await, 0);
        assert_eq!(number(&app.app.store, "SELECT COUNT(*) FROM app_user WHERE released_at IS NOT NULL").await, 0);
        erase_user::keep_retention(&app.app).await.unwrap();
        assert_eq!(number(&app.app.store, ERASURES).await, 2, "once");
        assert_verified(app).await;
    }

    async fn addresses_go_slice_by_slice(app: TestApp) {
        // Three of one instant are one slice, however small slices are.
        for _ in 0..3 {
            visit(&app, None).await;
        }
        for _ in 0..4 {
            app.clock.advance(Duration::seconds(1));
            visit(&app, None).await;
        }
        app.clock.advance(Duration::days(366));
        let now = app.clock.now();
        visit(&app, None).await;
        erase_user::erase_technical(&app.app, now - Duration::days(365), 2).await.unwrap();
        assert_eq!(number(&app.app.store, TECHNICAL).await, 1, "the one of today");
        assert_eq!(number(&app.app.store, ERASURES).await, 3);
        assert_verified(&app).await;
    }
}
