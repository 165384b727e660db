//! A database set back, and a key replaced: the log goes on in the open, and the verifier follows.
use std::sync::Arc;

use entremise::app::App;
use entremise::app::export_log::Wanted;
use entremise::app::give_receipt;
use entremise::app::log_keys::{self, LogKeyError};
use entremise::app::record::Recorder;
use entremise::crypto::keyring::LogSeed;
use entremise::crypto::random::SystemEntropy;
use entremise::domain::ids::EntryId;
use entremise::jobs::keeper::KeepError;
use entremise::log::checkpoint::Checkpoint;
use entremise::log::note::{NoteKey, SignedNote};
use entremise::log::receipt;
use entremise::log::verify::{Trust, Wrong};
use time::Duration;

use super::*;
use crate::support::program::{bare, finish};
use crate::support::{Engine, Roles, TempFolder, TestApp, TestDb};

/// Trusting this key of the log alone.
pub(super) fn holding(key: &NoteKey) -> Trust {
    Trust { keys: vec![key.clone()], ..Trust::default() }
}

async fn bundle(app: &App) -> Vec<String> {
    lines(app, &Wanted::default()).await
}

async fn lines_of(app: &App, after: u64) -> Vec<String> {
    lines(app, &Wanted { after: Some(after), ..Wanted::default() }).await
}

/// The entry in the last place.
async fn placed_last(app: &App) -> EntryId {
    entremise::view!(app.store, tx => {
        let size = entremise::store::tree::latest_checkpoint(tx).await?.unwrap().size;
        Ok::<_, StoreError>(entremise::store::export::range(tx, size - 1, size).await?[0].id)
    })
    .unwrap()
}

/// Entries placed and signed by this node.
pub(super) async fn settle(app: &TestApp, on: &App, keeper: &Keeper) -> Checkpoint {
    app.clock.advance(Duration::seconds(60));
    while keeper.sequence(on).await.expect("the log is kept") > 0 {}
    keeper.sign(on).await.unwrap().expect("something new")
}

/// The database as it was before `change`, by a copy made at that moment.
pub(super) async fn copy(app: &TestApp) -> TestDb {
    match app.db.engine {
        Engine::Sqlite => {
            let older = TestDb::fresh(Engine::Sqlite).await;
            let file = older.url.trim_start_matches("sqlite:").to_owned();
            std::fs::remove_file(&file).unwrap();
            force_outside(app, &format!("VACUUM INTO '{file}'")).await;
            older
        }
        Engine::Postgres => {
            let older = TestDb::empty(Engine::Postgres).await;
            older.become_copy_of(&app.db, &app.app.store).await;
            older
        }
    }
}

