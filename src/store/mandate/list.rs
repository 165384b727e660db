//! The mandates of a structure, newest first, page by page.
use crate::domain::ids::{MandateId, StructureId};
use crate::domain::mandate::Reference;
use crate::domain::time::Timestamp;
use crate::store::{Access, StoreError};

/// A line of the list. Domains come with it: no second query per line.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ListRow {
    pub id: MandateId,
    pub reference: Reference,
    pub state: String,
    pub user_id: Option<crate::domain::ids::UserId>,
    pub identity_sealed: Option<Vec<u8>>,
    pub proposed_at: Timestamp,
    pub activity_at: Timestamp,
    pub signed_at: Option<Timestamp>,
    pub ends_at: Timestamp,
    pub live_grants: i64,
}

const PAGE: &str = "
SELECT m.id, m.reference, m.state, m.user_id, u.identity_sealed, m.proposed_at, m.activity_at, m.signed_at, m.ends_at,
  (SELECT COUNT(*) FROM mandate_grant g WHERE g.mandate_id = m.id AND g.state = 'live') AS live_grants
FROM mandate m LEFT JOIN app_user u ON u.id = m.user_id
WHERE m.structure_id = $1 AND m.id < $2 AND (m.user_id IS NOT NULL OR m.state = 'draft')
ORDER BY m.id DESC LIMIT $3";

/// Up to `limit` mandates proposed before `before`.
pub async fn page(
    tx: &mut impl Access,
    structure: StructureId,
    before: MandateId,
    limit: i64,
) -> Result<Vec<ListRow>, StoreError> {
    on!(tx, c => {
        sqlx::query_as::<_, ListRow>(PAGE).bind(structure).bind(before).bind(limit).fetch_all(c).await
    })
}
