//! Watches, apart from those who work and on every node: whether entries come under a signed head in the time promised,
//! whether housekeeping is done at all, whether this node's clock goes back. A keeper that hangs, or that no node has,
//! cannot say so itself.
use std::time::Duration;

use tokio::time::Instant;

use super::house;
use crate::app::App;
use crate::app::alarms::{self, CLOCK_BACK, HOUSE_LATE, LOG_LATE};
use crate::domain::ids::EntryId;
use crate::domain::time::Timestamp;
use crate::store::{StoreError, lease, tree};
use crate::{transact, view};

/// Housekeeping that nobody has begun for this long hangs, or is done by no node.
const IDLE_FOR: time::Duration = time::Duration::hours(1);

/// What the last look saw.
#[derive(Debug)]
pub struct Watch {
    /// How long the same entry must be seen late: after a night without the service, or a leap of the clock, the keeper
    /// is given time to catch up.
    patience: Duration,
    late: Option<(EntryId, Instant)>,
    /// The end of the last lease of housekeeping, while it is long past, and since when it is seen to be.
    idle: Option<(Timestamp, Instant)>,
}

impl Watch {
    pub fn new(patience: Duration) -> Self {
        Self { patience, late: None, idle: None }
    }

    /// Whether housekeeping is done. Whoever does it takes the alarm down.
    pub async fn look_at_house(&mut self, app: &App) -> Result<(), StoreError> {
        let end = view!(app.store, tx => { lease::end(tx, house::LEASE).await })?;
        let now = app.now();
        let Some(end) = end.filter(|end| *end + IDLE_FOR < now) else {
            self.idle = None;
            return Ok(());
        };
        let first_seen = match self.idle {
            Some((known, at)) if known == end => at,
            _ => Instant::now(),
        };
        self.idle = Some((end, first_seen));
        if first_seen.elapsed() < self.patience {
            return Ok(());
        }
        let detail = format!("no node has begun its housekeeping since {end}");
        transact!(app.store, "raise_idle", tx => { tree::raise(tx, HOUSE_LATE, &detail, end).await })
    }

    /// One look at the log: raises the alarm, or takes it down.
    pub async fn look(&mut self, app: &App) -> Result<(), StoreError> {
        let Some(waiting) = alarms::late(app).await? else {
            self.late = None;
            return calm(app).await;
        };
        let first_seen = match self.late {
            Some((id, at)) if id == waiting.id => at,
            _ => Instant::now(),
        };
        self.late = Some((waiting.id, first_seen));
        if first_seen.elapsed() < self.patience || is_raised(app).await? {
            return Ok(());
        }
        let detail = alarms::late_detail(waiting.at);
        tracing::error!(%detail, "the log is late");
        transact!(app.store, "raise_late", tx => { tree::raise(tx, LOG_LATE, &detail, waiting.at).await })
    }
}

async fn is_raised(app: &App) -> Result<bool, StoreError> {
    Ok(alarms::standing(app).await?.iter().any(|alarm| alarm.name == LOG_LATE))
}

async fn calm(app: &App) -> Result<(), StoreError> {
    if is_raised(app).await? {
        transact!(app.store, "clear_late", tx => { tree::clear(tx, LOG_LATE).await })?;
    }
    Ok(())
}

/// Raises this node's alarm while its clock is behind what was written already, and takes it down.
pub async fn look_at_clock(app: &App, node: &str) -> Result<(), StoreError> {
    let name = format!("{CLOCK_BACK}{node}");
    let known = alarms::standing(app).await?.into_iter().find(|alarm| alarm.name == name);
    let behind = alarms::clock_behind(app).await?;
    match behind {
        Some(detail) => {
            let now = app.now();
            if known.is_none() {
                tracing::error!(%detail, "the clock");
            }
            transact!(app.store, "raise_clock", tx => { tree::raise(tx, &name, &detail, now).await })
        }
        None if known.is_some() => {
            transact!(app.store, "clear_clock", tx => { tree::clear(tx, &name).await }).map(|_| ())
        }
        None => Ok(()),
    }
}
