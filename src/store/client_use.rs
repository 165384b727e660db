//! What services do, counted: uses opened there, and what was refused to them.
use super::activity::Span;
use super::{Access, StoreError};
use crate::domain::ids::{EntryId, ServiceId, first_id};
use crate::domain::time::Timestamp;

/// How much a service was used of late.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct CountRow {
    pub id: ServiceId,
    /// When it was last opened for somebody.
    pub last_use: Option<Timestamp>,
    pub uses_of_week: i64,
    pub uses_of_month: i64,
    pub refused_of_week: i64,
    pub refused_of_month: i64,
}

// Each count is a range of an index of its own.
const COUNTS: &str = "
SELECT k.id,
  (SELECT MAX(u.started_at) FROM use_session u WHERE u.client_id = k.id) AS last_use,
  (SELECT COUNT(*) FROM use_session u WHERE u.client_id = k.id AND u.started_at >= $1) AS uses_of_week,
  (SELECT COUNT(*) FROM use_session u WHERE u.client_id = k.id AND u.started_at >= $2) AS uses_of_month,
  (SELECT COUNT(*) FROM entry e WHERE e.service_id = k.id AND e.outcome = 'refused' AND e.id >= $3) AS refused_of_week,
  (SELECT COUNT(*) FROM entry e WHERE e.service_id = k.id AND e.outcome = 'refused' AND e.id >= $4) AS refused_of_month
FROM client k";

/// Counts of every service since two instants.
pub async fn counts(
    tx: &mut impl Access,
    week: Timestamp,
    month: Timestamp,
) -> Result<Vec<CountRow>, StoreError> {
    let id = |at| EntryId::from_uuid(first_id(at));
    on!(tx, c => sqlx::query_as(COUNTS)
        .bind(week)
        .bind(month)
        .bind(id(week))
        .bind(id(month))
        .fetch_all(c)
        .await)
}

const CHECKS_COUNTED: &str = "
SELECT e.leaf FROM entry e WHERE e.service_id = $1 AND e.id >= $2 AND e.id < $3 AND e.kind = 'checks.counted'
ORDER BY e.id DESC LIMIT $4";

/// The leaves that hold counts of checks about a service's uses, the latest first.
pub async fn checks_counted(
    tx: &mut impl Access,
    service: ServiceId,
    span: Span,
    limit: i64,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let id = |at| EntryId::from_uuid(first_id(at));
    on!(tx, c => sqlx::query_scalar(CHECKS_COUNTED)
        .bind(service)
        .bind(id(span.0))
        .bind(id(span.1))
        .bind(limit)
        .fetch_all(c)
        .await)
}
