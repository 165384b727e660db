//! The mandates of a structure, newest first, page by page.
use crate::domain::ids::{MandateId, StructureId, UserId};
use crate::domain::mandate::Reference;
use crate::domain::time::Timestamp;
use crate::store::{Access, StoreError};

use super::row::Standing;

/// A line of the list. Domains come with it: no second query per line.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ListRow {
    pub id: MandateId,
    pub reference: Reference,
    pub user_id: Option<UserId>,
    pub identity_sealed: Option<Vec<u8>>,
    #[sqlx(flatten)]
    pub standing: Standing,
    pub ends_at: Timestamp,
    /// Keys of the domains, in the order of the catalogue, separated by commas.
    pub domains: String,
}

macro_rules! lines {
    ($and:literal) => {
        concat!(
            "SELECT m.id, m.reference, m.user_id, u.identity_sealed, m.state, m.activity_at, m.consented_at, m.signed_at, m.ended_at,
  m.end_reason, m.ended_by, m.ends_at,
  (SELECT COALESCE(string_agg(g.domain, ',' ORDER BY d.position), '')
   FROM mandate_grant g JOIN domain d ON d.key = g.domain WHERE g.mandate_id = m.id) AS domains
FROM mandate m LEFT JOIN app_user u ON u.id = m.user_id
WHERE m.structure_id = $1 AND m.id < $2 AND m.state NOT IN ('lapsed', 'refused')",
            $and,
            " ORDER BY m.id DESC LIMIT $3"
        )
    };
}

const PAGE: &str = lines!("");
const PAGE_OF_USER: &str = lines!(" AND m.user_id = $4");

/// Up to `limit` mandates proposed before `before`, of one user if asked; those that never began are left out.
pub async fn page(
    tx: &mut impl Access,
    structure: StructureId,
    user: Option<UserId>,
    before: MandateId,
    limit: i64,
) -> Result<Vec<ListRow>, StoreError> {
    on!(tx, c => {
        let page = sqlx::query_as::<_, ListRow>(if user.is_some() { PAGE_OF_USER } else { PAGE });
        let page = page.bind(structure).bind(before).bind(limit);
        match user {
            Some(user) => page.bind(user).fetch_all(c).await,
            None => page.fetch_all(c).await,
        }
    })
}
