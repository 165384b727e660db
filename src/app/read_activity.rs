//! What a structure or an aidant did in some days, counted from the log.
use std::collections::BTreeMap;

use time::Duration;

use crate::domain::ids::StructureId;
use crate::domain::time::{DEFAULT_ZONE, Timestamp};
use crate::log::entry::{Leaf, Outcome};
use crate::log::kind::Kind;
use crate::log::pseudonym::Pseudonym;
use crate::store::activity::{self, SignedRow, Whose};
use crate::store::auditor;
use crate::store::misuse::{self, Among};
use crate::store::search::Column;
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::outside_perimeter::{self, Tried};
use super::record;
use super::search_log::{self, AuditError, Domain, Named, Wanted, entry, perimeter};
use super::unmask::{self, Names};

/// Refusals whose reasons are read, and signatures looked at: the latest.
pub const LOOKED_AT: usize = 5_000;

/// Whose activity.
#[derive(Clone, Debug)]
pub enum Subject {
    Structure(StructureId),
    Aidant(Pseudonym),
}

/// Lines of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub start: Timestamp,
    pub done: i64,
    pub refused: i64,
    /// Services opened.
    pub opened: i64,
    /// Mandates signed.
    pub signed: i64,
}

/// How long after its signature a mandate was first used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstUse {
    pub within_ten_minutes: i64,
    pub within_an_hour: i64,
    pub within_a_day: i64,
    pub within_a_week: i64,
    pub later: i64,
    pub not_yet: i64,
}

/// Counted from the log.
#[derive(Debug)]
pub struct Activity {
    /// Name of the structure; empty for an aidant.
    pub name: String,
    pub names: Names,
    pub days: Vec<Day>,
    pub domains: Vec<(Domain, i64)>,
    /// Kind, reason, how many; the most frequent first.
    pub refusals: Vec<(Kind, String, i64)>,
    pub first_use: FirstUse,
    /// People for whom services were opened.
    pub users: i64,
    /// Whether there were more refusals or signatures than are looked at.
    pub is_cut: bool,
}

/// Lines that tell of no work: what auditors looked at, and the count of each day.
fn is_of_the_log(kind: &str) -> bool {
    kind.starts_with("log.") || kind == Kind::ActivityCounted.token()
}

/// The time zone in which a structure works; that of pages when nobody knows it.
pub async fn time_zone(app: &App, structure: StructureId) -> Result<String, AuditError> {
    let found = view!(app.store, tx => { misuse::zones(tx, Among::Structure(structure)).await })?;
    Ok(found.into_iter().next().map_or_else(|| DEFAULT_ZONE.to_owned(), |(_, zone, _)| zone))
}

