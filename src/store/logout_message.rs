//! Services that are to be told that a use is over: written in the transaction that ends it, told afterwards.
use time::Duration;

use crate::domain::ids::{EntryId, GrantId, MandateId, RowId, ServiceId, StructureId, UseId, UserId};
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};

/// After this many attempts a service is left alone, and the log says so.
pub const MAX_ATTEMPTS: i64 = 12;

/// When to try again after this many attempts: 5, 10, 20 … seconds, at most an hour.
pub fn backoff(attempts: i64) -> Duration {
    Duration::seconds((5_i64 << attempts.clamp(0, 10)).min(3_600))
}

// Only a service that got a token of the use knows of it.
const PUSH: &str = "
INSERT INTO logout_message (id, use_id, client_id, created_at, due_at)
SELECT $1, u.id, u.client_id, $3, $3 FROM use_session u JOIN client k ON k.id = u.client_id
WHERE u.id = $2 AND k.backchannel_logout_uri IS NOT NULL
  AND EXISTS (SELECT 1 FROM access_token t WHERE t.use_id = u.id)
ON CONFLICT (use_id) DO NOTHING";

/// Queues the message about a use, if its service wants to be told.
pub async fn push(tx: &mut WriteTx, id: RowId, of: UseId, now: Timestamp) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(PUSH).bind(id).bind(of).bind(now))?;
    Ok(())
}

/// A message to send, with what its service may know of the use.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MessageRow {
    pub id: RowId,
    pub attempts: i64,
    pub use_id: UseId,
    pub user_id: UserId,
    pub structure_id: StructureId,
    pub mandate_id: MandateId,
    pub grant_id: GrantId,
    /// The entry of the log in which the use was opened.
    pub opened_by: EntryId,
    pub service: ServiceId,
    pub client_id: String,
    pub sector: String,
    pub id_token_alg: String,
    /// As registered now; absent if it no longer is.
    pub uri: Option<String>,
}

const DUE: &str = "
SELECT l.id, l.attempts, l.use_id, u.user_id, u.structure_id, u.mandate_id, u.grant_id, u.entry_id AS opened_by,
  k.id AS service, k.client_id, k.sector, k.id_token_alg, k.backchannel_logout_uri AS uri
FROM logout_message l
JOIN use_session u ON u.id = l.use_id
JOIN client k ON k.id = l.client_id
WHERE l.sent_at IS NULL AND l.failed_at IS NULL AND l.due_at <= $1 ORDER BY l.due_at, l.id LIMIT $2";

/// The messages due at `now`, oldest first.
pub async fn due(tx: &mut impl Access, now: Timestamp, most: i64) -> Result<Vec<MessageRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, MessageRow>(DUE).bind(now).bind(most).fetch_all(c).await)
}

const CLAIM: &str = "
UPDATE logout_message SET attempts = attempts + 1, due_at = $3
WHERE id = $1 AND attempts = $2 AND sent_at IS NULL AND failed_at IS NULL";

/// Takes one message to send it, for whichever node asks first: until `again` no other tries.
pub async fn claim(tx: &mut WriteTx, id: RowId, attempts: i64, again: Timestamp) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(CLAIM).bind(id).bind(attempts).bind(again))? == 1)
}

const SENT: &str =
    "UPDATE logout_message SET sent_at = $2 WHERE id = $1 AND sent_at IS NULL AND failed_at IS NULL";
const FAILED: &str =
    "UPDATE logout_message SET failed_at = $2 WHERE id = $1 AND sent_at IS NULL AND failed_at IS NULL";

/// Closes a message: the service was told, or is given up. False if it was closed before.
pub async fn close(tx: &mut WriteTx, id: RowId, told: bool, now: Timestamp) -> Result<bool, StoreError> {
    let sql = if told { SENT } else { FAILED };
    Ok(changed!(tx, sqlx::query(sql).bind(id).bind(now))? == 1)
}
