//! What deserves an auditor's look, read from the lines of some days by the rules of [`crate::domain::misuse`]. Nothing is
//! kept but the marks that somebody has looked: the findings are always those of the log itself.
use std::cmp::Reverse;
use std::collections::HashMap;

use data_encoding::BASE64URL_NOPAD;
use jiff::tz::TimeZone;
use time::Duration;

use crate::domain::ids::{EntryId, PersonId, StructureId, first_id};
use crate::domain::mandate::{first_instant, local_day};
use crate::domain::misuse::{
    self as rules, Act, Detector, Finding, Signal, Signature, UNUSED_AFTER, Unused, Watch,
};
use crate::domain::person::PersonName;
use crate::domain::search::fold;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::entry::{Leaf, Outcome};
use crate::log::kind::{Kind, Role};
use crate::store::misuse::{self, Among, SignalRow, SignedRow};
use crate::store::person::name_place;
use crate::store::review::{self, ReviewRow};
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::choose_user;
use super::record;
use super::review_alert::{self, Alert};
use super::search_log::{AuditError, perimeter};

/// Lines read at once.
const CHUNK: i64 = 2_000;
/// Findings told at once: a page with more is not read.
pub const TOLD: usize = 200;
/// The longest local day.
const DAY: Duration = Duration::hours(25);

/// What the days held.
#[derive(Debug)]
pub struct Report {
    /// Those nobody has looked into first, then the latest first.
    pub alerts: Vec<Alert>,
    /// How many more there are.
    pub more: usize,
}

/// The structures whose lines are read.
#[derive(Debug, Default)]
pub(super) struct Structures {
    pub zones: HashMap<StructureId, TimeZone>,
    pub names: HashMap<StructureId, String>,
}

impl Structures {
    pub(super) async fn of(app: &App, among: Among) -> Result<Self, AuditError> {
        let mut all = Self::default();
        for (id, zone, name) in view!(app.store, tx => { misuse::zones(tx, among).await })? {
            all.zones.insert(id, TimeZone::get(&zone).unwrap_or(TimeZone::UTC));
            all.names.insert(id, name);
        }
        Ok(all)
    }
}

/// Whose lines an auditor may read.
pub(super) fn among(perimeter_of: Option<PersonId>) -> Among {
    perimeter_of.map_or(Among::Everywhere, Among::Listed)
}

/// Looks for misuse in the lines of a span, within the caller's perimeter.
pub async fn detect(
    app: &App,
    who: &SignedIn,
    (from, until): (Timestamp, Timestamp),
) -> Result<Report, AuditError> {
    let asked = Draft::done(Kind::LogSearched)
        .by(who.person_id, Role::Auditor)
        .fact("what", "alerts")
        .fact("from", from)
        .fact("until", until);
    record::append(app, asked).await?;
    let perimeter_of = view!(app.store, tx => { perimeter(tx, who.person_id).await })?;
    let (findings, structures) = findings(app, among(perimeter_of), (from, until)).await?;
    let ids: Vec<String> = findings.iter().map(key).collect();
    let mut marks: HashMap<String, Vec<ReviewRow>> = HashMap::new();
    for row in view!(app.store, tx => { review::of(tx, &ids).await })? {
        marks.entry(row.finding.clone()).or_default().push(row);
    }
    let mut found: Vec<(Finding, Vec<ReviewRow>)> = findings
        .into_iter()
        .zip(&ids)
        .map(|(finding, id)| (finding, marks.remove(id).unwrap_or_default()))
        .collect();
    found.sort_by_key(|(finding, marks)| (review_alert::is_seen(finding, marks), Reverse(finding.since)));
    let more = found.len().saturating_sub(TOLD);
    found.truncate(TOLD);
    let tell =
        |(finding, marks): (Finding, Vec<ReviewRow>)| review_alert::tell(app, finding, marks, &structures);
    Ok(Report { alerts: found.into_iter().map(tell).collect::<Result<_, _>>()?, more })
}

/// What the rules find in a span, and the structures read.
pub(super) async fn findings(
    app: &App,
    among: Among,
    (from, until): (Timestamp, Timestamp),
) -> Result<(Vec<Finding>, Structures), AuditError> {
    let structures = Structures::of(app, among).await?;
    // Whole days of every structure, so that nothing is counted less at the edges.
    let mut found = watched(app, among, &structures, (from - DAY, until + DAY)).await?;
    found.retain(|one| from <= one.until && one.since < until);
    found.extend(signatures(app, among, (from, until)).await?);
    found.extend(unused(app, among, &structures, (from, until)).await?);
    Ok((found, structures))
}

