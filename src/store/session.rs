//! Desk sessions, and the browsers known to their owners.
use time::Duration;

use crate::domain::ids::{CardId, EntryId, PersonId, RowId, SessionId, StructureId, UserId};
use crate::domain::secret::HashedToken;
use crate::domain::session::{SessionTimes, Stage};
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};
use crate::crypto::seal::Place;

/// A session's last visit is written at most this often.
pub const TOUCH_EVERY: Duration = Duration::minutes(1);

/// Where the sealed name of the browser of a session lives.
pub fn user_agent_place(id: &SessionId) -> Place<'_> {
    Place { table: "session", row: id.as_bytes(), column: "user_agent_sealed" }
}

/// A session in force, with its person.
#[derive(sqlx::FromRow)]
pub struct SessionRow {
    pub id: SessionId,
    pub person_id: PersonId,
    pub stage: String,
    pub structure_id: Option<StructureId>,
    pub card_id: Option<CardId>,
    pub card_serial: Option<String>,
    pub acting_user_id: Option<UserId>,
    /// The sealed identity of that user: their name stays in sight.
    pub acting_sealed: Option<Vec<u8>>,
    pub last_seen_at: Timestamp,
    pub last_code_at: Option<Timestamp>,
    pub fresh_until: Option<Timestamp>,
    pub name_sealed: Vec<u8>,
    pub is_operator: bool,
    pub is_auditor: bool,
    pub charter_version: Option<i64>,
}

const LIVE: &str = "
SELECT s.id, s.person_id, s.stage, s.structure_id, s.card_id, c.serial AS card_serial, s.acting_user_id, s.last_seen_at, s.last_code_at,
       s.fresh_until, a.identity_sealed AS acting_sealed, p.name_sealed, p.is_operator, p.is_auditor, p.charter_version
FROM session s JOIN person p ON p.id = s.person_id
LEFT JOIN card c ON c.id = s.card_id
LEFT JOIN app_user a ON a.id = s.acting_user_id
WHERE s.token_hash = $1 AND s.idle_ends_at > $2 AND s.ends_at > $2 AND p.status = 'active'
  AND (s.card_id IS NULL OR c.state = 'active')";

/// The session whose token has this hash, unless it is over, its person suspended, or its card no longer in service.
pub async fn live(
    tx: &mut impl Access,
    token: &HashedToken,
    now: Timestamp,
) -> Result<Option<SessionRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, SessionRow>(LIVE).bind(token).bind(now).fetch_optional(c).await)
}

const OWNER: &str = "
SELECT s.person_id FROM session s JOIN person p ON p.id = s.person_id
WHERE s.token_hash = $1 AND s.stage = 'full' AND p.status = 'active'";

/// Whose session it is or was, dead or alive: what they had typed is kept for them alone.
pub async fn owner(tx: &mut impl Access, token: &HashedToken) -> Result<Option<PersonId>, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, PersonId>(OWNER).bind(token).fetch_optional(c).await)
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

/// A session as it begins.
pub struct NewSession<'a> {
    pub id: SessionId,
    pub token: &'a HashedToken,
    pub person_id: PersonId,
    pub stage: Stage,
    pub structure_id: Option<StructureId>,
    /// The card of the code that opened it; none while the code is awaited.
    pub card_id: Option<CardId>,
    /// The request to the provider of professionals whose answer opened it; none after a password.
    pub entered_by: Option<RowId>,
    pub times: SessionTimes,
    pub idle_ends_at: Timestamp,
    pub user_agent_sealed: Option<Vec<u8>>,
    /// Says that it was opened.
    pub entry_id: EntryId,
}

const INSERT: &str = "
INSERT INTO session (id, token_hash, person_id, stage, structure_id, card_id, created_at, last_seen_at, last_code_at,
                     fresh_until, idle_ends_at, ends_at, user_agent_sealed, entered_by, entry_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12, $13, $14)";

