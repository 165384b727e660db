//! One node at a time does a job: whoever holds its lease.
use super::{Access, StoreError, WriteTx};
use crate::domain::time::Timestamp;

/// Takes or renews a lease, also one that would last longer than any lease does: its holder's clock is, or was, ahead of
/// ours, and waiting for it could take hours. Two nodes that both believe to be the holder take turns, a transaction each.
/// True when `holder` has it until `until`; the row stays locked to the end of the transaction, so what is done in it is
/// done by the holder alone.
pub async fn hold(
    tx: &mut WriteTx,
    name: &str,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO lease (name, holder, held_until) VALUES ($1, $2, $3) \
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until \
        WHERE lease.holder = excluded.holder OR lease.held_until < $4 OR lease.held_until > $5";
    let taken = changed!(
        tx,
        sqlx::query(SQL)
            .bind(name.to_owned())
            .bind(holder.to_owned())
            .bind(until)
            .bind(now)
            .bind(longest(now, until))
    )?;
    Ok(taken == 1)
}

/// No lease asked for now, until `until`, lasts longer than this.
fn longest(now: Timestamp, until: Timestamp) -> Timestamp {
    until + until.since(now)
}

/// Whether `holder` held a lease last, whether or not it has run out since; `None` while another holds it. To take it
/// from another is `Some(false)`, under the very conditions under which [`hold`] would.
pub async fn was_mine(
    tx: &mut impl Access,
    name: &str,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<bool>, StoreError> {
    const SQL: &str = "SELECT holder, held_until FROM lease WHERE name = $1";
    let row: Option<(String, Timestamp)> =
        on!(tx, c => sqlx::query_as(SQL).bind(name.to_owned()).fetch_optional(c).await)?;
    Ok(match row {
        None => Some(false),
        Some((last, _)) if last == holder => Some(true),
        Some((_, held)) => (held < now || held > longest(now, until)).then_some(false),
    })
}

/// When a lease runs out, or ran out.
pub async fn end(tx: &mut impl Access, name: &str) -> Result<Option<Timestamp>, StoreError> {
    const SQL: &str = "SELECT held_until FROM lease WHERE name = $1";
    on!(tx, c => sqlx::query_scalar(SQL).bind(name.to_owned()).fetch_optional(c).await)
}
