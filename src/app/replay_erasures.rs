//! After an older copy of the database was restored: what was decided about people's data since is done again, each by an
//! entry of its own. Twice is once.
use std::collections::BTreeMap;

use crate::domain::ids::{EntryId, UserId};
use crate::store::erasure;
use crate::view;

use super::App;
use super::erase_user::{self, EraseError, Reason};
use super::remember_erasures::{Decision, What};

/// What is to be done again of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub user: UserId,
    pub act: Act,
    /// The entry that said it first.
    pub entry: EntryId,
    /// Mandates that live again in this copy: they must end before the person can be erased.
    pub live: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// After lifting a hold that stands again, if so.
    Erase {
        reason: Reason,
        held: bool,
    },
    Hold,
    Release,
}

/// What was decided last of one person.
#[derive(Default)]
struct Last<'a> {
    erased: Option<&'a Decision>,
    hold: Option<&'a Decision>,
}

/// What this database does not show of what was decided. Somebody it does not know has nothing in it.
pub async fn due(app: &App, decisions: &[Decision]) -> Result<Vec<Due>, EraseError> {
    let mut people: BTreeMap<UserId, Last<'_>> = BTreeMap::new();
    let mut ordered: Vec<&Decision> = decisions.iter().collect();
    ordered.sort_by_key(|decision| decision.entry);
    for decision in ordered {
        let last = people.entry(decision.user).or_default();
        match decision.what {
            What::Erased => last.erased = Some(decision),
            What::Held | What::Released => last.hold = Some(decision),
        }
    }
    let mut found = Vec::new();
    for (id, last) in people {
        found.extend(of_person(app, id, &last).await?);
    }
    Ok(found)
}

async fn of_person(app: &App, id: UserId, last: &Last<'_>) -> Result<Option<Due>, EraseError> {
    view!(app.store, tx => {
        let Some(user) = erasure::user(tx, id).await?.filter(|user| user.erased_at.is_none()) else {
            return Ok(None);
        };
        let held = user.held_at.is_some();
        let (act, decision) = match (last.erased, last.hold) {
            (Some(erased), _) => {
                (Act::Erase { reason: erased.reason.unwrap_or(Reason::Request), held }, erased)
            }
            (None, Some(hold)) if (hold.what == What::Held) != held => {
                (if held { Act::Release } else { Act::Hold }, hold)
            }
            _ => return Ok(None),
        };
        let live = if last.erased.is_some() { erasure::live(tx, id).await? } else { Vec::new() };
        Ok(Some(Due { user: id, act, entry: decision.entry, live }))
    })
}

/// Does one again; the entry that says so now.
pub async fn again(app: &App, due: &Due) -> Result<EntryId, EraseError> {
    let details = format!("again after a restore, as by entry {}", due.entry);
    match due.act {
        Act::Hold => erase_user::hold(app, due.user, true, &details).await,
        Act::Release => erase_user::hold(app, due.user, false, &details).await,
        Act::Erase { reason, held } => {
            if !due.live.is_empty() {
                return Err(EraseError::Live);
            }
            if held {
                erase_user::hold(app, due.user, false, &details).await?;
            }
            erase_user::erase(app, due.user, reason, Some(&details)).await
        }
    }
}
