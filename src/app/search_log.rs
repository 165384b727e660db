//! An auditor searches the log. The search is itself written there before anything is shown.
use crate::domain::ids::{EntryId, PersonId, StructureId};
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::token::Token;
use crate::store::auditor::{self, Criteria, StructureRow};
use crate::store::{Access, StoreError};
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::log_line::Line;
use super::record::{self, RecordError};

/// Lines on a page.
pub const PAGE: usize = 50;

/// What the auditor asks for; absent means any.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub until: Option<Timestamp>,
    pub structure_id: Option<StructureId>,
    /// Reference of a mandate.
    pub mandate: Option<String>,
    pub kind: Option<Kind>,
    pub refused: Option<bool>,
    /// The last line of the page before.
    pub before: Option<EntryId>,
}

/// One page of lines, newest first.
#[derive(Debug)]
pub struct Found {
    pub lines: Vec<Line>,
    /// Where the next page begins, if there is one.
    pub next: Option<EntryId>,
    pub structures: Vec<StructureRow>,
    /// The reference names no mandate within the perimeter.
    pub unknown_mandate: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Tree(#[from] super::tree::TreeError),
    #[error("the person has no perimeter to audit")]
    NoPerimeter,
    #[error("there is no such mandate within the perimeter")]
    NoMandate,
}

/// The person whose listed structures bound an auditor's sight, or `None` for an auditor of everything.
pub(super) async fn perimeter(
    tx: &mut impl Access,
    person: PersonId,
) -> Result<Option<PersonId>, AuditError> {
    match auditor::perimeter(tx, person).await?.as_deref() {
        Some("all") => Ok(None),
        Some("listed") => Ok(Some(person)),
        _ => Err(AuditError::NoPerimeter),
    }
}

pub async fn search(app: &App, who: &SignedIn, wanted: &Wanted) -> Result<Found, AuditError> {
    record::append(app, entry(who, wanted)).await?;
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        let structures = auditor::structures(tx, perimeter_of).await?;
        let mut criteria = Criteria {
            from: wanted.from,
            until: wanted.until,
            structure_id: wanted.structure_id,
            mandate_id: None,
            kind: wanted.kind.map(Kind::token),
            outcome: wanted.refused.map(|refused| if refused { "refused" } else { "done" }),
            perimeter_of,
            before: wanted.before,
        };
        if let Some(reference) = &wanted.mandate {
            match auditor::mandate(tx, reference, perimeter_of).await? {
                Some(mandate) => criteria.mandate_id = Some(mandate.id),
                None => return Ok(Found { lines: Vec::new(), next: None, structures, unknown_mandate: true }),
            }
        }
        let mut rows = auditor::search(tx, &criteria, limit).await?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let lines: Vec<Line> = rows.into_iter().map(|row| Line::read(row, app.log.origin())).collect();
        let next = if more { lines.last().map(|line| line.id) } else { None };
        Ok::<_, AuditError>(Found { lines, next, structures, unknown_mandate: false })
    })
}

/// What was asked for is part of the entry: an auditor's curiosity can be audited.
fn entry(who: &SignedIn, wanted: &Wanted) -> Draft {
    Draft::done(Kind::LogSearched)
        .by(who.person_id, Role::Auditor)
        .fact_if("from", wanted.from)
        .fact_if("until", wanted.until)
        .fact_if("structure", wanted.structure_id.map(StructureId::uuid))
        .fact_if("mandate", wanted.mandate.as_deref().and_then(|reference| Token::new(reference).ok()))
        .fact_if("of", wanted.kind.map(Kind::token))
        .fact_if("refused", wanted.refused)
        .fact_if("before", wanted.before.map(EntryId::uuid))
}
