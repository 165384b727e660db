//! Places of entries in the tree, hash tiles, signed heads, and what operators must be told about them.
use sqlx::AssertSqlSafe;

use super::{Access, StoreError, WriteTx};
use crate::domain::ids::EntryId;
use crate::domain::time::Timestamp;

/// Whether committed entries wait for a place.
pub async fn has_pending(tx: &mut impl Access) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM entry_pending)";
    on!(tx, c => sqlx::query_scalar(SQL).fetch_one(c).await)
}

/// Leaves placed so far.
pub async fn size(tx: &mut impl Access) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COALESCE(MAX(leaf_index) + 1, 0) FROM log_leaf";
    on!(tx, c => sqlx::query_scalar(SQL).fetch_one(c).await)
}

/// Gives committed pending entries, at most `limit`, the places from `size` on, in the order of time then id. Those
/// taken are the first by their id, which begins with the millisecond: however many wait, only they are read and sorted.
pub async fn place(tx: &mut WriteTx, size: i64, limit: i64) -> Result<u64, StoreError> {
    const SQL: &str = "INSERT INTO log_leaf (leaf_index, entry_id) \
        SELECT $1 + ROW_NUMBER() OVER (ORDER BY e.at, e.id) - 1, e.id \
        FROM (SELECT entry_id FROM entry_pending ORDER BY entry_id LIMIT $2) p JOIN entry e ON e.id = p.entry_id";
    changed!(tx, sqlx::query(SQL).bind(size).bind(limit))
}

/// Leaf hashes from a place on, in order.
pub async fn hashes_from(tx: &mut impl Access, size: i64) -> Result<Vec<Vec<u8>>, StoreError> {
    const SQL: &str = "SELECT e.leaf_hash FROM log_leaf l JOIN entry e ON e.id = l.entry_id \
        WHERE l.leaf_index >= $1 ORDER BY l.leaf_index";
    on!(tx, c => sqlx::query_scalar(SQL).bind(size).fetch_all(c).await)
}

/// The leaves in the places from `first` up to `until` (exclusive), in order.
pub async fn leaves(tx: &mut impl Access, first: i64, until: i64) -> Result<Vec<Vec<u8>>, StoreError> {
    const SQL: &str = "SELECT e.leaf FROM log_leaf l JOIN entry e ON e.id = l.entry_id \
        WHERE l.leaf_index >= $1 AND l.leaf_index < $2 ORDER BY l.leaf_index";
    on!(tx, c => sqlx::query_scalar(SQL).bind(first).bind(until).fetch_all(c).await)
}

/// Clears the marks of the entries placed from `size` on.
pub async fn unmark(tx: &mut WriteTx, size: i64) -> Result<u64, StoreError> {
    const SQL: &str =
        "DELETE FROM entry_pending WHERE entry_id IN (SELECT entry_id FROM log_leaf WHERE leaf_index >= $1)";
    changed!(tx, sqlx::query(SQL).bind(size))
}

/// A stored tile; the last one of a level grows until it holds 256 hashes.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TileRow {
    pub level: i64,
    pub tile: i64,
    pub hashes: Vec<u8>,
}

/// Those of the wanted tiles, as (level, tile), that exist.
pub async fn tiles(tx: &mut impl Access, wanted: &[(i64, i64)]) -> Result<Vec<TileRow>, StoreError> {
    // Far under the number of binds either engine allows.
    const AT_ONCE: usize = 200;
    let mut found = Vec::with_capacity(wanted.len());
    for chunk in wanted.chunks(AT_ONCE) {
        let places: Vec<String> =
            (0..chunk.len()).map(|n| format!("(level = ${} AND tile = ${})", 2 * n + 1, 2 * n + 2)).collect();
        let sql = format!("SELECT level, tile, hashes FROM log_tile WHERE {}", places.join(" OR "));
        let rows: Vec<TileRow> = on!(tx, c => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql.clone()));
            for (level, tile) in chunk {
                query = query.bind(*level).bind(*tile);
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// Writes a tile, or the longer form of one.
pub async fn put_tile(tx: &mut WriteTx, tile: &TileRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO log_tile (level, tile, hashes) VALUES ($1, $2, $3) \
        ON CONFLICT (level, tile) DO UPDATE SET hashes = excluded.hashes";
    changed!(tx, sqlx::query(SQL).bind(tile.level).bind(tile.tile).bind(tile.hashes.clone()))?;
    Ok(())
}

/// A signed head.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CheckpointRow {
    pub size: i64,
    pub root: Vec<u8>,
    pub note: String,
    pub signed_at: Timestamp,
}

pub async fn put_checkpoint(tx: &mut WriteTx, head: &CheckpointRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO log_checkpoint (size, root, note, signed_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (size) DO NOTHING";
    let query = changed!(
        tx,
        sqlx::query(SQL).bind(head.size).bind(head.root.clone()).bind(head.note.clone()).bind(head.signed_at)
    );
    query.map(|_| ())
}

pub async fn latest_checkpoint(tx: &mut impl Access) -> Result<Option<CheckpointRow>, StoreError> {
    const SQL: &str = "SELECT size, root, note, signed_at FROM log_checkpoint ORDER BY size DESC LIMIT 1";
    on!(tx, c => sqlx::query_as(SQL).fetch_optional(c).await)
}

/// The largest head of more than `above` and less than `below` leaves of which a witness said anything.
pub async fn witnessed_checkpoint(
    tx: &mut impl Access,
    above: i64,
    below: i64,
) -> Result<Option<CheckpointRow>, StoreError> {
    const SQL: &str = "SELECT c.size, c.root, c.note, c.signed_at FROM log_checkpoint c \
        WHERE c.size > $1 AND c.size < $2 \
        AND EXISTS (SELECT 1 FROM log_cosignature s WHERE s.size = c.size) ORDER BY c.size DESC LIMIT 1";
    on!(tx, c => sqlx::query_as(SQL).bind(above).bind(below).fetch_optional(c).await)
}

/// Entries that neither have a place nor wait for one: somebody took their mark away. Reads the whole log.
pub async fn count_unplaced(tx: &mut impl Access) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM entry e \
        WHERE NOT EXISTS (SELECT 1 FROM log_leaf l WHERE l.entry_id = e.id) \
        AND NOT EXISTS (SELECT 1 FROM entry_pending p WHERE p.entry_id = e.id)";
    on!(tx, c => sqlx::query_scalar(SQL).fetch_one(c).await)
}

/// When the entry with the highest id was written: by the clock of its node, the latest of all but a millisecond.
pub async fn latest_entry(tx: &mut impl Access) -> Result<Option<Timestamp>, StoreError> {
    const SQL: &str = "SELECT at FROM entry ORDER BY id DESC LIMIT 1";
    on!(tx, c => sqlx::query_scalar(SQL).fetch_optional(c).await)
}

/// Something operators must see until it is put right.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Alarm {
    pub name: String,
    pub detail: String,
    pub since: Timestamp,
}