pub async fn insert(tx: &mut WriteTx, new: &NewSession<'_>) -> Result<(), StoreError> {
    let full = new.stage == Stage::Full;
    changed!(
        tx,
        sqlx::query(INSERT)
            .bind(new.id)
            .bind(new.token)
            .bind(new.person_id)
            .bind(if full { "full" } else { "password" })
            .bind(new.structure_id)
            .bind(new.card_id)
            .bind(new.times.seen_at)
            .bind(full.then_some(new.times.seen_at))
            .bind(full.then_some(new.times.fresh_until))
            .bind(new.idle_ends_at)
            .bind(new.times.ends_at)
            .bind(new.user_agent_sealed.as_deref())
            .bind(new.entered_by)
            .bind(new.entry_id)
    )?;
    Ok(())
}

const ENTERED_BY: &str = "SELECT entered_by FROM session WHERE id = $1";

/// The request to the provider of professionals whose answer opened a session; none after a password.
pub async fn entered_by(tx: &mut impl Access, id: SessionId) -> Result<Option<RowId>, StoreError> {
    let found =
        on!(tx, c => sqlx::query_scalar::<_, Option<RowId>>(ENTERED_BY).bind(id).fetch_optional(c).await)?;
    Ok(found.flatten())
}

const TOUCH: &str = "
UPDATE session SET last_seen_at = $2, idle_ends_at = $3,
  fresh_until = CASE WHEN fresh_until > $2 THEN $4 ELSE fresh_until END
WHERE id = $1";

/// Notes a visit: moves the idle end, and the end of freshness if it has not come yet.
pub async fn touch(
    tx: &mut WriteTx,
    id: SessionId,
    now: Timestamp,
    idle_ends_at: Timestamp,
    fresh_until: Timestamp,
) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(TOUCH).bind(id).bind(now).bind(idle_ends_at).bind(fresh_until))?;
    Ok(())
}

const REFRESH: &str = "
UPDATE session SET last_seen_at = $2, last_code_at = $2, fresh_until = $3, idle_ends_at = $4, card_id = $5
WHERE id = $1 AND stage = 'full'";

/// A code was accepted in the session.
pub async fn refresh(
    tx: &mut WriteTx,
    id: SessionId,
    card: CardId,
    now: Timestamp,
    fresh_until: Timestamp,
    idle_ends_at: Timestamp,
) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(REFRESH).bind(id).bind(now).bind(fresh_until).bind(idle_ends_at).bind(card))?;
    Ok(())
}

/// The structure a session acts for, if it acts for one.
pub async fn structure_of(tx: &mut impl Access, id: SessionId) -> Result<Option<StructureId>, StoreError> {
    const SQL: &str = "SELECT structure_id FROM session WHERE id = $1";
    let found: Option<Option<StructureId>> =
        on!(tx, c => sqlx::query_scalar(SQL).bind(id).fetch_optional(c).await)?;
    Ok(found.flatten())
}

const ROTATE: &str = "UPDATE session SET token_hash = $2, structure_id = $3 WHERE id = $1 AND stage = 'full'";

/// Another structure: the session goes on under a new token. False if the session is gone.
pub async fn switch_structure(
    tx: &mut WriteTx,
    id: SessionId,
    token: &HashedToken,
    structure: StructureId,
) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(ROTATE).bind(id).bind(token).bind(structure))? == 1)
}

const DELETE: &str = "DELETE FROM session WHERE id = $1";

/// Ends a session. False if it was already gone.
pub async fn delete(tx: &mut WriteTx, id: SessionId) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(DELETE).bind(id))? == 1)
}

const DELETE_OWN: &str = "DELETE FROM session WHERE id = $1 AND person_id = $2";

/// Ends a session of this person. False if they have no such session.
pub async fn delete_own(tx: &mut WriteTx, id: SessionId, person: PersonId) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(DELETE_OWN).bind(id).bind(person))? == 1)
}

const DELETE_OTHERS: &str = "DELETE FROM session WHERE person_id = $1 AND id <> $2";

/// Ends every session of a person but one. Gives how many.
pub async fn delete_others(tx: &mut WriteTx, person: PersonId, kept: SessionId) -> Result<u64, StoreError> {
    changed!(tx, sqlx::query(DELETE_OTHERS).bind(person).bind(kept))
}

const DELETE_ALL: &str = "DELETE FROM session WHERE person_id = $1";

