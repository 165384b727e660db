//! Search in the log: which lines meet an auditor's criteria, by keyset, and whom a pseudonym stands for.
//!
//! Only the ids are searched for; the lines of one page are read afterwards. Ids begin with the millisecond of the
//! act, so that a range of time is a range of every index, and an index that ends with the id gives a page in order.
//!
//! One criterion leads: its index is followed backwards, and each line met is held against the others. However long the
//! log is, a page looks through so many lines and no more: where few of them are wanted it is given as far as it got.
#[macro_use]
mod statement;
mod people;
mod way;

use super::{Access, StoreError, perimeter};
use crate::domain::ids::{EntryId, GrantId, MandateId, PersonId, ServiceId, StructureId};
use crate::domain::time::Timestamp;
pub use people::{Column, next_pseudonym, users_of_identity};
use statement::{Statement, Value};
use way::{Leader, Range, Way};

/// What a search keeps; absent means any.
#[derive(Clone, Debug, Default)]
pub struct Criteria {
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub until: Option<Timestamp>,
    pub structure_id: Option<StructureId>,
    pub mandate_id: Option<MandateId>,
    /// One grant of the mandate.
    pub grant_id: Option<GrantId>,
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

/// One page of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Newest first.
    pub ids: Vec<EntryId>,
    /// What the next page begins before, if there may be more.
    pub next: Option<EntryId>,
    /// The page is not full: everything down to `next`, which may be no line of this search, was looked through.
    pub stopped: bool,
}

/// Lines of an index that one page looks through when not all of them are wanted.
const REACH: usize = 5_000;

/// A criterion with fewer lines than this leads; looked for in two steps, since the first is cheaper.
const RARE: [usize; 2] = [1_000, 5_000];

/// Structures of a perimeter searched by one statement.
const TOGETHER: usize = 32;

/// Structures of a perimeter searched each by itself; the lines of more are looked for among all.
const EACH: usize = 200;

const WITHIN: &str =
    "e.structure_id IN (SELECT a.structure_id FROM auditor_structure a WHERE a.person_id = ?)";

/// The latest lines that meet the criteria, up to `size`.
pub async fn search(tx: &mut impl Access, wanted: &Criteria, size: usize) -> Result<Page, StoreError> {
    let rare = rare(tx, wanted).await?;
    let ways = ways(tx, wanted, rare).await?;
    let floor = if rare.is_none() && ways.iter().any(|way| leaves_out(wanted, way)) {
        floor(tx, wanted, &ways, size).await?
    } else {
        None
    };
    let mut ids: Vec<EntryId> = Vec::new();
    for some in ways.chunks(TOGETHER) {
        ids.extend(lines(tx, wanted, some, floor, size + 1).await?);
    }
    ids.sort_unstable_by(|a, b| b.cmp(a));
    let is_full = ids.len() > size;
    ids.truncate(size);
    let next = if is_full { ids.last().copied() } else { floor };
    Ok(Page { stopped: next.is_some() && !is_full, next, ids })
}

/// Of several criteria, one that few lines meet, if there is one: following its index, few lines are read in vain.
async fn rare(tx: &mut impl Access, wanted: &Criteria) -> Result<Option<Leader>, StoreError> {
    let present = Leader::present(wanted);
    match present.first() {
        None => return Ok(None),
        Some((Leader::Mandate, _)) => return Ok(Some(Leader::Mandate)),
        Some(_) if present.len() + usize::from(wanted.perimeter_of.is_some()) < 2 => return Ok(None),
        Some(_) => {}
    }
    let mut sql = Statement::default();
    let range = Range::of(&mut sql, wanted, None);
    let ways: Vec<(Leader, String, String)> = present
        .into_iter()
        .map(|(leader, value)| {
            let way = Way::Led(leader, value);
            (leader, way.condition(&mut sql, &range) + refusals(wanted, &way), way.order())
        })
        .collect();
    // Only the indexes are read, and nothing after the answer.
    let mut arms = Vec::new();
    for limit in RARE {
        for (place, (_, condition, order)) in ways.iter().enumerate() {
            let last = limit - 1;
            arms.push(format!(
                "WHEN (SELECT 1 FROM entry e WHERE {condition} {order} LIMIT 1 OFFSET {last}) IS NULL THEN {place}"
            ));
        }
    }
    sql.text = format!("SELECT CAST(CASE {} END AS BIGINT)", arms.join(" "));
    let place: Vec<Option<i64>> = scalars!(tx, sql)?;
    let place = place.into_iter().flatten().next().and_then(|place| usize::try_from(place).ok());
    Ok(place.and_then(|place| ways.get(place)).map(|(leader, ..)| *leader))
}

/// Of lines by what has an index of refusals, only refusals are followed when they are asked for.
fn refusals(wanted: &Criteria, way: &Way) -> &'static str {
    let has_index = way.leader().is_none_or(Leader::has_refusals);
    if wanted.refused == Some(true) && has_index { " AND e.outcome = 'refused'" } else { "" }
}

