//! What the detectors of misuse read, and which findings somebody has looked into.
use sqlx::AssertSqlSafe;

use super::{Access, StoreError, WriteTx};
use crate::crypto::seal::Place;
use crate::domain::ids::{EntryId, MandateId, PersonId, StructureId, UseId, UserId, first_id};
use crate::domain::time::Timestamp;

/// A line as a detector reads it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SignalRow {
    pub id: EntryId,
    pub at: Timestamp,
    pub kind: String,
    pub structure_id: StructureId,
    pub mandate_id: Option<MandateId>,
    pub use_id: Option<UseId>,
    pub actor: Option<Vec<u8>>,
    pub subject: Option<Vec<u8>>,
    /// Only of a refusal, for its reason.
    pub refused: Option<Vec<u8>>,
}

/// The time zones of the structures of a perimeter.
pub async fn zones(
    tx: &mut impl Access,
    perimeter_of: Option<PersonId>,
) -> Result<Vec<(StructureId, String, String)>, StoreError> {
    const ALL: &str = "SELECT id, time_zone, name FROM structure";
    const LISTED: &str = "SELECT s.id, s.time_zone, s.name FROM structure s \
        JOIN auditor_structure a ON a.structure_id = s.id WHERE a.person_id = $1";
    match perimeter_of {
        None => on!(tx, c => sqlx::query_as(ALL).fetch_all(c).await),
        Some(person) => on!(tx, c => sqlx::query_as(LISTED).bind(person).fetch_all(c).await),
    }
}

/// The lines that detectors read, of a span, after `after`, in order; within a perimeter.
pub async fn signals(
    tx: &mut impl Access,
    kinds: &[(&'static str, &'static str)],
    (after, until): (EntryId, Timestamp),
    perimeter_of: Option<PersonId>,
    limit: i64,
) -> Result<Vec<SignalRow>, StoreError> {
    const WITHIN: &str =
        " AND e.structure_id IN (SELECT a.structure_id FROM auditor_structure a WHERE a.person_id = $4)";
    let wanted =
        kinds.iter().map(|(kind, outcome)| format!("(e.kind = '{kind}' AND e.outcome = '{outcome}')"));
    let sql = format!(
        "SELECT e.id, e.at, e.kind, e.structure_id, e.mandate_id, e.use_id, e.actor, e.subject, \
        CASE WHEN e.outcome = 'refused' THEN e.leaf END AS refused FROM entry e \
        WHERE e.id > $1 AND e.id < $2 AND e.structure_id IS NOT NULL AND ({}){} ORDER BY e.id LIMIT $3",
        wanted.collect::<Vec<_>>().join(" OR "),
        if perimeter_of.is_some() { WITHIN } else { "" }
    );
    let until = EntryId::from_uuid(first_id(until));
    on!(tx, c => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(after).bind(until).bind(limit);
        if let Some(person) = perimeter_of {
            query = query.bind(person);
        }
        query.fetch_all(c).await
    })
}

