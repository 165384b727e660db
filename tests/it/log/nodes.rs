//! Several nodes, each with a memory of its own: what one of them knows stops the others.
use std::sync::Arc;
use std::time::Duration as Wait;

use entremise::app::alarms::{self, Alarm, DismissError, LOG_CONTRADICTED};
use entremise::jobs::Jobs;
use entremise::jobs::keeper::KeepError;
use time::Duration;

use super::epochs::{copy, settle};
use super::*;
use crate::support::TestApp;
use crate::support::program::Program;

/// Another node: same database and keys, a memory of its own.
pub(super) fn node(on: &App, name: &str) -> App {
    let mut config = (*on.config).clone();
    config.log.head_file = config.log.head_file.with_file_name(format!("head-{name}"));
    App { config: Arc::new(config), ..on.clone() }
}

/// Waits, in real time, for an alarm whose name begins so.
pub(super) async fn raised(app: &App, prefix: &str) -> Alarm {
    for _ in 0..400 {
        let alarms = alarms::standing(app).await.unwrap();
        if let Some(alarm) = alarms.into_iter().find(|alarm| alarm.name.starts_with(prefix)) {
            return alarm;
        }
        tokio::time::sleep(Wait::from_millis(50)).await;
    }
    panic!("no alarm {prefix}");
}

pub(super) async fn until(store: &Store, sql: &'static str, wanted: i64) {
    for _ in 0..1200 {
        if number(store, sql).await == wanted {
            return;
        }
        tokio::time::sleep(Wait::from_millis(50)).await;
    }
    assert_eq!(number(store, sql).await, wanted, "{sql}");
}

