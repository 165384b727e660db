//! `doctor`: looks at everything a start needs and says all that is wrong, with what to do.
use std::path::Path;
use std::sync::Arc;

use crate::app::App;
use crate::app::context::SystemClock;
use crate::config::Config;
use crate::crypto::keyring::Keyring;
use crate::jobs::head::HeadFile;
use crate::store::{Store, StoreError, tree};
use crate::view;

use super::{Failure, say, start};

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
        if let Some(config) = report.add("configuration", Config::load(file)) {
            examine(&mut report, config).await?;
        }
        match report.faults {
            0 => Ok(()),
            1 => Err(Failure::Refused("1 fault found".to_owned())),
            faults => Err(Failure::Refused(format!("{faults} faults found"))),
        }
    })
}

async fn examine(report: &mut Report, config: Config) -> Result<(), Failure> {
    let keyring = report.add("keys", Keyring::load(&config.keys.folder));
    let store = match Store::open(&start::options(&config)?).await {
        Ok(store) => report.add("database", store.check_version().await).map(|()| store),
        Err(error) => report.add("database", Err(error)),
    };
    if let (Some(keyring), Some(store)) = (keyring, store) {
        let app = App::new(store, Arc::new(SystemClock), keyring, config);
        if let Some(app) = report.add("log key", app) {
            log(report, &app).await?;
            app.store.close().await;
        }
    }
    Ok(())
}

/// The log: alarms raised by the service, and this node's memory of the last head against the database.
async fn log(report: &mut Report, app: &App) -> Result<(), StoreError> {
    let (alarms, newest) = view!(app.store, tx => {
        Ok::<_, StoreError>((tree::alarms(tx).await?, tree::latest_checkpoint(tx).await?))
    })?;
    for alarm in &alarms {
        report.add::<()>(&format!("alarm {} since {}", alarm.name, alarm.since), Err(&alarm.detail));
    }
    if alarms.is_empty() {
        report.add("alarms", Ok::<_, String>(()));
    }
    let Some(head) = report.add("head file", HeadFile::new(&app.config.log.head_file).load(&app.log)) else {
        return Ok(());
    };
    let stored = newest.and_then(|checkpoint| u64::try_from(checkpoint.size).ok()).unwrap_or(0);
    let remembered = head.map_or(0, |head| head.size);
    let outcome = if remembered > stored {
        Err(format!(
            "this node signed {remembered} entries, the database holds a head of {stored}: it went back in time"
        ))
    } else {
        Ok(())
    };
    report.add("log against the head file", outcome);
    Ok(())
}
