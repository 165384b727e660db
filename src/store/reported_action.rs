//! Actions that services reported, each once. Their words are in their entries.
use crate::domain::ids::{EntryId, RowId, ServiceId, UseId};
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};

/// A report as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ReportRow {
    pub id: RowId,
    pub client_id: ServiceId,
    pub use_id: UseId,
    /// Of the service's own key for it.
    pub key_hash: HashedToken,
    pub content_hash: HashedToken,
    pub reported_at: Timestamp,
}

const FIND: &str = "
SELECT id, client_id, use_id, key_hash, content_hash, reported_at FROM reported_action
WHERE client_id = $1 AND key_hash = $2";
const INSERT: &str = "
INSERT INTO reported_action (id, client_id, use_id, key_hash, content_hash, reported_at, entry_id)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (client_id, key_hash) DO NOTHING";

/// The report of a service under a key of its own.
pub async fn find(
    tx: &mut impl Access,
    service: ServiceId,
    key: &HashedToken,
) -> Result<Option<ReportRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, ReportRow>(FIND).bind(service).bind(key).fetch_optional(c).await)
}

/// Keeps a report. False if its key is taken.
pub async fn insert(tx: &mut WriteTx, row: &ReportRow, entry: EntryId) -> Result<bool, StoreError> {
    let changed = changed!(
        tx,
        sqlx::query(INSERT)
            .bind(row.id)
            .bind(row.client_id)
            .bind(row.use_id)
            .bind(&row.key_hash)
            .bind(&row.content_hash)
            .bind(row.reported_at)
            .bind(entry)
    )?;
    Ok(changed == 1)
}
