//! How much deserves an auditor's look, counted for the bar of their pages: the rules read the last days now and then, and
//! a page only counts what they found.
use time::Duration;

use crate::store::misuse;
use crate::transact;

use super::App;
use super::detect_misuse::{findings, key};
use super::search_log::AuditError;

/// Days read; the page of the alerts shows the same, and the beginning of the day before.
const DAYS: Duration = Duration::days(6);
/// Findings kept at most.
const KEPT: usize = 10_000;
/// Reads the last days of every structure again. Gives how many findings there are.
pub async fn refresh(app: &App) -> Result<usize, AuditError> {
    let now = app.now();
    let (found, _) = findings(app, None, (now - DAYS, now)).await?;
    let found: Vec<_> = found.iter().take(KEPT).map(|finding| (key(finding), finding.structure)).collect();
    transact!(app.store, "count_alerts", tx => { misuse::replace_open(tx, &found).await })?;
    Ok(found.len())
}
