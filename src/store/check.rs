//! Which checks the log already holds a first entry of.
use super::{StoreError, WriteTx};
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;

const FIRST: &str =
    "INSERT INTO check_given (check_hash, ends_at) VALUES ($1, $2) ON CONFLICT (check_hash) DO NOTHING";
const PURGE: &str = "DELETE FROM check_given WHERE ends_at <= $1";

/// Marks a check as given; true for the first caller only, on all nodes.
pub async fn first(tx: &mut WriteTx, check: &HashedToken, ends_at: Timestamp) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(FIRST).bind(check).bind(ends_at))? == 1)
}

/// Forgets those that can no longer agree; how many.
pub async fn purge(tx: &mut WriteTx, now: Timestamp) -> Result<u64, StoreError> {
    changed!(tx, sqlx::query(PURGE).bind(now))
}