/// What the rules find in the lines of a span, in their order.
pub(super) async fn watched(
    app: &App,
    among: Among,
    structures: &Structures,
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<Finding>, AuditError> {
    let mut watch = Watch::new(structures.zones.clone());
    // Day after day: what is read at once is put in order first.
    let (mut after, mut end) = (before(from), from);
    while end < until {
        end = (end + DAY).min(until);
        loop {
            let rows =
                view!(app.store, tx => { misuse::signals(tx, &KINDS, (after, end), among, CHUNK).await })?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            rows.into_iter().filter_map(signal).for_each(|signal| watch.see(&signal));
        }
        after = after.max(before(end));
    }
    Ok(watch.findings())
}

/// Mandates that had their time to be used when these days came, in the whole months in which they were signed.
pub(super) async fn unused(
    app: &App,
    among: Among,
    structures: &Structures,
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<Finding>, AuditError> {
    let now = until.min(app.now());
    let mut unused = Unused::new(structures.zones.clone(), from, now);
    // The month begins at another instant in each zone: that of the first of them is early enough.
    let first = from - UNUSED_AFTER;
    let month = local_day(first - DAY, &TimeZone::UTC).ok().map(jiff::civil::Date::first_of_month);
    let month = month.and_then(|day| first_instant(day, &TimeZone::UTC).ok()).unwrap_or(first);
    // To the microsecond: a signature exactly that old has had its time.
    let end = now - UNUSED_AFTER + Duration::milliseconds(1);
    let mut after = before(month - DAY);
    loop {
        let rows = view!(app.store, tx => { misuse::used(tx, (after, end), among, CHUNK).await })?;
        let Some(last) = rows.last() else { return Ok(unused.findings()) };
        after = last.id;
        for row in rows {
            unused.see((row.structure_id, row.actor), row.at, row.used_at);
        }
    }
}

/// The lines that the rules read, with their outcome.
const KINDS: [(&str, &str); 4] = [
    ("use.opened", "done"),
    ("use.ended", "done"),
    ("mandate.signed", "done"),
    ("card.code_refused", "refused"),
];

/// Just before the ids of an instant.
fn before(at: Timestamp) -> EntryId {
    let first = first_id(at).as_u128();
    EntryId::from_uuid(uuid::Uuid::from_u128(first.saturating_sub(1)))
}

fn signal(row: SignalRow) -> Option<Signal> {
    let SignalRow { at, structure_id: structure, subject, .. } = row;
    let (act, actor) = match row.kind.as_str() {
        "use.opened" => (Act::Opened { use_id: row.use_id? }, row.actor?),
        "use.ended" => (Act::Ended { use_id: row.use_id? }, row.actor.unwrap_or_default()),
        "mandate.signed" => (Act::Signed, row.actor?),
        // Nobody acted: it is about who was at work.
        _ => {
            let leaf = Leaf::decode(row.refused.as_deref()?).ok()?;
            let is_wrong =
                matches!(&leaf.outcome, Outcome::Refused(reason) if reason.as_str() == "code_wrong");
            (Act::CodeRefused, leaf.about().filter(|_| is_wrong)?.bytes().to_vec())
        }
    };
    Some(Signal { at, structure, actor, subject, act })
}

/// What the signatures of a span tell, each by itself.
async fn signatures(
    app: &App,
    among: Among,
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<Finding>, AuditError> {
    let (mut found, mut after) = (Vec::new(), before(from));
    loop {
        let rows = view!(app.store, tx => { misuse::signed(tx, (after, until), among, CHUNK).await })?;
        let Some(last) = rows.last() else { return Ok(found) };
        after = last.entry_id;
        for row in &rows {
            found.extend(rules::told(&signature(app, row)?));
        }
    }
}

/// What the signature of one mandate tells.
pub(super) async fn signed(app: &App, reference: &str) -> Result<Vec<Finding>, AuditError> {
    let row = view!(app.store, tx => { misuse::signed_one(tx, reference).await })?;
    row.map_or(Ok(Vec::new()), |row| Ok(rules::told(&signature(app, &row)?)))
}

fn signature(app: &App, row: &SignedRow) -> Result<Signature, AuditError> {
    Ok(Signature {
        at: row.signed_at,
        structure: row.structure_id,
        actor: row.actor.clone(),
        reference: row.reference.clone(),
        used_at: row.used_at,
        ended_at: row.ended_at,
        same_name: same_name(app, row)?,
    })
}

/// Whether aidant and user bear one family name, at birth or in use. Names are opened here and go no further.
fn same_name(app: &App, row: &SignedRow) -> Result<bool, AuditError> {
    let aidant: PersonName = app.sealer.open_json(name_place(&row.person_id), &row.name_sealed)?;
    let user = choose_user::identity(app, row.user_id, &row.identity_sealed)?;
    let aidant = fold(&aidant.family);
    Ok(aidant == fold(&user.family_name) || aidant == fold(user.usual_family_name()))
}

/// Tells a finding from any other, whatever days are looked at.
pub(super) fn key(finding: &Finding) -> String {
    let Finding { detector, structure, actor, key, .. } = finding;
    format!("{}:{structure}:{}:{key}", detector.name(), BASE64URL_NOPAD.encode(actor))
}

/// Whether a text begins as the name of a finding does, so that it was not made up.
pub(super) fn may_be_key(text: &str) -> bool {
    let mut fields = text.split(':');
    let detector = fields.next().is_some_and(|field| Detector::ALL.iter().any(|one| one.name() == field));
    detector && fields.next().is_some_and(|field| field.parse::<StructureId>().is_ok())
}
