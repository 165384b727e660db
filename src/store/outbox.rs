//! Mails waiting to be sent: written in the transaction of the act they tell about, sent afterwards.
use time::Duration;

use crate::crypto::seal::Place;
use crate::domain::ids::RowId;
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};

/// After this many attempts a mail is given up, and said so in the journal.
pub const MAX_ATTEMPTS: i64 = 12;

/// Where the sealed mail of a row lives.
pub fn place(id: &RowId) -> Place<'_> {
    Place { table: "outbox", row: id.as_bytes(), column: "message_sealed" }
}

const PUSH: &str = "
INSERT INTO outbox (id, channel, message_sealed, dedupe_key, created_at, due_at)
VALUES ($1, 'mail', $2, $3, $4, $4) ON CONFLICT (dedupe_key) DO NOTHING";

/// Adds a mail. `dedupe_key` names the notice: the same notice is sent once, however often it is pushed.
pub async fn push(
    tx: &mut WriteTx,
    id: RowId,
    sealed: &[u8],
    dedupe_key: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(PUSH).bind(id).bind(sealed).bind(dedupe_key).bind(now))?;
    Ok(())
}

/// A mail to send, or sent.
#[derive(sqlx::FromRow)]
pub struct OutboxRow {
    pub id: RowId,
    pub message_sealed: Vec<u8>,
    pub attempts: i64,
    pub created_at: Timestamp,
}

const DUE: &str = "
SELECT id, message_sealed, attempts, created_at FROM outbox
WHERE sent_at IS NULL AND failed_at IS NULL AND due_at <= $1 ORDER BY due_at, id LIMIT $2";

/// The mails due at `now`, oldest first.
pub async fn due(tx: &mut impl Access, now: Timestamp, most: i64) -> Result<Vec<OutboxRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, OutboxRow>(DUE).bind(now).bind(most).fetch_all(c).await)
}

const CLAIM: &str = "
UPDATE outbox SET attempts = attempts + 1, due_at = $3
WHERE id = $1 AND attempts = $2 AND sent_at IS NULL AND failed_at IS NULL";

/// Takes one mail to send it, for whoever asks first: until `again` nobody else tries.
pub async fn claim(tx: &mut WriteTx, id: RowId, attempts: i64, again: Timestamp) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(CLAIM).bind(id).bind(attempts).bind(again))? == 1)
}

/// When to try again after this many attempts: 1, 2, 4 … minutes, at most four hours.
pub fn backoff(attempts: i64) -> Duration {
    let minutes = 1_i64 << attempts.clamp(0, 8);
    Duration::minutes(minutes.min(240))
}

const SENT: &str = "UPDATE outbox SET sent_at = $2 WHERE id = $1 AND sent_at IS NULL";

pub async fn sent(tx: &mut WriteTx, id: RowId, now: Timestamp) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(SENT).bind(id).bind(now))?;
    Ok(())
}

const FAILED: &str = "UPDATE outbox SET failed_at = $2 WHERE id = $1 AND sent_at IS NULL";

/// Gives a mail up.
pub async fn failed(tx: &mut WriteTx, id: RowId, now: Timestamp) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(FAILED).bind(id).bind(now))?;
    Ok(())
}

/// Removes mails, sent or not: that of this key, and those whose key begins so.
pub async fn forget(tx: &mut WriteTx, key: &str, beginning: &str) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM outbox WHERE dedupe_key = $1 OR dedupe_key LIKE $2";
    changed!(tx, sqlx::query(SQL).bind(key.to_owned()).bind(format!("{beginning}%")))
}

const NEWEST: &str = "
SELECT id, message_sealed, attempts, created_at FROM outbox WHERE sent_at IS NOT NULL AND length(message_sealed) > 0 ORDER BY created_at DESC, id DESC LIMIT $1";

/// The last mails sent, newest first: the mailbox of the demonstration.
pub async fn newest(tx: &mut impl Access, most: i64) -> Result<Vec<OutboxRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, OutboxRow>(NEWEST).bind(most).fetch_all(c).await)
}
