//! What an operator sees of people and structures, and the suspension of either.
use crate::domain::ids::{PersonId, StructureId};

use super::{Access, StoreError, WriteTx};

/// A structure, with its standing.
#[derive(sqlx::FromRow)]
pub struct PlaceRow {
    pub id: StructureId,
    pub name: String,
    /// `habilitated`, `suspended` or `closed`.
    pub status: String,
}

const PLACES: &str = "
SELECT s.id, s.name, s.status FROM membership m JOIN structure s ON s.id = m.structure_id
WHERE m.person_id = $1 AND m.status = 'active' ORDER BY s.name, s.id LIMIT 100";

/// The structures someone belongs to, whatever their standing.
pub async fn places(tx: &mut impl Access, person: PersonId) -> Result<Vec<PlaceRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, PlaceRow>(PLACES).bind(person).fetch_all(c).await)
}

const PLACE: &str = "SELECT id, name, status FROM structure WHERE id = $1";

pub async fn place(tx: &mut impl Access, id: StructureId) -> Result<Option<PlaceRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, PlaceRow>(PLACE).bind(id).fetch_optional(c).await)
}

const SET_STATUS: &str = "UPDATE structure SET status = $2 WHERE id = $1 AND status = $3";

/// Suspends a structure (`habilitated` → `suspended`) or restores it. False if it is not in the state expected.
pub async fn set_structure_status(
    tx: &mut WriteTx,
    id: StructureId,
    to: &str,
    from: &str,
) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(SET_STATUS).bind(id).bind(to).bind(from))? == 1)
}
