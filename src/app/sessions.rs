//! What someone sees and ends of their own: sessions, known browsers, cards.
use crate::domain::card::{CardKind, CardState};
use crate::domain::ids::{CardId, RowId, SessionId};
use crate::domain::time::Timestamp;
use crate::domain::use_session::UseEnd;
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::store::{card, session, use_session};
use crate::{transact, view};

use super::caller::SignedIn;
use super::fault::Fault;
use super::sign_out::role;
use super::{App, end_use, record};

/// A session of one's own.
#[derive(Debug)]
pub struct OwnSession {
    pub id: SessionId,
    pub begun_at: Timestamp,
    pub seen_at: Timestamp,
    /// What the browser said of itself.
    pub browser: Option<String>,
    /// The one this very request belongs to.
    pub is_this_one: bool,
}

/// A browser in which one signed in before.
#[derive(Debug)]
pub struct OwnDevice {
    pub id: RowId,
    pub known_since: Timestamp,
    pub seen_at: Timestamp,
}

/// A card of one's own.
#[derive(Debug)]
pub struct OwnCard {
    pub id: CardId,
    pub kind: CardKind,
    pub serial: Option<String>,
    pub state: CardState,
}

pub async fn list(app: &App, who: &SignedIn) -> Result<(Vec<OwnSession>, Vec<OwnDevice>), Fault> {
    let now = app.now();
    let (sessions, devices) = view!(app.store, tx => {
        let sessions = session::of_person(tx, who.person_id, now).await?;
        Ok::<_, Fault>((sessions, session::devices(tx, who.person_id).await?))
    })?;
    let sessions = sessions
        .into_iter()
        .map(|row| {
            let place = session::user_agent_place(&row.id);
            let browser =
                row.user_agent_sealed.map(|sealed| app.sealer.open_text(place, &sealed)).transpose()?;
            Ok(OwnSession {
                id: row.id,
                begun_at: row.created_at,
                seen_at: row.last_seen_at,
                browser,
                is_this_one: row.id == who.session_id,
            })
        })
        .collect::<Result<_, Fault>>()?;
    let devices = devices
        .into_iter()
        .map(|row| OwnDevice { id: row.id, known_since: row.created_at, seen_at: row.last_seen_at })
        .collect();
    Ok((sessions, devices))
}

pub async fn cards(app: &App, who: &SignedIn) -> Result<Vec<OwnCard>, Fault> {
    let rows = view!(app.store, tx => { Ok::<_, Fault>(card::held_by(tx, who.person_id).await?) })?;
    rows.into_iter()
        .map(|row| {
            let (kind, state) = (row.kind()?, row.state()?);
            Ok(OwnCard { id: row.id, kind, serial: row.serial, state })
        })
        .collect()
}

/// Ends one session of one's own. False if there is no such session of this person (any more).
pub async fn revoke(app: &App, who: &SignedIn, id: SessionId) -> Result<bool, Fault> {
    transact!(app.store, "revoke_session", tx => {
        let gone = session::delete_own(tx, id, who.person_id).await?;
        if gone {
            end_use::end_of_session(app, tx, id, app.now()).await?;
            record::record(app, tx, who.signs(Draft::done(Kind::SessionRevoked), role(who))).await?;
        }
        Ok(gone)
    })
}

/// Ends every other session of one's own, and every use opened from one. Gives how many sessions.
pub async fn revoke_others(app: &App, who: &SignedIn) -> Result<u64, Fault> {
    transact!(app.store, "revoke_other_sessions", tx => {
        let uses = use_session::live_of_other_sessions(tx, who.person_id, who.session_id).await?;
        let ended = uses.len();
        end_use::end_all(app, tx, uses, UseEnd::SignOut, app.now()).await?;
        let gone = session::delete_others(tx, who.person_id, who.session_id).await?;
        if gone > 0 || ended > 0 {
            let draft = who.signs(Draft::done(Kind::SessionRevoked), role(who));
            let count = i64::try_from(gone).unwrap_or(i64::MAX);
            record::record(app, tx, draft.fact("count", count)).await?;
        }
        Ok(gone)
    })
}

/// A known browser is known no more. False if it is not one of this person's.
pub async fn forget_device(app: &App, who: &SignedIn, id: RowId) -> Result<bool, Fault> {
    transact!(app.store, "forget_device", tx => {
        let gone = session::device_forget(tx, id, who.person_id).await?;
        if gone {
            record::record(app, tx, who.signs(Draft::done(Kind::DeviceForgotten), role(who))).await?;
        }
        Ok(gone)
    })
}
