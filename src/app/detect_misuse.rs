//! What deserves an auditor's look, read from the lines of some days by the rules of [`crate::domain::misuse`], and the
//! mark that somebody has looked. Nothing is kept but the marks: the findings are always those of the log itself.
use std::collections::HashMap;

use data_encoding::BASE64URL_NOPAD;
use jiff::tz::TimeZone;

use crate::domain::ids::{EntryId, PersonId, StructureId, first_id};
use crate::domain::misuse::{Act, Detector, Finding, Signal, Signature, Signatures, UNUSED_AFTER, Watch};
use crate::domain::person::PersonName;
use crate::domain::search::fold;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::entry::{Leaf, Outcome};
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::log::pseudonym::Pseudonym;
use crate::store::misuse::{self, SignalRow, SignedRow};
use crate::store::person::name_place;
use crate::{transact, view};

use super::App;
use super::caller::SignedIn;
use super::choose_user;
use super::record;
use super::search_log::{AuditError, perimeter};

/// Lines read at once.
const CHUNK: i64 = 2_000;
/// Findings told at once: a page with more is not read.
pub const TOLD: usize = 200;

/// Somebody looked into a finding.
#[derive(Clone, Debug)]
pub struct Review {
    pub by: String,
    pub at: Timestamp,
    pub note: String,
}

/// A finding as the auditor sees it.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Tells this finding from any other, whatever days are looked at.
    pub id: String,
    pub finding: Finding,
    pub structure_name: String,
    pub aidant: Option<Pseudonym>,
    pub review: Option<Review>,
}

/// What the days held.
#[derive(Debug)]
pub struct Report {
    /// Those nobody has looked into first, then the latest first.
    pub alerts: Vec<Alert>,
    /// How many more there are.
    pub more: usize,
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
    let mut alerts = found(app, who, (from, until)).await?;
    alerts.sort_by_key(|alert| (alert.review.is_some(), std::cmp::Reverse(alert.finding.since)));
    let more = alerts.len().saturating_sub(TOLD);
    alerts.truncate(TOLD);
    Ok(Report { alerts, more })
}

async fn found(app: &App, who: &SignedIn, span: (Timestamp, Timestamp)) -> Result<Vec<Alert>, AuditError> {
    let perimeter_of = view!(app.store, tx => { perimeter(tx, who.person_id).await })?;
    let (findings, names) = findings(app, perimeter_of, span).await?;
    let mut alerts = Vec::with_capacity(findings.len());
    for finding in findings {
        alerts.push(told(app, finding, &names).await?);
    }
    Ok(alerts)
}

/// What the rules find in a span of a perimeter (`None`: everywhere), and the names of its structures.
pub(super) async fn findings(
    app: &App,
    perimeter_of: Option<PersonId>,
    (from, until): (Timestamp, Timestamp),
) -> Result<(Vec<Finding>, HashMap<StructureId, String>), AuditError> {
    let structures = view!(app.store, tx => { misuse::zones(tx, perimeter_of).await })?;
    let mut names = HashMap::new();
    let mut zones = HashMap::new();
    for (id, zone, name) in structures {
        zones.insert(id, TimeZone::get(&zone).unwrap_or(TimeZone::UTC));
        names.insert(id, name);
    }
    let mut watch = Watch::new(zones);
    let mut after = before(from);
    loop {
        let rows = view!(app.store, tx => {
            misuse::signals(tx, &KINDS, (after, until), perimeter_of, CHUNK).await
        })?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        rows.into_iter().filter_map(signal).for_each(|signal| watch.see(&signal));
    }
    let mut findings = watch.findings();
    let of_these_days = signatures(app, perimeter_of, (from, until), false).await?;
    findings.extend(of_these_days.findings());
    // Mandates that had their time to be used when these days came.
    let earlier = (from - UNUSED_AFTER, until - UNUSED_AFTER);
    let unused = signatures(app, perimeter_of, earlier, true).await?.findings();
    findings.extend(unused.into_iter().filter(|finding| finding.detector == Detector::Unused));
    Ok((findings, names))
}

/// The lines that the rules read, with their outcome.
const KINDS: [(&str, &str); 4] = [
    ("use.opened", "done"),
    ("use.ended", "done"),
    ("mandate.signed", "done"),
    ("mandate.sign_refused", "refused"),
];

/// Just before the ids of an instant.
fn before(at: Timestamp) -> EntryId {
    let first = first_id(at).as_u128();
    EntryId::from_uuid(uuid::Uuid::from_u128(first.saturating_sub(1)))
}

