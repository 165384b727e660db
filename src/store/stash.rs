//! What was typed in a form whose session had died.
use crate::crypto::seal::Place;
use crate::domain::ids::PersonId;
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};

/// Where a kept form lives. The row's name is its token's hash.
pub fn form_place(token: &HashedToken) -> Place<'_> {
    Place { table: "stash", row: token.as_bytes(), column: "form_sealed" }
}

#[derive(sqlx::FromRow)]
pub struct StashRow {
    pub path: String,
    pub form_sealed: Vec<u8>,
}

const INSERT: &str = "
INSERT INTO stash (token_hash, person_id, path, form_sealed, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";

pub async fn insert(
    tx: &mut WriteTx,
    token: &HashedToken,
    person: PersonId,
    path: &str,
    form_sealed: &[u8],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    changed!(
        tx,
        sqlx::query(INSERT).bind(token).bind(person).bind(path).bind(form_sealed).bind(now).bind(expires_at)
    )?;
    Ok(())
}

const FIND: &str = "
SELECT path, form_sealed FROM stash WHERE token_hash = $1 AND person_id = $2 AND expires_at > $3";

/// What this very person had typed in this very browser.
pub async fn find(
    tx: &mut impl Access,
    token: &HashedToken,
    person: PersonId,
    now: Timestamp,
) -> Result<Option<StashRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, StashRow>(FIND).bind(token).bind(person).bind(now).fetch_optional(c).await)
}

const PURGE: &str = "DELETE FROM stash WHERE expires_at < $1";

/// For the retention job.
pub async fn purge(tx: &mut WriteTx, now: Timestamp) -> Result<u64, StoreError> {
    changed!(tx, sqlx::query(PURGE).bind(now))
}
