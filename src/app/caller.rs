//! Who is calling: resolved once per request from the session cookie, before any page runs.
//!
//! One query reads the session with the person, their memberships and the structures' habilitation, so that a
//! suspension takes effect at the next request.
use crate::domain::ids::{CardId, PersonId, SessionId, StructureId, UserId};
use crate::domain::misuse::COUNTED;
pub use crate::domain::person::PersonName;
use crate::domain::secret::PlainToken;
use crate::domain::session::SessionRules;
use crate::domain::time::Timestamp;
use crate::store::StoreError;
pub use crate::store::perimeter::Breadth;
use crate::store::session::{self, MembershipRow, SessionRow};
use crate::store::{perimeter, review, tree};

use super::record::Origin;
use super::{App, choose_user};
use crate::{transact, view};

/// The version of the charter that aidants and referents must have accepted before any act.
pub const CHARTER_VERSION: i64 = 1;

/// The caller of a request.
#[derive(Clone, Debug)]
pub enum Caller {
    Nobody,
    /// The password was right; the code of the card is still awaited.
    Half(HalfSession),
    SignedIn(Box<SignedIn>),
}

impl Caller {
    /// The same, of whom it is known where this request comes from.
    #[must_use]
    pub fn from(mut self, origin: Origin) -> Self {
        if let Self::SignedIn(who) = &mut self {
            who.origin = origin;
        }
        self
    }
}

#[derive(Clone, Debug)]
pub struct HalfSession {
    pub session_id: SessionId,
    pub person_id: PersonId,
}

/// A professional with a complete session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub session_id: SessionId,
    pub person_id: PersonId,
    pub name: PersonName,
    pub is_operator: bool,
    pub is_auditor: bool,
    pub charter_version: Option<i64>,
    /// Memberships in force: active, of a structure habilitated now.
    pub memberships: Vec<Membership>,
    /// The structure the person acts for, if chosen and still in force.
    pub structure_id: Option<StructureId>,
    pub card_id: Option<CardId>,
    pub card_serial: Option<String>,
    /// Where this request comes from.
    pub origin: Origin,
    /// When a code of a card was last accepted in this session.
    pub last_code_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// Until when an act needs no new code (15 minutes without activity end it).
    pub fresh_until: Timestamp,
    /// The one user in whose name services are open in this session.
    pub acting_user_id: Option<UserId>,
    /// That user's name, which every page shows.
    pub acting_name: Option<String>,
    /// An operator sees on every page that an alarm stands.
    pub alarmed: bool,
    /// An auditor sees how many findings of the last days nobody has looked into; counted up to a hundred.
    pub alerts: i64,
    /// How much an auditor reviews.
    pub reviews: Option<Breadth>,
}

#[derive(Clone, Debug)]
pub struct Membership {
    pub structure_id: StructureId,
    pub structure_name: String,
    pub time_zone: String,
    pub is_aidant: bool,
    pub is_referent: bool,
}

impl SignedIn {
    /// The membership in the structure acted for.
    pub fn here(&self) -> Option<&Membership> {
        let id = self.structure_id?;
        self.memberships.iter().find(|membership| membership.structure_id == id)
    }

    pub fn is_aidant(&self) -> bool {
        self.here().is_some_and(|membership| membership.is_aidant)
    }

    pub fn is_referent(&self) -> bool {
        self.here().is_some_and(|membership| membership.is_referent)
    }

    /// May an act be done without a new code?
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.fresh_until
    }

    pub fn charter_accepted(&self) -> bool {
        self.charter_version == Some(CHARTER_VERSION)
    }
}

/// Finds out who holds `token`, and notes that they were here (at most once a minute).
pub async fn resolve(app: &App, token: &PlainToken) -> Result<Caller, CallerError> {
    let now = app.now();
    let hash = token.hash();
    let Some((row, memberships, standing)) = view!(app.store, tx => {
        let Some(row) = session::live(tx, &hash, now).await? else { return Ok::<_, StoreError>(None) };
        let memberships = session::memberships_in_force(tx, row.person_id, now).await?;
        let alarmed = row.is_operator && tree::is_alarmed(tx).await?;
        let alerts = if row.is_auditor { review::count_open(tx, row.person_id, COUNTED + 1).await? } else { 0 };
        let reviews = if row.is_auditor { perimeter::breadth(tx, row.person_id).await? } else { None };
        Ok(Some((row, memberships, Standing { alarmed, alerts, reviews })))
    })?
    else {
        return Ok(Caller::Nobody);
    };
    if now.since(row.last_seen_at) >= session::TOUCH_EVERY {
        let rules = SessionRules::default();
        let (idle, fresh) = (now + rules.idle, now + rules.fresh);
        transact!(app.store, "touch_session", tx => { session::touch(tx, row.id, now, idle, fresh).await })?;
    }
    signed_in(app, row, memberships, standing)
}

/// What the bar of a page says to whom it concerns.
#[derive(Clone, Copy)]
struct Standing {
    alarmed: bool,
    alerts: i64,
    reviews: Option<Breadth>,
}

fn signed_in(
    app: &App,
    row: SessionRow,
    memberships: Vec<MembershipRow>,
    standing: Standing,
) -> Result<Caller, CallerError> {
    let last_code_at = match row.last_code_at {
        Some(at) if row.stage == "full" => at,
        _ => return Ok(Caller::Half(HalfSession { session_id: row.id, person_id: row.person_id })),
    };
    let name: PersonName = app
        .sealer
        .open_json(crate::store::person::name_place(&row.person_id), &row.name_sealed)
        .map_err(|cause| CallerError::Sealed(cause.to_string()))?;
    let acting_name = match (row.acting_user_id, row.acting_sealed) {
        (Some(user), Some(sealed)) => {
            let identity = choose_user::identity(app, user, &sealed);
            Some(identity.map_err(|cause| CallerError::Sealed(cause.to_string()))?.usual_name())
        }
        _ => None,
    };
    let memberships: Vec<Membership> = memberships.into_iter().map(Membership::from).collect();
    let structure_id =
        row.structure_id.filter(|id| memberships.iter().any(|membership| membership.structure_id == *id));
    Ok(Caller::SignedIn(Box::new(SignedIn {
        session_id: row.id,
        person_id: row.person_id,
        name,
        is_operator: row.is_operator,
        is_auditor: row.is_auditor,
        charter_version: row.charter_version,
        memberships,
        structure_id,
        card_id: row.card_id,
        card_serial: row.card_serial,
        origin: Origin::default(),
        last_code_at,
        last_seen_at: row.last_seen_at,
        fresh_until: row.fresh_until.unwrap_or(last_code_at),
        acting_user_id: row.acting_user_id,
        acting_name,
        alarmed: standing.alarmed,
        alerts: standing.alerts,
        reviews: standing.reviews,
    })))
}

impl From<MembershipRow> for Membership {
    fn from(row: MembershipRow) -> Self {
        Self {
            structure_id: row.structure_id,
            structure_name: row.name,
            time_zone: row.time_zone,
            is_aidant: row.is_aidant,
            is_referent: row.is_referent,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the name of the person could not be opened: {0}")]
    Sealed(String),
}
