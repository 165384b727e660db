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

/// A criterion with fewer lines than this leads; looked for in two steps, since the first is cheaper.
const RARE: [i64; 2] = [1_000, 10_000];

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

    /// Whether it has fewer than `limit` lines before `until`.
    async fn is_rarer(
        self,
        tx: &mut impl Access,
        wanted: &Criteria,
        until: EntryId,
        limit: i64,
    ) -> Result<bool, StoreError> {
        let column = self.column();
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM entry e WHERE e.{column} = $1 AND e.id < $2 LIMIT $3) b"
        );
        let lines: i64 = on!(tx, c => {
            let query = sqlx::query_scalar(AssertSqlSafe(sql));
            let query = match self {
                Self::Mandate => query.bind(wanted.mandate_id),
                Self::Subject => query.bind(wanted.subject.clone()),
                Self::Actor => query.bind(wanted.actor.clone()),
                Self::Structure => query.bind(wanted.structure_id),
                Self::Service => query.bind(wanted.service_id),
                Self::Domain => query.bind(wanted.domain.clone()),
                Self::Kind => query.bind(wanted.kind),
            };
            query.bind(until).bind(limit).fetch_one(c).await
        })?;
        Ok(lines < limit)
    }
}

/// Of several criteria, one that few lines meet, if there is one: following its index, few lines are read in vain.
async fn rare(tx: &mut impl Access, wanted: &Criteria) -> Result<Option<Leader>, StoreError> {
    if Leader::Mandate.is_in(wanted) {
        return Ok(Some(Leader::Mandate));
    }
    let present: Vec<_> = Leader::ALL.into_iter().filter(|leader| leader.is_in(wanted)).collect();
    if present.len() + usize::from(wanted.perimeter_of.is_some()) < 2 {
        return Ok(None);
    }
    let last = wanted.before.into_iter().chain(bounds(wanted).1).min();
    let until = last.unwrap_or(EntryId::from_uuid(uuid::Uuid::max()));
    for limit in RARE {
        for leader in &present {
            if leader.is_rarer(tx, wanted, until, limit).await? {
                return Ok(Some(*leader));
            }
        }
    }
    Ok(None)
}

/// The conditions present and how many values they bind. `by_structure`: a condition on the structure follows.
///
/// One criterion leads and its index is followed backwards; the others are written so that neither engine follows theirs
/// (SQLite, without statistics, chooses by the number of conditions).
fn clauses(wanted: &Criteria, rare: Option<Leader>, by_structure: bool) -> (String, usize) {
    let usual = Leader::ALL.into_iter().find(|leader| leader.is_in(wanted));
    let leads = if by_structure { None } else { rare.or(usual) };
    let equals = |leader: Leader| {
        let column = leader.column();
        let text = if leads == Some(leader) {
            format!("e.{column} = ?")
        } else {
            format!("COALESCE(e.{column}, e.{column}) = ?")
        };
        (leader.is_in(wanted), text)
    };
    // The outcome is written out: a partial index is only found by a condition that names it.
    let outcome = match wanted.refused {
        Some(true) => "e.outcome = 'refused'".to_owned(),
        _ => "e.outcome = 'done'".to_owned(),
    };
    let conditions = [
        (wanted.from.is_some(), "e.at >= ? AND e.id >= ?".to_owned()),
        (wanted.until.is_some(), "e.at < ? AND e.id < ?".to_owned()),
        equals(Leader::Structure),
        equals(Leader::Mandate),
        equals(Leader::Domain),
        equals(Leader::Service),
        equals(Leader::Actor),
        equals(Leader::Subject),
        equals(Leader::Kind),
        (wanted.before.is_some(), "e.id < ?".to_owned()),
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
    let rare = rare(tx, wanted).await?;
    let selective =
        rare.is_some() || wanted.structure_id.is_some() || wanted.actor.is_some() || wanted.subject.is_some();
    match wanted.perimeter_of {
        Some(person) if !selective => among(tx, wanted, person, limit).await,
        perimeter => {
            let (conditions, binds) = clauses(wanted, rare, false);
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
    let (conditions, binds) = clauses(wanted, None, true);
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
