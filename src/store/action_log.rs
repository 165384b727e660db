//! Entries of the action log: inserted, read, never changed.
use std::collections::{BTreeMap, BTreeSet};

use sqlx::AssertSqlSafe;

use super::many::{list, numbered, padded, rows};
use super::{Access, StoreError, WriteTx};
use crate::crypto::seal::Place;
use crate::domain::ids::{
    CardId, EntryId, GrantId, MandateId, PersonId, ServiceId, StructureId, UseId, UserId,
};
use crate::domain::time::Timestamp;
use crate::log::entry::{Leaf, Outcome};
use crate::log::merkle::Hash;
use crate::log::part::PartKind;

/// An entry about to be written: the columns repeat the leaf so that it can be searched.
#[derive(Debug)]
pub struct NewEntry {
    pub leaf: Leaf,
    pub bytes: Vec<u8>,
    pub hash: Hash,
}

/// A sealed part: nonce and canonical bytes together.
#[derive(Debug)]
pub struct NewPart {
    pub entry_id: EntryId,
    pub kind: PartKind,
    pub sealed: Vec<u8>,
}

/// Where the sealed part of an entry lives.
pub fn part_place(id: &EntryId, kind: PartKind) -> Place<'_> {
    Place { table: "entry_part", row: id.as_bytes(), column: kind.token() }
}

const ENTRY_COLUMNS: &str = "id, at, kind, outcome, structure_id, mandate_id, mandate_sequence, grant_id, \
    service_id, use_id, card_id, actor, subject, leaf, leaf_hash, domain";
/// Values bound for an entry, and which of them is the grant: the domain beside it is that of the grant.
const BOUND: usize = 15;
const GRANT: usize = 8;

fn entry_rows(count: usize) -> String {
    let row = |first: usize| {
        let domain = format!("(SELECT g.domain FROM mandate_grant g WHERE g.id = ${})", first + GRANT - 1);
        format!("({}, {domain})", numbered(first, BOUND))
    };
    (0..count).map(|n| row(n * BOUND + 1)).collect::<Vec<_>>().join(", ")
}

/// Writes entries and their parts: two statements however many they are. A trigger marks each entry pending.
pub async fn insert(tx: &mut WriteTx, entries: &[&NewEntry], parts: &[&NewPart]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let sql = format!("INSERT INTO entry ({ENTRY_COLUMNS}) VALUES {}", entry_rows(entries.len()));
    changed!(tx, {
        let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
        for NewEntry { leaf, bytes, hash } in entries {
            query = query
                .bind(leaf.id)
                .bind(leaf.time)
                .bind(leaf.kind.token())
                .bind(outcome(&leaf.outcome))
                .bind(leaf.structure)
                .bind(leaf.mandate)
                .bind(leaf.seq)
                .bind(leaf.grant)
                .bind(leaf.service)
                .bind(leaf.use_id)
                .bind(leaf.card)
                .bind(
                    leaf.actor
                        .as_ref()
                        .and_then(|actor| actor.pseudonym.as_ref())
                        .map(|p| p.bytes().to_vec()),
                )
                .bind(leaf.user.as_ref().map(|pseudonym| pseudonym.bytes().to_vec()))
                .bind(bytes.as_slice())
                .bind(hash.bytes().to_vec());
        }
        query
    })?;
    if parts.is_empty() {
        return Ok(());
    }
    let sql = format!("INSERT INTO entry_part (entry_id, part, sealed) VALUES {}", rows(parts.len(), 3));
    changed!(tx, {
        let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
        for part in parts {
            query = query.bind(part.entry_id).bind(part.kind.token()).bind(part.sealed.as_slice());
        }
        query
    })?;
    Ok(())
}

/// The column of an outcome; its reason is in the leaf.
pub fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Refused(_) => "refused",
    }
}

/// Takes the next numbers of mandates' own sequences, as many of each as asked, and holds the mandates' rows until the
/// transaction ends. Gives the last number taken of each; a mandate that does not exist is missing.
pub async fn take_sequences(
    tx: &mut WriteTx,
    wanted: &BTreeMap<MandateId, i64>,
) -> Result<BTreeMap<MandateId, i64>, StoreError> {
    let mut taken = BTreeMap::new();
    let counts: BTreeSet<i64> = wanted.values().copied().collect();
    for count in counts {
        let ids: Vec<_> = wanted.iter().filter(|(_, wish)| **wish == count).map(|(id, _)| *id).collect();
        let sql = format!(
            "UPDATE mandate SET next_sequence = next_sequence + $1 WHERE id IN ({}) RETURNING id, next_sequence",
            list(2, ids.len())
        );
        let rows: Vec<(MandateId, i64)> = on!(tx, c => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql.clone())).bind(count);
            for id in padded(&ids) {
                query = query.bind(*id);
            }
            query.fetch_all(c).await
        })?;
        taken.extend(rows);
    }
    Ok(taken)
}

/// The sealed key of a professional's pseudonym.
pub async fn person_key(tx: &mut impl Access, id: PersonId) -> Result<Option<Vec<u8>>, StoreError> {
    const SQL: &str = "SELECT pseudonym_key_sealed FROM person WHERE id = $1";
    on!(tx, c => sqlx::query_scalar(SQL).bind(id).fetch_optional(c).await)
}

/// The sealed key of a user's pseudonym; the pseudonym itself once the user was erased.
pub async fn user_key(
    tx: &mut impl Access,
    id: UserId,
) -> Result<Option<(Vec<u8>, Option<Vec<u8>>)>, StoreError> {
    const SQL: &str = "SELECT pseudonym_key_sealed, pseudonym FROM app_user WHERE id = $1";
    on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)
}

/// An entry as stored, with its place in the tree once the sequencer gave it one.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EntryRow {
    pub id: EntryId,
    pub at: Timestamp,
    pub kind: String,
    pub outcome: String,
    pub structure_id: Option<StructureId>,
    pub mandate_id: Option<MandateId>,
    pub mandate_sequence: Option<i64>,
    pub grant_id: Option<GrantId>,
    pub service_id: Option<ServiceId>,
    pub use_id: Option<UseId>,
    pub card_id: Option<CardId>,
    pub actor: Option<Vec<u8>>,
    pub subject: Option<Vec<u8>>,
    pub leaf: Vec<u8>,
    pub leaf_hash: Vec<u8>,
    pub leaf_index: Option<i64>,
}

/// One entry.
pub async fn entry(tx: &mut impl Access, id: EntryId) -> Result<Option<EntryRow>, StoreError> {
    const SQL: &str =
        "SELECT e.*, l.leaf_index FROM entry e LEFT JOIN log_leaf l ON l.entry_id = e.id WHERE e.id = $1";
    on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)
}

/// A stored part.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PartRow {
    pub entry_id: EntryId,
    pub part: String,
    pub sealed: Vec<u8>,
}

/// The parts that are left of a mandate's entries, in its sequence after `after` up to `until`.
pub async fn story_parts(
    tx: &mut impl Access,
    mandate: MandateId,
    after: i64,
    until: i64,
) -> Result<Vec<PartRow>, StoreError> {
    const SQL: &str = "SELECT p.entry_id, p.part, p.sealed FROM entry_part p JOIN entry e ON e.id = p.entry_id \
        WHERE e.mandate_id = $1 AND e.mandate_sequence > $2 AND e.mandate_sequence <= $3";
    on!(tx, c => sqlx::query_as(SQL).bind(mandate).bind(after).bind(until).fetch_all(c).await)
}
