//! An aidant prepares a mandate: domains and term. Its end is fixed here, and so is the structure.
use crate::domain::catalogue::{Domain, DomainKey};
use crate::domain::ids::{GrantId, MandateId, StructureId};
use crate::domain::mandate::{Act, BadTerm, Reference, Scope, Term, Validity};
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::mandate::{self, NewMandate};
use crate::store::{AsStoreError, StoreError, WriteTx, catalogue};
use crate::{transact, view};

use super::App;
use super::caller::SignedIn;
use super::desk::{self, DeskError};
use super::record;

/// What may be proposed in a structure now.
pub struct Offer {
    pub structure: StructureId,
    /// Domains of the catalogue that the structure may hold, in the order of the pages.
    pub domains: Vec<Domain>,
    /// The fixed terms with the end each would have.
    pub terms: Vec<(Term, Validity)>,
    /// Given back with the form, so that a form sent twice makes one mandate.
    pub attempt: MandateId,
}

/// What the aidant chose.
pub struct Proposal {
    /// The structure the form was shown for.
    pub structure: StructureId,
    pub attempt: MandateId,
    pub domains: Vec<DomainKey>,
    pub term: Term,
}

#[derive(Debug, thiserror::Error)]
pub enum ProposeError {
    #[error(transparent)]
    Desk(#[from] DeskError),
    #[error("no domain is chosen")]
    NoDomain,
    #[error(transparent)]
    Term(#[from] BadTerm),
    /// The id or the reference exists: by a form sent twice, or by chance.
    #[error("taken")]
    Taken,
}

impl From<StoreError> for ProposeError {
    fn from(error: StoreError) -> Self {
        Self::Desk(error.into())
    }
}

impl From<record::RecordError> for ProposeError {
    fn from(error: record::RecordError) -> Self {
        Self::Desk(error.into())
    }
}

impl AsStoreError for ProposeError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Desk(error) => error.as_store_error(),
            _ => None,
        }
    }
}

/// The choices in the structure the aidant acts for.
pub async fn offer(app: &App, who: &SignedIn, structure: StructureId) -> Result<Offer, ProposeError> {
    let now = app.now();
    let (facts, catalogue) = view!(app.store, tx => {
        desk::log_goes_on(app, tx).await?;
        let facts = desk::standing(tx, structure, who.person_id).await?;
        Ok::<_, DeskError>((facts, catalogue::all(tx).await?))
    })?;
    let structure = &facts.structure;
    let covered = |domain: &&Domain| structure.domains.contains(&domain.key);
    let end = |term| Validity::fix(term, now, &structure.time_zone).map(|validity| (term, validity));
    Ok(Offer {
        structure: structure.id,
        domains: catalogue.iter().filter(covered).cloned().collect(),
        terms: Term::FIXED.into_iter().map(end).collect::<Result<_, _>>()?,
        attempt: MandateId::new(now, &*app.entropy),
    })
}

/// Makes the draft and gives its reference; the same one again for a form sent twice.
pub async fn propose(app: &App, who: &SignedIn, proposal: &Proposal) -> Result<Reference, ProposeError> {
    let scope = Scope::new(proposal.domains.iter().cloned()).map_err(|_| ProposeError::NoDomain)?;
    let now = app.now();
    let id = attempted(app, proposal.attempt, now);
    // References are drawn at random: one that is taken is drawn again.
    for _ in 0..3 {
        let reference = Reference::generate(&*app.entropy);
        let outcome = transact!(app.store, "propose_mandate", tx => {
            write(app, tx, who, proposal, &scope, (id, &reference, now)).await
        });
        // Two of one form at the same instant meet in the database.
        let outcome = outcome.map_err(|error| match error.as_store_error() {
            Some(StoreError::Constraint { .. }) => ProposeError::Taken,
            _ => error,
        });
        match outcome {
            Ok(()) => return Ok(reference),
            Err(ProposeError::Taken) => {
                let row = view!(app.store, tx => { mandate::by_id(tx, id).await })?;
                match row {
                    Some(row) if row.proposed_by == who.person_id => return Ok(row.reference),
                    Some(_) => return Err(DeskError::NotFound.into()),
                    None => {}
                }
            }
            Err(ProposeError::Desk(error)) => {
                return Ok(desk::recorded(app, who, Kind::MandateProposed, None, Err(error)).await?);
            }
            Err(other) => return Err(other),
        }
    }
    Err(ProposeError::Taken)
}

async fn write(
    app: &App,
    tx: &mut WriteTx,
    who: &SignedIn,
    proposal: &Proposal,
    scope: &Scope,
    (id, reference, now): (MandateId, &Reference, Timestamp),
) -> Result<(), ProposeError> {
    if mandate::by_id(tx, id).await?.is_some() {
        return Err(ProposeError::Taken);
    }
    desk::log_goes_on(app, tx).await?;
    let structure = proposal.structure;
    let facts = desk::standing(tx, structure, who.person_id).await?;
    desk::check(&facts, Act::Grant { scope, held_by: structure }, now).map_err(DeskError::from)?;
    let catalogue = catalogue::all(tx).await?;
    if scope.iter().any(|domain| catalogue.get(domain).is_none()) {
        return Err(ProposeError::NoDomain);
    }
    let validity = Validity::fix(proposal.term, now, &facts.structure.time_zone)?;
    let draft = who
        .signs(Draft::done(Kind::MandateProposed), Role::Aidant)
        .structure(structure)
        .new_mandate(id)
        .list("domains", scope.iter().map(DomainKey::as_str))
        .fact("access", "act")
        .fact("term", proposal.term.code().as_str())
        .fact("valid_to", validity.ends_at);
    let entry = record::record(app, tx, draft).await?.id;
    let term = proposal.term.code();
    let new = NewMandate {
        id,
        reference,
        structure,
        proposed_by: who.person_id,
        term: &term,
        now,
        ends_at: validity.ends_at,
        entry,
    };
    if !mandate::insert(tx, &new).await? {
        return Err(ProposeError::Taken);
    }
    for domain in scope.iter() {
        mandate::insert_grant(tx, GrantId::new(now, &*app.entropy), id, structure, domain).await?;
    }
    Ok(())
}

/// The id given with the form, if it is one of ours of the last day; otherwise a new one.
fn attempted(app: &App, given: MandateId, now: Timestamp) -> MandateId {
    let made_at = given.uuid().get_timestamp().map(|at| at.to_unix().0);
    let made_at = made_at.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(0);
    let recent =
        given.uuid().get_version_num() == 7 && (now.unix() - 86_400..=now.unix() + 1).contains(&made_at);
    if recent { given } else { MandateId::new(now, &*app.entropy) }
}
