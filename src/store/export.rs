//! Reading the log in the order of its places, for those who take it away.
use sqlx::AssertSqlSafe;

use super::action_log::PartRow;
use super::tree::CheckpointRow;
use super::{Access, StoreError};
use crate::domain::ids::{CardId, EntryId, MandateId, StructureId};
use crate::domain::time::Timestamp;

/// An entry in its place.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PlacedRow {
    pub leaf_index: i64,
    pub id: EntryId,
    pub kind: String,
    pub structure_id: Option<StructureId>,
    pub mandate_id: Option<MandateId>,
    pub card_id: Option<CardId>,
    pub actor: Option<Vec<u8>>,
    pub leaf: Vec<u8>,
    pub leaf_hash: Vec<u8>,
}

const PLACED: &str = "SELECT l.leaf_index, e.id, e.kind, e.structure_id, e.mandate_id, e.card_id, e.actor, \
    e.leaf, e.leaf_hash FROM log_leaf l JOIN entry e ON e.id = l.entry_id";

/// The entries in the places from `first` up to `until` (exclusive), in order.
pub async fn range(tx: &mut impl Access, first: i64, until: i64) -> Result<Vec<PlacedRow>, StoreError> {
    let sql = format!("{PLACED} WHERE l.leaf_index >= $1 AND l.leaf_index < $2 ORDER BY l.leaf_index");
    on!(tx, c => sqlx::query_as(AssertSqlSafe(sql)).bind(first).bind(until).fetch_all(c).await)
}

/// Entries of these kinds from a place on, up to `until` (exclusive), at most `limit`.
pub async fn of_kinds(
    tx: &mut impl Access,
    kinds: &[&str],
    (from, until): (i64, i64),
    limit: i64,
) -> Result<Vec<PlacedRow>, StoreError> {
    let sql = format!(
        "{PLACED} WHERE l.leaf_index >= $1 AND l.leaf_index < $2 AND e.kind IN ({}) \
        ORDER BY l.leaf_index LIMIT $3",
        binds(4, kinds.len())
    );
    on!(tx, c => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.clone())).bind(from).bind(until).bind(limit);
        for kind in kinds {
            query = query.bind((*kind).to_owned());
        }
        query.fetch_all(c).await
    })
}

/// What these mandates' stories hold before a place.
pub async fn of_mandates(
    tx: &mut impl Access,
    mandates: &[MandateId],
    until: i64,
) -> Result<Vec<PlacedRow>, StoreError> {
    let sql = format!(
        "{PLACED} WHERE l.leaf_index < $1 AND e.mandate_id IN ({}) ORDER BY l.leaf_index",
        binds(2, mandates.len())
    );
    on!(tx, c => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.clone())).bind(until);
        for mandate in mandates {
            query = query.bind(*mandate);
        }
        query.fetch_all(c).await
    })
}

/// The parts that are left of these entries.
pub async fn parts(tx: &mut impl Access, entries: &[EntryId]) -> Result<Vec<PartRow>, StoreError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT entry_id, part, sealed FROM entry_part WHERE entry_id IN ({}) ORDER BY entry_id, part",
        binds(1, entries.len())
    );
    on!(tx, c => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.clone()));
        for entry in entries {
            query = query.bind(*entry);
        }
        query.fetch_all(c).await
    })
}

fn binds(first: usize, count: usize) -> String {
    (first..first + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// The first place whose entry is of this instant or later.
pub async fn first_since(tx: &mut impl Access, from: Timestamp) -> Result<Option<i64>, StoreError> {
    const SQL: &str =
        "SELECT MIN(l.leaf_index) FROM log_leaf l JOIN entry e ON e.id = l.entry_id WHERE e.at >= $1";
    on!(tx, c => sqlx::query_scalar(SQL).bind(from).fetch_one(c).await)
}

/// How many places there are up to the last entry before this instant.
pub async fn size_until(tx: &mut impl Access, until: Timestamp) -> Result<Option<i64>, StoreError> {
    const SQL: &str =
        "SELECT MAX(l.leaf_index) + 1 FROM log_leaf l JOIN entry e ON e.id = l.entry_id WHERE e.at < $1";
    on!(tx, c => sqlx::query_scalar(SQL).bind(until).fetch_one(c).await)
}

/// The smallest signed head that covers this many entries.
pub async fn head_over(tx: &mut impl Access, size: i64) -> Result<Option<CheckpointRow>, StoreError> {
    const SQL: &str =
        "SELECT size, root, note, signed_at FROM log_checkpoint WHERE size >= $1 ORDER BY size LIMIT 1";
    on!(tx, c => sqlx::query_as(SQL).bind(size).fetch_optional(c).await)
}

/// The signed heads of more than `after` entries, up to `size`, smallest first.
pub async fn heads(tx: &mut impl Access, after: i64, size: i64) -> Result<Vec<CheckpointRow>, StoreError> {
    const SQL: &str = "SELECT size, root, note, signed_at FROM log_checkpoint WHERE size > $1 AND size <= $2 \
        ORDER BY size";
    on!(tx, c => sqlx::query_as(SQL).bind(after).bind(size).fetch_all(c).await)
}