/// What is followed: the rare criterion, or the first of those present, or each structure of a perimeter.
async fn ways(tx: &mut impl Access, wanted: &Criteria, rare: Option<Leader>) -> Result<Vec<Way>, StoreError> {
    let present = Leader::present(wanted);
    let leads = present.iter().find(|(leader, _)| rare.is_none_or(|rare| rare == *leader));
    let leads = leads.map(|(leader, value)| Way::Led(*leader, value.clone()));
    let selective = rare.is_some()
        || leads
            .as_ref()
            .and_then(Way::leader)
            .is_some_and(|leader| matches!(leader, Leader::Subject | Leader::Actor | Leader::Structure));
    if let Some(auditor) = wanted.perimeter_of
        && !selective
    {
        let listed = perimeter::listed(tx, auditor).await?;
        if listed.len() <= EACH {
            return Ok(listed.into_iter().map(Way::of).collect());
        }
    }
    Ok(vec![leads.unwrap_or(Way::All)])
}

/// Whether some lines met on this way may not be wanted.
fn leaves_out(wanted: &Criteria, way: &Way) -> bool {
    let others = Leader::present(wanted).into_iter().any(|(leader, _)| Some(leader) != way.leader());
    let outcome = wanted.refused.is_some() && refusals(wanted, way).is_empty();
    !way.is_short() && (others || outcome || wanted.grant_id.is_some() || outer(wanted, way).is_some())
}

/// The auditor whose perimeter this way may leave.
fn outer(wanted: &Criteria, way: &Way) -> Option<PersonId> {
    let listed = way.leader() == Some(Leader::Structure) && wanted.structure_id.is_none();
    wanted.perimeter_of.filter(|_| !listed)
}

/// How far back a page looks: together the ways meet no more lines than [`REACH`]. `None` when they end before.
async fn floor(
    tx: &mut impl Access,
    wanted: &Criteria,
    ways: &[Way],
    size: usize,
) -> Result<Option<EntryId>, StoreError> {
    let each = (REACH / ways.len().max(1)).max(size + 1);
    let mut floor = None;
    for some in ways.chunks(TOGETHER) {
        let mut sql = Statement::default();
        let range = Range::of(&mut sql, wanted, None);
        let lasts: Vec<String> = some
            .iter()
            .enumerate()
            .map(|(at, way)| {
                let condition = way.condition(&mut sql, &range) + refusals(wanted, way);
                let order = way.order();
                let last = each - 1;
                format!("SELECT id FROM (SELECT e.id FROM entry e WHERE {condition} {order} LIMIT 1 OFFSET {last}) b{at}")
            })
            .collect();
        sql.text = lasts.join(" UNION ALL ");
        let lasts: Vec<EntryId> = scalars!(tx, sql)?;
        floor = floor.max(lasts.into_iter().max());
    }
    Ok(floor)
}

/// The first lines wanted of each way, in no order.
async fn lines(
    tx: &mut impl Access,
    wanted: &Criteria,
    ways: &[Way],
    floor: Option<EntryId>,
    limit: usize,
) -> Result<Vec<EntryId>, StoreError> {
    let mut sql = Statement::default();
    let range = Range::of(&mut sql, wanted, floor);
    let limit = sql.bind(Value::Number(i64::try_from(limit).unwrap_or(i64::MAX)));
    let each: Vec<String> = ways
        .iter()
        .enumerate()
        .map(|(at, way)| {
            let mut conditions = vec![way.condition(&mut sql, &range)];
            conditions.extend(rest(&mut sql, wanted, way));
            let (conditions, order) = (conditions.join(" AND "), way.order());
            format!(
                "SELECT id FROM (SELECT e.id FROM entry e WHERE {conditions} {order} LIMIT {limit}) b{at}"
            )
        })
        .collect();
    sql.text = each.join(" UNION ALL ");
    scalars!(tx, sql)
}

/// The conditions that do not lead, written so that neither engine follows their index, nor guesses that they leave next to
/// nothing.
fn rest(sql: &mut Statement, wanted: &Criteria, way: &Way) -> Vec<String> {
    let mut rest = Vec::new();
    if let Some(from) = wanted.from {
        rest.push(format!("e.at >= {}", sql.bind(Value::At(from))));
    }
    if let Some(until) = wanted.until {
        rest.push(format!("e.at < {}", sql.bind(Value::At(until))));
    }
    let others = Leader::present(wanted).into_iter().filter(|(leader, _)| Some(*leader) != way.leader());
    let others = others.map(|(leader, value)| (leader.column(), value));
    let grant = wanted.grant_id.map(|grant| ("grant_id", Value::Id(grant.uuid())));
    for (column, value) in others.chain(grant) {
        rest.push(format!("CASE WHEN e.{column} = {} THEN TRUE ELSE FALSE END", sql.bind(value)));
    }
    // The outcome is written out: a partial index is only found by a condition that names it.
    rest.extend(wanted.refused.map(|refused| {
        let outcome = if refused { "refused" } else { "done" };
        format!("e.outcome = '{outcome}'")
    }));
    if let Some(auditor) = outer(wanted, way) {
        let within = WITHIN.replace('?', &sql.bind(Value::Id(auditor.uuid())));
        rest.push(format!("CASE WHEN {within} THEN TRUE ELSE FALSE END"));
    }
    rest
}
