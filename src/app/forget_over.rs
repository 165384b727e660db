//! What has served does not outlive its use: sessions, kept forms, counted failures, codes and tokens, drafts, mails.
use time::Duration;

use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::session::OverRow;
use crate::store::{
    StoreError, WriteTx, check, over, professional, review, session, spent_proof, stash, throttle,
};
use crate::{transact, view};

use super::fault::Fault;
use super::{App, record};

/// A session that is over is kept this long: the form posted in it still finds its owner.
const AFTER_SESSION: Duration = Duration::hours(24);
/// Failures stop counting after a day; a margin for the hour they are kept under.
const AFTER_FAILURE: Duration = Duration::hours(48);
/// A form or page that came a moment too late is still told why.
const AFTER_EXPIRY: Duration = Duration::hours(1);
/// A code or token shown again soon after the end of its use is still known for what it was.
const AFTER_USE: Duration = Duration::hours(24);
/// Drafts that came to nothing, and who they were for.
pub(super) const AFTER_DRAFT: Duration = Duration::hours(24);
/// What was written to somebody, once it left or was given up.
const AFTER_MAIL: Duration = Duration::days(7);
/// Browsers: as long as their cookie.
const AFTER_DEVICE: Duration = Duration::days(365);
/// What is noted of security: as addresses.
const AFTER_REVIEW: Duration = Duration::days(365);
/// At most this many rows of each kind in one transaction.
const ROUND: i64 = 200;
/// At most this many transactions of each kind in one round of the job.
const ROUNDS: usize = 50;

/// Removes what is over. Gives how many rows.
pub async fn forget(app: &App) -> Result<u64, Fault> {
    let now = app.now();
    let mut gone = transact!(app.store, "forget_over", tx => {
        let kept = stash::purge(tx, now).await? + check::purge(tx, now).await?;
        let kept = kept + spent_proof::purge(tx, now).await? + professional::purge(tx, now - AFTER_SESSION).await?;
        Ok::<_, Fault>(kept + throttle::purge(tx, now - AFTER_FAILURE).await?)
    })?;
    loop {
        let over = transact!(app.store, "forget_sessions", tx => {
            let over = session::purge(tx, now - AFTER_SESSION, ROUND).await?;
            for one in &over {
                say_expired(app, tx, one).await?;
            }
            Ok::<_, Fault>(i64::try_from(over.len()).unwrap_or(ROUND))
        })?;
        gone += u64::try_from(over).unwrap_or(0);
        if over < ROUND {
            break;
        }
    }
    for _ in 0..ROUNDS {
        let some = transact!(app.store, "forget_expired", tx => { forget_some(tx, now).await })?;
        gone += some;
        if some == 0 {
            break;
        }
    }
    Ok(gone + forget_notes(app, now).await?)
}

/// A few rows of each table.
async fn forget_some(tx: &mut WriteTx, now: Timestamp) -> Result<u64, StoreError> {
    let gone =
        over::expired(tx, now - AFTER_EXPIRY, ROUND).await? + over::uses(tx, now - AFTER_USE, ROUND).await?;
    let gone = gone + over::drafts(tx, now - AFTER_DRAFT, ROUND).await?;
    let gone = gone + over::mails(tx, now - AFTER_MAIL, ROUND).await?;
    Ok(gone + over::devices(tx, now - AFTER_DEVICE, ROUND).await?)
}

/// What auditors wrote about findings: that they were looked into stays, and by whom.
async fn forget_notes(app: &App, now: Timestamp) -> Result<u64, Fault> {
    let empty = |finding: &str| app.sealer.seal_text(review::note_place(finding), "");
    let length = i64::try_from(empty("").map_err(Fault::from)?.len()).unwrap_or(i64::MAX);
    let old = view!(app.store, tx => { over::reviews(tx, now - AFTER_REVIEW, length, ROUND).await })?;
    for finding in &old {
        let sealed = empty(finding).map_err(Fault::from)?;
        transact!(app.store, "forget_note", tx => { over::empty_notes(tx, finding, now - AFTER_REVIEW, &sealed).await })?;
    }
    Ok(u64::try_from(old.len()).unwrap_or(0))
}

/// A session signed out of or revoked has an entry; so has one that time ended, with the instant since which every
/// request in it was refused. One that never got beyond the password opened nothing: its sign-in was never completed,
/// which the log says already. Uses left open from it are not ended: the service's own session may go on in that
/// browser, and opening a service for somebody else there must keep asking to end them first.
async fn say_expired(app: &App, tx: &mut WriteTx, over: &OverRow) -> Result<(), Fault> {
    if over.stage != "full" {
        return Ok(());
    }
    let draft = Draft::done(Kind::SessionExpired)
        .by_role(Role::System)
        .about(over.person_id)
        .fact("effective_at", over.idle_ends_at.min(over.ends_at));
    record::record(app, tx, draft).await?;
    Ok(())
}
