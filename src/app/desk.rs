//! What every step at the desk begins with: the mandate, and what its caller is in the structure that holds it.
//!
//! A mandate belongs to the structure in which it was proposed. The structure of the session is never asked: an
//! aidant who switches in another tab goes on with the mandate they began.
use time::Duration;

use crate::crypto::seal::SealError;
use crate::domain::catalogue::DomainKey;
use crate::domain::consent::BadConsent;
use crate::domain::ids::{MandateId, PersonId, StructureId};
use crate::domain::mandate::{Act, Charter, Denied, LAPSES_AFTER, Member, Reference, Refusal, Standing, may};
use crate::domain::structure::NotHabilitated;
use crate::domain::time::Timestamp;
use crate::domain::user::CivilIdentity;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::mandate::{self, MandateRow};
use crate::store::structure::{self, StandingFacts};
use crate::store::user::{SealedIdentity, identity_place};
use crate::store::{Access, AsStoreError, StoreError};
use crate::view;

use super::App;
use super::alarms;
use super::caller::{CHARTER_VERSION, SignedIn};
use super::fault::Fault;
use super::notices::NoticeError;
use super::record::{self, RecordError};

/// What stops a step at the desk.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No such mandate, or none they may know of: the answer is the same.
    #[error("no such mandate")]
    NotFound,
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nothing new is granted while the log is not signed.
    #[error("the log is not signed")]
    LogStopped,
}

macro_rules! through_fault {
    ($($error:ty),+) => {
        $(impl From<$error> for DeskError {
            fn from(error: $error) -> Self {
                Self::Fault(Fault::from(error))
            }
        })+
    };
}

through_fault!(StoreError, RecordError, SealError);

impl From<NoticeError> for DeskError {
    fn from(error: NoticeError) -> Self {
        match error {
            NoticeError::Store(error) => error.into(),
            NoticeError::Seal(error) => error.into(),
        }
    }
}

impl From<BadConsent> for DeskError {
    fn from(_: BadConsent) -> Self {
        Self::Fault(Fault::Seal(SealError::Content))
    }
}

impl AsStoreError for DeskError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Fault(fault) => fault.as_store_error(),
            _ => None,
        }
    }
}

/// A mandate, seen by somebody who may know of it.
pub(super) struct Opened {
    pub(super) row: MandateRow,
    pub(super) facts: StandingFacts,
}

impl Opened {
    pub(super) fn check(&self, act: Act<'_>, now: Timestamp) -> Result<(), Denied> {
        check(&self.facts, act, now)
    }
}

/// Whether the person of these facts may do `act` at `now`.
pub(super) fn check(facts: &StandingFacts, act: Act<'_>, now: Timestamp) -> Result<(), Denied> {
    let member =
        facts.member.map(|(is_aidant, is_referent, is_active)| Member { is_aidant, is_referent, is_active });
    let who = Standing {
        structure: &facts.structure,
        member,
        charter: Charter { accepted: facts.charter_version, required: CHARTER_VERSION },
        has_active_card: facts.has_active_card,
    };
    may(&who, act, now)
}

/// The structure and what the person is in it.
pub(super) async fn standing(
    tx: &mut impl Access,
    structure: StructureId,
    person: PersonId,
) -> Result<StandingFacts, DeskError> {
    structure::standing(tx, structure, person).await?.ok_or(DeskError::NotFound)
}

/// Nothing new is granted while what the paper says of the log could not be kept.
pub(super) async fn log_goes_on(app: &App, tx: &mut impl Access) -> Result<(), DeskError> {
    if alarms::log_stopped(app, tx).await? { Err(DeskError::LogStopped) } else { Ok(()) }
}

/// The mandate of this reference, for somebody who may read it; for anybody else it does not exist.
pub(super) async fn open(
    tx: &mut impl Access,
    who: &SignedIn,
    reference: &Reference,
    now: Timestamp,
) -> Result<Opened, DeskError> {
    let row = mandate::by_reference(tx, reference).await?.ok_or(DeskError::NotFound)?;
    let facts = standing(tx, row.structure_id, who.person_id).await?;
    match check(&facts, Act::Read { held_by: row.structure_id }, now) {
        Ok(()) => Ok(Opened { row, facts }),
        Err(Denied::NotAMember | Denied::MemberSuspended) => Err(DeskError::NotFound),
        Err(denied) => Err(denied.into()),
    }
}

