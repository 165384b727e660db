//! The mandates of a structure: the list, the search, one of them.
//!
//! Names are sealed: a search opens those of the structure, page after page, in memory, and stops as soon as a page
//! of results is full. Nothing searchable is kept in clear.
use uuid::Uuid;

use crate::domain::catalogue::{Catalogue, Words};
use crate::domain::consent::ConsentTerms;
use crate::domain::ids::{EntryId, MandateId, StructureId, UserId};
use crate::domain::mandate::{Act, Reference, State};
use crate::domain::search::{Query, fold};
use crate::domain::time::Timestamp;
use crate::domain::user::CivilIdentity;
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::store::catalogue;
pub use crate::store::mandate::GrantRow;
use crate::store::mandate::{self, ListRow, MandateRow};
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::choose_user;
use super::desk::{self, DeskError};
use super::{decide_consent, log_line, read_own, record};

/// Mandates on one page.
const PAGE: usize = 20;
/// Rows read at once while searching.
const CHUNK: i64 = 200;

/// One line of the list.
pub struct Line {
    pub id: MandateId,
    pub reference: Reference,
    /// Absent until the user is identified.
    pub person: Option<CivilIdentity>,
    pub state: State,
    pub domains: Vec<Words>,
    pub ends_at: Timestamp,
}

/// A page of the list, newest first.
pub struct Lines {
    pub lines: Vec<Line>,
    /// Where the next page begins.
    pub next: Option<MandateId>,
}

/// What a list is asked for.
#[derive(Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Of this person alone.
    pub user: Option<UserId>,
    /// The beginning of a name, or a reference.
    pub typed: &'a str,
    pub before: Option<MandateId>,
}

/// Mandates of the structure the caller acts for whose user or reference matches what was typed.
pub async fn list(
    app: &App,
    who: &SignedIn,
    structure: StructureId,
    Asked { user, typed, before }: Asked<'_>,
) -> Result<Lines, DeskError> {
    let now = app.now();
    let catalogue = view!(app.store, tx => {
        let facts = desk::standing(tx, structure, who.person_id).await?;
        desk::check(&facts, Act::Read { held_by: structure }, now)?;
        Ok::<_, DeskError>(catalogue::all(tx).await?)
    })?;
    let query = Query::new(typed);
    let reference: Option<Reference> = typed.parse().ok();
    let mut lines = Vec::new();
    let mut after = before.unwrap_or(MandateId::from_uuid(Uuid::max()));
    let mut read = 0;
    loop {
        let rows = view!(app.store, tx => { mandate::page(tx, structure, user, after, CHUNK).await })?;
        let complete = i64::try_from(rows.len()).unwrap_or(CHUNK) < CHUNK;
        for row in rows {
            read += 1;
            let person = opened(app, &row)?;
            let named = person.as_ref().is_some_and(|person| query.matches(&searched(person)));
            let matches = typed.is_empty() || named || reference.as_ref() == Some(&row.reference);
            if !matches {
                after = row.id;
                continue;
            }
            if lines.len() == PAGE {
                note_search(app, who, structure, "mandates", (typed, read)).await?;
                return Ok(Lines { lines, next: Some(after) });
            }
            after = row.id;
            lines.push(line(row, person, &catalogue, now)?);
        }
        if complete {
            note_search(app, who, structure, "mandates", (typed, read)).await?;
            return Ok(Lines { lines, next: None });
        }
    }
}

/// The newest mandates, for the first page.
pub async fn recent(app: &App, who: &SignedIn, structure: StructureId) -> Result<Vec<Line>, DeskError> {
    let mut lines = list(app, who, structure, Asked::default()).await?.lines;
    lines.truncate(5);
    Ok(lines)
}

fn opened(app: &App, row: &ListRow) -> Result<Option<CivilIdentity>, DeskError> {
    let (Some(id), Some(sealed)) = (&row.user_id, &row.identity_sealed) else { return Ok(None) };
    Ok(Some(choose_user::identity(app, *id, sealed)?))
}

/// What a search looks at: every name of the person.
pub(super) fn searched(person: &CivilIdentity) -> String {
    let usual = person.preferred_username.as_deref().unwrap_or_default();
    fold(&format!("{} {} {usual}", person.given_name, person.family_name))
}

fn line(
    row: ListRow,
    person: Option<CivilIdentity>,
    catalogue: &Catalogue,
    now: Timestamp,
) -> Result<Line, DeskError> {
    let domains = row.domains.split(',').filter_map(|key| catalogue.get(&key.parse().ok()?));
    Ok(Line {
        id: row.id,
        state: row.standing.state()?.at(now, row.ends_at),
        domains: domains.map(|domain| domain.label.clone()).collect(),
        reference: row.reference,
        person,
        ends_at: row.ends_at,
    })
}

/// Looking for a person by name among these (`what`) is an act: it is written down, without the name.
pub(super) async fn note_search(
    app: &App,
    who: &SignedIn,
    structure: StructureId,
    what: &'static str,
    (typed, read): (&str, i64),
) -> Result<(), DeskError> {
    if typed.is_empty() {
        return Ok(());
    }
    let draft =
        Draft::done(Kind::FileRead).by(who.person_id, super::sign_out::role(who)).structure(structure);
    record::append(app, draft.fact("what", what).fact("read", read)).await?;
    Ok(())
}

/// A mandate and its life, for a page of the desk.
pub struct View {
    pub row: MandateRow,
    pub person: Option<CivilIdentity>,
    pub state: State,
    pub grants: Vec<GrantRow>,
    /// What happened, newest first; of a step, nothing.
    pub moments: Vec<log_line::Line>,
    /// Where what happened before begins.
    pub older: Option<EntryId>,
}

/// Why a mandate is read.
#[derive(Clone, Copy, Debug)]
pub enum Reading {
    /// For a step of the desk.
    Step,
    /// For its own page, which shows what happened before this moment. That it was read is written down.
    Page { before: Option<EntryId> },
}

/// One mandate of a structure of the caller.
pub async fn one(
    app: &App,
    who: &SignedIn,
    reference: &Reference,
    reading: Reading,
) -> Result<View, DeskError> {
    let now = app.now();
    let outcome = view!(app.store, tx => {
        let opened = desk::open(tx, who, reference, now).await?;
        let grants = mandate::grants(tx, opened.row.id).await?;
        let moments = match reading {
            Reading::Step => (Vec::new(), None),
            Reading::Page { before } => read_own::of_mandate(app, tx, opened.row.id, before).await?,
        };
        Ok::<_, DeskError>((opened, grants, moments))
    });
    let (opened, grants, (moments, older)) =
        desk::recorded(app, who, Kind::MandateRead, Some(reference), outcome).await?;
    let person = desk::identity(app, &opened.row)?;
    let state = opened.row.state_at(now)?;
    if matches!(reading, Reading::Page { .. }) {
        let mut draft = Draft::done(Kind::MandateRead)
            .by(who.person_id, desk::role(&opened.facts))
            .structure(opened.row.structure_id)
            .mandate(opened.row.id);
        if let Some(user) = opened.row.user_id {
            draft = draft.user(user);
        }
        record::append(app, draft).await?;
    }
    Ok(View { row: opened.row, person, state, grants, moments, older })
}

/// What the text of this mandate says, once there is one.
pub fn terms(app: &App, view: &View) -> Option<ConsentTerms> {
    decide_consent::frozen(app, &view.row).ok()?.terms().ok()
}
