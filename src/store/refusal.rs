//! Counts of refusals by kind, source and minute, so that a flood is counted and not copied.
use super::{StoreError, WriteTx};
use crate::domain::time::Timestamp;

/// Adds `more` refusals and tells how many there are now in that minute.
pub async fn count(
    tx: &mut WriteTx,
    kind: &str,
    source: &[u8],
    minute: Timestamp,
    more: i64,
) -> Result<i64, StoreError> {
    const SQL: &str = "INSERT INTO refusal_count (kind, source, minute, refusals, left_out) VALUES ($1, $2, $3, $4, 0) \
        ON CONFLICT (kind, source, minute) DO UPDATE SET refusals = refusal_count.refusals + excluded.refusals \
        RETURNING refusals";
    on!(tx, c => sqlx::query_scalar(SQL)
        .bind(kind.to_owned()).bind(source.to_vec()).bind(minute).bind(more).fetch_one(c).await)
}

/// Notes that `refusals` of them are not entries of their own.
pub async fn leave_out(
    tx: &mut WriteTx,
    kind: &str,
    source: &[u8],
    minute: Timestamp,
    refusals: i64,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE refusal_count SET left_out = left_out + $4 \
        WHERE kind = $1 AND source = $2 AND minute = $3";
    changed!(tx, sqlx::query(SQL).bind(kind.to_owned()).bind(source.to_vec()).bind(minute).bind(refusals))?;
    Ok(())
}

/// What was left out from one source in one minute.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LeftOut {
    pub kind: String,
    pub source: Vec<u8>,
    pub minute: Timestamp,
    pub left_out: i64,
}

/// Takes the counts of the minutes before `minute` out of the table; returns those with something left out.
pub async fn take_before(tx: &mut WriteTx, minute: Timestamp) -> Result<Vec<LeftOut>, StoreError> {
    const SQL: &str = "DELETE FROM refusal_count WHERE minute < $1 RETURNING kind, source, minute, left_out";
    let mut rows: Vec<LeftOut> = on!(tx, c => sqlx::query_as(SQL).bind(minute).fetch_all(c).await)?;
    rows.retain(|row| row.left_out > 0);
    rows.sort_by(|a, b| {
        (a.minute, &a.kind, b.left_out, &a.source).cmp(&(b.minute, &b.kind, a.left_out, &b.source))
    });
    Ok(rows)
}
