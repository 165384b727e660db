//! Housekeeping: one node at a time does what is due, step after step. A step that fails is told and does not keep the
//! others from being done; one that fails for long is an alarm.
use std::collections::BTreeMap;

use time::Duration;

use crate::app::App;
use crate::app::alarms::{self, HOUSE_LATE};
use crate::app::count_activity::count_days;
use crate::app::end_over::end_over;
use crate::app::erase_user::keep_retention;
use crate::app::fault::Fault;
use crate::app::forget_over::forget;
use crate::app::{record, signing_keys};
use crate::domain::time::Timestamp;
use crate::store::{StoreError, lease, tree};
use crate::transact;

pub(super) const LEASE: &str = "house";
const HELD_FOR: Duration = Duration::seconds(60);
/// A step is an alarm when it has not succeeded for this long.
const LATE_AFTER: Duration = Duration::hours(1);

/// What one process does of it.
#[derive(Debug)]
pub struct House {
    holder: String,
    /// Since when a step has failed each time, and how it failed last.
    failing: BTreeMap<&'static str, (Timestamp, String)>,
}

impl House {
    pub fn new(holder: impl Into<String>) -> Self {
        Self { holder: holder.into(), failing: BTreeMap::new() }
    }

    /// What is due: keys rotated, floods counted, mandates ended, what has run out forgotten. Every step is safe to
    /// repeat.
    pub async fn round(&mut self, app: &App) -> Result<(), StoreError> {
        if !self.hold(app).await? {
            self.failing.clear();
            return Ok(());
        }
        let keys = signing_keys::keep(app).await.map(|_| ()).map_err(|error| error.to_string());
        self.done(app, "rotating the OpenID keys", keys);
        let counted = record::count_refusals(app).await;
        self.step(app, "counting refusals", counted.map_err(Fault::from));
        let counted = count_days(app).await;
        self.step(app, "counting the days", counted);
        self.step(app, "ending what is over", end_all(app).await);
        self.step(app, "forgetting what is over", forget(app).await);
        // However long the steps before took, the lease is still this node's.
        if self.hold(app).await? {
            self.step(app, "retention", keep_retention(app).await);
        }
        self.alarm(app).await
    }

    async fn hold(&self, app: &App) -> Result<bool, StoreError> {
        let (holder, now) = (&self.holder, app.now());
        transact!(app.store, "hold_house", tx => { lease::hold(tx, LEASE, holder, now, now + HELD_FOR).await })
    }

    fn step<T>(&mut self, app: &App, name: &'static str, outcome: Result<T, impl Into<Fault>>) {
        self.done(app, name, outcome.map(|_| ()).map_err(|error| error.into().to_string()));
    }

    fn done(&mut self, app: &App, name: &'static str, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => _ = self.failing.remove(name),
            Err(error) => {
                tracing::error!(step = name, %error, "housekeeping");
                self.failing.entry(name).or_insert_with(|| (app.now(), String::new())).1 = error;
            }
        }
    }

    async fn alarm(&self, app: &App) -> Result<(), StoreError> {
        let now = app.now();
        let late = self.failing.iter().find(|(_, (since, _))| *since + LATE_AFTER < now);
        if let Some((step, (since, error))) = late {
            let (detail, since) = (format!("{step} has failed since {since}: {error}"), *since);
            return transact!(app.store, "raise_house", tx => { tree::raise(tx, HOUSE_LATE, &detail, since).await });
        }
        let stands = alarms::standing(app).await?.iter().any(|alarm| alarm.name == HOUSE_LATE);
        // A step that fails since a moment ago may be the one that a former process told of.
        if stands && self.failing.is_empty() {
            transact!(app.store, "clear_house", tx => { tree::clear(tx, HOUSE_LATE).await })?;
        }
        Ok(())
    }
}

async fn end_all(app: &App) -> Result<(), Fault> {
    while end_over(app).await? > 0 {}
    Ok(())
}
