//! Client assertions and DPoP proofs already taken, on whichever node.
use crate::domain::time::Timestamp;

use super::{StoreError, WriteTx};

const SPEND: &str =
    "INSERT INTO spent_proof (proof_hash, expires_at) VALUES ($1, $2) ON CONFLICT (proof_hash) DO NOTHING";
const FORGET: &str = "DELETE FROM spent_proof WHERE expires_at < $1";

/// Takes a proof. False if it was taken before.
pub async fn spend(tx: &mut WriteTx, hash: &[u8], until: Timestamp) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(SPEND).bind(hash).bind(until))? == 1)
}

/// Forgets those that would be refused for their age; how many.
pub async fn purge(tx: &mut WriteTx, now: Timestamp) -> Result<u64, StoreError> {
    changed!(tx, sqlx::query(FORGET).bind(now))
}
