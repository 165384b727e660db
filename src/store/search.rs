//! Search in the log: which lines meet an auditor's criteria, by keyset, and whom a pseudonym stands for.
//!
//! Only the ids are searched for; the lines of one page are read afterwards. Ids begin with the millisecond of the
//! act, so that a range of time is a range of every index, and an index that ends with the id gives a page in order.
//!
//! One criterion leads: its index, which ends with the id, is followed backwards by a condition and an order that no other
//! index meets. An equality and `ORDER BY id` would say the same, but PostgreSQL, which plans without the values, then
//! follows the primary key and reads the whole log for the lines of a rare kind.
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

/// A criterion with fewer lines than this leads; looked for in two steps, since the first is cheaper.
const RARE: [i64; 2] = [1_000, 5_000];

const WITHIN: &str =
    "e.structure_id IN (SELECT a.structure_id FROM auditor_structure a WHERE a.person_id = ?)";

/// Binds the values of these criteria in turn.
macro_rules! bind_leaders {
    ($query:expr, $present:expr, $wanted:expr) => {{
        let mut query = $query;
        for leader in $present {
            query = match leader {
                Leader::Mandate => query.bind($wanted.mandate_id),
                Leader::Subject => query.bind($wanted.subject.clone()),
                Leader::Actor => query.bind($wanted.actor.clone()),
                Leader::Structure => query.bind($wanted.structure_id),
                Leader::Service => query.bind($wanted.service_id),
                Leader::Domain => query.bind($wanted.domain.clone()),
                Leader::Kind => query.bind($wanted.kind),
            };
        }
        query
    }};
}

/// Binds what is present, in the order in which [`clauses`] numbers it.
macro_rules! bind_criteria {
    ($query:expr, $wanted:expr) => {{
        let mut query = $query;
        if let Some(from) = $wanted.from {
            query = query.bind(from).bind(EntryId::from_uuid(first_id(from)));
        }
        if let Some(until) = $wanted.until {
            query = query.bind(until);
        }
        bind_leaders!(query, Leader::present($wanted), $wanted).bind(before($wanted))
    }};
}

/// What the ids of all lines wanted are before.
fn before(wanted: &Criteria) -> EntryId {
    let until = wanted.until.map(|at| EntryId::from_uuid(first_id(at + time::Duration::milliseconds(1))));
    let last = wanted.before.into_iter().chain(until).min();
    last.unwrap_or(EntryId::from_uuid(uuid::Uuid::max()))
}

/// A criterion whose own index can be followed backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leader {
    Mandate,
    Subject,
    Actor,
    Structure,
    Service,
    Domain,
    Kind,
}

impl Leader {
    /// The one that leaves the fewest lines as a rule first.
    const ALL: [Self; 7] =
        [Self::Mandate, Self::Subject, Self::Actor, Self::Structure, Self::Service, Self::Domain, Self::Kind];

    fn column(self) -> &'static str {
        match self {
            Self::Mandate => "mandate_id",
            Self::Subject => "subject",
            Self::Actor => "actor",
            Self::Structure => "structure_id",
            Self::Service => "service_id",
            Self::Domain => "domain",
            Self::Kind => "kind",
        }
    }

    fn is_in(self, wanted: &Criteria) -> bool {
        match self {
            Self::Mandate => wanted.mandate_id.is_some(),
            Self::Subject => wanted.subject.is_some(),
            Self::Actor => wanted.actor.is_some(),
            Self::Structure => wanted.structure_id.is_some(),
            Self::Service => wanted.service_id.is_some(),
            Self::Domain => wanted.domain.is_some(),
            Self::Kind => wanted.kind.is_some(),
        }
    }

    fn present(wanted: &Criteria) -> Vec<Self> {
        Self::ALL.into_iter().filter(|leader| leader.is_in(wanted)).collect()
    }

    /// Whether refusals by it have an index of their own.
    fn has_refusals(self) -> bool {
        matches!(self, Self::Structure | Self::Service | Self::Kind)
    }
}

/// Follows the index of a column, at the value bound as `$value`, from before the id `$before` down to `$first`.
fn led(column: &str, value: usize, before: usize, first: Option<usize>) -> String {
    let down = match first {
        Some(first) => format!("(e.{column}, e.id) >= (${value}, ${first})"),
        None => format!("e.{column} >= ${value}"),
    };
    format!("e.{column} IS NOT NULL AND (e.{column}, e.id) < (${value}, ${before}) AND {down}")
}

/// The order in which [`led`] finds lines.
fn order(column: &str) -> String {
    format!("ORDER BY e.{column} DESC, e.id DESC")
}

