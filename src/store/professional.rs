//! Professionals known to the identity provider of professionals, and the browsers sent there.
use crate::crypto::seal::Place;
use crate::domain::ids::{EntryId, PersonId, RowId, SessionId};
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;

use super::person::{PersonRow, person_columns};
use super::{Access, StoreError, WriteTx};

/// Where what must match the answer is sealed, where the browser goes next, and the ID token of the session there.
pub fn place<'a>(id: &'a RowId, column: &'static str) -> Place<'a> {
    Place { table: "professional_request", row: id.as_bytes(), column }
}

pub struct NewRequest<'a> {
    pub id: RowId,
    /// `sign_in`, `link` or `activate`.
    pub purpose: &'a str,
    pub person: Option<PersonId>,
    pub session: Option<SessionId>,
    pub browser: &'a HashedToken,
    pub state: &'a HashedToken,
    pub nonce_sealed: &'a [u8],
    pub verifier_sealed: Option<&'a [u8]>,
    pub back_sealed: &'a [u8],
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

const INSERT: &str = "
INSERT INTO professional_request (id, purpose, person_id, session_id, browser_hash, state_hash, nonce_sealed,
  verifier_sealed, back_sealed, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

pub async fn insert(tx: &mut WriteTx, new: &NewRequest<'_>) -> Result<(), StoreError> {
    changed!(
        tx,
        sqlx::query(INSERT)
            .bind(new.id)
            .bind(new.purpose)
            .bind(new.person)
            .bind(new.session)
            .bind(new.browser)
            .bind(new.state)
            .bind(new.nonce_sealed)
            .bind(new.verifier_sealed)
            .bind(new.back_sealed)
            .bind(new.now)
            .bind(new.expires_at)
    )?;
    Ok(())
}

/// A request whose answer was just taken.
#[derive(sqlx::FromRow)]
pub struct TakenRow {
    pub id: RowId,
    pub purpose: String,
    pub person_id: Option<PersonId>,
    pub session_id: Option<SessionId>,
    pub nonce_sealed: Vec<u8>,
    pub verifier_sealed: Option<Vec<u8>>,
    pub back_sealed: Vec<u8>,
}

const TAKE: &str = "
UPDATE professional_request SET answered_at = $3
WHERE state_hash = $1 AND browser_hash = $2 AND answered_at IS NULL AND expires_at > $3
RETURNING id, purpose, person_id, session_id, nonce_sealed, verifier_sealed, back_sealed";

/// Takes the answer to a request: once, in the browser that made it, in time.
pub async fn take(
    tx: &mut WriteTx,
    state: &HashedToken,
    browser: &HashedToken,
    now: Timestamp,
) -> Result<Option<TakenRow>, StoreError> {
    on!(tx, c => {
        sqlx::query_as::<_, TakenRow>(TAKE).bind(state).bind(browser).bind(now).fetch_optional(c).await
    })
}

const KEEP_HINT: &str = "UPDATE professional_request SET logout_hint_sealed = $2 WHERE id = $1";

/// Keeps the ID token, to close the session there with it.
pub async fn keep_hint(tx: &mut WriteTx, id: RowId, sealed: &[u8]) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(KEEP_HINT).bind(id).bind(sealed))?;
    Ok(())
}

const CLOSE: &str = "
UPDATE professional_request SET closing_at = $2, back_sealed = $3
WHERE id = $1 AND logout_hint_sealed IS NOT NULL AND closing_at IS NULL";

/// The session there has no use any more; afterwards the browser goes to `back`. False when there is none to close.
pub async fn close(
    tx: &mut WriteTx,
    id: RowId,
    now: Timestamp,
    back_sealed: &[u8],
) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(CLOSE).bind(id).bind(now).bind(back_sealed))? == 1)
}

#[derive(sqlx::FromRow)]
pub struct ClosingRow {
    pub id: RowId,
    pub logout_hint_sealed: Vec<u8>,
    pub back_sealed: Vec<u8>,
}

const CLOSING: &str = "
SELECT id, logout_hint_sealed, back_sealed FROM professional_request
WHERE browser_hash = $1 AND closing_at > $2 AND logout_hint_sealed IS NOT NULL ORDER BY id DESC LIMIT 1";
const CLOSED: &str = "UPDATE professional_request SET logout_hint_sealed = NULL WHERE id = $1";

/// Takes the sealed ID token of the session to close in this browser: once, if it was to be closed after `since`.
pub async fn take_hint(
    tx: &mut WriteTx,
    browser: &HashedToken,
    since: Timestamp,
) -> Result<Option<ClosingRow>, StoreError> {
    let row = on!(tx, c => {
        sqlx::query_as::<_, ClosingRow>(CLOSING).bind(browser).bind(since).fetch_optional(c).await
    })?;
    if let Some(row) = &row {
        changed!(tx, sqlx::query(CLOSED).bind(row.id))?;
    }
    Ok(row)
}

const BACK: &str = "SELECT back_sealed FROM professional_request WHERE id = $1 AND browser_hash = $2";

/// Where this browser goes after the session there is closed.
pub async fn back(
    tx: &mut impl Access,
    id: RowId,
    browser: &HashedToken,
) -> Result<Option<Vec<u8>>, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, Vec<u8>>(BACK).bind(id).bind(browser).fetch_optional(c).await)
}

const PURGE: &str = "DELETE FROM professional_request WHERE created_at < $1";

/// Removes requests begun before an instant at which every session they opened is long over. Gives how many.
pub async fn purge(tx: &mut WriteTx, before: Timestamp) -> Result<u64, StoreError> {
    changed!(tx, sqlx::query(PURGE).bind(before))
}

const BY_SUBJECT: &str = concat!(
    "SELECT ",
    person_columns!(),
    " FROM person p JOIN professional_identity i ON i.person_id = p.id WHERE i.subject_index = $1"
);

/// The person linked to this blind index of (issuer, subject).
pub async fn by_subject(tx: &mut impl Access, index: &[u8]) -> Result<Option<PersonRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, PersonRow>(BY_SUBJECT).bind(index).fetch_optional(c).await)
}

const LINKED_SINCE: &str = "SELECT linked_at FROM professional_identity WHERE person_id = $1";

/// Since when this person is linked, if they are.
pub async fn linked_since(tx: &mut impl Access, person: PersonId) -> Result<Option<Timestamp>, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, Timestamp>(LINKED_SINCE).bind(person).fetch_optional(c).await)
}

const LINK: &str = "
INSERT INTO professional_identity (person_id, subject_index, linked_at, entry_id) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING";

/// Links. False if the person or the identity is linked already.
pub async fn link(
    tx: &mut WriteTx,
    person: PersonId,
    subject_index: &[u8],
    now: Timestamp,
    entry: EntryId,
) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(LINK).bind(person).bind(subject_index).bind(now).bind(entry))? == 1)
}

const UNLINK: &str = "DELETE FROM professional_identity WHERE person_id = $1";

/// Unlinks. False if there was nothing to unlink.
pub async fn unlink(tx: &mut WriteTx, person: PersonId) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(UNLINK).bind(person))? == 1)
}

const HAS_SIRET: &str = "
SELECT EXISTS (SELECT 1 FROM membership m JOIN structure s ON s.id = m.structure_id
  WHERE m.person_id = $1 AND m.status = 'active' AND s.status = 'habilitated' AND s.siret = $2)";

/// Whether somebody is a member of the structure with this SIRET.
pub async fn is_of_siret(tx: &mut impl Access, person: PersonId, siret: &str) -> Result<bool, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, bool>(HAS_SIRET).bind(person).bind(siret).fetch_one(c).await)
}