async fn force_outside(app: &TestApp, sql: &str) {
    use sqlx::Connection;
    let mut connection = sqlx::SqliteConnection::connect(&app.db.url).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

on_both_engines! {
    async fn a_database_set_back_is_recovered_in_a_new_epoch(app: TestApp) {
        let node = keeper(&app, "a");
        let key = app.app.log.signers()[0].key().clone();
        write(&app.app, 6).await;
        let kept = settle(&app, &app.app, &node).await;
        assert!(matches!(node.recover(&app.app).await, Err(KeepError::NothingLost)), "there is nothing to give up");
        // Last week's copy; the service went on, and an auditor took heads and a bundle.
        let older = copy(&app).await;
        write(&app.app, 2).await;
        let between = settle(&app, &app.app, &node).await;
        write(&app.app, 2).await;
        let last = settle(&app, &app.app, &node).await;
        assert_eq!((kept.size, between.size, last.size), (6, 8, 10));

        // The copy is restored: nothing is placed or signed, entries wait, the page and the doctor's question say so.
        let restored = App { store: older.store().await, ..app.app.clone() };
        write(&restored, 3).await;
        app.clock.advance(Duration::seconds(60));
        assert!(matches!(node.sequence(&restored).await, Err(KeepError::Behind { found: 6, signed: 10 })));
        assert!(matches!(node.examine(&restored).await, Err(KeepError::Behind { .. })));
        let stranger = other_keeper(&app, "b");
        assert!(matches!(stranger.recover(&restored).await, Err(KeepError::NoMemory)), "who remembers nothing cannot say what was lost");
        let loss = node.loss(&restored).await.unwrap();
        assert_eq!((loss.epoch, loss.kept, loss.lost(), loss.rewritten), (2, 6, 4, false));
        assert_eq!(number(&restored.store, "SELECT COUNT(*) FROM entry WHERE kind = 'log.recovered'").await, 0);

        let (loss, head) = node.recover(&restored).await.unwrap();
        assert_eq!((loss.lost(), head.origin.as_str(), head.size), (4, "test.example/log/epoch-2", 7));
        assert!(matches!(node.recover(&restored).await, Err(KeepError::NothingLost)));
        let after = settle(&app, &restored, &node).await;
        assert_eq!((after.origin.as_str(), after.size), ("test.example/log/epoch-2", 10));
        assert_sound(&restored.store).await;
        // The lost database comes back: it is of an epoch that was left.
        assert!(matches!(node.sequence(&app.app).await, Err(KeepError::EpochGone { found: 1, signed: 2 })));

        // Verified across the epoch, with the key of the log alone, and the loss is told.
        let lines = bundle(&restored).await;
        let report = check(&lines, &holding(&key));
        assert_eq!(report.faults, []);
        let [recovery] = &report.recoveries[..] else { panic!("{report:?}") };
        assert_eq!((recovery.epoch, recovery.at, recovery.size, recovery.lost()), (2, 6, 10, 4));
        let seen = |head: &Checkpoint| check(&lines, &Trust { seen: Some(head.clone()), ..holding(&key) });
        let before = seen(&kept);
        assert_eq!((before.wrong, before.continues, before.seen_lost), (0, Some(6), false));
        for head in [&between, &last] {
            let report = seen(head);
            assert_eq!((report.wrong, report.continues, report.seen_lost), (0, None, true));
        }
        assert_eq!(seen(&after).continues, Some(10));
        // A head beyond what the recovery admits; another one of that very size; a later epoch.
        let hidden = Checkpoint { size: 11, ..last.clone() };
        assert_eq!(seen(&hidden).faults[0].what, Wrong::Forgotten { seen: 11, known: 10 });
        let forked = Checkpoint { root: kept.root, ..last.clone() };
        assert_eq!(seen(&forked).faults[0].what, Wrong::Forked(10));
        let later = Checkpoint { origin: app.app.log.origin_of(3).unwrap(), ..after.clone() };
        assert_eq!(seen(&later).faults[0].what, Wrong::OlderEpoch { found: 2, seen: 3 });
        // The command says it, and its exit code is its own: everything holds, and something is gone.
        let folder = TempFolder::new();
        let file = |name: &str, text: String| {
            let path = folder.0.join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (log, held) = (file("log", lines.join("\n") + "\n"), file("held", app.app.log.sign_checkpoint(&last).unwrap().to_string()));
        let key = key.to_string();
        let run = |option: &str| finish(bare(&["log", "verify", &log, "--key", &key, option, &held]), "");
        for option in ["--seen", "--keep"] {
            let told = run(option);
            assert!(told.code == 3 && told.out.contains("LOST: your checkpoint covers") && told.err.contains("LOST: "), "{told:?}");
        }
        assert_eq!(std::fs::read_to_string(&held).unwrap(), app.app.log.sign_checkpoint(&last).unwrap().to_string(), "the proof of it is kept");
        let key = app.app.log.signers()[0].key().clone();
        // The entry of the recovery hidden behind its hash: the heads after it stand in another epoch.
        let mut hiding = lines.clone();
        let at = hiding.iter().position(|line| line.contains("log.recovered")).unwrap();
        let hash = placed(&restored.store).await[6].1.clone();
        hiding[at] = entremise::log::bundle::write_hash(6, &Hash::from_slice(&hash).unwrap());
        assert_eq!(check(&hiding, &holding(&key)).faults[0].what, Wrong::Hidden);
        let mut header: serde_json::Value = serde_json::from_str(&hiding[0]).unwrap();
        header["perimeter"] = serde_json::json!([]);
        hiding[0] = header.to_string();
        assert_eq!(check(&hiding, &holding(&key)).faults[0].what, Wrong::Epoch { size: 7, found: 2, wanted: 1 });

        // Another node remembers the former epoch: a human looks, and it goes on.
        let other = other_keeper(&app, "c");
        std::fs::write(app.app.config.log.head_file.with_file_name("head-c"), app.app.log.sign_checkpoint(&between).unwrap().to_string()).unwrap();
        app.clock.advance(Duration::seconds(60));
        assert!(matches!(other.sign(&restored).await, Err(KeepError::NewEpoch { found: 2, signed: 1 })));
        assert_eq!(other.trust(&restored).await.unwrap(), after);
        settle(&app, &restored, &other).await;
    }

    async fn a_database_rewritten_is_recovered_only_in_the_open(app: TestApp) {
        let node = keeper(&app, "a");
        let key = app.app.log.signers()[0].key().clone();
        write(&app.app, 5).await;
        let signed = settle(&app, &app.app, &node).await;
        let other = TestDb::fresh(app.db.engine).await;
        let rewritten = App { store: other.store().await, ..app.app.clone() };
        write(&rewritten, 6).await;
        settle(&app, &rewritten, &other_keeper(&app, "forger")).await;
        app.clock.advance(Duration::seconds(60));
        let (loss, head) = node.recover(&rewritten).await.unwrap();
        assert!(loss.rewritten && head.size == 7, "{loss:?}");
        let lines = bundle(&rewritten).await;
        let report = check(&lines, &holding(&key));
        assert!(report.is_sound() && report.recoveries[0].rewritten, "{report:?}");
        let report = check(&lines, &Trust { seen: Some(signed), ..holding(&key) });
        assert_eq!(report.faults[0].what, Wrong::Forked(5), "no recovery makes another history the same");
    }

    async fn a_recovery_interrupted_is_finished(app: TestApp) {
        let node = keeper(&app, "a");
        write(&app.app, 3).await;
        settle(&app, &app.app, &node).await;
        let older = TestDb::fresh(app.db.engine).await;
        let restored = App { store: older.store().await, ..app.app.clone() };
        let memory = std::fs::read_to_string(&app.app.config.log.head_file).unwrap();
        app.clock.advance(Duration::seconds(60));
        node.recover(&restored).await.unwrap();
        // Stopped after the commit, before the head was remembered and published.
        std::fs::write(&app.app.config.log.head_file, memory).unwrap();
        force(&restored.store, match app.db.engine {
            Engine::Sqlite => "DROP TRIGGER log_checkpoint_no_delete",
            Engine::Postgres => "DROP TRIGGER log_checkpoint_no_delete ON log_checkpoint",
        }).await.unwrap();
        force(&restored.store, "DELETE FROM log_checkpoint").await.unwrap();
        app.clock.advance(Duration::seconds(60));
        assert!(matches!(node.sign(&restored).await, Err(KeepError::NewEpoch { found: 2, signed: 1 })));
        let (loss, head) = node.recover(&restored).await.unwrap();
        assert_eq!((loss.epoch, loss.lost(), head.size), (2, 3, 1));
        assert_eq!(number(&restored.store, "SELECT COUNT(*) FROM log_epoch").await, 1);
        write(&restored, 1).await;
        settle(&app, &restored, &node).await;
    }

    async fn a_log_key_is_replaced_by_both(app: TestApp) {
        let node = keeper(&app, "a");
        let seed_of = || LogSeed::generate(&SystemEntropy);
        let (first, second) = (seed_of(), seed_of());
        let with = |seeds: &[LogSeed]| App {
            log: Arc::new(Recorder::new("test.example/log", seeds).unwrap()),
            ..app.app.clone()
        };
        let before = with(std::slice::from_ref(&first));
        write(&before, 3).await;
        let held = settle(&app, &before, &node).await;
        assert!(matches!(log_keys::retire(&before).await, Err(LogKeyError::OnlyOne)));
        log_keys::introduce(&before, &second).await.unwrap();
        // Restarted with both keys: heads bear both signatures.
        let both = with(&[second.clone(), first.clone()]);
        assert!(matches!(log_keys::retire(&both).await, Err(LogKeyError::NotYet)));
        // A bundle up to the head of before tells nothing of the key that came after it.
        let until = Wanted { until: Some(app.app.now() - Duration::seconds(30)), ..Wanted::default() };
        let early = lines(&both, &until).await;
        assert!(!early[0].contains("succession"), "{}", early[0]);
        assert_eq!(check(&early, &holding(before.log.signers()[0].key())).faults, []);
        settle(&app, &both, &node).await;
        let note: SignedNote = entremise::app::publish_log::checkpoint(&both).await.unwrap().unwrap().parse().unwrap();
        let (old, new) = (before.log.signers()[0].key().clone(), both.log.signers()[0].key().clone());
        assert!(note.check(&old).is_ok() && note.check(&new).is_ok());
        log_keys::retire(&both).await.unwrap();
        let after = with(std::slice::from_ref(&second));
        write(&after, 2).await;
        let latest = settle(&app, &after, &node).await;
        let note: SignedNote = entremise::app::publish_log::checkpoint(&after).await.unwrap().unwrap().parse().unwrap();
        assert!(note.check(&old).is_err(), "the old key signs no more");

        // Who holds only the old key follows the succession; who holds none of them does not.
        let lines = bundle(&after).await;
        let report = check(&lines, &Trust { seen: Some(held.clone()), ..holding(&old) });
        assert_eq!((&report.faults[..], report.continues), (&[][..], Some(3)));
        assert!(check(&lines, &holding(&new)).faults.iter().any(|fault| matches!(fault.what, Wrong::Head(_))), "older heads are of the old key");
        assert!(check(&lines, &Trust { keys: vec![old.clone(), new.clone()], ..Trust::default() }).is_sound());
        let stranger = with(&[seed_of()]);
        assert!(!check(&lines, &holding(stranger.log.signers()[0].key())).is_sound());
        // So in a range, where the entry of the succession came before; and with a receipt, which carries the note.
        let since = lines_of(&after, latest.size - 1).await;
        assert_eq!(check(&since, &holding(&old)).faults, []);
        let last = placed_last(&after).await;
        let receipt = give_receipt::for_command_line(&after, last, &[]).await.unwrap();
        assert!(receipt::verify(&receipt, &holding(&old)).is_ok() && receipt::verify(&receipt, &holding(&new)).is_ok());
        let without = receipt.split_once(",\"keys\":").unwrap().0.to_owned() + "}";
        assert!(matches!(receipt::verify(&without, &holding(&old)), Err(Wrong::Head(_))));
        let untied = receipt.replacen("key succession v1", "key succession v2", 1);
        assert!(matches!(receipt::verify(&untied, &holding(&old)), Err(Wrong::Succession(_))));
        // A successor that the old key never named: the note is not signed by both.
        let forged = lines[0].replacen("entremise key succession v1", "entremise key succession v2", 1);
        let mut forging = lines.clone();
        forging[0] = forged;
        assert!(matches!(check(&forging, &holding(&old)).faults[0].what, Wrong::Succession(_)));
        // Named in secret: the log has no entry of it.
        let secret = entremise::log::epoch::Succession::sign(&both.log.signers()[1], &stranger.log.signers()[0], after.now());
        let mut header: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        header["keys"].as_array_mut().unwrap().push(secret.to_string().into());
        forging[0] = header.to_string();
        assert_eq!(check(&forging, &holding(&old)).faults[0].what, Wrong::SuccessionUnlogged);
        let mut header: serde_json::Value = serde_json::from_str(&since[0]).unwrap();
        header["keys"].as_array_mut().unwrap().push(secret.to_string().into());
        let mut forging = since.clone();
        forging[0] = header.to_string();
        assert_eq!(check(&forging, &holding(&old)).faults[0].what, Wrong::SuccessionUnlogged, "in a range too");
    }

    async fn the_command_says_what_is_lost_and_recovers(app: TestApp) {
        let node = keeper(&app, "a");
        write(&app.app, 4).await;
        settle(&app, &app.app, &node).await;
        let older = copy(&app).await;
        write(&app.app, 2).await;
        settle(&app, &app.app, &node).await;
        let program = crate::support::program::Program::beside(&app);
        let file = program.path("entremise.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace(&app.db.url, &older.url)).unwrap();
        let found = program.run(&["doctor"]);
        assert!(found.code == 1 && found.out.contains("FAULT log against the head this node signed last: the database holds 4 lines of the log, but 6 were signed"), "{found:?}");
        assert!(found.out.contains("note  the log is not witnessed"), "{found:?}");
        let told = program.run(&["log", "recover"]);
        assert!(told.code == 1 && told.out.contains("2 signed lines are lost") && told.err.contains("nothing was changed"), "{told:?}");
        let done = program.run(&["log", "recover", "--yes"]);
        assert!(done.code == 0 && done.out.contains("test.example/log/epoch-2 now, 5 lines"), "{done:?}");
        let found = program.run(&["doctor"]);
        assert!(found.out.contains("ok    log against the head this node signed last"), "{found:?}");
        assert!(program.run(&["log", "key"]).out.starts_with("test.example/log/epoch-2+"));
        let refused = program.run(&["log", "recover", "--yes"]);
        assert!(refused.code == 1 && refused.err.contains("nothing is lost"), "{refused:?}");
    }

    async fn operators_see_the_alarm_on_every_page_of_theirs(app: TestApp) {
        let operator = app.person("Emma", "Riou", Roles { operator: true, auditor: false }).await;
        let session = app.session(operator, None).await;
        let quiet = app.get("/people").session(&session).send().await;
        assert!(!quiet.assert_status(200).body.contains("Une alarme est levée"));
        let now = app.app.now();
        entremise::transact!(app.app.store, "test_raise", tx => {
            entremise::store::tree::raise(tx, "log_head", "set back", now).await
        }).unwrap();
        app.get("/").session(&session).send().await.assert_contains("Le journal n’est plus signé");
        app.get("/people").session(&session).send().await.assert_contains("Une alarme est levée");
        let other = app.person("Paul", "Ferrand", Roles { operator: false, auditor: true }).await;
        let session = app.session(other, None).await;
        let page = app.get("/log").session(&session).send().await;
        assert!(!page.assert_status(200).body.contains("Une alarme"), "others can do nothing about it");
    }
}
