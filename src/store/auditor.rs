//! What an auditor may see of the log, and what a line of it is about.
use sqlx::AssertSqlSafe;

use super::action_log::EntryRow;
use super::{Access, StoreError};
use crate::domain::ids::{EntryId, MandateId, PersonId, StructureId};
use crate::domain::time::Timestamp;

/// The perimeter column of a person: `none`, `listed` or `all`.
pub async fn perimeter(tx: &mut impl Access, person: PersonId) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT perimeter FROM person WHERE id = $1 AND is_auditor AND status = 'active'";
    on!(tx, c => sqlx::query_scalar(SQL).bind(person).fetch_optional(c).await)
}

/// A structure an auditor may choose.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StructureRow {
    pub id: StructureId,
    pub name: String,
}

/// The structures of a perimeter (`None`: all), by name; at most a thousand.
pub async fn structures(
    tx: &mut impl Access,
    perimeter_of: Option<PersonId>,
) -> Result<Vec<StructureRow>, StoreError> {
    const ALL: &str = "SELECT id, name FROM structure ORDER BY name, id LIMIT 1000";
    const LISTED: &str = "SELECT s.id, s.name FROM structure s JOIN auditor_structure a ON a.structure_id = s.id \
        WHERE a.person_id = $1 ORDER BY s.name, s.id LIMIT 1000";
    match perimeter_of {
        None => on!(tx, c => sqlx::query_as(ALL).fetch_all(c).await),
        Some(person) => on!(tx, c => sqlx::query_as(LISTED).bind(person).fetch_all(c).await),
    }
}

/// A mandate as its story begins.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MandateRow {
    pub id: MandateId,
    pub reference: String,
    pub state: String,
    pub end_reason: Option<String>,
    pub ends_at: Option<Timestamp>,
    pub structure_id: StructureId,
    pub structure_name: String,
    /// The last number taken in the mandate's own sequence.
    pub next_sequence: i64,
}

/// The mandate of a reference, within a perimeter.
pub async fn mandate(
    tx: &mut impl Access,
    reference: &str,
    perimeter_of: Option<PersonId>,
) -> Result<Option<MandateRow>, StoreError> {
    const ALL: &str = "SELECT m.id, m.reference, m.state, m.end_reason, m.ends_at, m.structure_id, \
        s.name AS structure_name, m.next_sequence FROM mandate m JOIN structure s ON s.id = m.structure_id \
        WHERE m.reference = $1";
    const LISTED: &str = "SELECT m.id, m.reference, m.state, m.end_reason, m.ends_at, m.structure_id, \
        s.name AS structure_name, m.next_sequence FROM mandate m JOIN structure s ON s.id = m.structure_id \
        WHERE m.reference = $1 \
        AND m.structure_id IN (SELECT a.structure_id FROM auditor_structure a WHERE a.person_id = $2)";
    let reference = reference.to_owned();
    match perimeter_of {
        None => on!(tx, c => sqlx::query_as(ALL).bind(reference).fetch_optional(c).await),
        Some(person) => {
            on!(tx, c => sqlx::query_as(LISTED).bind(reference).bind(person).fetch_optional(c).await)
        }
    }
}

/// One domain of a mandate, named in both languages.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DomainRow {
    pub key: String,
    pub label_fr: String,
    pub label_en: String,
}

pub async fn domains(tx: &mut impl Access, mandate: MandateId) -> Result<Vec<DomainRow>, StoreError> {
    const SQL: &str = "SELECT d.key, d.label_fr, d.label_en FROM mandate_grant g JOIN domain d ON d.key = g.domain \
        WHERE g.mandate_id = $1 ORDER BY d.position";
    on!(tx, c => sqlx::query_as(SQL).bind(mandate).fetch_all(c).await)
}

/// A line with the names of what it is about; none of them personal.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct NamedRow {
    #[sqlx(flatten)]
    pub entry: EntryRow,
    pub structure_name: Option<String>,
    pub service_name: Option<String>,
    pub mandate_reference: Option<String>,
}