/// Ends every session of a person. Gives how many.
pub async fn delete_all(tx: &mut WriteTx, person: PersonId) -> Result<u64, StoreError> {
    changed!(tx, sqlx::query(DELETE_ALL).bind(person))
}

const DELETE_BY_CARD: &str = "DELETE FROM session WHERE card_id = $1";

/// Ends the sessions opened with a card that is no longer in service.
pub async fn delete_by_card(tx: &mut WriteTx, card: CardId) -> Result<u64, StoreError> {
    changed!(tx, sqlx::query(DELETE_BY_CARD).bind(card))
}

/// A session as its owner sees it.
#[derive(sqlx::FromRow)]
pub struct OwnSessionRow {
    pub id: SessionId,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub user_agent_sealed: Option<Vec<u8>>,
}

const OF_PERSON: &str = "
SELECT id, created_at, last_seen_at, user_agent_sealed FROM session
WHERE person_id = $1 AND stage = 'full' AND idle_ends_at > $2 AND ends_at > $2
ORDER BY created_at DESC, id DESC LIMIT 50";

pub async fn of_person(
    tx: &mut impl Access,
    person: PersonId,
    now: Timestamp,
) -> Result<Vec<OwnSessionRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, OwnSessionRow>(OF_PERSON).bind(person).bind(now).fetch_all(c).await)
}

/// A browser in which its owner signed in completely before.
#[derive(sqlx::FromRow)]
pub struct DeviceRow {
    pub id: RowId,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
}

const DEVICE_OF: &str = "SELECT id FROM device WHERE token_hash = $1 AND person_id = $2";

/// The device with this token, if it is one of this person.
pub async fn device_of(
    tx: &mut impl Access,
    token: &HashedToken,
    person: PersonId,
) -> Result<Option<RowId>, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, RowId>(DEVICE_OF).bind(token).bind(person).fetch_optional(c).await)
}

const DEVICE_SEEN: &str = "UPDATE device SET last_seen_at = $2 WHERE id = $1";

pub async fn device_seen(tx: &mut WriteTx, id: RowId, now: Timestamp) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(DEVICE_SEEN).bind(id).bind(now))?;
    Ok(())
}

const DEVICE_ADD: &str = "
INSERT INTO device (id, token_hash, person_id, created_at, last_seen_at, entry_id) VALUES ($1, $2, $3, $4, $4, $5)";

/// `entry` says who signed in with it.
pub async fn device_add(
    tx: &mut WriteTx,
    id: RowId,
    token: &HashedToken,
    person: PersonId,
    now: Timestamp,
    entry: EntryId,
) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(DEVICE_ADD).bind(id).bind(token).bind(person).bind(now).bind(entry))?;
    Ok(())
}

const DEVICES: &str = "
SELECT id, created_at, last_seen_at FROM device WHERE person_id = $1 ORDER BY last_seen_at DESC, id DESC LIMIT 50";

pub async fn devices(tx: &mut impl Access, person: PersonId) -> Result<Vec<DeviceRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, DeviceRow>(DEVICES).bind(person).fetch_all(c).await)
}

const DEVICE_FORGET: &str = "DELETE FROM device WHERE id = $1 AND person_id = $2";

/// False if this person has no such device.
pub async fn device_forget(tx: &mut WriteTx, id: RowId, person: PersonId) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(DEVICE_FORGET).bind(id).bind(person))? == 1)
}

/// A session that time has ended.
#[derive(sqlx::FromRow)]
pub struct OverRow {
    pub id: SessionId,
    pub person_id: PersonId,
    pub stage: String,
    pub idle_ends_at: Timestamp,
    pub ends_at: Timestamp,
}

const PURGE: &str = "
DELETE FROM session WHERE id IN
  (SELECT id FROM session WHERE ends_at < $1 OR idle_ends_at < $1 ORDER BY id LIMIT $2)
RETURNING id, person_id, stage, idle_ends_at, ends_at";

/// Removes up to `limit` sessions over since before `before` (their stash has lapsed too). For the retention job.
pub async fn purge(tx: &mut WriteTx, before: Timestamp, limit: i64) -> Result<Vec<OverRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, OverRow>(PURGE).bind(before).bind(limit).fetch_all(c).await)
}
