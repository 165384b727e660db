//! Epochs of the log after the first, and the succession of its keys.
use super::{Access, StoreError, WriteTx};
use crate::domain::ids::EntryId;

/// How an epoch began.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct EpochRow {
    pub number: i64,
    /// The entry that commits to the last head known of the former epoch.
    pub entry_id: EntryId,
    /// Its place: the leaves before it were kept.
    pub kept: i64,
    pub last_epoch: i64,
    pub last_size: i64,
    pub last_root: Vec<u8>,
}

/// The present epoch; absent in the first.
pub async fn latest(tx: &mut impl Access) -> Result<Option<EpochRow>, StoreError> {
    const SQL: &str = "SELECT number, entry_id, kept, last_epoch, last_size, last_root FROM log_epoch \
        ORDER BY number DESC LIMIT 1";
    on!(tx, c => sqlx::query_as(SQL).fetch_optional(c).await)
}

pub async fn open(tx: &mut WriteTx, row: &EpochRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO log_epoch (number, entry_id, kept, last_epoch, last_size, last_root) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    changed!(
        tx,
        sqlx::query(SQL)
            .bind(row.number)
            .bind(row.entry_id)
            .bind(row.kept)
            .bind(row.last_epoch)
            .bind(row.last_size)
            .bind(row.last_root.clone())
    )?;
    Ok(())
}

/// Gives one entry that waits the place `size`.
pub async fn place(tx: &mut WriteTx, size: i64, id: EntryId) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO log_leaf (leaf_index, entry_id) VALUES ($1, $2)";
    changed!(tx, sqlx::query(SQL).bind(size).bind(id))?;
    Ok(())
}

/// The notes by which each log key introduced the next, oldest first: those whose entries are among the first `size`.
pub async fn successions(tx: &mut impl Access, size: i64) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT s.note FROM log_succession s JOIN log_leaf l ON l.entry_id = s.entry_id \
        WHERE l.leaf_index < $1 ORDER BY s.position";
    on!(tx, c => sqlx::query_scalar(SQL).bind(size).fetch_all(c).await)
}

/// Keeps the note of a succession; two at the same time are refused by their position.
pub async fn succeed(tx: &mut WriteTx, note: &str, entry: EntryId) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO log_succession (position, note, entry_id) \
        SELECT COALESCE(MAX(position), 0) + 1, $1, $2 FROM log_succession";
    changed!(tx, sqlx::query(SQL).bind(note.to_owned()).bind(entry))?;
    Ok(())
}
