//! Search in the log: which lines meet an auditor's criteria, by keyset, and whom a pseudonym stands for.
//!
//! Only the ids are searched for; the lines of one page are read afterwards. Ids begin with the millisecond of the
//! act, so that a range of time is a range of every index, and an index that ends with the id gives a page in order.
use sqlx::AssertSqlSafe;

use super::{Access, StoreError};
use crate::domain::ids::{EntryId, MandateId, PersonId, ServiceId, StructureId, UserId, first_id};
use crate::domain::time::Timestamp;

/// What a search keeps; absent means any.
#[derive(Clone, Debug, Default)]
pub struct Criteria {
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub until: Option<Timestamp>,
    pub structure_id: Option<StructureId>,
    pub mandate_id: Option<MandateId>,
    /// Lines written under a grant for this domain.
    pub domain: Option<String>,
    pub service_id: Option<ServiceId>,
    /// Pseudonym of who acted.
    pub actor: Option<Vec<u8>>,
    /// Pseudonym of the person whose mandate it is.
    pub subject: Option<Vec<u8>>,
    pub kind: Option<&'static str>,
    pub refused: Option<bool>,
    /// Only the structures listed for this auditor; `None` for an auditor of everything.
    pub perimeter_of: Option<PersonId>,
    /// Keyset: lines older than this one.
    pub before: Option<EntryId>,
}

/// Structures of a perimeter searched by one statement.
const TOGETHER: usize = 32;

const WITHIN: &str =
    "e.structure_id IN (SELECT a.structure_id FROM auditor_structure a WHERE a.person_id = ?)";

/// Binds what is present, in the order in which [`clauses`] numbers it.
macro_rules! bind_criteria {
    ($query:expr, $wanted:expr) => {{
        let mut query = $query;
        let ids = bounds($wanted);
        for (instant, id) in [($wanted.from, ids.0), ($wanted.until, ids.1)] {
            if let (Some(instant), Some(id)) = (instant, id) {
                query = query.bind(instant).bind(id);
            }
        }
        if let Some(id) = $wanted.structure_id {
            query = query.bind(id);
        }
        if let Some(id) = $wanted.mandate_id {
            query = query.bind(id);
        }
        if let Some(domain) = $wanted.domain.clone() {
            query = query.bind(domain);
        }
        if let Some(id) = $wanted.service_id {
            query = query.bind(id);
        }
        for pseudonym in [$wanted.actor.clone(), $wanted.subject.clone()].into_iter().flatten() {
            query = query.bind(pseudonym);
        }
        if let Some(kind) = $wanted.kind {
            query = query.bind(kind);
        }
        if let Some(id) = $wanted.before {
            query = query.bind(id);
        }
        query
    }};
}

fn bounds(wanted: &Criteria) -> (Option<EntryId>, Option<EntryId>) {
    let id = |at| EntryId::from_uuid(first_id(at));
    (wanted.from.map(id), wanted.until.map(|at| id(at + time::Duration::milliseconds(1))))
}

/// The conditions present and how many values they bind. `by_structure`: a condition on the structure follows.
///
/// One criterion leads, the one that leaves the fewest lines as a rule, and its index is followed backwards; the others
/// are written so that neither engine follows theirs (SQLite, without statistics, chooses by the number of conditions).
fn clauses(wanted: &Criteria, by_structure: bool) -> (String, usize) {
    const DOMAIN: &str = "EXISTS (SELECT 1 FROM mandate_grant g WHERE g.id = e.grant_id AND g.domain = ?)";
    let mut led = false;
    let mut equals = |present: bool, leads: &'static str, follows: &'static str| {
        let text = if led { follows } else { leads };
        led |= present;
        (present, text)
    };
    let mandate = equals(wanted.mandate_id.is_some(), "e.mandate_id = ?", "");
    let subject = equals(wanted.subject.is_some(), "e.subject = ?", "COALESCE(e.subject, e.subject) = ?");
    let actor = equals(wanted.actor.is_some(), "e.actor = ?", "COALESCE(e.actor, e.actor) = ?");
    let structure = equals(
        wanted.structure_id.is_some(),
        "e.structure_id = ?",
        "COALESCE(e.structure_id, e.structure_id) = ?",
    );
    equals(by_structure, "", "");
    let service =
        equals(wanted.service_id.is_some(), "e.service_id = ?", "COALESCE(e.service_id, e.service_id) = ?");
    let kind = equals(wanted.kind.is_some(), "e.kind = ?", "COALESCE(e.kind, e.kind) = ?");
    // The outcome is written out: a partial index is only found by a condition that names it.
    let outcome = match wanted.refused {
        Some(true) => "e.outcome = 'refused'",
        _ => "e.outcome = 'done'",
    };
    let conditions = [
        (wanted.from.is_some(), "e.at >= ? AND e.id >= ?"),
        (wanted.until.is_some(), "e.at < ? AND e.id < ?"),
        structure,
        mandate,
        (wanted.domain.is_some(), DOMAIN),
        service,
        actor,
        subject,
        kind,
        (wanted.before.is_some(), "e.id < ?"),
        (wanted.refused.is_some(), outcome),
    ];
    let mut binds = 0;
    let mut text = String::from("TRUE");
    for (_, condition) in conditions.iter().filter(|(present, _)| *present) {
        text.push_str(" AND ");
        for piece in condition.split_inclusive('?') {
            match piece.strip_suffix('?') {
                Some(before) => {
                    binds += 1;
                    text.push_str(before);
                    text.push('$');
                    text.push_str(&binds.to_string());
                }
                None => text.push_str(piece),
            }
        }
    }
    (text, binds)
}

