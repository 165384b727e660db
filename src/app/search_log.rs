//! An auditor searches the log. The search is itself written there before anything is shown.
use crate::domain::ids::{EntryId, PersonId, ServiceId, StructureId, time_of};
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::pseudonym::Pseudonym;
use crate::log::token::Token;
pub use crate::store::auditor::DomainRow as Domain;
use crate::store::auditor::{self, ServiceRow, StructureRow};
use crate::store::search::{self, Column, Criteria, Page};
use crate::store::{Access, AsStoreError, StoreError};
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

/// A criterion that names nothing the auditor may see, so that nothing is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    Mandate,
    Aidant,
    User,
    /// Several people share the short form.
    Aidants,
    Users,
}

/// What an auditor may choose from.
#[derive(Debug)]
pub struct Choices {
    pub structures: Vec<StructureRow>,
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
    pub unclear: Vec<Unclear>,
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
    record::append(app, entry(Kind::LogSearched, who, wanted)).await?;
    view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        let choices = Choices {
            structures: auditor::structures(tx, perimeter_of).await?,
            services: auditor::services(tx).await?,
            domains: auditor::all_domains(tx).await?,
        };
        let criteria = match criteria(tx, wanted, perimeter_of).await? {
            Ok(criteria) => criteria,
            Err(unclear) => return Ok(Found { lines: Vec::new(), next: None, stopped: None, choices, unclear }),
        };
        let (lines, Page { next, stopped, .. }) = page(app, tx, &criteria, PAGE).await?;
        let stopped = next.filter(|_| stopped).and_then(|last| time_of(last.uuid()));
        Ok::<_, AuditError>(Found { lines, next, stopped, choices, unclear: Vec::new() })
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

/// What the names typed stand for, as far as the perimeter knows them.
pub(super) async fn criteria(
    tx: &mut impl Access,
    wanted: &Wanted,
    perimeter_of: Option<PersonId>,
) -> Result<Result<Criteria, Vec<Unclear>>, AuditError> {
    let mut unclear = Vec::new();
    let mut criteria = Criteria {
        from: wanted.from,
        until: wanted.until,
        structure_id: wanted.structure_id,
        mandate_id: None,
        grant_id: None,
        domain: wanted.domain.clone(),
        service_id: wanted.service_id,
        actor: None,
        subject: None,
        kind: wanted.kind.map(Kind::token),
        refused: wanted.refused,
        perimeter_of,
        before: wanted.before,
    };
    if let Some(reference) = &wanted.mandate {
        match auditor::mandate(tx, reference, perimeter_of).await? {
            Some(mandate) => criteria.mandate_id = Some(mandate.id),
            None => unclear.push(Unclear::Mandate),
        }
    }
    if let Some(typed) = &wanted.aidant {
        match whose(tx, Column::Actor, typed, perimeter_of).await? {
            Whose::One(pseudonym) => criteria.actor = Some(pseudonym.bytes().to_vec()),
            Whose::Nobody => unclear.push(Unclear::Aidant),
            Whose::Several => unclear.push(Unclear::Aidants),
        }
    }
    if let Some(typed) = &wanted.user {
        match whose(tx, Column::Subject, typed, perimeter_of).await? {
            Whose::One(pseudonym) => criteria.subject = Some(pseudonym.bytes().to_vec()),
            Whose::Nobody => unclear.push(Unclear::User),
            Whose::Several => unclear.push(Unclear::Users),
        }
    }
    Ok(if unclear.is_empty() { Ok(criteria) } else { Err(unclear) })
}

/// Whom a pseudonym names, among the lines of a perimeter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    One(Pseudonym),
    Nobody,
    Several,
}

/// Reads a pseudonym in full or as it is shown (`a-5F2C`). Somebody with no line in the perimeter is nobody.
pub(super) async fn whose(
    tx: &mut impl Access,
    column: Column,
    typed: &str,
    perimeter_of: Option<PersonId>,
) -> Result<Whose, AuditError> {
    let (mut from, until) = if let Ok(full) = typed.parse::<Pseudonym>() {
        (full.bytes().to_vec(), after(full.bytes()))
    } else {
        let short = typed.split_once('-').map_or(typed, |(_, short)| short).to_ascii_uppercase();
        let Ok(bytes) = data_encoding::HEXUPPER.decode(short.as_bytes()) else { return Ok(Whose::Nobody) };
        let Ok(pair) = <[u8; 2]>::try_from(bytes.as_slice()) else { return Ok(Whose::Nobody) };
        let until = u16::from_be_bytes(pair)
            .checked_add(1)
            .map_or(vec![0xff; 33], |next| next.to_be_bytes().to_vec());
        (pair.to_vec(), until)
    };
    let mut found = None;
    while let Some(bytes) = search::next_pseudonym(tx, column, (from, until.clone()), perimeter_of).await? {
        if found.is_some() {
            return Ok(Whose::Several);
        }
        from = after(&bytes);
        found = Pseudonym::from_slice(&bytes).ok();
    }
    Ok(found.map_or(Whose::Nobody, Whose::One))
}

/// The first text of bytes after this one.
fn after(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0]].concat()
}

/// What was asked for is part of the entry: an auditor's curiosity can be audited.
pub(super) fn entry(kind: Kind, who: &SignedIn, wanted: &Wanted) -> Draft {
    let token = |text: &Option<String>| text.as_deref().and_then(|text| Token::new(text).ok());
    Draft::done(kind)
        .by(who.person_id, Role::Auditor)
        .fact_if("from", wanted.from)
        .fact_if("until", wanted.until)
        .fact_if("structure", wanted.structure_id.map(StructureId::uuid))
        .fact_if("mandate", token(&wanted.mandate))
        .fact_if("domain", token(&wanted.domain))
        .fact_if("service", wanted.service_id.map(ServiceId::uuid))
        .fact_if("aidant", token(&wanted.aidant))
        .fact_if("user", token(&wanted.user))
        .fact_if("of", wanted.kind.map(Kind::token))
        .fact_if("refused", wanted.refused)
        .fact_if("before", wanted.before.map(EntryId::uuid))
}
