//! Search in the log: which lines meet an auditor's criteria, by keyset, and whom a pseudonym stands for.
//!
//! Only the ids are searched for; the lines of one page are read afterwards. Ids begin with the millisecond of the
//! act, so that a range of time is a range of every index, and an index that ends with the id gives a page in order.
//!
//! One criterion leads: its index is followed backwards, and each line met is held against the others, which lie beside it
//! in that index. However long the log is, a page looks through so many lines and no more: where few of them are wanted,
//! another criterion leads if it has few lines at all, or the page is given as far as it got.
#[macro_use]
mod statement;
mod people;
#[cfg(test)]
mod tests;
mod way;

use super::{Access, StoreError, perimeter};
use crate::domain::ids::{EntryId, GrantId, MandateId, PersonId, ServiceId, StructureId};
use crate::domain::time::Timestamp;
pub use people::{Column, next_pseudonym, users_of_identity};
use statement::{Statement, Value};
pub(super) use way::beside;
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

/// Lines that a page looks through in the indexes of all structures of a perimeter together: the busiest of them ends the
/// page.
const REACH_TOGETHER: usize = 50_000;

/// Structures of a perimeter searched by one statement.
const TOGETHER: usize = 32;

/// Structures of a perimeter searched each by itself; the lines of more are looked for among all.
const EACH: usize = 200;

const WITHIN: &str =
    "e.structure_id IN (SELECT a.structure_id FROM auditor_structure a WHERE a.person_id = ?)";

/// The latest lines that meet the criteria, up to `size`.
pub async fn search(tx: &mut impl Access, wanted: &Criteria, size: usize) -> Result<Page, StoreError> {
    let ways = ways(tx, wanted).await?;
    let (mut ids, mut floor) = looked_through(tx, wanted, &ways, size).await?;
    if floor.is_some()
        && ids.len() <= size
        && let Some(rare) = rare(tx, wanted, &ways).await?
    {
        (ids, floor) = (lines(tx, wanted, &[rare], REACH, size + 1).await?, None);
    }
    ids.sort_unstable_by(|a, b| b.cmp(a));
    let is_full = ids.len() > size;
    ids.truncate(size);
    let next = if is_full { ids.last().copied() } else { floor };
    Ok(Page { stopped: next.is_some() && ids.len() < size, next, ids })
}

/// What the first lines of these ways hold that is wanted, in no order, and how far back that is: `None` when everything was
/// looked through, or when more than a page was found before.
async fn looked_through(
    tx: &mut impl Access,
    wanted: &Criteria,
    ways: &[Way],
    size: usize,
) -> Result<(Vec<EntryId>, Option<EntryId>), StoreError> {
    let each = if ways.len() > 1 { REACH_TOGETHER / ways.len() } else { REACH };
    let each = each.max(size + 1);
    let mut ids: Vec<EntryId> = Vec::new();
    for some in ways.chunks(TOGETHER) {
        ids.extend(lines(tx, wanted, some, each, size + 1).await?);
    }
    let found = ways.len() == 1 && ids.len() > size;
    if found || !ways.iter().any(|way| leaves_out(wanted, way)) {
        return Ok((ids, None));
    }
    let floor = floor(tx, wanted, ways, each).await?;
    // Below it, another way may hold lines not met yet.
    ids.retain(|id| floor.is_none_or(|floor| *id >= floor));
    Ok((ids, floor))
}

/// Of the criteria not followed, one that fewer lines meet than a page looks through: all of them can be.
async fn rare(tx: &mut impl Access, wanted: &Criteria, ways: &[Way]) -> Result<Option<Way>, StoreError> {
    let mut sql = Statement::default();
    let range = Range::of(&mut sql, wanted);
    let mut others = Leader::present(wanted);
    others.retain(|(leader, _)| ways.iter().all(|way| way.leader() != Some(*leader)));
    let others: Vec<Way> = others.into_iter().map(|(leader, value)| Way::Led(leader, value)).collect();
    if others.is_empty() {
        return Ok(None);
    }
    // Only the indexes are read, and nothing after the answer.
    let arms: Vec<String> = others
        .iter()
        .enumerate()
        .map(|(place, way)| {
            let met = met(&mut sql, wanted, way, &range);
            format!("WHEN (SELECT 1 {met} LIMIT 1 OFFSET {REACH}) IS NULL THEN {place}")
        })
        .collect();
    sql.text = format!("SELECT CAST(CASE {} END AS BIGINT)", arms.join(" "));
    let place: Vec<Option<i64>> = scalars!(tx, sql)?;
    let place = place.into_iter().flatten().next().and_then(|place| usize::try_from(place).ok());
    Ok(place.and_then(|place| others.into_iter().nth(place)))
}

/// Of lines by what has an index of refusals, only refusals are followed when they are asked for.
fn refusals(wanted: &Criteria, way: &Way) -> &'static str {
    let has_index = way.leader().is_none_or(Leader::has_refusals);
    if wanted.refused == Some(true) && has_index { " AND e.outcome = 'refused'" } else { "" }
}

/// The lines met on a way, in its order.
fn met(sql: &mut Statement, wanted: &Criteria, way: &Way, range: &Range) -> String {
    let (condition, order) = (way.condition(sql, range), way.order());
    format!("FROM entry e WHERE {condition}{} {order}", refusals(wanted, way))
}