/// Of several criteria, one that few lines meet, if there is one: following its index, few lines are read in vain.
async fn rare(tx: &mut impl Access, wanted: &Criteria) -> Result<Option<Leader>, StoreError> {
    if Leader::Mandate.is_in(wanted) {
        return Ok(Some(Leader::Mandate));
    }
    let present = Leader::present(wanted);
    if present.is_empty() || present.len() + usize::from(wanted.perimeter_of.is_some()) < 2 {
        return Ok(None);
    }
    let sql = rarest(&present, wanted.refused == Some(true));
    let place: Option<i64> = on!(tx, c => {
        let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(before(wanted));
        bind_leaders!(query, &present, wanted).fetch_one(c).await
    })?;
    Ok(place.and_then(|place| present.get(usize::try_from(place).ok()?).copied()))
}

/// Asks for the place of the first of these with fewer lines than a step of [`RARE`] before `$1`. Only the indexes are
/// read, and nothing after the answer.
fn rarest(present: &[Leader], refused: bool) -> String {
    let mut sql = String::from("SELECT CAST(CASE");
    for limit in RARE {
        for (place, leader) in present.iter().enumerate() {
            let outcome = if refused && leader.has_refusals() { " AND e.outcome = 'refused'" } else { "" };
            let arm = format!(
                " WHEN (SELECT 1 FROM entry e WHERE {}{outcome} {} LIMIT 1 OFFSET {}) IS NULL THEN {place}",
                led(leader.column(), place + 2, 1, None),
                order(leader.column()),
                limit - 1
            );
            sql.push_str(&arm);
        }
    }
    sql.push_str(" END AS BIGINT)");
    sql
}

/// What a search asks for, as SQL.
struct Clauses {
    conditions: String,
    order: String,
    /// Number of the id that all are before, the last value bound by [`bind_criteria`].
    before: usize,
    /// Number of the first id of the period.
    first: Option<usize>,
}

/// The conditions present. `by_structure`: a condition on the structure follows, and leads.
///
/// Those that do not lead are written so that neither engine follows their index, nor guesses that they leave next to
/// nothing.
fn clauses(wanted: &Criteria, rare: Option<Leader>, by_structure: bool) -> Clauses {
    let present = Leader::present(wanted);
    let leads = rare.or(present.first().copied()).filter(|_| !by_structure);
    let (mut conditions, mut binds, mut first) = (vec!["TRUE".to_owned()], 0, None);
    let mut next = || {
        binds += 1;
        binds
    };
    if wanted.from.is_some() {
        conditions.push(format!("e.at >= ${}", next()));
        first = Some(next());
    }
    if wanted.until.is_some() {
        conditions.push(format!("e.at < ${}", next()));
    }
    let mut leading = None;
    for leader in present {
        let (column, place) = (leader.column(), next());
        if leads == Some(leader) {
            leading = Some((leader, place));
        } else {
            conditions.push(format!("CASE WHEN e.{column} = ${place} THEN TRUE ELSE FALSE END"));
        }
    }
    let before = next();
    let mut by = "ORDER BY e.id DESC".to_owned();
    match leading {
        Some((leader, place)) if leader != Leader::Mandate => {
            conditions.push(led(leader.column(), place, before, first));
            by = order(leader.column());
        }
        leading => {
            // The lines of one mandate are few.
            conditions.extend(leading.map(|(leader, place)| format!("e.{} = ${place}", leader.column())));
            conditions.push(format!("e.id < ${before}"));
            conditions.extend(first.map(|first| format!("e.id >= ${first}")));
        }
    }
    // The outcome is written out: a partial index is only found by a condition that names it.
    conditions.extend(wanted.refused.map(|refused| {
        let outcome = if refused { "refused" } else { "done" };
        format!("e.outcome = '{outcome}'")
    }));
    Clauses { conditions: conditions.join(" AND "), order: by, before, first }
}

/// The latest lines that meet the criteria, newest first.
pub async fn search(tx: &mut impl Access, wanted: &Criteria, limit: i64) -> Result<Vec<EntryId>, StoreError> {
    let rare = rare(tx, wanted).await?;
    let selective =
        rare.is_some() || wanted.structure_id.is_some() || wanted.actor.is_some() || wanted.subject.is_some();
    match wanted.perimeter_of {
        Some(person) if !selective => among(tx, wanted, person, limit).await,
        perimeter => {
            let Clauses { conditions, order, before, .. } = clauses(wanted, rare, false);
            let (within, last) = match perimeter {
                Some(_) => {
                    let within = WITHIN.replace('?', &format!("${}", before + 1));
                    (format!(" AND CASE WHEN {within} THEN TRUE ELSE FALSE END"), before + 2)
                }
                None => (String::new(), before + 1),
            };
            let sql = format!("SELECT e.id FROM entry e WHERE {conditions}{within} {order} LIMIT ${last}");
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
    let Clauses { conditions, before, first, .. } = clauses(wanted, None, true);
    let mut found: Vec<EntryId> = Vec::new();
    for some in listed.chunks(TOGETHER) {
        let each = (0..some.len()).map(|at| {
            format!(
                "SELECT id FROM (SELECT e.id FROM entry e WHERE {conditions} AND {} {} LIMIT ${}) b{at}",
                led("structure_id", before + 2 + at, before, first),
                order("structure_id"),
                before + 1
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