/// A signature, what became of the mandate, and the sealed names of both sides.
#[derive(sqlx::FromRow)]
pub struct SignedRow {
    pub entry_id: EntryId,
    pub signed_at: Timestamp,
    pub structure_id: StructureId,
    pub reference: String,
    pub actor: Vec<u8>,
    pub person_id: PersonId,
    pub name_sealed: Vec<u8>,
    pub user_id: UserId,
    pub identity_sealed: Vec<u8>,
    /// The first service opened under it.
    pub used_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// Signatures of a span, after `after`, in order; within a perimeter.
pub async fn signed(
    tx: &mut impl Access,
    (after, until): (EntryId, Timestamp),
    perimeter_of: Option<PersonId>,
    limit: i64,
) -> Result<Vec<SignedRow>, StoreError> {
    const WITHIN: &str =
        " AND e.structure_id IN (SELECT a.structure_id FROM auditor_structure a WHERE a.person_id = $4)";
    let sql = format!(
        "SELECT e.id AS entry_id, e.at AS signed_at, m.structure_id, m.reference, e.actor, p.id AS person_id, \
        p.name_sealed, a.id AS user_id, a.identity_sealed, \
        (SELECT u.at FROM entry u WHERE u.mandate_id = e.mandate_id AND u.kind = 'use.opened' AND u.outcome = 'done' \
          ORDER BY u.mandate_sequence LIMIT 1) AS used_at, \
        (SELECT u.at FROM entry u WHERE u.mandate_id = e.mandate_id AND u.kind = 'mandate.revoked' \
          AND u.outcome = 'done' ORDER BY u.mandate_sequence LIMIT 1) AS revoked_at \
        FROM entry e JOIN mandate m ON m.id = e.mandate_id JOIN person p ON p.id = m.signed_by \
        JOIN app_user a ON a.id = m.user_id \
        WHERE e.kind = 'mandate.signed' AND e.outcome = 'done' AND e.actor IS NOT NULL AND e.id > $1 AND e.id < $2{} \
        ORDER BY e.id LIMIT $3",
        if perimeter_of.is_some() { WITHIN } else { "" }
    );
    let until = EntryId::from_uuid(first_id(until));
    on!(tx, c => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(after).bind(until).bind(limit);
        if let Some(person) = perimeter_of {
            query = query.bind(person);
        }
        query.fetch_all(c).await
    })
}

/// A finding that somebody has looked into.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ReviewRow {
    pub person_id: PersonId,
    pub reviewed_at: Timestamp,
    pub note_sealed: Vec<u8>,
    pub name_sealed: Vec<u8>,
}

/// Where the note of a review lives.
pub fn note_place(finding: &str) -> Place<'_> {
    Place { table: "alert_review", row: finding.as_bytes(), column: "note_sealed" }
}

pub async fn review(tx: &mut impl Access, finding: &str) -> Result<Option<ReviewRow>, StoreError> {
    const SQL: &str = "SELECT r.person_id, r.reviewed_at, r.note_sealed, p.name_sealed FROM alert_review r \
        JOIN person p ON p.id = r.person_id WHERE r.finding = $1";
    on!(tx, c => sqlx::query_as(SQL).bind(finding.to_owned()).fetch_optional(c).await)
}

/// Marks a finding; a later mark takes the place of an earlier one, and the log keeps both.
pub async fn mark(
    tx: &mut WriteTx,
    finding: &str,
    (person, now): (PersonId, Timestamp),
    note_sealed: &[u8],
    entry: EntryId,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO alert_review (finding, person_id, reviewed_at, note_sealed, entry_id) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (finding) DO UPDATE SET person_id = excluded.person_id, \
        reviewed_at = excluded.reviewed_at, note_sealed = excluded.note_sealed, entry_id = excluded.entry_id";
    changed!(
        tx,
        sqlx::query(SQL).bind(finding.to_owned()).bind(person).bind(now).bind(note_sealed).bind(entry)
    )?;
    Ok(())
}

/// Puts these findings in the place of those counted before.
pub async fn replace_open(tx: &mut WriteTx, findings: &[(String, StructureId)]) -> Result<(), StoreError> {
    const EMPTY: &str = "DELETE FROM open_alert";
    const ADD: &str =
        "INSERT INTO open_alert (finding, structure_id) VALUES ($1, $2) ON CONFLICT (finding) DO NOTHING";
    changed!(tx, sqlx::query(EMPTY))?;
    for (finding, structure) in findings {
        changed!(tx, sqlx::query(ADD).bind(finding.clone()).bind(*structure))?;
    }
    Ok(())
}

/// Findings of the last days within an auditor's perimeter that nobody has looked into; counted up to `most`.
pub async fn count_open(tx: &mut impl Access, auditor: PersonId, most: i64) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM open_alert o JOIN person p ON p.id = $1 \
        WHERE p.is_auditor AND (p.perimeter = 'all' OR p.perimeter = 'listed' AND o.structure_id IN \
          (SELECT a.structure_id FROM auditor_structure a WHERE a.person_id = $1)) \
        AND NOT EXISTS (SELECT 1 FROM alert_review r WHERE r.finding = o.finding) LIMIT $2) b";
    on!(tx, c => sqlx::query_scalar(SQL).bind(auditor).bind(most).fetch_one(c).await)
}
