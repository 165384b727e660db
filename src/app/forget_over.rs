//! Sessions, kept forms and counted failures do not outlive their use.
use time::Duration;

use crate::store::{StoreError, session, stash, throttle};
use crate::transact;

use super::App;

/// A session that is over is kept this long: the form posted in it still finds its owner.
const AFTER_SESSION: Duration = Duration::hours(24);
/// Failures stop counting after a day; a margin for the hour they are kept under.
const AFTER_FAILURE: Duration = Duration::hours(48);

/// Removes what is over. Gives how many rows.
pub async fn forget(app: &App) -> Result<u64, StoreError> {
    let now = app.now();
    transact!(app.store, "forget_over", tx => {
        let forms = stash::purge(tx, now).await?;
        let sessions = session::purge(tx, now - AFTER_SESSION).await?;
        let failures = throttle::purge(tx, now - AFTER_FAILURE).await?;
        Ok(forms + sessions + failures)
    })
}
