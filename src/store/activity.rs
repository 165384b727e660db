//! What a structure or an aidant did, counted; and the days of a structure whose counts are lines themselves.
use sqlx::AssertSqlSafe;

use super::search::beside;
use super::{Access, StoreError, WriteTx};
use crate::domain::ids::{EntryId, PersonId, ServiceId, StructureId, first_id};
use crate::domain::time::Timestamp;
use crate::log::kind::Kind;

/// Whose lines.
#[derive(Clone, Debug)]
pub enum Whose {
    Structure(StructureId),
    Service(ServiceId),
    /// Of who acts under a pseudonym, within a perimeter.
    Actor {
        pseudonym: Vec<u8>,
        perimeter_of: Option<PersonId>,
    },
}

/// A range of time as ids have it: from one instant up to another.
pub type Span = (Timestamp, Timestamp);

/// The condition, with its binds from `$3` on: `$1` and `$2` bound the ids.
fn condition(whose: &Whose) -> &'static str {
    match whose {
        Whose::Structure(_) => "e.id >= $1 AND e.id < $2 AND e.structure_id = $3",
        Whose::Service(_) => "e.id >= $1 AND e.id < $2 AND e.service_id = $3",
        Whose::Actor { perimeter_of: None, .. } => "e.id >= $1 AND e.id < $2 AND e.actor = $3",
        Whose::Actor { perimeter_of: Some(_), .. } => {
            "e.id >= $1 AND e.id < $2 AND e.actor = $3 \
            AND e.structure_id IN (SELECT a.structure_id FROM auditor_structure a WHERE a.person_id = $4)"
        }
    }
}

/// The least id of an instant.
fn first(at: Timestamp) -> EntryId {
    EntryId::from_uuid(first_id(at))
}

macro_rules! bind_span {
    ($query:expr, $whose:expr, $span:expr) => {
        bind_ids!($query, $whose, (first($span.0), first($span.1)))
    };
}

macro_rules! bind_ids {
    ($query:expr, $whose:expr, $ids:expr) => {{
        let query = $query.bind($ids.0).bind($ids.1);
        match $whose {
            Whose::Structure(structure) => query.bind(*structure),
            Whose::Service(service) => query.bind(*service),
            Whose::Actor { pseudonym, perimeter_of: None } => query.bind(pseudonym.clone()),
            Whose::Actor { pseudonym, perimeter_of: Some(person) } => {
                query.bind(pseudonym.clone()).bind(*person)
            }
        }
    }};
}

/// How many lines of a kind came out in a way.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct CountRow {
    pub kind: String,
    pub outcome: String,
    pub lines: i64,
}

pub async fn counts(tx: &mut impl Access, whose: &Whose, span: Span) -> Result<Vec<CountRow>, StoreError> {
    let sql = format!(
        "SELECT e.kind, e.outcome, COUNT(*) AS lines FROM entry e WHERE {} GROUP BY e.kind, e.outcome",
        condition(whose)
    );
    on!(tx, c => bind_span!(sqlx::query_as(AssertSqlSafe(sql)), whose, span).fetch_all(c).await)
}

/// Lines of a kind that were done. Whose lines they are is followed, not the lines of the kind in the whole log.
fn done(kind: Kind) -> String {
    beside(&format!("e.kind = '{}' AND e.outcome = 'done'", kind.token()))
}

/// Services opened, by domain, the most opened first.
pub async fn domains(
    tx: &mut impl Access,
    whose: &Whose,
    span: Span,
) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = format!(
        "SELECT g.domain, COUNT(*) AS uses FROM entry e JOIN mandate_grant g ON g.id = e.grant_id \
        WHERE {} AND {} GROUP BY g.domain ORDER BY uses DESC, g.domain",
        condition(whose),
        done(Kind::UseOpened)
    );
    on!(tx, c => bind_span!(sqlx::query_as(AssertSqlSafe(sql)), whose, span).fetch_all(c).await)
}

/// The leaves of refusals, the latest first; those before an entry, if one is given.
pub async fn refusals(
    tx: &mut impl Access,
    whose: &Whose,
    span: Span,
    before: Option<EntryId>,
    limit: usize,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let end = first(span.1);
    let ids = (first(span.0), before.map_or(end, |before| before.min(end)));
    let sql = format!(
        "SELECT e.leaf FROM entry e WHERE {} AND e.outcome = 'refused' ORDER BY e.id DESC LIMIT {limit}",
        condition(whose)
    );
    on!(tx, c => bind_ids!(sqlx::query_scalar(AssertSqlSafe(sql)), whose, ids).fetch_all(c).await)
}

/// A signature, and the first service opened under it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SignedRow {
    pub signed_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

/// The latest signatures of a span.
pub async fn signatures(
    tx: &mut impl Access,
    whose: &Whose,
    span: Span,
    limit: usize,
) -> Result<Vec<SignedRow>, StoreError> {
    let sql = format!(
        "SELECT e.at AS signed_at, (SELECT u.at FROM entry u WHERE u.mandate_id = e.mandate_id \
        AND u.kind = 'use.opened' AND u.outcome = 'done' ORDER BY u.mandate_sequence LIMIT 1) AS used_at \
        FROM entry e WHERE {} AND {} ORDER BY e.id DESC LIMIT {limit}",
        condition(whose),
        done(Kind::MandateSigned)
    );
    on!(tx, c => bind_span!(sqlx::query_as(AssertSqlSafe(sql)), whose, span).fetch_all(c).await)
}

/// How many people services were opened for.
pub async fn users(tx: &mut impl Access, whose: &Whose, span: Span) -> Result<i64, StoreError> {
    let sql = format!(
        "SELECT COUNT(DISTINCT e.subject) FROM entry e WHERE {} AND {}",
        condition(whose),
        done(Kind::UseOpened)
    );
    on!(tx, c => bind_span!(sqlx::query_scalar(AssertSqlSafe(sql)), whose, span).fetch_one(c).await)
}

/// A structure whose last day is not counted yet.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DueRow {
    pub id: StructureId,
    pub time_zone: String,
    pub habilitated_from: Timestamp,
    /// The last day counted.
    pub counted: Option<String>,
}

/// Structures at work without a count for `day` or a later one, after `after` in the order of their ids.
pub async fn due(
    tx: &mut impl Access,
    day: &str,
    after: StructureId,
    limit: i64,
) -> Result<Vec<DueRow>, StoreError> {
    const SQL: &str = "SELECT s.id, s.time_zone, s.habilitated_from, \
        (SELECT MAX(d.day) FROM activity_day d WHERE d.structure_id = s.id) AS counted FROM structure s \
        WHERE s.id > $1 AND s.status <> 'closed' AND NOT EXISTS \
          (SELECT 1 FROM activity_day d WHERE d.structure_id = s.id AND d.day >= $2) ORDER BY s.id LIMIT $3";
    on!(tx, c => sqlx::query_as(SQL).bind(after).bind(day.to_owned()).bind(limit).fetch_all(c).await)
}

/// Notes that a day is counted. The database refuses a second count.
pub async fn counted(
    tx: &mut WriteTx,
    structure: StructureId,
    day: &str,
    entry: EntryId,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO activity_day (structure_id, day, entry_id) VALUES ($1, $2, $3)";
    changed!(tx, sqlx::query(SQL).bind(structure).bind(day.to_owned()).bind(entry))?;
    Ok(())
}
