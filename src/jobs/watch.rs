//! Watches, apart from the keeper and on every node, whether entries come under a signed head in the time promised: a
//! keeper that hangs, or that no node has, cannot say so itself.
use std::time::Duration;

use tokio::time::Instant;

use crate::app::App;
use crate::app::alarms::{self, LOG_LATE};
use crate::domain::ids::EntryId;
use crate::store::{StoreError, tree};
use crate::transact;

/// What the last look saw.
#[derive(Debug)]
pub struct Watch {
    /// How long the same entry must be seen late: after a night without the service, or a leap of the clock, the keeper
    /// is given time to catch up.
    patience: Duration,
    late: Option<(EntryId, Instant)>,
}

impl Watch {
    pub fn new(patience: Duration) -> Self {
        Self { patience, late: None }
    }

    /// One look: raises the alarm, or takes it down.
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
