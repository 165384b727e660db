//! `doctor`: looks at everything a start needs and says all that is wrong, with what to do. Changes nothing.
use std::path::Path;
use std::sync::Arc;

use crate::app::App;
use crate::app::alarms;
use crate::app::context::SystemClock;
use crate::app::witnessing::{self, UNWITNESSED_FOR};
use crate::config::Config;
use crate::crypto::keyring::Keyring;
use crate::jobs::head::HeadFile;
use crate::jobs::keeper::Keeper;
use crate::store::{StoreError, tree};
use crate::view;

use super::{Failure, say, start, users};

/// What was found, a line each.
#[derive(Default)]
struct Report {
    faults: u32,
}

impl Report {
    fn add<T>(&mut self, what: &str, outcome: Result<T, impl std::fmt::Display>) -> Option<T> {
        match outcome {
            Ok(value) => {
                say(&format!("ok    {what}"));
                Some(value)
            }
            Err(fault) => {
                self.faults += 1;
                say(&format!("FAULT {what}: {fault}"));
                None
            }
        }
    }
}

pub(super) fn run(file: Option<&Path>) -> Result<(), Failure> {
    start::block_on(async {
        let mut report = Report::default();
        let app = match file.filter(|path| path.is_dir()) {
            Some(_) => report.add("demonstration", start::app(file).await),
            None => examine(&mut report, file).await,
        };
        if let Some(app) = app {
            log(&mut report, &app).await?;
            let provider = app.federation.origin(app.now()).await;
            let issuer = &app.federation.provider().issuer;
            report.add(&format!("identity provider {issuer}"), provider);
            if let Some(professionals) = &app.professionals {
                let issuer = &professionals.provider().issuer;
                let provider = professionals.origin(app.now()).await;
                report.add(&format!("identity provider of professionals {issuer}"), provider);
            }
            app.store.close().await;
        }
        match report.faults {
            0 => Ok(()),
            1 => Err(Failure::Refused("1 fault found".to_owned())),
            faults => Err(Failure::Refused(format!("{faults} faults found"))),
        }
    })
}

async fn examine(report: &mut Report, file: Option<&Path>) -> Option<App> {
    let config = report.add("configuration", Config::load(file))?;
    let keyring = report.add("keys", Keyring::load(&config.keys.folder));
    let store = report.add("database", start::store(&config).await);
    let (keyring, store) = (keyring?, store?);
    report.add("log key", App::new(store, Arc::new(SystemClock), keyring, config))
}

/// The log: alarms raised by the service, and this node's memory of the last head against the database.
async fn log(report: &mut Report, app: &App) -> Result<(), Failure> {
    let alarms = alarms::standing(app).await?;
    for alarm in &alarms {
        report.add::<()>(&format!("alarm {} since {}", alarm.name, alarm.since), Err(&alarm.detail));
    }
    if alarms.is_empty() {
        report.add("alarms", Ok::<_, String>(()));
    }
    let late = alarms::late(app).await?.map_or(Ok(()), |late| {
        Err(format!(
            "{}: is the service running, and what does its journal say?",
            alarms::late_detail(late.at)
        ))
    });
    report.add("entries under a signed head", late);
    let stopped = alarms::is_log_stopped(app).await?;
    let stopped = if stopped { Err("stopped until the log is signed again") } else { Ok(()) };
    report.add("new mandates and uses", stopped);
    report.add("clock against the latest entry", alarms::clock_behind(app).await?.map_or(Ok(()), Err));
    report.add("every entry has a place or waits for one", unplaced(app).await);
    witnesses(report, app).await?;
    let head = HeadFile::new(&app.config.log.head_file);
    if let Some(node) = head.node() {
        say(&format!("note  alarms of this node end in {node}"));
    }
    let keeper = Keeper::new("doctor", head);
    report.add("log against the head this node signed last", keeper.examine(app).await);
    let due = users::to_replay(app, &[]).await.and_then(|due| match due.len() {
        0 => Ok(()),
        some => Err(Failure::Refused(format!("{some} to do again: see `entremise users replay-erasures`"))),
    });
    report.add("erasures and holds decided", due);
    Ok(())
}

/// Entries that the sequencer would never see.
async fn unplaced(app: &App) -> Result<(), String> {
    let count: Result<i64, StoreError> = view!(app.store, tx => { tree::count_unplaced(tx).await });
    match count {
        Ok(0) => Ok(()),
        Ok(count) => {
            Err(format!("{count} do neither: somebody took their marks away (see the operations guide)"))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Who vouches for the latest head. That nobody is asked to is said, and is no fault.
async fn witnesses(report: &mut Report, app: &App) -> Result<(), Failure> {
    let policy = match app.config.log.policy() {
        Ok(Some(policy)) => policy,
        Ok(None) => {
            say("note  the log is not witnessed: log.policy_file names nobody");
            return Ok(());
        }
        Err(error) => {
            report.add::<()>("witnesses", Err(error));
            return Ok(());
        }
    };
    let standing = witnessing::standing(app, &policy).await?;
    for witness in &standing.witnesses {
        match witness.seen {
            Some((size, at)) => {
                say(&format!("note  {} saw the head of {size} entries at {at}", witness.name));
            }
            None => say(&format!("note  {} has seen no head yet", witness.name)),
        }
    }
    // A head is signed every ten seconds and shown to witnesses a little later: that one is not vouched for yet is no fault.
    let late = match witnessing::lacking_since(app, &policy).await? {
        Some(since) if since + UNWITNESSED_FOR < app.now() => {
            Err(format!("not enough witnesses vouch for any head since {since}"))
        }
        Some(_) => {
            say("note  the latest heads wait for their witnesses");
            Ok(())
        }
        None => Ok(()),
    };
    report.add("witnesses", late);
    Ok(())
}
