//! Links that invite someone, or let them choose a password again.
use crate::domain::ids::{EntryId, PersonId};
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};

#[derive(sqlx::FromRow)]
pub struct LinkRow {
    pub person_id: PersonId,
    pub purpose: String,
    pub expires_at: Timestamp,
}

const INSERT: &str = "
INSERT INTO one_time_link (token_hash, person_id, purpose, created_at, expires_at, entry_id)
VALUES ($1, $2, $3, $4, $5, $6)";

/// `entry` says that it was given.
pub async fn insert(
    tx: &mut WriteTx,
    token: &HashedToken,
    person: PersonId,
    purpose: &str,
    (now, expires_at): (Timestamp, Timestamp),
    entry: EntryId,
) -> Result<(), StoreError> {
    changed!(
        tx,
        sqlx::query(INSERT).bind(token).bind(person).bind(purpose).bind(now).bind(expires_at).bind(entry)
    )?;
    Ok(())
}

const FIND: &str = "
SELECT l.person_id, l.purpose, l.expires_at FROM one_time_link l JOIN person p ON p.id = l.person_id
WHERE l.token_hash = $1 AND l.used_at IS NULL AND l.expires_at > $2 AND p.status <> 'suspended'";

/// The link, unless used, expired, or of someone suspended.
pub async fn find(
    tx: &mut impl Access,
    token: &HashedToken,
    now: Timestamp,
) -> Result<Option<LinkRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, LinkRow>(FIND).bind(token).bind(now).fetch_optional(c).await)
}

const CONSUME: &str = "
UPDATE one_time_link SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2";

/// True for exactly one caller, however many present the link at once.
pub async fn consume(tx: &mut WriteTx, token: &HashedToken, now: Timestamp) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(CONSUME).bind(token).bind(now))? == 1)
}

const CANCEL: &str = "UPDATE one_time_link SET used_at = $2 WHERE person_id = $1 AND used_at IS NULL";

/// A new link makes the earlier ones void.
pub async fn cancel_all(tx: &mut WriteTx, person: PersonId, now: Timestamp) -> Result<u64, StoreError> {
    changed!(tx, sqlx::query(CANCEL).bind(person).bind(now))
}
