//! An auditor looks into one finding, as far as it has come, and marks it. A mark holds for what its author saw, and no
//! longer than that; it stays beside those of others.
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::ids::StructureId;
use crate::domain::mandate::first_instant;
use crate::domain::misuse::{Detector, FORGOTTEN_AFTER, Finding, UNUSED_AFTER};
use crate::domain::person::PersonName;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::log::pseudonym::Pseudonym;
use crate::store::misuse::Among;
use crate::store::person::name_place;
use crate::store::review::{self, NewReview, ReviewRow};
use crate::store::{StoreError, auditor};
use crate::{transact, view};

use super::App;
use super::caller::SignedIn;
use super::detect_misuse::{Structures, among, key, signed, unused, watched};
use super::outside_perimeter::{self, Tried};
use super::record;
use super::search_log::{AuditError, perimeter};

/// Somebody looked into a finding.
#[derive(Clone, Debug)]
pub struct Review {
    pub by: String,
    pub at: Timestamp,
    pub note: String,
    /// How many there were then, if it is known.
    pub count: Option<i64>,
}

/// A finding as the auditor sees it.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Tells this finding from any other, whatever days are looked at.
    pub id: String,
    pub finding: Finding,
    pub structure_name: String,
    /// IANA name of the zone of the structure.
    pub time_zone: String,
    pub aidant: Option<Pseudonym>,
    /// Everybody's marks, the oldest first.
    pub reviews: Vec<Review>,
    /// Whether somebody has looked into it as far as it has come.
    pub is_reviewed: bool,
}

/// What became of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    Done,
    /// Somebody else marked it, and their note was not read.
    Overtaken,
}

/// Whether one of these marks was made of all there is now.
pub(super) fn is_seen(finding: &Finding, marks: &[ReviewRow]) -> bool {
    let count = i64::try_from(finding.count).unwrap_or(i64::MAX);
    marks
        .iter()
        .any(|mark| mark.seen_until >= finding.until && mark.seen_count.is_none_or(|seen| seen >= count))
}

pub(super) fn tell(
    app: &App,
    finding: Finding,
    marks: Vec<ReviewRow>,
    structures: &Structures,
) -> Result<Alert, AuditError> {
    let is_reviewed = is_seen(&finding, &marks);
    let review = |row: ReviewRow| {
        let name: PersonName = app.sealer.open_json(name_place(&row.person_id), &row.name_sealed)?;
        let note = app.sealer.open_text(review::note_place(&row.finding), &row.note_sealed)?;
        Ok::<_, AuditError>(Review { by: name.full(), at: row.reviewed_at, note, count: row.seen_count })
    };
    let zone = structures.zones.get(&finding.structure).and_then(TimeZone::iana_name);
    Ok(Alert {
        id: key(&finding),
        structure_name: structures.names.get(&finding.structure).cloned().unwrap_or_default(),
        time_zone: zone.unwrap_or("UTC").to_owned(),
        aidant: Pseudonym::from_slice(&finding.actor).ok(),
        reviews: marks.into_iter().map(review).collect::<Result<_, _>>()?,
        is_reviewed,
        finding,
    })
}

/// The finding of this id, read again from the lines it is about and no others; `None` outside the caller's perimeter.
async fn find(app: &App, who: &SignedIn, id: &str) -> Result<Option<Alert>, AuditError> {
    let mut pieces = id.splitn(4, ':');
    let detector = pieces.next().and_then(|name| Detector::ALL.into_iter().find(|one| one.name() == name));
    let structure = pieces.next().and_then(|id| id.parse::<StructureId>().ok());
    let (Some(detector), Some(structure), Some(of)) = (detector, structure, pieces.nth(1)) else {
        return Ok(None);
    };
    let (perimeter_of, is_within) = view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        Ok::<_, AuditError>((perimeter_of, auditor::is_within(tx, structure, perimeter_of).await?))
    })?;
    if !is_within {
        return Ok(None);
    }
    // Two people at once may be in two structures.
    let read = if detector == Detector::MixUp { among(perimeter_of) } else { Among::Structure(structure) };
    let structures = Structures::of(app, read).await?;
    let zone = structures.zones.get(&structure).cloned().unwrap_or(TimeZone::UTC);
    let found = match detector {
        Detector::SameName | Detector::UsedAndRevoked => signed(app, of).await?,
        Detector::Unused => match span(&format!("{of}-01"), 1.month(), &zone) {
            Some((from, _)) => unused(app, read, &structures, (from + UNUSED_AFTER, app.now())).await?,
            None => Vec::new(),
        },
        _ => match span(of.rsplit('.').next().unwrap_or(of), 1.day(), &zone) {
            Some((from, until)) => watched(app, read, &structures, (from - FORGOTTEN_AFTER, until)).await?,
            None => Vec::new(),
        },
    };
    let Some(finding) = found.into_iter().find(|finding| key(finding) == id) else { return Ok(None) };
    let marks = view!(app.store, tx => { review::of(tx, &[id.to_owned()]).await })?;
    Ok(Some(tell(app, finding, marks, &structures)?))
}

/// From the first instant of a day to that of the day so much later.
fn span(day: &str, length: jiff::Span, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let day: Date = day.parse().ok()?;
    let end = day.checked_add(length).ok()?;
    Some((first_instant(day, zone).ok()?, first_instant(end, zone).ok()?))
}

/// Shows the finding of this id. That it was looked at is an entry; so is that it was not theirs to see.
pub async fn one(app: &App, who: &SignedIn, id: &str) -> Result<Alert, AuditError> {
    let Some(alert) = find(app, who, id).await? else {
        outside_perimeter::refuse(app, who, Kind::LogSearched, Tried::Finding(id)).await?;
        return Err(AuditError::NotFound);
    };
    let asked = Draft::done(Kind::LogSearched)
        .by(who.person_id, Role::Auditor)
        .structure(alert.finding.structure)
        .fact("what", "alert")
        .fact("finding", alert.id.as_str());
    record::append(app, asked).await?;
    Ok(alert)
}

/// Marks a finding as looked into: who, when, what they saw of it and what they say. `read`: how many marks of others
/// they have read.
pub async fn review(
    app: &App,
    who: &SignedIn,
    id: &str,
    read: usize,
    note: &str,
) -> Result<Marked, AuditError> {
    let Some(alert) = find(app, who, id).await? else {
        outside_perimeter::refuse(app, who, Kind::LogAlertReviewed, Tried::Finding(id)).await?;
        return Err(AuditError::NotFound);
    };
    let now = app.now();
    let note_sealed = app.sealer.seal_text(review::note_place(id), note)?;
    let count = i64::try_from(alert.finding.count).unwrap_or(i64::MAX);
    transact!(app.store, "review_alert", tx => {
        if review::of(tx, &[id.to_owned()]).await?.len() != read {
            return Ok(Marked::Overtaken);
        }
        let draft = Draft::done(Kind::LogAlertReviewed)
            .by(who.person_id, Role::Auditor)
            .structure(alert.finding.structure)
            .fact("finding", id)
            .fact("count", count)
            .fact("until", alert.finding.until)
            .part(PartKind::Details, serde_json::json!({ "note": note }));
        let entry = record::record(app, tx, draft).await?.id;
        let number = i64::try_from(read).unwrap_or(i64::MAX).saturating_add(1);
        let (by, seen) = ((who.person_id, now), (count, alert.finding.until));
        let mark = NewReview { finding: id, number, by, note_sealed: &note_sealed, entry, seen };
        if !review::mark(tx, &mark).await? {
            return Err(StoreError::Overtaken.into());
        }
        Ok::<_, AuditError>(Marked::Done)
    })
}
