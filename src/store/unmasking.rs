//! Names shown to an auditor for a while, and the parts of the log that hold them.
use super::{Access, StoreError, WriteTx};
use crate::domain::ids::{CardId, EntryId, MandateId, PersonId, SessionId};
use crate::domain::time::Timestamp;

const PURGE: &str = "DELETE FROM unmasking WHERE expires_at <= $1";
const INSERT: &str = "INSERT INTO unmasking (session_id, target, expires_at, entry_id) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (session_id, target) DO UPDATE SET expires_at = excluded.expires_at, entry_id = excluded.entry_id";

/// Shows the names of a target in this session until an instant; forgets what has expired.
pub async fn insert(
    tx: &mut WriteTx,
    session: SessionId,
    target: &str,
    (now, until): (Timestamp, Timestamp),
    entry: EntryId,
) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(PURGE).bind(now))?;
    changed!(tx, sqlx::query(INSERT).bind(session).bind(target.to_owned()).bind(until).bind(entry))?;
    Ok(())
}

const UNTIL: &str =
    "SELECT expires_at FROM unmasking WHERE session_id = $1 AND target = $2 AND expires_at > $3";

/// Until when the names of a target are shown in this session, if they are.
pub async fn until(
    tx: &mut impl Access,
    session: SessionId,
    target: &str,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    on!(tx, c => {
        sqlx::query_scalar(UNTIL).bind(session).bind(target.to_owned()).bind(now).fetch_optional(c).await
    })
}

/// A part with the leaf that commits to it.
#[derive(sqlx::FromRow)]
pub struct NamingRow {
    pub entry_id: EntryId,
    pub part: String,
    pub sealed: Vec<u8>,
    pub leaf: Vec<u8>,
}

const OF_MANDATE: &str = "SELECT p.entry_id, p.part, p.sealed, e.leaf FROM entry e \
    JOIN entry_part p ON p.entry_id = e.id WHERE e.mandate_id = $1 AND p.part IN ('user', 'actor') \
    ORDER BY e.mandate_sequence DESC LIMIT 1000";

/// The parts that name people in a mandate's story, the latest first.
pub async fn of_mandate(tx: &mut impl Access, mandate: MandateId) -> Result<Vec<NamingRow>, StoreError> {
    on!(tx, c => sqlx::query_as(OF_MANDATE).bind(mandate).fetch_all(c).await)
}

const OF_ACTOR: &str = "SELECT p.entry_id, p.part, p.sealed, e.leaf FROM entry e \
    JOIN entry_part p ON p.entry_id = e.id WHERE e.actor = $1 AND p.part = 'actor' ORDER BY e.id DESC LIMIT 1";
const OF_ACTOR_WITHIN: &str = "SELECT p.entry_id, p.part, p.sealed, e.leaf FROM entry e \
    JOIN entry_part p ON p.entry_id = e.id WHERE e.actor = $1 AND p.part = 'actor' \
    AND e.structure_id IN (SELECT a.structure_id FROM auditor_structure a WHERE a.person_id = $2) \
    ORDER BY e.id DESC LIMIT 1";

/// The latest part within a perimeter that names who acted under a pseudonym.
pub async fn of_actor(
    tx: &mut impl Access,
    actor: &[u8],
    perimeter_of: Option<PersonId>,
) -> Result<Option<NamingRow>, StoreError> {
    let actor = actor.to_vec();
    match perimeter_of {
        None => on!(tx, c => sqlx::query_as(OF_ACTOR).bind(actor).fetch_optional(c).await),
        Some(person) => {
            on!(tx, c => sqlx::query_as(OF_ACTOR_WITHIN).bind(actor).bind(person).fetch_optional(c).await)
        }
    }
}

/// The serial of a card; an application has none.
#[derive(sqlx::FromRow)]
pub struct SerialRow {
    pub id: CardId,
    pub serial: Option<String>,
}

const CARDS: &str = "SELECT DISTINCT c.id, c.serial FROM entry e JOIN card c ON c.id = e.card_id \
    WHERE e.mandate_id = $1";

/// The cards that a mandate's story names.
pub async fn cards(tx: &mut impl Access, mandate: MandateId) -> Result<Vec<SerialRow>, StoreError> {
    on!(tx, c => sqlx::query_as(CARDS).bind(mandate).fetch_all(c).await)
}
