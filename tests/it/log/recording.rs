use std::sync::Arc;

use entremise::app::record::{self, RecordError};
use entremise::domain::ids::{MandateId, PersonId};
use entremise::domain::time::Clock;
use entremise::log::entry::Leaf;
use entremise::log::part::PartKind;
use entremise::store::action_log;
use futures_util::future::join_all;
use serde_json::json;
use sqlx::Connection;
use time::Duration;
use uuid::Uuid;

use super::*;
use crate::flows::mandate_support::{Desk, josette};
use crate::support::program::Program;
use crate::support::{Engine, Roles, TestApp};

on_both_engines! {
    async fn an_entry_says_what_was_recorded_and_names_nobody(app: TestApp) {
        let person = app.person("Alice", "Morvan", Roles::default()).await;
        let draft = Draft::done(Kind::CardActivated)
            .by(person, Role::Aidant)
            .fact("step", 42_i64)
            .part(PartKind::Actor, json!({"name": "Alice Morvan"}));
        let written = record::append(&app.app, draft).await.unwrap();
        let row = entremise::view!(app.app.store, tx => { action_log::entry(tx, written.id).await }).unwrap().unwrap();
        let leaf = Leaf::decode(&row.leaf).unwrap();
        assert_eq!((leaf.hash(), row.at, row.kind.as_str()), (written.leaf, written.time, "card.activated"));
        assert_eq!(leaf.actor.unwrap().pseudonym.unwrap().bytes().to_vec(), row.actor.unwrap());
        let clear = String::from_utf8(row.leaf).unwrap();
        assert!(!clear.contains("Alice") && !clear.contains(&person.to_string()));
        let sealed = number(&app.app.store, "SELECT COUNT(*) FROM entry_part").await;
        assert_eq!(sealed, 1);
        let promise = app.app.log.promise(&written).unwrap().to_string();
        let promise = promise.parse::<entremise::log::promise::SignedPromise>().unwrap();
        assert_eq!(promise.open(app.app.log.signers()[0].key()).unwrap().leaf, written.leaf);
    }

    async fn one_wrong_entry_does_not_take_the_others_with_it(app: TestApp) {
        let (node, stranger) = (&app.app, PersonId::from_uuid(Uuid::from_u128(9)));
        let good = || record::append(node, Draft::done(Kind::NoticeSent));
        let wrong = record::append(node, Draft::done(Kind::NoticeSent).by(stranger, Role::Aidant));
        let lost = MandateId::from_uuid(Uuid::from_u128(8));
        let lost = record::append(node, Draft::done(Kind::MandatePrinted).mandate(lost));
        let spoken = record::append(node, Draft::done(Kind::NoticeSent).fact("why", "two words"));
        let (a, wrong, b, lost, spoken, c) = tokio::join!(good(), wrong, good(), lost, spoken, good());
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
        assert!(matches!(wrong, Err(RecordError::Unknown)) && matches!(lost, Err(RecordError::Unknown)));
        assert!(matches!(spoken, Err(RecordError::Draft(_))));
        assert_eq!(number(&app.app.store, "SELECT COUNT(*) FROM entry").await, 3);
    }

    async fn many_callers_share_commits_and_each_has_its_own_entry(app: TestApp) {
        let calls = (0..300).map(|_| {
            let app = app.app.clone();
            tokio::spawn(async move { record::append(&app, Draft::done(Kind::UserinfoGiven)).await.unwrap().id })
        });
        let mut ids = std::collections::BTreeSet::new();
        for call in calls.collect::<Vec<_>>() {
            ids.insert(call.await.unwrap());
        }
        assert_eq!(ids.len(), 300);
        assert_eq!(number(&app.app.store, "SELECT COUNT(*) FROM entry").await, 300);
    }

    async fn a_flood_of_refusals_is_counted_not_copied(app: TestApp) {
        let refuse = async |source: &str| {
            let draft = Draft::refused(Kind::CodeRefused, "code_wrong").by_role(Role::Service);
            record::refuse(&app.app, draft, source).await.unwrap()
        };
        let mut copied = 0;
        for _ in 0..50 {
            copied += usize::from(refuse("192.0.2.1").await.is_some());
        }
        assert_eq!(copied, 20);
        assert!(refuse("192.0.2.2").await.is_some(), "another source is not drowned");
        assert_eq!(record::count_refusals(&app.app).await.unwrap(), 0, "the minute is not over");
        app.clock.advance(Duration::minutes(1));
        assert!(refuse("192.0.2.1").await.is_some(), "a new minute");
        assert_eq!(record::count_refusals(&app.app).await.unwrap(), 1);
        assert_eq!(record::count_refusals(&app.app).await.unwrap(), 0, "counted once");
        let leaf = rows(&app.app.store, "SELECT COUNT(*) OVER (), leaf FROM entry WHERE kind = 'refusals.counted'").await;
        let leaf = String::from_utf8(leaf[0].1.clone()).unwrap();
        assert!(leaf.contains(r#""of":"code.refused","refusals":30"#) && !leaf.contains("192.0.2.1"), "{leaf}");
    }

    async fn thousands_of_sources_together_stay_under_the_cap(app: TestApp) {
        let calls = (0..900_u32).map(|n| {
            let app = app.app.clone();
            tokio::spawn(async move {
                let draft = Draft::refused(Kind::SignInRefused, "password");
                record::refuse(&app, draft, &format!("source {n}")).await.unwrap().is_some()
            })
        });
        let mut copied = 0;
        for call in calls.collect::<Vec<_>>() {
            copied += usize::from(call.await.unwrap());
        }
        assert_eq!(copied, 600);
        app.clock.advance(Duration::minutes(2));
        // Twenty sources by themselves, the others together.
        assert_eq!(record::count_refusals(&app.app).await.unwrap(), 21);
    }

    /// More lines than one statement takes.
    async fn a_flood_of_many_minutes_is_told_whole(app: TestApp) {
        let end = app.clock.now();
        let minute = |back: i64| end - Duration::microseconds(end.unix_micros() % 60_000_000) - Duration::minutes(back);
        let rows: Vec<_> = (1..=110).flat_map(|back| (0..22_u8).map(move |source| (back, source))).collect();
        for some in rows.chunks(100) {
            let hex = |source: u8| if app.db.engine == Engine::Sqlite { format!("X'{source:02x}'") } else { format!("'\\x{source:02x}'") };
            let row = |(back, source): &(i64, u8)| format!("('code.refused', {}, '{}', 25, 5)", hex(*source), minute(*back));
            let rows: Vec<_> = some.iter().map(row).collect();
            force(&app.app.store, &format!("INSERT INTO refusal_count VALUES {}", rows.join(", "))).await.unwrap();
        }
        // Twenty sources of each minute by themselves, the two others together.
        assert_eq!(record::count_refusals(&app.app).await.unwrap(), 110 * 21);
        assert_eq!(number(&app.app.store, "SELECT COUNT(*) FROM entry WHERE kind = 'refusals.counted'").await, 110 * 21);
        assert_eq!(number(&app.app.store, "SELECT COUNT(*) FROM refusal_count").await, 0);
    }

    async fn the_database_refuses_every_change_to_what_was_written(app: TestApp) {
        write(&app.app, 2).await;
        let draft = Draft::done(Kind::NoticeSent).part(PartKind::Details, json!({"to": "x"}));
        record::append(&app.app, draft).await.unwrap();
        let node = keeper(&app, "a");
        sequence(&app, &node).await;
        node.sign(&app.app).await.unwrap();
        let days = "INSERT INTO activity_day (structure_id, day, entry_id) SELECT id, '2026-01-01', entry_id FROM structure";
        app.structure("CCAS de Gannat", "21030118500013").await;
        force(&app.app.store, days).await.unwrap();
        let instant = app.app.now();
        let seen = format!("INSERT INTO log_cosignature (size, witness, line, seen_at) SELECT size, 'w', '', '{instant}' FROM log_checkpoint");
        assert!(force(&app.app.store, &seen).await.unwrap() > 0);
        let earlier = format!("UPDATE log_cosignature SET seen_at = '{}'", instant - Duration::seconds(1));
        let mut statements = vec![
            "UPDATE activity_day SET day = '2026-01-02'",
            "DELETE FROM activity_day",
            earlier.as_str(),
            "UPDATE log_cosignature SET witness = 'v'",
            "DELETE FROM log_cosignature",
            "UPDATE entry SET kind = 'sign_out'",
            "DELETE FROM entry",
            "UPDATE log_leaf SET leaf_index = leaf_index + 10",
            "DELETE FROM log_leaf",
            "UPDATE log_checkpoint SET size = size + 1",
            "DELETE FROM log_checkpoint",
            "UPDATE entry_part SET part = 'user'",
        ];
        if app.db.url.starts_with("postgres") {
            statements.extend(["TRUNCATE entry CASCADE", "TRUNCATE log_leaf", "TRUNCATE log_checkpoint CASCADE"]);
            statements.extend(["TRUNCATE activity_day", "TRUNCATE log_cosignature"]);
        } else {
            statements.extend([
                "INSERT OR REPLACE INTO entry SELECT id, at, 'sign_out', outcome, structure_id, mandate_id, \
                 mandate_sequence, grant_id, service_id, use_id, card_id, actor, subject, leaf, leaf_hash, domain FROM entry",
                "INSERT OR REPLACE INTO log_leaf SELECT leaf_index, entry_id FROM log_leaf",
            ]);
        }
        let before = placed(&app.app.store).await;
        for statement in statements {
            let refused = force(&app.app.store, statement).await.expect_err(statement).to_string();
            assert!(refused.contains("insert-only"), "{statement}: {refused}");
        }
        assert_eq!(placed(&app.app.store).await, before);
    }

    /// SQLite asks the triggers about what REPLACE deletes only where the connection says so; not every connection does.
    async fn nothing_is_replaced_by_a_connection_that_asks_no_trigger(app: TestApp) {
        if app.db.engine == Engine::Postgres {
            return;
        }
        let draft = Draft::done(Kind::NoticeSent).part(PartKind::Details, json!({"to": "x"}));
        record::append(&app.app, draft).await.unwrap();
        let node = keeper(&app, "a");
        sequence(&app, &node).await;
        node.sign(&app.app).await.unwrap();
        let file = app.db.url.strip_prefix("sqlite:").unwrap();
        let mut plain = sqlx::SqliteConnection::connect(file).await.unwrap();
        for statement in [
            "INSERT OR REPLACE INTO entry SELECT * FROM entry",
            "INSERT OR REPLACE INTO entry_part SELECT entry_id, part, X'00' FROM entry_part",
            "INSERT OR REPLACE INTO log_leaf SELECT leaf_index, entry_id FROM log_leaf",
            "INSERT OR REPLACE INTO log_leaf SELECT leaf_index + 9, entry_id FROM log_leaf",
            "INSERT OR REPLACE INTO log_checkpoint SELECT size, zeroblob(32), note, signed_at FROM log_checkpoint",
        ] {
            let refused = sqlx::query(statement).execute(&mut plain).await.expect_err(statement).to_string();
            assert!(refused.contains("insert-only"), "{statement}: {refused}");
        }
    }

    /// The rows of acts and their entries are there together, or not at all.
    async fn an_act_names_its_entry(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.signed(josette(), &["argent"], "31").await;
        let store = &desk.app.app.store;
        const AGREED: &str = "SELECT COUNT(*) FROM mandate m JOIN entry e ON e.id = m.consent_entry_id \
            WHERE e.kind = 'mandate.consent_given' AND e.mandate_id = m.id";
        assert_eq!(number(store, AGREED).await, 1);
        for named in [
            "SELECT COUNT(*) FROM consent_request t JOIN entry e ON e.id = t.decided_entry_id WHERE e.kind = 'mandate.consent_given'",
            "SELECT COUNT(*) FROM card t JOIN entry e ON e.id = t.assigned_entry_id WHERE e.kind = 'card.assigned'",
            "SELECT COUNT(*) FROM card t JOIN entry e ON e.id = t.activated_entry_id WHERE e.kind = 'card.activated'",
        ] {
            assert_eq!(number(store, named).await, 1, "{named}");
        }
        desk.post(&format!("/mandates/{reference}/end"), &[("by", "user")]).await.assert_status(303);
        const ENDED: &str = "SELECT COUNT(*) FROM mandate m JOIN mandate_grant g ON g.mandate_id = m.id \
            JOIN entry e ON e.id = m.ended_entry_id AND e.id = g.ended_entry_id WHERE e.kind = 'mandate.revoked'";
        assert_eq!(number(store, ENDED).await, 1);
        for statement in [
            "UPDATE mandate SET ended_entry_id = NULL",
            "UPDATE mandate SET consent_entry_id = NULL",
            "UPDATE mandate_grant SET ended_entry_id = NULL",
            "UPDATE card SET state = 'lost', ended_at = imported_at",
            "UPDATE card SET ended_entry_id = entry_id",
            "UPDATE card SET assigned_entry_id = NULL WHERE assigned_at IS NOT NULL",
            "UPDATE card SET activated_entry_id = NULL WHERE activated_at IS NOT NULL",
            "UPDATE consent_request SET decided_entry_id = NULL WHERE decided_at IS NOT NULL",
            "UPDATE app_user SET held_at = updated_at",
            "UPDATE consent_request SET decided_at = expires_at WHERE decided_at IS NOT NULL",
            "UPDATE session SET entry_id = NULL",
            "INSERT INTO session (id, token_hash, person_id, stage, created_at, last_seen_at, idle_ends_at, ends_at) \
                SELECT id, token_hash, person_id, 'password', created_at, created_at, ends_at, ends_at FROM session LIMIT 1",
            "INSERT INTO device (id, token_hash, person_id, created_at, last_seen_at) \
                SELECT id, token_hash, person_id, created_at, created_at FROM session LIMIT 1",
            "INSERT INTO one_time_link (token_hash, person_id, purpose, created_at, expires_at) \
                SELECT token_hash, person_id, 'reset', created_at, ends_at FROM session LIMIT 1",
            "INSERT INTO check_given (check_hash, ends_at) SELECT token_hash, ends_at FROM session LIMIT 1",
        ] {
            let refused = force(store, statement).await.expect_err(statement).to_string();
            assert!(refused.contains("without its entry"), "{statement}: {refused}");
        }
        let nowhere = if desk.app.db.engine == Engine::Sqlite { "zeroblob(16)" } else { "'00000000-0000-0000-0000-000000000000'" };
        let lost = format!("UPDATE card SET state = 'lost', ended_at = imported_at, ended_entry_id = {nowhere}");
        assert!(force(store, &lost).await.is_err(), "no such entry");
    }

    async fn the_database_refuses_every_change_to_epochs_keys_erasures_and_marks(app: TestApp) {
        write(&app.app, 2).await;
        record::append(&app.app, Draft::done(Kind::DataErased).by_role(Role::System)).await.unwrap();
        let node = keeper(&app, "a");
        sequence(&app, &node).await;
        write(&app.app, 1).await;
        let store = &app.app.store;
        for row in [
            "INSERT INTO log_epoch (number, entry_id, kept, last_epoch, last_size, last_root) SELECT 2, id, 0, 1, 1, leaf_hash FROM entry LIMIT 1",
            "INSERT INTO log_succession (position, note, entry_id) SELECT 1, 'note', id FROM entry LIMIT 1",
            "INSERT INTO erasure (entry_id, before_id) SELECT id, id FROM entry WHERE kind = 'data.erased'",
        ] {
            assert_eq!(force(store, row).await.unwrap(), 1);
        }
        for (table, column) in
            [("log_epoch", "kept"), ("log_succession", "note"), ("erasure", "before_id"), ("entry_pending", "entry_id")]
        {
            let mut statements = vec![format!("UPDATE {table} SET {column} = {column}"), format!("DELETE FROM {table}")];
            if app.db.engine == Engine::Postgres {
                statements.push(format!("TRUNCATE {table}"));
            }
            for statement in statements {
                let refused = force(store, &statement).await.expect_err(&statement).to_string();
                assert!(refused.contains("insert-only"), "{statement}: {refused}");
            }
        }

        // A mark whose entry has its place goes, and that alone; whoever owns the database leaves a trace.
        let every = "ok    every entry has a place or waits for one";
        let program = Program::beside(&app);
        assert!(program.run(&["doctor"]).out.contains(every));
        force(store, match app.db.engine {
            Engine::Sqlite => "DROP TRIGGER entry_pending_no_delete",
            Engine::Postgres => "DROP TRIGGER entry_pending_no_delete ON entry_pending",
        }).await.unwrap();
        force(store, "DELETE FROM entry_pending").await.unwrap();
        program.run(&["doctor"]).refused(&["FAULT every entry has a place or waits for one: 1 do neither"]);
    }
}

/// Each node counts what it refuses under the rows of the sources, and under one row for all. Were these taken in
/// another order by each, two nodes would wait for each other until the database kills one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_refuse_at_once_never_wait_in_a_circle() {
    let app = TestApp::fresh(Engine::Postgres).await;
    let other = App { store: app.db.store().await, together: Arc::default(), ..app.app.clone() };
    for _ in 0..60 {
        let refuse = |node: &App, source: usize| {
            let node = node.clone();
            async move {
                let draft = Draft::refused(Kind::CodeRefused, "code_wrong");
                record::refuse(&node, draft, &format!("source {source}")).await.unwrap();
            }
        };
        let here = (0..12).map(|source| refuse(&app.app, source));
        let there = (0..12).map(|source| refuse(&other, source + 6));
        join_all(here.chain(there)).await;
        app.clock.advance(Duration::minutes(1));
    }
    // What a connection knows of deadlocks is told when it closes.
    other.store.close().await;
    app.app.store.close().await;
    let mut seen = sqlx::PgConnection::connect(&app.db.url).await.unwrap();
    const DEADLOCKS: &str = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let deadlocks: i64 = sqlx::query_scalar(DEADLOCKS).fetch_one(&mut seen).await.unwrap();
    assert_eq!(deadlocks, 0);
}
