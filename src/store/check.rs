//! Which checks the log already holds a first entry of.
use super::{StoreError, WriteTx};
use crate::domain::ids::EntryId;
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;

const FIRST: &str = "INSERT INTO check_given (check_hash, ends_at, entry_id) VALUES ($1, $2, $3) ON CONFLICT (check_hash) DO NOTHING";
const PURGE: &str = "DELETE FROM check_given WHERE ends_at <= $1";

/// Marks a check as given, as `entry` says; true for the first caller only, on all nodes.
pub async fn first(
    tx: &mut WriteTx,
    check: &HashedToken,
    ends_at: Timestamp,
    entry: EntryId,
) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(FIRST).bind(check).bind(ends_at).bind(entry))? == 1)
}

/// Forgets those that can no longer agree; how many.
pub async fn purge(tx: &mut WriteTx, now: Timestamp) -> Result<u64, StoreError> {
    changed!(tx, sqlx::query(PURGE).bind(now))
}
