//! From a database that was set back to what operators see, and from there to a recovery that hides nothing.
use std::sync::Arc;

use entremise::app::alarms::LOG_CONTRADICTED;
use entremise::app::export_log::Wanted;
use entremise::app::record::Recorder;
use entremise::app::{App, log_keys};
use entremise::crypto::keyring::LogSeed;
use entremise::crypto::random::SystemEntropy;
use entremise::jobs::Jobs;
use entremise::jobs::witnesses::Witnesses;
use time::Duration;

use super::epochs::{copy, holding, settle};
use super::nodes::{raised, until};
use super::witnesses::{policy, started};
use super::*;
use crate::support::program::Program;
use crate::support::{Roles, TempFolder, TestApp};

on_both_engines! {
    async fn a_database_set_back_is_seen_by_operators_until_it_is_recovered(app: TestApp) {
        let mut app = app;
        let operator = app.person("Emma", "Riou", Roles { operator: true, auditor: false }).await;
        let session = app.session(operator, None).await;
        let node = keeper(&app, "a");
        let kept = settle(&app, &app.app, &node).await.size;
        let older = copy(&app).await;
        write(&app.app, 2).await;
        settle(&app, &app.app, &node).await;

        app.move_to(older).await;
        write(&app.app, 1).await;
        app.clock.advance(Duration::seconds(20));
        let jobs = Jobs::start(&app.app, None);
        let alarm = raised(&app.app, LOG_CONTRADICTED).await;
        let page = app.get("/").session(&session).send().await;
        page.assert_contains("La base n’est pas celle qui a été signée").assert_contains("it was rolled back");
        assert!(!page.body.contains("Les nouveaux mandats et les nouvelles démarches sont arrêtés"));
        app.clock.advance(Duration::seconds(301));
        let page = app.get("/").session(&session).send().await;
        page.assert_contains("Les nouveaux mandats et les nouvelles démarches sont arrêtés");
        let program = Program::beside(&app);
        let told = program.run(&["doctor"]).refused(&[&format!("FAULT alarm {}", alarm.name), "it was rolled back"]);
        assert!(told.out.contains("FAULT new mandates and uses"), "{told:?}");
        jobs.stop().await;
        assert_eq!(number(&app.app.store, "SELECT COUNT(*) FROM log_leaf").await, i64::try_from(kept).unwrap());

        // The program has the machine's clock, later than the test's: so is its lease.
        program.run(&["log", "recover", "--yes"]).ok().says(&["epoch-2", "2 signed lines are lost"]);
        app.clock.set(entremise::domain::time::Clock::now(&entremise::app::context::SystemClock) + Duration::minutes(1));
        let session = app.session(operator, None).await;
        let jobs = Jobs::start(&app.app, None);
        until(&app.app.store, "SELECT COUNT(*) FROM alarm", 0).await;
        let page = app.get("/").session(&session).send().await;
        assert!(!page.assert_status(200).body.contains("La base n’est pas celle"));
        jobs.stop().await;
    }

    async fn a_recovery_is_refused_where_less_is_remembered(app: TestApp) {
        let (node, folder) = (keeper(&app, "a"), TempFolder::new());
        let memory = |name: &str| app.app.config.log.head_file.with_file_name(name);
        let log = app.app.log.signers()[0].key().to_string();
        let first = started(&folder, "one.example", "127.0.0.1:0", &log);
        let second = started(&folder, "two.example", "127.0.0.1:0", &log);
        write(&app.app, 4).await;
        settle(&app, &app.app, &node).await;
        let older = copy(&app).await;
        write(&app.app, 2).await;
        settle(&app, &app.app, &node).await;
        std::fs::copy(memory("log-head"), memory("head-b")).unwrap();
        write(&app.app, 4).await;
        settle(&app, &app.app, &node).await;
        let mut asking = Witnesses::new("a", policy(&[&first, &second])).unwrap();
        assert_eq!(asking.round(&app.app).await.unwrap(), 2);
        drop(second);

        // Four entries are left, B remembers six, the witnesses ten.
        let file = folder.0.join("policy");
        std::fs::write(&file, format!("witness w {} {}\nquorum w\n", first.key, first.url)).unwrap();
        let b = || Program::beside(&app)
            .with(&app.db.url, &older.url)
            .with(memory("log-head").to_str().unwrap(), memory("head-b").to_str().unwrap());
        let asked = b().with("[log]", &format!("[log]\npolicy_file = \"{}\"", file.display()));
        for words in [&["log", "recover"][..], &["log", "recover", "--yes"]] {
            asked.run(words).refused(&["compared with: the database: a head of 4 entries",
                "the witness one.example knows of a signed head of 10 entries, this node remembers one of 6"]);
        }
        // Without witnesses, what another node says in its alarm.
        let restored = App { store: older.store().await, ..app.app.clone() };
        b().run(&["log", "recover"]).refused(&["no witness is named", "2 signed lines are lost", "nothing was changed"]);
        app.clock.advance(Duration::seconds(20));
        let jobs = Jobs::start(&restored, None);
        write(&restored, 1).await;
        let alarm = raised(&restored, LOG_CONTRADICTED).await.name;
        jobs.stop().await;
        b().run(&["log", "recover", "--yes"]).refused(&[&format!("{alarm} knows of a signed head of 10 entries")]);
        assert_eq!(number(&restored.store, "SELECT COUNT(*) FROM log_epoch").await, 0);
        // Where most is remembered it is done.
        let a = Program::beside(&app).with(&app.db.url, &older.url);
        a.run(&["log", "recover", "--yes"]).ok().says(&["6 signed lines are lost", "epoch-2"]);
    }

    /// Recovered while two keys sign, and a key replaced in the second epoch: one bundle, verified with the first key.
    async fn a_recovery_and_rotations_are_followed_offline(app: TestApp) {
        let node = keeper(&app, "a");
        let seeds: Vec<LogSeed> = (0..3).map(|_| LogSeed::generate(&SystemEntropy)).collect();
        let with = |on: &App, seeds: &[LogSeed]| App {
            log: Arc::new(Recorder::new("test.example/log", seeds).unwrap()),
            ..on.clone()
        };
        let first = with(&app.app, &seeds[..1]);
        write(&first, 3).await;
        let held = settle(&app, &first, &node).await;
        log_keys::introduce(&first, &seeds[1]).await.unwrap();
        let pair = [seeds[1].clone(), seeds[0].clone()];
        let both = with(&app.app, &pair);
        let kept = settle(&app, &both, &node).await;
        let older = copy(&app).await;
        write(&both, 2).await;
        let lost = settle(&app, &both, &node).await;

        let both = with(&App { store: older.store().await, ..app.app.clone() }, &pair);
        app.clock.advance(Duration::seconds(60));
        let (loss, head) = node.recover(&both).await.unwrap();
        assert_eq!((loss.lost(), head.size), (2, kept.size + 1));
        settle_if_new(&app, &both, &node).await;
        log_keys::retire(&both).await.unwrap();
        let second = with(&both, &seeds[1..2]);
        settle(&app, &second, &node).await;
        log_keys::introduce(&second, &seeds[2]).await.unwrap();
        let next = with(&both, &[seeds[2].clone(), seeds[1].clone()]);
        write(&next, 1).await;
        settle(&app, &next, &node).await;
        log_keys::retire(&next).await.unwrap();
        let third = with(&both, &seeds[2..]);
        write(&third, 1).await;
        let last = settle(&app, &third, &node).await;
        assert_eq!(last.origin.as_str(), "test.example/log/epoch-2");

        let bundle = lines(&third, &Wanted::default()).await;
        let key = first.log.signers()[0].key().clone();
        let report = check(&bundle, &Trust { seen: Some(held), ..holding(&key) });
        assert_eq!((&report.faults[..], report.continues, report.recoveries.len()), (&[][..], Some(3), 1));
        let report = check(&bundle, &Trust { seen: Some(lost), ..holding(&key) });
        assert_eq!((report.wrong, report.seen_lost), (0, true));
        assert_eq!(check(&bundle, &Trust { seen: Some(last.clone()), ..holding(&key) }).continues, Some(last.size));
        let stranger = with(&app.app, &[LogSeed::generate(&SystemEntropy)]);
        assert!(!check(&bundle, &holding(stranger.log.signers()[0].key())).is_sound());
    }
}

/// As [`settle`], when perhaps nothing new waits.
async fn settle_if_new(app: &TestApp, on: &App, keeper: &Keeper) {
    app.clock.advance(Duration::seconds(60));
    while keeper.sequence(on).await.expect("the log is kept") > 0 {}
    keeper.sign(on).await.unwrap();
}
