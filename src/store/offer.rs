//! Grants that may be used now in a structure, as a service's request offers them to the aidant.
use crate::domain::ids::{GrantId, MandateId, StructureId, UserId};
use crate::domain::time::Timestamp;

use super::{Access, StoreError};

/// A grant in force, of a domain the structure is habilitated for, not used up.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OfferRow {
    pub grant_id: GrantId,
    pub mandate_id: MandateId,
    pub user_id: UserId,
    pub domain: String,
    pub access: String,
    pub single_use: bool,
    pub ends_at: Timestamp,
    pub acr: Option<String>,
    pub rep_scope: String,
    pub label_fr: String,
    pub label_en: String,
    pub identity_sealed: Vec<u8>,
}

macro_rules! offers {
    ($where:literal, $order:literal) => {
        concat!(
            "SELECT g.id AS grant_id, g.mandate_id, g.user_id, g.domain, g.access, g.single_use, g.ends_at, m.acr,
  d.rep_scope, d.label_fr, d.label_en, a.identity_sealed
FROM mandate_grant g
JOIN mandate m ON m.id = g.mandate_id
JOIN app_user a ON a.id = g.user_id
JOIN domain d ON d.key = g.domain
JOIN structure_domain sd ON sd.structure_id = g.structure_id AND sd.domain = g.domain
WHERE g.structure_id = $1 AND g.state = 'live' AND g.ends_at > $2 AND m.state = 'active' AND m.ends_at > $2
  AND g.consumed_at IS NULL AND ",
            $where,
            " ORDER BY ",
            $order
        )
    };
}

// The index of the one live grant per (structure, user, domain) gives this order: a page costs a page.
const PAGE: &str = offers!("g.user_id < $3", "g.user_id DESC, g.domain LIMIT $4");
const OF_USER: &str = offers!("g.user_id = $3", "d.position");

/// The next `limit` offers of a structure after user `before`, users most recently registered first.
pub async fn page(
    tx: &mut impl Access,
    structure: StructureId,
    now: Timestamp,
    before: UserId,
    limit: i64,
) -> Result<Vec<OfferRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, OfferRow>(PAGE)
        .bind(structure).bind(now).bind(before).bind(limit).fetch_all(c).await)
}

/// The offers of one user.
pub async fn of_user(
    tx: &mut impl Access,
    structure: StructureId,
    now: Timestamp,
    user: UserId,
) -> Result<Vec<OfferRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, OfferRow>(OF_USER).bind(structure).bind(now).bind(user).fetch_all(c).await)
}
