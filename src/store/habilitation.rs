//! Structures as the operator admits them: the agreement and the domains it covers.
use crate::domain::ids::{EntryId, StructureId};
use crate::domain::time::Timestamp;

use super::{StoreError, WriteTx};

/// A structure to be written.
pub struct NewStructure<'a> {
    pub id: StructureId,
    pub name: &'a str,
    pub kind: &'a str,
    pub siret: &'a str,
    pub time_zone: &'a str,
    /// INSEE code.
    pub territory: &'a str,
    pub from: Timestamp,
    pub until: Timestamp,
    pub now: Timestamp,
    pub entry_id: EntryId,
}

const INSERT: &str = "INSERT INTO structure (id, name, kind, siret, time_zone, territory, status,
       habilitated_from, habilitated_until, created_at, entry_id)
     VALUES ($1, $2, $3, $4, $5, $6, 'habilitated', $7, $8, $9, $10)
     ON CONFLICT (siret) DO NOTHING";
const INSERT_DOMAIN: &str = "INSERT INTO structure_domain (structure_id, domain) SELECT $1, key FROM domain WHERE key = $2 AND active";

/// False if the SIRET is taken.
pub async fn insert(tx: &mut WriteTx, new: &NewStructure<'_>) -> Result<bool, StoreError> {
    let changed = changed!(
        tx,
        sqlx::query(INSERT)
            .bind(new.id)
            .bind(new.name)
            .bind(new.kind)
            .bind(new.siret)
            .bind(new.time_zone)
            .bind(new.territory)
            .bind(new.from)
            .bind(new.until)
            .bind(new.now)
            .bind(new.entry_id)
    )?;
    Ok(changed == 1)
}

/// Admits the structure to a domain of the catalogue. False if the catalogue has no such active domain.
pub async fn admit(tx: &mut WriteTx, structure: StructureId, domain: &str) -> Result<bool, StoreError> {
    let changed = changed!(tx, sqlx::query(INSERT_DOMAIN).bind(structure).bind(domain))?;
    Ok(changed == 1)
}
