//! What an auditor may see of the log, and what a line of it is about.
use sqlx::AssertSqlSafe;

use super::action_log::EntryRow;
use super::many::{list, padded};
use super::{Access, StoreError};
use crate::domain::ids::{EntryId, GrantId, MandateId, PersonId, ServiceId, StructureId, UserId};
use crate::domain::time::Timestamp;

/// The perimeter column of a person: `none`, `listed` or `all`.
pub async fn perimeter(tx: &mut impl Access, person: PersonId) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT perimeter FROM person WHERE id = $1 AND is_auditor AND status = 'active'";
    on!(tx, c => sqlx::query_scalar(SQL).bind(person).fetch_optional(c).await)
}

/// A structure an auditor may choose.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct StructureRow {
    pub id: StructureId,
    pub name: String,
    pub siret: String,
}

/// The structures of a perimeter (`None`: all), by name; `limit`: how many at most.
pub async fn structures(
    tx: &mut impl Access,
    perimeter_of: Option<PersonId>,
    limit: i64,
) -> Result<Vec<StructureRow>, StoreError> {
    const ALL: &str = "SELECT id, name, siret FROM structure ORDER BY name, id LIMIT $1";
    const LISTED: &str = "SELECT s.id, s.name, s.siret FROM structure s \
        JOIN auditor_structure a ON a.structure_id = s.id WHERE a.person_id = $2 ORDER BY s.name, s.id LIMIT $1";
    match perimeter_of {
        None => on!(tx, c => sqlx::query_as(ALL).bind(limit).fetch_all(c).await),
        Some(person) => on!(tx, c => sqlx::query_as(LISTED).bind(limit).bind(person).fetch_all(c).await),
    }
}

/// How a structure is asked for.
#[derive(Clone, Debug)]
pub enum By {
    Id(StructureId),
    Siret(String),
}

/// One structure of a perimeter (`None`: all).
pub async fn structure(
    tx: &mut impl Access,
    by: By,
    perimeter_of: Option<PersonId>,
) -> Result<Option<StructureRow>, StoreError> {
    const ID: &str = "SELECT id, name, siret FROM structure WHERE id = $1";
    const SIRET: &str = "SELECT id, name, siret FROM structure WHERE siret = $1";
    let found: Option<StructureRow> = match by {
        By::Id(id) => on!(tx, c => sqlx::query_as(ID).bind(id).fetch_optional(c).await)?,
        By::Siret(siret) => on!(tx, c => sqlx::query_as(SIRET).bind(siret).fetch_optional(c).await)?,
    };
    match found {
        Some(row) if is_within(tx, row.id, perimeter_of).await? => Ok(Some(row)),
        _ => Ok(None),
    }
}

/// The mandate of a grant, within a perimeter.
pub async fn mandate_of_grant(
    tx: &mut impl Access,
    grant: GrantId,
    perimeter_of: Option<PersonId>,
) -> Result<Option<MandateId>, StoreError> {
    const SQL: &str = "SELECT m.id, m.structure_id FROM mandate_grant g JOIN mandate m ON m.id = g.mandate_id \
        WHERE g.id = $1";
    let found: Option<(MandateId, StructureId)> =
        on!(tx, c => sqlx::query_as(SQL).bind(grant).fetch_optional(c).await)?;
    match found {
        Some((mandate, structure)) if is_within(tx, structure, perimeter_of).await? => Ok(Some(mandate)),
        _ => Ok(None),
    }
}

/// Whether a structure is of a perimeter (`None`: all are).
pub async fn is_within(
    tx: &mut impl Access,
    structure: StructureId,
    perimeter_of: Option<PersonId>,
) -> Result<bool, StoreError> {
    const ALL: &str = "SELECT COUNT(*) FROM structure WHERE id = $1";
    const LISTED: &str = "SELECT COUNT(*) FROM auditor_structure WHERE structure_id = $1 AND person_id = $2";
    let found: i64 = match perimeter_of {
        None => on!(tx, c => sqlx::query_scalar(ALL).bind(structure).fetch_one(c).await)?,
        Some(person) => {
            on!(tx, c => sqlx::query_scalar(LISTED).bind(structure).bind(person).fetch_one(c).await)?
        }
    };
    Ok(found > 0)
}

/// The name of a structure.
pub async fn structure_name(
    tx: &mut impl Access,
    structure: StructureId,
) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT name FROM structure WHERE id = $1";
    on!(tx, c => sqlx::query_scalar(SQL).bind(structure).fetch_optional(c).await)
}

/// A service that lines may be about.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ServiceRow {
    pub id: ServiceId,
    pub name: String,
}

/// The services, by name; at most a thousand.
pub async fn services(tx: &mut impl Access) -> Result<Vec<ServiceRow>, StoreError> {
    const SQL: &str = "SELECT id, name FROM client ORDER BY name, id LIMIT 1000";
    on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await)
}

/// The domains, in the order of the pages, those no longer on offer too: old lines are about them.
pub async fn all_domains(tx: &mut impl Access) -> Result<Vec<DomainRow>, StoreError> {
    const SQL: &str = "SELECT key, label_fr, label_en FROM domain ORDER BY position";
    on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await)
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
    /// Absent until the user is identified.
    pub user_id: Option<UserId>,
    /// The last number taken in the mandate's own sequence.
    pub next_sequence: i64,
}

/// The mandate of a reference, within a perimeter.
pub async fn mandate(
    tx: &mut impl Access,
    reference: &str,
    perimeter_of: Option<PersonId>,
) -> Result<Option<MandateRow>, StoreError> {
    const ALL: &str = "SELECT m.id, m.reference, m.state, m.end_reason, m.ends_at, m.structure_id, m.user_id, \
        s.name AS structure_name, m.next_sequence FROM mandate m JOIN structure s ON s.id = m.structure_id \
        WHERE m.reference = $1";
    const LISTED: &str = "SELECT m.id, m.reference, m.state, m.end_reason, m.ends_at, m.structure_id, m.user_id, \
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

/// The highest place among a mandate's lines under a head of `size` leaves.
pub async fn last_place(
    tx: &mut impl Access,
    mandate: MandateId,
    size: i64,
) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "SELECT MAX(l.leaf_index) FROM entry e JOIN log_leaf l ON l.entry_id = e.id \
        WHERE e.mandate_id = $1 AND l.leaf_index < $2";
    on!(tx, c => sqlx::query_scalar(SQL).bind(mandate).bind(size).fetch_one(c).await)
}

/// These lines, newest first.
pub async fn named(tx: &mut impl Access, ids: &[EntryId]) -> Result<Vec<NamedRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("{NAMED} WHERE e.id IN ({}) ORDER BY e.id DESC", list(1, ids.len()));
    on!(tx, c => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql));
        for id in padded(ids) {
            query = query.bind(*id);
        }
        query.fetch_all(c).await
    })
}
