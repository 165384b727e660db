//! An auditor searches the log. The search is itself written there before anything is shown.
use crate::domain::ids::{EntryId, GrantId, PersonId, ServiceId, StructureId, time_of};
use crate::domain::mandate::Reference;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::token::Token;
use crate::store::auditor::{self, ServiceRow};
pub use crate::store::auditor::{DomainRow as Domain, StructureRow as Structure};
use crate::store::search::{self, Criteria, Page};
use crate::store::{Access, AsStoreError, StoreError};
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::log_line::Line;
use super::record::{self, RecordError};
use super::search_names::Typed;
pub use super::search_names::Unclear;
pub(super) use super::search_names::{Named, Resolved, Whose, resolve, whose};

/// Lines on a page.
pub const PAGE: usize = 50;
/// Structures offered while one is typed; of a wider perimeter none is.
const OFFERED: i64 = 100;

/// What the auditor asks for; absent means any.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub until: Option<Timestamp>,
    pub structure_id: Option<StructureId>,
    /// Name or SIRET of a structure.
    pub structure: Option<String>,
    /// Reference of a mandate.
    pub mandate: Option<String>,
    /// One grant of a mandate.
    pub grant_id: Option<GrantId>,
    /// Key of a domain: lines written under a grant for it.
    pub domain: Option<String>,
    pub service_id: Option<ServiceId>,
    /// Pseudonym of who acted, whole or short (`a-5F2C`).
    pub aidant: Option<String>,
    /// Pseudonym of the person whose mandate it is, whole or short (`u-5F2C`).
    pub user: Option<String>,
    pub kind: Option<Kind>,
    pub refused: Option<bool>,
    /// The last line of the page before.
    pub before: Option<EntryId>,
}

/// What an auditor may choose from.
#[derive(Debug)]
pub struct Choices {
    /// None of them when they are too many to be offered.
    pub structures: Vec<Structure>,
    pub services: Vec<ServiceRow>,
    pub domains: Vec<Domain>,
}

/// What a search found.
#[derive(Debug)]
pub struct Found {
    pub lines: Vec<Line>,
    /// What the next page begins before, if there may be more.
    pub next: Option<EntryId>,
    /// How far back was looked, when that is not all and the page is not full.
    pub stopped: Option<Timestamp>,
    pub choices: Choices,
    /// The structure that the criteria name.
    pub structure: Option<Structure>,
    pub unclear: Vec<Unclear>,
}

impl Found {
    /// Nothing was searched.
    pub fn none(choices: Choices) -> Self {
        Self { lines: Vec::new(), next: None, stopped: None, choices, structure: None, unclear: Vec::new() }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Tree(#[from] super::tree::TreeError),
    #[error("a sealed value: {0}")]
    Seal(#[from] crate::crypto::seal::SealError),
    #[error("the person has no perimeter to audit")]
    NoPerimeter,
    #[error("there is no such mandate within the perimeter")]
    NoMandate,
    #[error("there is nothing of this name within the perimeter")]
    NotFound,
}

impl AsStoreError for AuditError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            Self::Tree(error) => error.as_store_error(),
            _ => None,
        }
    }
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
    let Resolved { criteria, named, unclear } = view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        resolve(tx, wanted, perimeter_of).await
    })?;
    record::append(app, entry(Kind::LogSearched, who, wanted, &named)).await?;
    view!(app.store, tx => {
        let choices = offered(tx, criteria.perimeter_of).await?;
        if !unclear.is_empty() {
            return Ok(Found { structure: named.structure, unclear, ..Found::none(choices) });
        }
        let (lines, Page { next, stopped, .. }) = page(app, tx, &criteria, PAGE).await?;
        let stopped = next.filter(|_| stopped).and_then(|last| time_of(last.uuid()));
        Ok::<_, AuditError>(Found { lines, next, stopped, choices, structure: named.structure, unclear })
    })
}

/// What a search may be made of, before anything is searched.
pub async fn choices(app: &App, who: &SignedIn) -> Result<Choices, AuditError> {
    view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        offered(tx, perimeter_of).await
    })
}

async fn offered(tx: &mut impl Access, perimeter_of: Option<PersonId>) -> Result<Choices, AuditError> {
    let structures = auditor::structures(tx, perimeter_of, OFFERED + 1).await?;
    let few = i64::try_from(structures.len()).is_ok_and(|count| count <= OFFERED);
    Ok(Choices {
        structures: if few { structures } else { Vec::new() },
        services: auditor::services(tx).await?,
        domains: auditor::all_domains(tx).await?,
    })
}

/// Up to `size` lines, newest first.
pub(super) async fn page(
    app: &App,
    tx: &mut impl Access,
    criteria: &Criteria,
    size: usize,
) -> Result<(Vec<Line>, Page), AuditError> {
    let found = search::search(tx, criteria, size).await?;
    let rows = auditor::named(tx, &found.ids).await?;
    let lines = rows.into_iter().map(|row| Line::read(row, app.log.origin())).collect();
    Ok((lines, found))
}

/// What was asked for is part of the entry: an auditor's curiosity can be audited. What is no reference and no pseudonym is
/// left out: it may be a name, and the leaf is for ever.
pub(super) fn entry(kind: Kind, who: &SignedIn, wanted: &Wanted, named: &Named) -> Draft {
    let person = |typed: &Option<String>, letter| Some(Typed::read(typed.as_deref()?)?.told(letter));
    let reference =
        wanted.mandate.as_deref().and_then(|typed| Some(typed.parse::<Reference>().ok()?.to_string()));
    let structure = named.structure.as_ref().map(|row| row.id).or(wanted.structure_id);
    named
        .told(Draft::done(kind).by(who.person_id, Role::Auditor))
        .fact_if("from", wanted.from)
        .fact_if("until", wanted.until)
        .fact_if("structure", structure.map(StructureId::uuid))
        .fact_if("mandate", reference.as_deref())
        .fact_if("grant", wanted.grant_id.map(GrantId::uuid))
        .fact_if("domain", wanted.domain.clone().and_then(|text| Token::new(text).ok()))
        .fact_if("service", wanted.service_id.map(ServiceId::uuid))
        .fact_if("aidant", person(&wanted.aidant, 'a').as_deref())
        .fact_if("user", person(&wanted.user, 'u').as_deref())
        .fact_if("of", wanted.kind.map(Kind::token))
        .fact_if("refused", wanted.refused)
        .fact_if("before", wanted.before.map(EntryId::uuid))
}
