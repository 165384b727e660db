//! Sessions, kept forms and counted failures do not outlive their use.
use time::Duration;

use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::session::OverRow;
use crate::store::{WriteTx, check, professional, session, spent_proof, stash, throttle};
use crate::transact;

use super::fault::Fault;
use super::{App, record};

/// A session that is over is kept this long: the form posted in it still finds its owner.
const AFTER_SESSION: Duration = Duration::hours(24);
/// Failures stop counting after a day; a margin for the hour they are kept under.
const AFTER_FAILURE: Duration = Duration::hours(48);
/// At most this many sessions in one transaction.
const ROUND: i64 = 200;

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
            return Ok(gone);
        }
    }
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
