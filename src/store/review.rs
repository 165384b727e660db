//! Which findings of the detectors somebody has looked into, and how many nobody has.
use sqlx::AssertSqlSafe;

use super::many::{list, padded, rows};
use super::{Access, StoreError, WriteTx};
use crate::crypto::seal::Place;
use crate::domain::ids::{EntryId, PersonId, StructureId};
use crate::domain::time::Timestamp;

/// Statements of so many findings at once.
const TOGETHER: usize = 200;

/// A mark: somebody looked into a finding, as far as it had come.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ReviewRow {
    pub finding: String,
    /// Its place among the marks of this finding, from 1.
    pub number: i64,
    pub person_id: PersonId,
    pub reviewed_at: Timestamp,
    pub note_sealed: Vec<u8>,
    pub name_sealed: Vec<u8>,
    /// What they saw: how many, and up to when. The first marks do not say how many.
    pub seen_count: Option<i64>,
    pub seen_until: Timestamp,
}

/// Where the note of a review lives.
pub fn note_place(finding: &str) -> Place<'_> {
    Place { table: "alert_review", row: finding.as_bytes(), column: "note_sealed" }
}

/// The marks of these findings, of each the oldest first.
pub async fn of(tx: &mut impl Access, findings: &[String]) -> Result<Vec<ReviewRow>, StoreError> {
    let mut found = Vec::new();
    for some in findings.chunks(TOGETHER) {
        let sql = format!(
            "SELECT r.finding, r.number, r.person_id, r.reviewed_at, r.note_sealed, p.name_sealed, r.seen_count, \
            r.seen_until FROM alert_review r JOIN person p ON p.id = r.person_id WHERE r.finding IN ({}) \
            ORDER BY r.finding, r.number",
            list(1, some.len())
        );
        let rows: Vec<ReviewRow> = on!(tx, c => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql));
            for finding in padded(some) {
                query = query.bind(finding.clone());
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// What is written of a mark.
#[derive(Debug)]
pub struct NewReview<'a> {
    pub finding: &'a str,
    /// The one after those that its author has read.
    pub number: i64,
    pub by: (PersonId, Timestamp),
    pub note_sealed: &'a [u8],
    pub entry: EntryId,
    pub seen: (i64, Timestamp),
}

/// Marks a finding, beside the marks before. False when somebody else has marked it meanwhile.
pub async fn mark(tx: &mut WriteTx, new: &NewReview<'_>) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO alert_review \
        (finding, number, person_id, reviewed_at, note_sealed, entry_id, seen_count, seen_until) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (finding, number) DO NOTHING";
    let written = changed!(
        tx,
        sqlx::query(SQL)
            .bind(new.finding.to_owned())
            .bind(new.number)
            .bind(new.by.0)
            .bind(new.by.1)
            .bind(new.note_sealed)
            .bind(new.entry)
            .bind(new.seen.0)
            .bind(new.seen.1)
    )?;
    Ok(written == 1)
}

/// A finding of the last days, to be counted.
#[derive(Clone, Debug)]
pub struct OpenRow {
    pub finding: String,
    pub structure: StructureId,
    pub also: Option<StructureId>,
    pub counted: i64,
    pub until: Timestamp,
}

/// Puts these findings in the place of those counted before.
pub async fn replace_open(tx: &mut WriteTx, findings: &[OpenRow]) -> Result<(), StoreError> {
    const EMPTY: &str = "DELETE FROM open_alert";
    changed!(tx, sqlx::query(EMPTY))?;
    for some in findings.chunks(TOGETHER) {
        let sql = format!(
            "INSERT INTO open_alert (finding, structure_id, also_id, counted, until_at) VALUES {} \
            ON CONFLICT (finding) DO NOTHING",
            rows(some.len(), 5)
        );
        on!(tx, c => {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for row in some {
                query = query
                    .bind(row.finding.clone())
                    .bind(row.structure)
                    .bind(row.also)
                    .bind(row.counted)
                    .bind(row.until);
            }
            query.execute(c).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// Findings of the last days within an auditor's perimeter that nobody has looked into as far as they have come; counted
/// up to `most`.
pub async fn count_open(tx: &mut impl Access, auditor: PersonId, most: i64) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM open_alert o JOIN person p ON p.id = $1 \
        WHERE p.is_auditor AND (p.perimeter = 'all' OR p.perimeter = 'listed' \
          AND o.structure_id IN (SELECT a.structure_id FROM auditor_structure a WHERE a.person_id = $1) \
          AND (o.also_id IS NULL \
            OR o.also_id IN (SELECT a.structure_id FROM auditor_structure a WHERE a.person_id = $1))) \
        AND NOT EXISTS (SELECT 1 FROM alert_review r WHERE r.finding = o.finding AND r.seen_until >= o.until_at \
          AND (r.seen_count IS NULL OR r.seen_count >= o.counted)) LIMIT $2) b";
    on!(tx, c => sqlx::query_scalar(SQL).bind(auditor).bind(most).fetch_one(c).await)
}
