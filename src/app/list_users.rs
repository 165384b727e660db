//! The users of a structure: everyone it holds or held a signed mandate for, by name.
//!
//! Names are sealed and nothing in the database is ordered by them: the structure's names are opened chunk after
//! chunk, and only those of the page asked for are kept.
use std::collections::BTreeMap;

use uuid::Uuid;

use crate::domain::ids::{StructureId, UserId};
use crate::domain::mandate::Act;
use crate::domain::search::{Query, fold};
use crate::domain::user::CivilIdentity;
use crate::store::user::{self, OfStructureRow};
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::choose_user;
use super::desk::{self, DeskError};
use super::read_mandates::{note_search, searched};

/// Users on one page.
const PAGE: usize = 25;
/// Rows read at once.
const CHUNK: i64 = 400;

/// One user of the structure.
pub struct Line {
    pub id: UserId,
    pub identity: CivilIdentity,
    /// Signed mandates, whatever became of them.
    pub mandates: i64,
}

/// A page of users, by family name, then given names.
pub struct Lines {
    pub lines: Vec<Line>,
    /// The last user of this page, after whom the next one begins.
    pub next: Option<UserId>,
}

/// What the order is: names as they are compared, then the id, so that two people of one name have an order too.
type Key = (String, String, UserId);

fn key(id: UserId, identity: &CivilIdentity) -> Key {
    (fold(identity.usual_family_name()), fold(&identity.given_name), id)
}

/// Users of the structure the caller acts for whose names begin as what was typed, after the user `after`.
pub async fn list(
    app: &App,
    who: &SignedIn,
    structure: StructureId,
    typed: &str,
    after: Option<UserId>,
) -> Result<Lines, DeskError> {
    let now = app.now();
    let from = view!(app.store, tx => {
        let facts = desk::standing(tx, structure, who.person_id).await?;
        desk::check(&facts, Act::Read { held_by: structure }, now)?;
        Ok::<_, DeskError>(match after {
            Some(id) => user::of_structure(tx, structure, id).await?,
            None => None,
        })
    })?;
    let from = from.map(|row| opened(app, &row)).transpose()?.map(|line| key(line.id, &line.identity));
    let query = Query::new(typed);
    let mut kept: BTreeMap<Key, Line> = BTreeMap::new();
    let (mut more, mut read) = (false, 0);
    let mut last = UserId::from_uuid(Uuid::nil());
    loop {
        let rows = view!(app.store, tx => { user::page_of_structure(tx, structure, last, CHUNK).await })?;
        let complete = i64::try_from(rows.len()).unwrap_or(CHUNK) < CHUNK;
        for row in rows {
            (last, read) = (row.id, read + 1);
            let line = opened(app, &row)?;
            let key = key(line.id, &line.identity);
            let wanted = from.as_ref().is_none_or(|from| key > *from);
            if !wanted || !query.matches(&searched(&line.identity)) {
                continue;
            }
            kept.insert(key, line);
            if kept.len() > PAGE {
                more = true;
                kept.pop_last();
            }
        }
        if complete {
            break;
        }
    }
    note_search(app, who, structure, "users", (typed, read)).await?;
    let lines: Vec<Line> = kept.into_values().collect();
    Ok(Lines { next: lines.last().filter(|_| more).map(|line| line.id), lines })
}

/// One user of the structure; for any other structure they do not exist.
pub async fn one(
    app: &App,
    who: &SignedIn,
    structure: StructureId,
    id: UserId,
) -> Result<Option<CivilIdentity>, DeskError> {
    let now = app.now();
    let row = view!(app.store, tx => {
        let facts = desk::standing(tx, structure, who.person_id).await?;
        desk::check(&facts, Act::Read { held_by: structure }, now)?;
        Ok::<_, DeskError>(user::of_structure(tx, structure, id).await?)
    })?;
    Ok(row.map(|row| opened(app, &row)).transpose()?.map(|line| line.identity))
}

fn opened(app: &App, row: &OfStructureRow) -> Result<Line, DeskError> {
    let identity = choose_user::identity(app, row.id, &row.identity_sealed)?;
    Ok(Line { id: row.id, identity, mandates: row.mandates })
}
