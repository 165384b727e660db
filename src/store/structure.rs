//! Structures, and what a professional is in one at this instant.
use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use crate::domain::catalogue::DomainKey;
use crate::domain::ids::{PersonId, StructureId};
use crate::domain::structure::{Structure, StructureStatus};
use crate::domain::time::Timestamp;

use super::{Access, StoreError};

/// A professional seen from one structure, whether they belong to it or not.
#[derive(sqlx::FromRow)]
struct StandingRow {
    name: String,
    time_zone: String,
    status: String,
    habilitated_from: Timestamp,
    habilitated_until: Timestamp,
    person_status: String,
    charter_version: Option<i64>,
    is_aidant: Option<bool>,
    is_referent: Option<bool>,
    member_status: Option<String>,
    has_active_card: bool,
}

/// What decisions about a professional in a structure rest on.
#[derive(Clone, Debug)]
pub struct StandingFacts {
    pub structure: Structure,
    /// The IANA name of the structure's time zone, as stored.
    pub time_zone: String,
    /// (aidant, referent, active); absent for somebody who does not belong to the structure.
    pub member: Option<(bool, bool, bool)>,
    pub charter_version: Option<i64>,
    pub has_active_card: bool,
}

const STANDING: &str = "
SELECT s.name, s.time_zone, s.status, s.habilitated_from, s.habilitated_until,
       p.status AS person_status, p.charter_version, m.is_aidant, m.is_referent, m.status AS member_status,
       EXISTS (SELECT 1 FROM card k WHERE k.person_id = p.id AND k.state = 'active') AS has_active_card
FROM structure s
JOIN person p ON p.id = $2
LEFT JOIN membership m ON m.structure_id = s.id AND m.person_id = p.id
WHERE s.id = $1";

const DOMAINS: &str = "SELECT domain FROM structure_domain WHERE structure_id = $1";

/// The structure, and what the person is in it.
pub async fn standing(
    tx: &mut impl Access,
    structure: StructureId,
    person: PersonId,
) -> Result<Option<StandingFacts>, StoreError> {
    let row = on!(tx, c => {
        sqlx::query_as::<_, StandingRow>(STANDING).bind(structure).bind(person).fetch_optional(c).await
    })?;
    let Some(row) = row else { return Ok(None) };
    let domains = domains(tx, structure).await?;
    facts(structure, row, domains).map(Some)
}

/// The domains in which a structure may hold grants.
pub async fn domains(tx: &mut impl Access, id: StructureId) -> Result<BTreeSet<DomainKey>, StoreError> {
    let keys = on!(tx, c => sqlx::query_scalar::<_, String>(DOMAINS).bind(id).fetch_all(c).await)?;
    let known =
        |key: String| key.parse().map_err(|_| StoreError::Corrupt("structure_domain.domain".to_owned()));
    keys.into_iter().map(known).collect()
}

fn facts(
    id: StructureId,
    row: StandingRow,
    domains: BTreeSet<DomainKey>,
) -> Result<StandingFacts, StoreError> {
    let corrupt = |column: &str| StoreError::Corrupt(format!("structure.{column}"));
    let person_is_active = row.person_status == "active";
    let member = match (row.is_aidant, row.is_referent, row.member_status) {
        (Some(aidant), Some(referent), Some(status)) => {
            Some((aidant, referent, person_is_active && status == "active"))
        }
        _ => None,
    };
    Ok(StandingFacts {
        structure: Structure {
            id,
            name: row.name,
            status: StructureStatus::from_name(&row.status).ok_or_else(|| corrupt("status"))?,
            habilitated_from: row.habilitated_from,
            habilitated_until: row.habilitated_until,
            domains,
            time_zone: TimeZone::get(&row.time_zone).map_err(|_| corrupt("time_zone"))?,
        },
        time_zone: row.time_zone,
        member,
        charter_version: row.charter_version,
        has_active_card: row.has_active_card,
    })
}
