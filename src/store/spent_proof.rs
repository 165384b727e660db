//! Client assertions and DPoP proofs already taken, on whichever node.
use sqlx::AssertSqlSafe;

use crate::domain::time::Timestamp;

use super::many::{padded, rows};
use super::{StoreError, WriteTx};

const SPEND: &str = "INSERT INTO spent_proof (proof_hash, expires_at) VALUES";
const FIRST: &str = "ON CONFLICT (proof_hash) DO NOTHING RETURNING proof_hash";
const FORGET: &str = "DELETE FROM spent_proof WHERE expires_at < $1";

/// Takes proofs; those that were not taken before. Whoever takes several gives them in the order of their bytes, so that
/// no two nodes wait for each other.
pub async fn spend(tx: &mut WriteTx, proofs: &[(&[u8], Timestamp)]) -> Result<Vec<Vec<u8>>, StoreError> {
    if proofs.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("{SPEND} {} {FIRST}", rows(proofs.len().next_power_of_two(), 2));
    on!(tx, c => {
        let mut query = sqlx::query_scalar(AssertSqlSafe(sql.clone()));
        for (hash, until) in padded(proofs) {
            query = query.bind(*hash).bind(*until);
        }
        query.fetch_all(c).await
    })
}

/// Forgets those that would be refused for their age; how many.
pub async fn purge(tx: &mut WriteTx, now: Timestamp) -> Result<u64, StoreError> {
    changed!(tx, sqlx::query(FORGET).bind(now))
}