const NAMED: &str = "SELECT e.id, e.at, e.kind, e.outcome, e.structure_id, e.mandate_id, e.mandate_sequence, \
    e.grant_id, e.service_id, e.use_id, e.card_id, e.actor, e.subject, e.leaf, e.leaf_hash, l.leaf_index, \
    s.name AS structure_name, c.name AS service_name, m.reference AS mandate_reference \
    FROM entry e LEFT JOIN log_leaf l ON l.entry_id = e.id LEFT JOIN structure s ON s.id = e.structure_id \
    LEFT JOIN client c ON c.id = e.service_id LEFT JOIN mandate m ON m.id = e.mandate_id";

/// Lines of one mandate in the order of its own sequence, from after `after`.
pub async fn story(
    tx: &mut impl Access,
    mandate: MandateId,
    after: i64,
    limit: i64,
) -> Result<Vec<NamedRow>, StoreError> {
    let sql = format!(
        "{NAMED} WHERE e.mandate_id = $1 AND e.mandate_sequence > $2 ORDER BY e.mandate_sequence LIMIT $3"
    );
    on!(tx, c => sqlx::query_as(AssertSqlSafe(sql)).bind(mandate).bind(after).bind(limit).fetch_all(c).await)
}

/// What a search keeps; absent means any.
#[derive(Clone, Debug, Default)]
pub struct Criteria {
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub until: Option<Timestamp>,
    pub structure_id: Option<StructureId>,
    pub mandate_id: Option<MandateId>,
    pub kind: Option<&'static str>,
    pub outcome: Option<&'static str>,
    /// Only the structures listed for this auditor; `None` for an auditor of everything.
    pub perimeter_of: Option<PersonId>,
    /// Keyset: lines older than this one.
    pub before: Option<EntryId>,
}

/// The latest lines that meet the criteria, newest first.
pub async fn search(
    tx: &mut impl Access,
    wanted: &Criteria,
    limit: i64,
) -> Result<Vec<NamedRow>, StoreError> {
    const PERIMETER: &str =
        "e.structure_id IN (SELECT a.structure_id FROM auditor_structure a WHERE a.person_id = ?)";
    let conditions = [
        (wanted.from.is_some(), "e.at >= ?"),
        (wanted.until.is_some(), "e.at < ?"),
        (wanted.structure_id.is_some(), "e.structure_id = ?"),
        (wanted.mandate_id.is_some(), "e.mandate_id = ?"),
        (wanted.kind.is_some(), "e.kind = ?"),
        (wanted.outcome.is_some(), "e.outcome = ?"),
        (wanted.before.is_some(), "e.id < ?"),
        (wanted.perimeter_of.is_some(), PERIMETER),
    ];
    let present = conditions.iter().filter(|(present, _)| *present).map(|(_, condition)| *condition);
    let mut binds = 0;
    let mut number = |condition: &str| {
        binds += 1;
        condition.replace('?', &format!("${binds}"))
    };
    let mut clauses = vec!["TRUE".to_owned()];
    clauses.extend(present.map(&mut number));
    let order = number("ORDER BY e.id DESC LIMIT ?");
    let sql = format!("{NAMED} WHERE {} {order}", clauses.join(" AND "));
    on!(tx, c => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql));
        if let Some(from) = wanted.from {
            query = query.bind(from);
        }
        if let Some(until) = wanted.until {
            query = query.bind(until);
        }
        if let Some(structure) = wanted.structure_id {
            query = query.bind(structure);
        }
        if let Some(mandate) = wanted.mandate_id {
            query = query.bind(mandate);
        }
        if let Some(kind) = wanted.kind {
            query = query.bind(kind);
        }
        if let Some(outcome) = wanted.outcome {
            query = query.bind(outcome);
        }
        if let Some(before) = wanted.before {
            query = query.bind(before);
        }
        if let Some(person) = wanted.perimeter_of {
            query = query.bind(person);
        }
        query.bind(limit).fetch_all(c).await
    })
}
