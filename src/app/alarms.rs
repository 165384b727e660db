//! What operators must see until it is put right, and what stops meanwhile.
use crate::domain::time::Timestamp;
pub use crate::store::tree::Alarm;
use crate::store::{Access, StoreError, tree};
use crate::view;

use super::App;
use super::record::PROMISED_DELAY;
pub use super::witnessing::LOG_WITNESS;

/// The alarm of a log that this node cannot continue or sign.
pub const LOG_HEAD: &str = "log_head";
/// The alarm of entries that wait for a signed head longer than was promised, whatever the reason.
pub const LOG_LATE: &str = "log_late";

/// The alarms that stand, oldest first.
pub async fn standing(app: &App) -> Result<Vec<Alarm>, StoreError> {
    view!(app.store, tx => { tree::alarms(tx).await })
}

/// Whether new mandates and uses are stopped: the log has not been signed for longer than `log.stop_after`, so that what
/// is written on paper about it could not be kept. Everything else goes on, above all what ends a mandate or a use.
pub async fn log_stopped(app: &App, tx: &mut impl Access) -> Result<bool, StoreError> {
    let since = tree::log_alarm_since(tx, LOG_LATE, LOG_HEAD).await?;
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