fn signal(row: SignalRow) -> Option<Signal> {
    let act = match row.kind.as_str() {
        "use.opened" => Act::Opened { use_id: row.use_id? },
        "use.ended" => Act::Ended { use_id: row.use_id? },
        "mandate.signed" => Act::Signed,
        _ => match Leaf::decode(row.refused.as_deref()?).ok()?.outcome {
            Outcome::Refused(reason) if reason.as_str() == "code_wrong" => Act::CodeRefused,
            _ => return None,
        },
    };
    let actor = match act {
        Act::Ended { .. } => row.actor.unwrap_or_default(),
        _ => row.actor?,
    };
    Some(Signal { at: row.at, structure: row.structure_id, actor, subject: row.subject, act })
}

async fn signatures(
    app: &App,
    perimeter_of: Option<PersonId>,
    (from, until): (Timestamp, Timestamp),
    old: bool,
) -> Result<Signatures, AuditError> {
    let mut watch = Signatures::default();
    let mut after = before(from);
    loop {
        let rows = view!(app.store, tx => { misuse::signed(tx, (after, until), perimeter_of, CHUNK).await })?;
        let Some(last) = rows.last() else { return Ok(watch) };
        after = last.entry_id;
        for row in rows {
            let same_name = !old && same_name(app, &row)?;
            let SignedRow { signed_at, structure_id, actor, reference, used_at, revoked_at, .. } = row;
            let one = Signature {
                at: signed_at,
                structure: structure_id,
                actor,
                reference,
                used_at,
                revoked_at,
                same_name,
            };
            watch.see(&one, old);
        }
    }
}

/// Whether aidant and user bear one family name, at birth or in use. Names are opened here and go no further.
fn same_name(app: &App, row: &SignedRow) -> Result<bool, AuditError> {
    let aidant: PersonName = app.sealer.open_json(name_place(&row.person_id), &row.name_sealed)?;
    let user = choose_user::identity(app, row.user_id, &row.identity_sealed)?;
    let aidant = fold(&aidant.family);
    Ok(aidant == fold(&user.family_name) || aidant == fold(user.usual_family_name()))
}

async fn told(
    app: &App,
    finding: Finding,
    names: &HashMap<StructureId, String>,
) -> Result<Alert, AuditError> {
    let id = key(&finding);
    let row = view!(app.store, tx => { misuse::review(tx, &id).await })?;
    let review = match row {
        Some(row) => {
            let name: PersonName = app.sealer.open_json(name_place(&row.person_id), &row.name_sealed)?;
            let note = app.sealer.open_text(misuse::note_place(&id), &row.note_sealed)?;
            Some(Review { by: name.full(), at: row.reviewed_at, note })
        }
        None => None,
    };
    Ok(Alert {
        structure_name: names.get(&finding.structure).cloned().unwrap_or_default(),
        aidant: Pseudonym::from_slice(&finding.actor).ok(),
        id,
        finding,
        review,
    })
}

/// Tells a finding from any other, whatever days are looked at.
pub(super) fn key(finding: &Finding) -> String {
    let Finding { detector, structure, actor, key, .. } = finding;
    format!("{}:{structure}:{}:{key}", detector.name(), BASE64URL_NOPAD.encode(actor))
}

/// The finding of this id in a span, if the caller's perimeter has it.
pub async fn one(
    app: &App,
    who: &SignedIn,
    span: (Timestamp, Timestamp),
    id: &str,
) -> Result<Alert, AuditError> {
    let alerts = found(app, who, span).await?;
    alerts.into_iter().find(|alert| alert.id == id).ok_or(AuditError::NotFound)
}

/// Marks a finding as looked into: who, when, and what they saw.
pub async fn review(
    app: &App,
    who: &SignedIn,
    span: (Timestamp, Timestamp),
    id: &str,
    note: &str,
) -> Result<(), AuditError> {
    let alert = match one(app, who, span, id).await {
        Err(AuditError::NotFound) => {
            let draft = Draft::refused(Kind::LogAlertReviewed, "not_within_perimeter")
                .by(who.person_id, Role::Auditor);
            record::refuse(app, draft, &who.person_id.to_string()).await?;
            return Err(AuditError::NotFound);
        }
        other => other?,
    };
    let now = app.now();
    let sealed = app.sealer.seal_text(misuse::note_place(id), note)?;
    transact!(app.store, "review_alert", tx => {
        let draft = Draft::done(Kind::LogAlertReviewed)
            .by(who.person_id, Role::Auditor)
            .structure(alert.finding.structure)
            .fact("finding", id)
            .fact("count", i64::try_from(alert.finding.count).unwrap_or(i64::MAX))
            .part(PartKind::Details, serde_json::json!({ "note": note }));
        let entry = record::record(app, tx, draft).await?;
        misuse::mark(tx, id, (who.person_id, now), &sealed, entry.id).await?;
        Ok::<_, AuditError>(())
    })
}
