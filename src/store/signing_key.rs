//! The OpenID signing keys: private part sealed, shared by all nodes.
//! A key lives as `next` (published, not used), `current` (signs), `previous` (published until the last token it
//! signed is dead), `retired`.
use crate::crypto::seal::Place;
use crate::domain::ids::EntryId;
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SigningKeyRow {
    pub kid: String,
    pub alg: String,
    pub private_sealed: Vec<u8>,
    pub public_jwk: String,
    pub state: String,
    pub created_at: Timestamp,
}

/// Where the sealed private key of `kid` lives.
pub fn private_place(kid: &str) -> Place<'_> {
    Place { table: "signing_key", row: kid.as_bytes(), column: "private_sealed" }
}

const PUBLISHED: &str = "
SELECT kid, alg, private_sealed, public_jwk, state, created_at FROM signing_key
WHERE state <> 'retired' ORDER BY alg, created_at, kid";
const ALL: &str = "
SELECT kid, alg, private_sealed, public_jwk, state, created_at FROM signing_key ORDER BY alg, created_at, kid";
const INSERT: &str = "
INSERT INTO signing_key (kid, alg, private_sealed, public_jwk, state, created_at, entry_id)
VALUES ($1, $2, $3, $4, $5, $6, $7)";
const STEP: &str = "UPDATE signing_key SET state = $3 WHERE kid = $1 AND state = $2";

/// Keys a client may need: all but the retired.
pub async fn published(tx: &mut impl Access) -> Result<Vec<SigningKeyRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, SigningKeyRow>(PUBLISHED).fetch_all(c).await)
}

pub async fn all(tx: &mut impl Access) -> Result<Vec<SigningKeyRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, SigningKeyRow>(ALL).fetch_all(c).await)
}

pub async fn insert(tx: &mut WriteTx, row: &SigningKeyRow, entry: EntryId) -> Result<(), StoreError> {
    changed!(
        tx,
        sqlx::query(INSERT)
            .bind(&row.kid)
            .bind(&row.alg)
            .bind(&row.private_sealed)
            .bind(&row.public_jwk)
            .bind(&row.state)
            .bind(row.created_at)
            .bind(entry)
    )?;
    Ok(())
}

/// Moves one key one step on: next becomes current, current becomes previous, previous is retired. False if it was not
/// where it was believed to be: another node moved it.
pub async fn step(tx: &mut WriteTx, row: &SigningKeyRow) -> Result<bool, StoreError> {
    let to = match row.state.as_str() {
        "next" => "current",
        "current" => "previous",
        "previous" => "retired",
        _ => return Ok(false),
    };
    Ok(changed!(tx, sqlx::query(STEP).bind(&row.kid).bind(&row.state).bind(to))? == 1)
}
