//! What witnesses said of our heads.
use super::{Access, StoreError, WriteTx};
use crate::domain::time::Timestamp;

/// The signature lines under a head, in the order of the witnesses' names.
pub async fn lines(tx: &mut impl Access, size: i64) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT line FROM log_cosignature WHERE size = $1 ORDER BY witness";
    on!(tx, c => sqlx::query_scalar(SQL).bind(size).fetch_all(c).await)
}

/// A witness's latest word.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SeenRow {
    pub size: i64,
    /// As the witness says.
    pub seen_at: Timestamp,
}

/// The largest head of more than `after` entries that a witness saw.
pub async fn latest(tx: &mut impl Access, witness: &str, after: i64) -> Result<Option<SeenRow>, StoreError> {
    const SQL: &str = "SELECT size, seen_at FROM log_cosignature WHERE witness = $1 AND size > $2 \
        ORDER BY size DESC LIMIT 1";
    on!(tx, c => sqlx::query_as(SQL).bind(witness.to_owned()).bind(after).fetch_optional(c).await)
}

pub async fn put(
    tx: &mut WriteTx,
    size: i64,
    witness: &str,
    line: &str,
    seen_at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO log_cosignature (size, witness, line, seen_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (size, witness) DO UPDATE SET line = excluded.line, seen_at = excluded.seen_at";
    changed!(tx, sqlx::query(SQL).bind(size).bind(witness.to_owned()).bind(line.to_owned()).bind(seen_at))?;
    Ok(())
}