/// The latest lines that meet the criteria, newest first.
pub async fn search(tx: &mut impl Access, wanted: &Criteria, limit: i64) -> Result<Vec<EntryId>, StoreError> {
    let selective = wanted.structure_id.is_some()
        || wanted.mandate_id.is_some()
        || wanted.actor.is_some()
        || wanted.subject.is_some();
    match wanted.perimeter_of {
        Some(person) if !selective => among(tx, wanted, person, limit).await,
        perimeter => {
            let (conditions, binds) = clauses(wanted, false);
            let (within, last) = match perimeter {
                Some(_) => (format!(" AND {}", WITHIN.replace('?', &format!("${}", binds + 1))), binds + 2),
                None => (String::new(), binds + 1),
            };
            let sql = format!(
                "SELECT e.id FROM entry e WHERE {conditions}{within} ORDER BY e.id DESC LIMIT ${last}"
            );
            on!(tx, c => {
                let mut query = bind_criteria!(sqlx::query_scalar(AssertSqlSafe(sql)), wanted);
                if let Some(person) = perimeter {
                    query = query.bind(person);
                }
                query.bind(limit).fetch_all(c).await
            })
        }
    }
}

/// The same among the structures listed for an auditor: the first lines of each, by its own index, and of those the
/// latest.
async fn among(
    tx: &mut impl Access,
    wanted: &Criteria,
    auditor: PersonId,
    limit: i64,
) -> Result<Vec<EntryId>, StoreError> {
    const LISTED: &str = "SELECT structure_id FROM auditor_structure WHERE person_id = $1";
    let listed: Vec<StructureId> = on!(tx, c => sqlx::query_scalar(LISTED).bind(auditor).fetch_all(c).await)?;
    let (conditions, binds) = clauses(wanted, true);
    let mut found: Vec<EntryId> = Vec::new();
    for some in listed.chunks(TOGETHER) {
        let each = (0..some.len()).map(|at| {
            let place = binds + 2 + at;
            format!(
                "SELECT id FROM (SELECT e.id FROM entry e WHERE {conditions} AND e.structure_id = ${place} \
                ORDER BY e.id DESC LIMIT ${}) b{at}",
                binds + 1
            )
        });
        let sql = each.collect::<Vec<_>>().join(" UNION ALL ");
        let ids: Vec<EntryId> = on!(tx, c => {
            let mut query = bind_criteria!(sqlx::query_scalar(AssertSqlSafe(sql)), wanted).bind(limit);
            for structure in some {
                query = query.bind(*structure);
            }
            query.fetch_all(c).await
        })?;
        found.extend(ids);
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(found)
}

/// Whose pseudonym a column of the log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Who acted.
    Actor,
    /// In whose name.
    Subject,
}

/// The first pseudonym of lines within a perimeter that is `from` or later and before `until`.
pub async fn next_pseudonym(
    tx: &mut impl Access,
    column: Column,
    (from, until): (Vec<u8>, Vec<u8>),
    perimeter_of: Option<PersonId>,
) -> Result<Option<Vec<u8>>, StoreError> {
    let name = match column {
        Column::Actor => "actor",
        Column::Subject => "subject",
    };
    let within = perimeter_of.map(|_| format!(" AND {}", WITHIN.replace('?', "$3"))).unwrap_or_default();
    let sql = format!(
        "SELECT e.{name} FROM entry e WHERE e.{name} IS NOT NULL AND e.{name} >= $1 AND e.{name} < $2{within} \
        ORDER BY e.{name}, e.id LIMIT 1"
    );
    on!(tx, c => {
        let mut query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(from).bind(until);
        if let Some(person) = perimeter_of {
            query = query.bind(person);
        }
        query.fetch_optional(c).await
    })
}

/// The users of these blind indexes of a civil identity.
pub async fn users_of_identity(tx: &mut impl Access, indexes: &[Vec<u8>]) -> Result<Vec<UserId>, StoreError> {
    const SQL: &str = "SELECT id FROM app_user WHERE identity_index = $1 ORDER BY id LIMIT 10";
    let mut users = Vec::new();
    for index in indexes {
        let found: Vec<UserId> =
            on!(tx, c => sqlx::query_scalar(SQL).bind(index.clone()).fetch_all(c).await)?;
        users.extend(found);
    }
    Ok(users)
}