on_both_engines! {
    /// A remembers a head of 11, B an old one of 4; the database is set back to 9, between the two.
    async fn a_node_that_remembers_more_stops_those_that_remember_less(app: TestApp) {
        let keeper = keeper(&app, "a");
        let memory = |name: &str| app.app.config.log.head_file.with_file_name(name);
        write(&app.app, 4).await;
        settle(&app, &app.app, &keeper).await;
        std::fs::copy(memory("log-head"), memory("head-b")).unwrap();
        write(&app.app, 5).await;
        settle(&app, &app.app, &keeper).await;
        let older = copy(&app).await;
        write(&app.app, 2).await;
        assert_eq!(settle(&app, &app.app, &keeper).await.size, 11);

        let restored = App { store: older.store().await, ..app.app.clone() };
        write(&restored, 3).await;
        app.clock.advance(Duration::seconds(20));
        let a = Jobs::start(&restored, None);
        let alarm = raised(&restored, LOG_CONTRADICTED).await;
        assert!(alarm.detail.contains("the database holds 9 lines of the log, but 11 were signed"), "{alarm:?}");
        assert!(alarm.detail.ends_with("log-head remembers a head of 11 entries"), "{alarm:?}");
        // B finds nothing wrong, and yet neither continues the log nor takes down what A says.
        let b = node(&restored, "b");
        let jobs_of_b = Jobs::start(&b, None);
        tokio::time::sleep(Wait::from_secs(3)).await;
        let heads = "SELECT MAX(size) FROM log_checkpoint";
        assert_eq!(number(&restored.store, "SELECT COUNT(*) FROM log_leaf").await, 9);
        assert_eq!(number(&restored.store, heads).await, 9);
        assert_eq!(alarms::standing(&restored).await.unwrap(), std::slice::from_ref(&alarm));
        assert!(!alarms::is_log_stopped(&restored).await.unwrap());
        app.clock.advance(Duration::seconds(301));
        assert!(alarms::is_log_stopped(&restored).await.unwrap(), "nothing new is granted on it");

        // While A lives nobody takes that down; started again, A knows it for its own.
        tokio::time::sleep(Wait::from_secs(11)).await;
        let refused = alarms::dismiss(&restored, &alarm.name).await;
        assert!(matches!(refused, Err(DismissError::Alive)), "{refused:?}");
        a.stop().await;
        let a = Jobs::start(&restored, None);
        tokio::time::sleep(Wait::from_secs(1)).await;
        let names: Vec<_> = alarms::standing(&restored).await.unwrap().into_iter().map(|alarm| alarm.name).collect();
        assert_eq!(names, std::slice::from_ref(&alarm.name));
        a.stop().await;
        // A is gone for ever: a human says so, in the log, and B goes on.
        let program = Program::beside(&app).with(&app.db.url, &older.url);
        program.run(&["log", "dismiss", "log_head:other"]).refused(&["no such alarm stands"]);
        program.run(&["log", "dismiss", &alarm.name]).ok();
        app.clock.advance(Duration::seconds(20));
        until(&restored.store, "SELECT (SELECT COUNT(*) FROM entry) - (SELECT MAX(size) FROM log_checkpoint)", 0).await;
        jobs_of_b.stop().await;
        assert_eq!(number(&restored.store, "SELECT COUNT(*) FROM entry WHERE kind = 'log.alarm_dismissed'").await, 1);
        let remembered = other_keeper(&app, "b").remembered(&restored).await.unwrap().unwrap().size;
        assert_eq!(number(&restored.store, heads).await, i64::try_from(remembered).unwrap());
        assert_sound(&restored.store).await;
    }

    async fn a_node_that_never_signs_remembers_what_was_signed(app: TestApp) {
        let (a, b, c) = (keeper(&app, "a"), other_keeper(&app, "b"), other_keeper(&app, "c"));
        let memory = |name: &str| app.app.config.log.head_file.with_file_name(name);
        write(&app.app, 4).await;
        let first = settle(&app, &app.app, &a).await;
        std::fs::copy(memory("log-head"), memory("head-b")).unwrap();
        write(&app.app, 5).await;
        let second = settle(&app, &app.app, &a).await;
        assert_eq!(b.remembered(&app.app).await.unwrap(), Some(first));
        b.follow(&app.app).await.unwrap();
        assert_eq!(b.remembered(&app.app).await.unwrap(), Some(second));
        assert!(matches!(c.follow(&app.app).await, Err(KeepError::NoMemory)));
        assert!(!memory("head-c").exists(), "who remembers nothing waits for a human");
        // A published head that the tree does not have is not taken over.
        let forged = entremise::log::checkpoint::Checkpoint { size: 12, ..b.remembered(&app.app).await.unwrap().unwrap() };
        let note = app.app.log.sign_checkpoint(&forged).unwrap().to_string();
        force(&app.app.store, &format!("INSERT INTO log_checkpoint (size, root, note, signed_at) \
            SELECT 12, root, '{note}', signed_at FROM log_checkpoint WHERE size = 9")).await.unwrap();
        assert!(matches!(b.follow(&app.app).await, Err(KeepError::Behind { found: 9, signed: 12 })));
    }

    async fn after_a_long_stop_heads_are_signed_while_it_catches_up(app: TestApp) {
        let many = if app.db.url.starts_with("sqlite") {
            "INSERT INTO entry (id, at, kind, outcome, leaf, leaf_hash) \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
             SELECT randomblob(16), '2026-11-02T08:00:00.000000Z', 'notice.sent', 'done', x'7b7d', randomblob(32) FROM n"
        } else {
            "INSERT INTO entry (id, at, kind, outcome, leaf, leaf_hash) SELECT gen_random_uuid(), \
             TIMESTAMPTZ '2026-11-02 08:00Z', 'notice.sent', 'done', '\\x7b7d'::bytea, sha256(i::text::bytea) \
             FROM generate_series(1, 20000) i"
        };
        force(&app.app.store, many).await.unwrap();
        let jobs = Jobs::start(&app.app, None);
        until(&app.app.store, "SELECT COUNT(*) FROM log_leaf", 20_000).await;
        jobs.stop().await;
        let first = number(&app.app.store, "SELECT MIN(size) FROM log_checkpoint").await;
        assert!(first < 20_000, "the first head was signed with {first} entries placed");
        assert_sound(&app.app.store).await;
    }
}
