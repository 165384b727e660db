//! Desk sessions.
use time::Duration;

use crate::domain::ids::{CardId, PersonId, SessionId, StructureId, UserId};
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};

/// A session's last visit is written at most this often.
pub const TOUCH_EVERY: Duration = Duration::minutes(1);
/// Without a visit for this long a session is over.
pub const IDLE: Duration = Duration::hours(2);

/// A session in force, with its person.
#[derive(sqlx::FromRow)]
pub struct SessionRow {
    pub id: SessionId,
    pub person_id: PersonId,
    pub stage: String,
    pub structure_id: Option<StructureId>,
    pub card_id: Option<CardId>,
    pub acting_user_id: Option<UserId>,
    pub last_seen_at: Timestamp,
    pub last_code_at: Option<Timestamp>,
    pub name_sealed: Vec<u8>,
    pub is_operator: bool,
    pub is_auditor: bool,
    pub charter_version: Option<i64>,
}

const LIVE: &str = "
SELECT s.id, s.person_id, s.stage, s.structure_id, s.card_id, s.acting_user_id, s.last_seen_at, s.last_code_at,
       p.name_sealed, p.is_operator, p.is_auditor, p.charter_version
FROM session s JOIN person p ON p.id = s.person_id
WHERE s.token_hash = $1 AND s.idle_ends_at > $2 AND s.ends_at > $2 AND p.status = 'active'";

/// The session whose token has this hash, unless it is over or its person suspended.
pub async fn live(
    tx: &mut impl Access,
    token: &HashedToken,
    now: Timestamp,
) -> Result<Option<SessionRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, SessionRow>(LIVE).bind(token).bind(now).fetch_optional(c).await)
}

#[derive(sqlx::FromRow)]
pub struct MembershipRow {
    pub structure_id: StructureId,
    pub name: String,
    pub time_zone: String,
    pub is_aidant: bool,
    pub is_referent: bool,
}

const MEMBERSHIPS: &str = "
SELECT m.structure_id, s.name, s.time_zone, m.is_aidant, m.is_referent
FROM membership m JOIN structure s ON s.id = m.structure_id
WHERE m.person_id = $1 AND m.status = 'active'
  AND s.status = 'habilitated' AND s.habilitated_from <= $2 AND s.habilitated_until > $2
ORDER BY s.name, s.id";

/// Active memberships of a person in structures habilitated at `now`.
pub async fn memberships_in_force(
    tx: &mut impl Access,
    person: PersonId,
    now: Timestamp,
) -> Result<Vec<MembershipRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, MembershipRow>(MEMBERSHIPS).bind(person).bind(now).fetch_all(c).await)
}

const TOUCH: &str = "UPDATE session SET last_seen_at = $2, idle_ends_at = $3 WHERE id = $1";

/// Notes a visit and moves the idle end.
pub async fn touch(tx: &mut WriteTx, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(TOUCH).bind(id).bind(now).bind(now + IDLE))?;
    Ok(())
}