/// The domains of a mandate that is not signed yet, as they were proposed.
pub(super) async fn proposed_domains(
    tx: &mut impl Access,
    mandate: MandateId,
) -> Result<Vec<DomainKey>, StoreError> {
    Ok(mandate::grants(tx, mandate).await?.into_iter().map(|grant| grant.domain).collect())
}

/// The instant before which the last activity of a draft is too old.
pub(super) fn alive_since(now: Timestamp) -> Timestamp {
    now - LAPSES_AFTER
}

/// The civil identity of the mandate's user, once identified.
pub fn identity(app: &App, row: &MandateRow) -> Result<Option<CivilIdentity>, SealError> {
    let (Some(id), Some(sealed)) = (&row.user_id, &row.identity_sealed) else { return Ok(None) };
    let sealed: SealedIdentity = app.sealer.open_json(identity_place(id), sealed)?;
    Ok(Some(sealed.identity))
}

/// In what quality somebody acts on a mandate.
pub(super) fn role(facts: &StandingFacts) -> Role {
    match facts.member {
        Some((false, true, _)) => Role::Referent,
        _ => Role::Aidant,
    }
}

/// Writes a refusal at the desk down. A mandate has its id from the draft on: a refusal about one is a line of that
/// mandate's own story, in the structure that holds it and resting on the consent if there is one, whoever tried.
pub(super) async fn record_refusal(
    app: &App,
    who: &SignedIn,
    kind: Kind,
    code: &str,
    about: Option<&Reference>,
) -> Result<(), Fault> {
    let mut draft = who.signs(Draft::refused(kind, code), Role::Aidant);
    let found = match about {
        Some(reference) => view!(app.store, tx => {
            let Some(row) = mandate::by_reference(tx, reference).await? else { return Ok::<_, Fault>(None) };
            let consent = mandate::consent_entry(tx, row.id).await?;
            Ok(Some((row, consent)))
        })?,
        None => None,
    };
    if let Some(id) = found.as_ref().map(|(row, _)| row.structure_id).or(who.structure_id) {
        draft = draft.structure(id);
    }
    if let Some((row, consent)) = found {
        draft = draft.mandate(row.id);
        if let Some(user) = row.user_id {
            draft = draft.user(user);
        }
        if let Some(consent) = consent {
            draft = draft.on(consent);
        }
    }
    record::refuse(app, draft, &who.session_id.to_string()).await?;
    Ok(())
}

/// Passes a result on; a refusal in it is written down first.
pub(super) async fn recorded<T>(
    app: &App,
    who: &SignedIn,
    kind: Kind,
    about: Option<&Reference>,
    outcome: Result<T, DeskError>,
) -> Result<T, DeskError> {
    if let Err(error) = &outcome
        && let Some(code) = error.code()
    {
        record_refusal(app, who, kind, code, about).await?;
    }
    outcome
}

impl DeskError {
    /// The reason as the log keeps it; none for a fault of ours.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Fault(_) => None,
            Self::NotFound => Some("unknown_mandate"),
            Self::LogStopped => Some("log_stopped"),
            Self::Denied(denied) => Some(denied_code(denied)),
            Self::Refused(Refusal::OutOfOrder) => Some("out_of_order"),
            Self::Refused(Refusal::Lapsed) => Some("lapsed"),
            Self::Refused(Refusal::Ended) => Some("ended"),
            Self::Refused(Refusal::NotTheirsToLift) => Some("not_theirs"),
        }
    }
}

const fn denied_code(denied: &Denied) -> &'static str {
    match denied {
        Denied::NotAMember => "not_a_member",
        Denied::MemberSuspended => "member_suspended",
        Denied::NotAnAidant => "not_an_aidant",
        Denied::Structure(NotHabilitated::NotYet) => "structure_not_yet",
        Denied::Structure(NotHabilitated::Over) => "structure_over",
        Denied::Structure(NotHabilitated::Suspended) => "structure_suspended",
        Denied::Structure(NotHabilitated::Closed) => "structure_closed",
        Denied::Charter => "charter",
        Denied::Card => "card",
        Denied::OtherStructure => "other_structure",
        Denied::Domain(_) => "domain_not_covered",
    }
}

/// A hub's own session outlives our answer by this long (FranceConnect: 30 sliding minutes).
pub(super) const HUB_SESSION: Duration = Duration::minutes(30);