/// What is followed: the first criterion of those present, or each structure of a perimeter.
async fn ways(tx: &mut impl Access, wanted: &Criteria) -> Result<Vec<Way>, StoreError> {
    let first = Leader::present(wanted).into_iter().next();
    let selective = first.as_ref().is_some_and(|(leader, _)| {
        matches!(leader, Leader::Mandate | Leader::Subject | Leader::Actor | Leader::Structure)
    });
    if let Some(auditor) = wanted.perimeter_of
        && !selective
    {
        let listed = perimeter::listed(tx, auditor).await?;
        if listed.len() <= EACH {
            return Ok(listed.into_iter().map(Way::of).collect());
        }
    }
    Ok(vec![first.map_or(Way::All, |(leader, value)| Way::Led(leader, value))])
}

/// Whether some lines met on this way may not be wanted.
fn leaves_out(wanted: &Criteria, way: &Way) -> bool {
    let others = Leader::present(wanted).into_iter().any(|(leader, _)| Some(leader) != way.leader());
    let outcome = wanted.refused.is_some() && refusals(wanted, way).is_empty();
    // Ids near its ends may be of lines outside a period.
    let period = wanted.from.is_some() || wanted.until.is_some();
    !way.is_short()
        && (others || outcome || period || wanted.grant_id.is_some() || outer(wanted, way).is_some())
}

/// The auditor whose perimeter this way may leave.
fn outer(wanted: &Criteria, way: &Way) -> Option<PersonId> {
    let listed = way.leader() == Some(Leader::Structure) && wanted.structure_id.is_none();
    wanted.perimeter_of.filter(|_| !listed)
}

/// How far back `each` lines of every way go, the nearest; `None` when all of them end before.
async fn floor(
    tx: &mut impl Access,
    wanted: &Criteria,
    ways: &[Way],
    each: usize,
) -> Result<Option<EntryId>, StoreError> {
    let mut floor = None;
    for some in ways.chunks(TOGETHER) {
        let mut sql = Statement::default();
        let range = Range::of(&mut sql, wanted);
        let lasts: Vec<String> = some
            .iter()
            .enumerate()
            .map(|(at, way)| {
                let (met, last) = (met(&mut sql, wanted, way, &range), each - 1);
                format!("SELECT id FROM (SELECT e.id {met} LIMIT 1 OFFSET {last}) b{at}")
            })
            .collect();
        sql.text = lasts.join(" UNION ALL ");
        let lasts: Vec<EntryId> = scalars!(tx, sql)?;
        floor = floor.max(lasts.into_iter().max());
    }
    Ok(floor)
}

/// Up to `limit` lines wanted of the first `each` of each way, in no order.
async fn lines(
    tx: &mut impl Access,
    wanted: &Criteria,
    ways: &[Way],
    each: usize,
    limit: usize,
) -> Result<Vec<EntryId>, StoreError> {
    let sql = statement_of(wanted, ways, each, limit);
    scalars!(tx, sql)
}

/// The bound within keeps either engine from following another index, and from guessing that next to nothing meets the rest.
fn statement_of(wanted: &Criteria, ways: &[Way], each: usize, limit: usize) -> Statement {
    let mut sql = Statement::default();
    let range = Range::of(&mut sql, wanted);
    let selects: Vec<String> = ways
        .iter()
        .enumerate()
        .map(|(at, way)| {
            let (met, rest) = (met(&mut sql, wanted, way, &range), rest(&mut sql, wanted, way));
            let within = if way.is_short() { i64::MAX } else { i64::try_from(each).unwrap_or(i64::MAX) };
            format!(
                "SELECT id FROM (SELECT id FROM (SELECT e.id, {rest} AS meets {met} LIMIT {within}) a{at} \
                 WHERE meets LIMIT {limit}) b{at}"
            )
        })
        .collect();
    sql.text = selects.join(" UNION ALL ");
    sql
}

/// The conditions that do not lead, of columns in the index that is followed: nothing else is read.
fn rest(sql: &mut Statement, wanted: &Criteria, way: &Way) -> String {
    let mut rest = vec!["TRUE".to_owned()];
    rest.extend(wanted.from.map(|from| format!("e.at >= {}", sql.bind(Value::At(from)))));
    rest.extend(wanted.until.map(|until| format!("e.at < {}", sql.bind(Value::At(until)))));
    let others = Leader::present(wanted).into_iter().filter(|(leader, _)| Some(*leader) != way.leader());
    let others = others.map(|(leader, value)| (leader.column(), value));
    let grant = wanted.grant_id.map(|grant| ("grant_id", Value::Id(grant.uuid())));
    rest.extend(others.chain(grant).map(|(column, value)| format!("e.{column} = {}", sql.bind(value))));
    rest.extend(wanted.refused.map(|refused| {
        let outcome = if refused { "refused" } else { "done" };
        format!("e.outcome = '{outcome}'")
    }));
    rest.extend(outer(wanted, way).map(|auditor| WITHIN.replace('?', &sql.bind(Value::Id(auditor.uuid())))));
    rest.join(" AND ")
}