/// Reads the activity of `subject`. `days`: the first instant of each day, and the end of the last one.
pub async fn read(
    app: &App,
    who: &SignedIn,
    subject: &Subject,
    days: &[Timestamp],
) -> Result<Activity, AuditError> {
    let (Some(from), Some(until)) = (days.first().copied(), days.last().copied()) else {
        return Err(AuditError::NotFound);
    };
    let found = view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        Ok::<_, AuditError>(match subject {
            Subject::Structure(id) => {
                let listed = auditor::is_within(tx, *id, perimeter_of).await?;
                listed.then_some(Whose::Structure(*id))
            }
            Subject::Aidant(pseudonym) => {
                let known = search_log::whose(tx, Column::Actor, &pseudonym.to_string(), perimeter_of).await?;
                let pseudonym = pseudonym.bytes().to_vec();
                (known != search_log::Whose::Nobody).then_some(Whose::Actor { pseudonym, perimeter_of })
            }
        })
    })?;
    let Some(whose) = found else {
        let tried = match subject {
            Subject::Structure(id) => Tried::Structure(*id),
            Subject::Aidant(pseudonym) => Tried::Aidant(pseudonym),
        };
        outside_perimeter::refuse(app, who, Kind::LogSearched, tried).await?;
        return Err(AuditError::NotFound);
    };
    let mut wanted = Wanted { from: Some(from), until: Some(until), ..Wanted::default() };
    let mut named = Named::default();
    match subject {
        Subject::Structure(id) => wanted.structure_id = Some(*id),
        Subject::Aidant(pseudonym) => {
            wanted.aidant = Some(pseudonym.to_string());
            named.aidant = Some(pseudonym.clone());
        }
    }
    record::append(app, entry(Kind::LogSearched, who, &wanted, &named).fact("what", "activity")).await?;
    view!(app.store, tx => {
        let (name, names) = match subject {
            Subject::Structure(id) => (auditor::structure_name(tx, *id).await?.unwrap_or_default(), Names::default()),
            Subject::Aidant(pseudonym) => (String::new(), unmask::of_aidant(app, tx, who, pseudonym).await?),
        };
        let mut counted = Vec::with_capacity(days.len());
        for (start, end) in days.iter().zip(days.iter().skip(1)) {
            counted.push(day(*start, &activity::counts(tx, &whose, (*start, *end)).await?));
        }
        let span = (from, until);
        let labels = auditor::all_domains(tx).await?;
        let refusals = activity::refusals(tx, &whose, span, None, LOOKED_AT + 1).await?;
        let signatures = activity::signatures(tx, &whose, span, LOOKED_AT + 1).await?;
        let is_cut = refusals.len().max(signatures.len()) > LOOKED_AT;
        let named = |(key, uses): (String, i64)| Some((labels.iter().find(|row| row.key == key)?.clone(), uses));
        Ok::<_, AuditError>(Activity {
            name,
            names,
            days: counted,
            domains: activity::domains(tx, &whose, span).await?.into_iter().filter_map(named).collect(),
            refusals: reasons(refusals.iter().take(LOOKED_AT)),
            first_use: first_use(signatures.iter().take(LOOKED_AT)),
            users: activity::users(tx, &whose, span).await?,
            is_cut,
        })
    })
}

fn day(start: Timestamp, rows: &[activity::CountRow]) -> Day {
    let sum = |keep: &dyn Fn(&activity::CountRow) -> bool| {
        rows.iter().filter(|row| !is_of_the_log(&row.kind) && keep(row)).map(|row| row.lines).sum::<i64>()
    };
    let of = |kind: Kind| sum(&|row| row.outcome == "done" && row.kind == kind.token());
    Day {
        start,
        done: sum(&|row| row.outcome == "done"),
        refused: sum(&|row| row.outcome == "refused"),
        opened: of(Kind::UseOpened),
        signed: of(Kind::MandateSigned),
    }
}

fn reasons<'a>(leaves: impl Iterator<Item = &'a Vec<u8>>) -> Vec<(Kind, String, i64)> {
    let mut counted: BTreeMap<(&'static str, String), (Kind, i64)> = BTreeMap::new();
    for leaf in leaves.filter_map(|bytes| Leaf::decode(bytes).ok()) {
        if let Outcome::Refused(reason) = leaf.outcome
            && !is_of_the_log(leaf.kind.token())
        {
            counted.entry((leaf.kind.token(), reason.to_string())).or_insert((leaf.kind, 0)).1 += 1;
        }
    }
    let mut listed: Vec<_> =
        counted.into_iter().map(|((_, reason), (kind, lines))| (kind, reason, lines)).collect();
    listed.sort_by_key(|(_, _, lines)| -lines);
    listed
}

fn first_use<'a>(rows: impl Iterator<Item = &'a SignedRow>) -> FirstUse {
    let mut counted = FirstUse::default();
    for row in rows {
        let place = match row.used_at.map(|used| used.since(row.signed_at)) {
            None => &mut counted.not_yet,
            Some(after) if after < Duration::minutes(10) => &mut counted.within_ten_minutes,
            Some(after) if after < Duration::hours(1) => &mut counted.within_an_hour,
            Some(after) if after < Duration::days(1) => &mut counted.within_a_day,
            Some(after) if after < Duration::days(7) => &mut counted.within_a_week,
            Some(_) => &mut counted.later,
        };
        *place += 1;
    }
    counted
}
