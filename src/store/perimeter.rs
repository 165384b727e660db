//! Which structures an auditor reviews: every one, or those listed for them.
use super::{Access, StoreError, WriteTx};
use crate::domain::ids::{PersonId, StructureId};

/// How much an auditor reviews.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    All,
    /// This many structures.
    Listed(i64),
}

/// How much this person reviews; nothing for whoever is no auditor.
pub async fn breadth(tx: &mut impl Access, person: PersonId) -> Result<Option<Breadth>, StoreError> {
    const SQL: &str = "SELECT p.perimeter, (SELECT COUNT(*) FROM auditor_structure a WHERE a.person_id = p.id) \
        FROM person p WHERE p.id = $1 AND p.is_auditor";
    let row: Option<(String, i64)> = on!(tx, c => sqlx::query_as(SQL).bind(person).fetch_optional(c).await)?;
    Ok(row.and_then(|(perimeter, listed)| match perimeter.as_str() {
        "all" => Some(Breadth::All),
        "listed" => Some(Breadth::Listed(listed)),
        _ => None,
    }))
}

/// Every structure listed for an auditor.
pub async fn listed(tx: &mut impl Access, person: PersonId) -> Result<Vec<StructureId>, StoreError> {
    const SQL: &str = "SELECT structure_id FROM auditor_structure WHERE person_id = $1 ORDER BY structure_id";
    on!(tx, c => sqlx::query_scalar(SQL).bind(person).fetch_all(c).await)
}

/// Widens an auditor's perimeter to every structure (`all`), or bounds it to those listed. False if it was so already.
pub async fn bound(tx: &mut WriteTx, person: PersonId, to: &str) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE person SET perimeter = $2 WHERE id = $1 AND is_auditor AND perimeter <> $2";
    Ok(changed!(tx, sqlx::query(SQL).bind(person).bind(to))? == 1)
}

/// Lists a structure for an auditor. False if it was listed already.
pub async fn add(tx: &mut WriteTx, person: PersonId, structure: StructureId) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO auditor_structure (person_id, structure_id) VALUES ($1, $2) \
        ON CONFLICT (person_id, structure_id) DO NOTHING";
    Ok(changed!(tx, sqlx::query(SQL).bind(person).bind(structure))? == 1)
}

/// Takes a structure off an auditor's list. False if it was not on it.
pub async fn remove(tx: &mut WriteTx, person: PersonId, structure: StructureId) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM auditor_structure WHERE person_id = $1 AND structure_id = $2";
    Ok(changed!(tx, sqlx::query(SQL).bind(person).bind(structure))? == 1)
}
