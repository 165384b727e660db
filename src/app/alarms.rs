//! What operators must see until it is put right, and what stops meanwhile. Alarms of one node bear its name, and each
//! node takes down only its own: what one finds wrong is not mended by another that cannot see it.
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
pub use crate::store::tree::Alarm;
use crate::store::{Access, AsStoreError, StoreError, tree};
use crate::{transact, view};

use super::App;
use super::record::{self, PROMISED_DELAY, RecordError};
pub use super::witnessing::LOG_WITNESS;

/// Begins the alarm of a node that cannot continue or sign the log; the others can.
pub const LOG_HEAD: &str = "log_head:";
/// Begins the alarm of a node, or of the witnesses, that knows this not to be the database that was signed. While one
/// stands nobody places or signs.
pub const LOG_CONTRADICTED: &str = "log_contradicted:";
/// Begins the alarm of a node whose clock is behind what was written already.
pub const CLOCK_BACK: &str = "clock_back:";
/// The alarm of what the service does by itself (ending, counting, forgetting) and has not done for long.
pub const HOUSE_LATE: &str = "house_late";
/// The alarm of entries that wait for a signed head longer than was promised, whatever the reason.
pub const LOG_LATE: &str = "log_late";

/// The alarms that stand, oldest first.
pub async fn standing(app: &App) -> Result<Vec<Alarm>, StoreError> {
    view!(app.store, tx => { tree::alarms(tx).await })
}

/// Whether new mandates and uses are stopped: the log has not been signed for longer than `log.stop_after`, or its database
/// is said to be another for as long, so that what is written on paper about it could not be kept. Everything else goes on, above all what ends a mandate or a use.
pub async fn log_stopped(app: &App, tx: &mut impl Access) -> Result<bool, StoreError> {
    let since = tree::log_alarm_since(tx, LOG_LATE, LOG_CONTRADICTED, LOG_HEAD).await?;
    let patience = time::Duration::seconds(i64::from(app.config.log.stop_after));
    Ok(since.is_some_and(|since| since + patience <= app.now()))
}

/// The same, for a page.
pub async fn is_log_stopped(app: &App) -> Result<bool, StoreError> {
    view!(app.store, tx => { log_stopped(app, tx).await })
}

/// Since when the oldest entry without a signed head waits, if that is longer than promised.
pub async fn late(app: &App) -> Result<Option<tree::Waiting>, StoreError> {
    let oldest = view!(app.store, tx => { tree::oldest_unsigned(tx).await })?;
    let promised = time::Duration::seconds(i64::from(PROMISED_DELAY));
    Ok(oldest.filter(|waiting| waiting.at + promised < app.now()))
}

/// What is said of entries that wait too long.
pub fn late_detail(since: Timestamp) -> String {
    format!("entries wait for a signed head since {since}; {PROMISED_DELAY} s were promised")
}

/// Clocks of nodes may disagree by this much.
const CLOCKS_AGREE: time::Duration = time::Duration::minutes(5);

/// What is wrong with this node's clock, if it is behind the latest entry by more than clocks may disagree: it went back,
/// or another one runs ahead. Codes, terms and the order of the log go by it.
pub async fn clock_behind(app: &App) -> Result<Option<String>, StoreError> {
    let latest = view!(app.store, tx => { tree::latest_entry(tx).await })?;
    let now = app.now();
    let behind = latest.filter(|latest| now + CLOCKS_AGREE < *latest);
    Ok(behind.map(|latest| format!("it is {now} here, but an entry was written at {latest}")))
}

#[derive(Debug, thiserror::Error)]
pub enum DismissError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("no such alarm stands: `entremise doctor` names those that do")]
    Unknown,
    #[error("only the alarm of a node that is gone is taken down by hand: this one ends with its cause")]
    NotOfANode,
    #[error(
        "it was told less than a minute ago, so its node is alive: mend that one, or stop it and wait a minute"
    )]
    Alive,
}

impl AsStoreError for DismissError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            Self::Unknown | Self::NotOfANode | Self::Alive => None,
        }
    }
}

/// Who raises an alarm tells it again more often than this.
const TOLD_WITHIN: time::Duration = time::Duration::minutes(1);

/// Takes down the alarm of a node that is gone for ever, or of a witness that is asked no more; never of one that still
/// tells it, since the others would go on at once. A human decided it: the entry says so.
pub async fn dismiss(app: &App, name: &str) -> Result<(), DismissError> {
    if !standing(app).await?.iter().any(|alarm| alarm.name == name) {
        return Err(DismissError::Unknown);
    }
    if ![LOG_HEAD, LOG_CONTRADICTED, CLOCK_BACK].iter().any(|known| name.starts_with(known)) {
        return Err(DismissError::NotOfANode);
    }
    transact!(app.store, "dismiss_alarm", tx => {
        if tree::clear_untold(tx, name, app.now() - TOLD_WITHIN).await? == 0 {
            return Err(DismissError::Alive);
        }
        let entry = Draft::done(Kind::LogAlarmDismissed).by_role(Role::Operator).fact("alarm", name);
        record::record(app, tx, entry).await?;
        Ok(())
    })
}
