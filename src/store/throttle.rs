//! Failures counted by what they were aimed at, whether it exists or not.
use crate::domain::session::{FAILURES_FORGOTTEN, wait_after};
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};

/// Whether an attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It may, and has been counted as a failure already: a success clears the count. `locks` if it is one failure
    /// too many, so that the next will have to wait.
    Allowed {
        locks: bool,
    },
    Blocked {
        until: Timestamp,
    },
}

#[derive(sqlx::FromRow)]
struct Row {
    failures: i64,
    blocked_until: Option<Timestamp>,
}

const TAKE: &str = "
INSERT INTO throttle (key_hash, failures, blocked_until, updated_at) VALUES ($1, 1, NULL, $2)
ON CONFLICT (key_hash) DO UPDATE SET
  failures = CASE WHEN throttle.blocked_until > $2 THEN throttle.failures
                  WHEN throttle.updated_at < $3 THEN 1
                  ELSE throttle.failures + 1 END,
  updated_at = CASE WHEN throttle.blocked_until > $2 THEN throttle.updated_at ELSE $2 END
RETURNING failures, blocked_until";
const BLOCK: &str = "UPDATE throttle SET blocked_until = $2 WHERE key_hash = $1";

/// Asks for one attempt at what `key` stands for. Counted before it is made: however many come at once, no more
/// are allowed than the rule says.
pub async fn take(tx: &mut WriteTx, key: &[u8], now: Timestamp) -> Result<Attempt, StoreError> {
    let forgotten = now - FAILURES_FORGOTTEN;
    let row =
        on!(tx, c => sqlx::query_as::<_, Row>(TAKE).bind(key).bind(now).bind(forgotten).fetch_one(c).await)?;
    if let Some(until) = row.blocked_until.filter(|until| *until > now) {
        return Ok(Attempt::Blocked { until });
    }
    let Some(wait) = wait_after(u32::try_from(row.failures).unwrap_or(u32::MAX)) else {
        return Ok(Attempt::Allowed { locks: false });
    };
    changed!(tx, sqlx::query(BLOCK).bind(key).bind(now + wait))?;
    Ok(Attempt::Allowed { locks: true })
}

/// Asks for one attempt under a ceiling that never waits: failures of one address in one hour.
pub async fn take_below(
    tx: &mut WriteTx,
    key: &[u8],
    ceiling: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let forgotten = now - FAILURES_FORGOTTEN;
    let row =
        on!(tx, c => sqlx::query_as::<_, Row>(TAKE).bind(key).bind(now).bind(forgotten).fetch_one(c).await)?;
    Ok(row.failures <= ceiling)
}

const FORGIVE: &str = "
UPDATE throttle SET failures = CASE WHEN failures > 0 THEN failures - 1 ELSE 0 END, blocked_until = NULL
WHERE key_hash = $1";

/// The attempt was no failure, but no success that clears the others either.
pub async fn forgive(tx: &mut WriteTx, key: &[u8]) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(FORGIVE).bind(key))?;
    Ok(())
}

const CLEAR: &str = "DELETE FROM throttle WHERE key_hash = $1";

/// A success: nothing is held against it any more.
pub async fn clear(tx: &mut WriteTx, key: &[u8]) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(CLEAR).bind(key))?;
    Ok(())
}

const UNTIL: &str = "SELECT failures, blocked_until FROM throttle WHERE key_hash = $1";

/// Until when attempts are refused, if they are.
pub async fn blocked_until(
    tx: &mut impl Access,
    key: &[u8],
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let row = on!(tx, c => sqlx::query_as::<_, Row>(UNTIL).bind(key).fetch_optional(c).await)?;
    Ok(row.and_then(|row| row.blocked_until).filter(|until| *until > now))
}

const PURGE: &str =
    "DELETE FROM throttle WHERE updated_at < $1 AND (blocked_until IS NULL OR blocked_until < $1)";

/// For the retention job: `before` at least a day ago.
pub async fn purge(tx: &mut WriteTx, before: Timestamp) -> Result<u64, StoreError> {
    changed!(tx, sqlx::query(PURGE).bind(before))
}