/// An entry that is under no signed head yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Waiting {
    pub id: EntryId,
    pub at: Timestamp,
}

/// The entry that has waited longest for a signed head. Two look-ups by key, however many wait.
pub async fn oldest_unsigned(tx: &mut impl Access) -> Result<Option<Waiting>, StoreError> {
    const PLACED: &str = "SELECT e.id, e.at FROM log_leaf l JOIN entry e ON e.id = l.entry_id \
        WHERE l.leaf_index = (SELECT COALESCE(MAX(size), 0) FROM log_checkpoint)";
    // Ids are ordered by time.
    const PENDING: &str = "SELECT e.id, e.at FROM entry e \
        WHERE e.id = (SELECT entry_id FROM entry_pending ORDER BY entry_id LIMIT 1)";
    let placed: Option<Waiting> = on!(tx, c => sqlx::query_as(PLACED).fetch_optional(c).await)?;
    let pending: Option<Waiting> = on!(tx, c => sqlx::query_as(PENDING).fetch_optional(c).await)?;
    Ok(placed.into_iter().chain(pending).min_by_key(|waiting| waiting.at))
}

/// Since when the log is not signed, or not to be believed: `late`, or one that begins with `contradicted`, or with
/// `unsigned` as long as no node has signed a head after it.
pub async fn log_alarm_since(
    tx: &mut impl Access,
    late: &str,
    contradicted: &str,
    unsigned: &str,
) -> Result<Option<Timestamp>, StoreError> {
    const SQL: &str = "SELECT a.since FROM alarm a WHERE a.name = $1 OR a.name LIKE $2 OR (a.name LIKE $3 AND COALESCE( \
        (SELECT c.signed_at <= a.since FROM log_checkpoint c ORDER BY c.size DESC LIMIT 1), TRUE)) \
        ORDER BY a.since LIMIT 1";
    let (contradicted, unsigned) = (format!("{contradicted}%"), format!("{unsigned}%"));
    on!(tx, c => {
        let query = sqlx::query_scalar(SQL).bind(late.to_owned()).bind(contradicted).bind(unsigned);
        query.fetch_optional(c).await
    })
}

/// The oldest alarm whose name begins so, but for one's own.
pub async fn alarm_of_others(
    tx: &mut impl Access,
    prefix: &str,
    own: &str,
) -> Result<Option<Alarm>, StoreError> {
    const SQL: &str = "SELECT name, detail, since FROM alarm WHERE name LIKE $1 AND name <> $2 \
        ORDER BY since, name LIMIT 1";
    on!(tx, c => {
        let query = sqlx::query_as(SQL).bind(format!("{prefix}%")).bind(own.to_owned());
        query.fetch_optional(c).await
    })
}

/// Raises an alarm, or tells it again; `since` stays that of the first time.
pub async fn raise(tx: &mut WriteTx, name: &str, detail: &str, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO alarm (name, detail, since, told_at) VALUES ($1, $2, $3, $3) \
        ON CONFLICT (name) DO UPDATE SET detail = excluded.detail, told_at = excluded.told_at";
    changed!(tx, sqlx::query(SQL).bind(name.to_owned()).bind(detail.to_owned()).bind(now))?;
    Ok(())
}

pub async fn clear(tx: &mut WriteTx, name: &str) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM alarm WHERE name = $1";
    changed!(tx, sqlx::query(SQL).bind(name.to_owned()))
}

/// Takes down an alarm that nobody has told again since `before`; 0 when it was, or does not stand.
pub async fn clear_untold(tx: &mut WriteTx, name: &str, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM alarm WHERE name = $1 AND (told_at IS NULL OR told_at <= $2)";
    changed!(tx, sqlx::query(SQL).bind(name.to_owned()).bind(before))
}

/// Whether any alarm stands.
pub async fn is_alarmed(tx: &mut impl Access) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM alarm)";
    on!(tx, c => sqlx::query_scalar(SQL).fetch_one(c).await)
}

pub async fn alarms(tx: &mut impl Access) -> Result<Vec<Alarm>, StoreError> {
    const SQL: &str = "SELECT name, detail, since FROM alarm ORDER BY since, name";
    on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await)
}
