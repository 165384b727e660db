//! How much deserves an auditor's look, counted for the bar of their pages: the rules read the last days now and then, and
//! a page only counts what they found.
use jiff::ToSpan;
use jiff::tz::TimeZone;

use crate::domain::mandate::{first_instant, local_day};
use crate::domain::misuse::Finding;
use crate::domain::time::{DEFAULT_ZONE, Timestamp};
use crate::store::misuse::Among;
use crate::store::review::{self, OpenRow};
use crate::transact;

use super::App;
use super::detect_misuse::{findings, key};
use super::search_log::AuditError;

/// Days read before today: with today, those of the page of alerts.
const DAYS: i32 = 6;
/// Findings kept at most.
const KEPT: usize = 10_000;

/// Reads the last days of every structure again. Gives how many findings there are.
pub async fn refresh(app: &App) -> Result<usize, AuditError> {
    let (found, _) = findings(app, Among::Everywhere, days(app.now())).await?;
    let row = |one: &Finding| OpenRow {
        finding: key(one),
        structure: one.structure,
        also: one.also,
        counted: i64::try_from(one.count).unwrap_or(i64::MAX),
        until: one.until,
    };
    let found: Vec<_> = found.iter().take(KEPT).map(row).collect();
    transact!(app.store, "count_alerts", tx => { review::replace_open(tx, &found).await })?;
    Ok(found.len())
}

/// The days that the page of alerts shows when none are asked for.
fn days(now: Timestamp) -> (Timestamp, Timestamp) {
    let zone = TimeZone::get(DEFAULT_ZONE).unwrap_or(TimeZone::UTC);
    let around = local_day(now, &zone).ok().and_then(|today| {
        let from = today.checked_sub(DAYS.days()).ok()?;
        Some((first_instant(from, &zone).ok()?, first_instant(today.tomorrow().ok()?, &zone).ok()?))
    });
    around.unwrap_or((now, now))
}
