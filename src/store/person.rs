//! Professionals and their memberships.
use crate::crypto::seal::Place;
use crate::domain::ids::{EntryId, PersonId, StructureId};
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};

/// Where the sealed name of a person lives.
pub fn name_place(id: &PersonId) -> Place<'_> {
    Place { table: "person", row: id.as_bytes(), column: "name_sealed" }
}

/// Where the sealed address of a person lives.
pub fn email_place(id: &PersonId) -> Place<'_> {
    Place { table: "person", row: id.as_bytes(), column: "email_sealed" }
}

/// Where the sealed key of a person's pseudonym in the log lives.
pub fn pseudonym_place(id: &PersonId) -> Place<'_> {
    Place { table: "person", row: id.as_bytes(), column: "pseudonym_key_sealed" }
}

#[derive(sqlx::FromRow)]
pub struct PersonRow {
    pub id: PersonId,
    pub email_sealed: Vec<u8>,
    pub name_sealed: Vec<u8>,
    pub password_hash: Option<String>,
    pub status: String,
    pub is_operator: bool,
    pub is_auditor: bool,
    pub charter_version: Option<i64>,
}

/// What a [`PersonRow`] is read from, of a person `p`. `!` is no password, as in shadow(5).
macro_rules! person_columns {
    () => {
        "p.id, p.email_sealed, p.name_sealed, NULLIF(p.password_hash, '!') AS password_hash, p.status, p.is_operator,
  p.is_auditor, p.charter_version"
    };
}
pub(super) use person_columns;

const BY_EMAIL: &str = concat!("SELECT ", person_columns!(), " FROM person p WHERE p.email_index = $1");

/// By the blind index of the address.
pub async fn by_email(tx: &mut impl Access, index: &[u8]) -> Result<Option<PersonRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, PersonRow>(BY_EMAIL).bind(index).fetch_optional(c).await)
}

const BY_ID: &str = concat!("SELECT ", person_columns!(), " FROM person p WHERE p.id = $1");

pub async fn by_id(tx: &mut impl Access, id: PersonId) -> Result<Option<PersonRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, PersonRow>(BY_ID).bind(id).fetch_optional(c).await)
}

pub struct NewPerson<'a> {
    pub id: PersonId,
    pub email_index: &'a [u8],
    pub email_sealed: &'a [u8],
    pub name_sealed: &'a [u8],
    pub pseudonym_key_sealed: &'a [u8],
    pub is_operator: bool,
    pub is_auditor: bool,
    /// `none`, `listed` or `all`.
    pub perimeter: &'a str,
    pub locale: &'a str,
    pub created_at: Timestamp,
    pub entry_id: EntryId,
}

const INSERT: &str = "
INSERT INTO person (id, email_index, email_sealed, name_sealed, pseudonym_key_sealed, status, is_operator, is_auditor,
                    perimeter, locale, created_at, entry_id)
VALUES ($1, $2, $3, $4, $5, 'invited', $6, $7, $8, $9, $10, $11)
ON CONFLICT (email_index) DO NOTHING";

/// An invited person, without password. False if the address is taken.
pub async fn insert(tx: &mut WriteTx, new: &NewPerson<'_>) -> Result<bool, StoreError> {
    let done = changed!(
        tx,
        sqlx::query(INSERT)
            .bind(new.id)
            .bind(new.email_index)
            .bind(new.email_sealed)
            .bind(new.name_sealed)
            .bind(new.pseudonym_key_sealed)
            .bind(new.is_operator)
            .bind(new.is_auditor)
            .bind(new.perimeter)
            .bind(new.locale)
            .bind(new.created_at)
            .bind(new.entry_id)
    )?;
    Ok(done == 1)
}

const JOIN: &str = "
INSERT INTO membership (person_id, structure_id, is_aidant, is_referent, status, created_at, entry_id)
VALUES ($1, $2, $3, $4, 'active', $5, $6)";

/// Makes someone a member of a structure.
pub async fn join(
    tx: &mut WriteTx,
    person: PersonId,
    structure: StructureId,
    (is_aidant, is_referent): (bool, bool),
    now: Timestamp,
    entry: EntryId,
) -> Result<(), StoreError> {
    changed!(
        tx,
        sqlx::query(JOIN)
            .bind(person)
            .bind(structure)
            .bind(is_aidant)
            .bind(is_referent)
            .bind(now)
            .bind(entry)
    )?;
    Ok(())
}

const SET_PASSWORD: &str = "UPDATE person SET password_hash = $2 WHERE id = $1 AND status <> 'suspended'";

pub async fn set_password(tx: &mut WriteTx, id: PersonId, phc: &str) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(SET_PASSWORD).bind(id).bind(phc))? == 1)
}

// Who is at work without a password enters with the provider of professionals.
const ACTIVATE: &str = "
UPDATE person SET status = 'active', password_hash = COALESCE(password_hash, '!') WHERE id = $1 AND status = 'invited'
  AND (password_hash IS NOT NULL OR EXISTS (SELECT 1 FROM professional_identity WHERE person_id = $1))";

/// Password chosen, or account linked to the provider of professionals, and card validated: the person is at work.
pub async fn activate(tx: &mut WriteTx, id: PersonId) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(ACTIVATE).bind(id))? == 1)
}

const SET_STATUS: &str = "UPDATE person SET status = $2 WHERE id = $1 AND status = $3";

/// Suspends (`active` → `suspended`) or restores. False if the person is not in the state expected.
pub async fn set_status(tx: &mut WriteTx, id: PersonId, to: &str, from: &str) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(SET_STATUS).bind(id).bind(to).bind(from))? == 1)
}

const ACCEPT_CHARTER: &str = "UPDATE person SET charter_version = $2 WHERE id = $1";

pub async fn accept_charter(tx: &mut WriteTx, id: PersonId, version: i64) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(ACCEPT_CHARTER).bind(id).bind(version))?;
    Ok(())
}

/// Someone of a structure, for the choice of a card's holder.
#[derive(sqlx::FromRow)]
pub struct MemberRow {
    pub person_id: PersonId,
    pub name_sealed: Vec<u8>,
    pub is_aidant: bool,
    pub is_referent: bool,
}

const MEMBERS: &str = "
SELECT m.person_id, p.name_sealed, m.is_aidant, m.is_referent
FROM membership m JOIN person p ON p.id = m.person_id
WHERE m.structure_id = $1 AND m.status = 'active' AND p.status <> 'suspended'
ORDER BY m.person_id LIMIT 500";

/// Members at work or invited, in the order they came.
pub async fn members(tx: &mut impl Access, structure: StructureId) -> Result<Vec<MemberRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, MemberRow>(MEMBERS).bind(structure).fetch_all(c).await)
}

const IS_MEMBER: &str = "
SELECT COUNT(*) FROM membership m JOIN person p ON p.id = m.person_id
WHERE m.structure_id = $1 AND m.person_id = $2 AND m.status = 'active' AND p.status <> 'suspended'";

pub async fn is_member(
    tx: &mut impl Access,
    structure: StructureId,
    person: PersonId,
) -> Result<bool, StoreError> {
    let count = on!(tx, c => {
        sqlx::query_scalar::<_, i64>(IS_MEMBER).bind(structure).bind(person).fetch_one(c).await
    })?;
    Ok(count > 0)
}

const TIES: &str = "
SELECT (SELECT COUNT(*) FROM membership WHERE person_id = $1 AND status = 'active')
     + (SELECT COUNT(*) FROM person WHERE id = $1 AND (is_operator OR is_auditor))";

/// In how many qualities someone is at work: active memberships, and one more for an operator or auditor.
pub async fn ties(tx: &mut impl Access, person: PersonId) -> Result<i64, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, i64>(TIES).bind(person).fetch_one(c).await)
}

const FIRST_STRUCTURE: &str = "
SELECT structure_id FROM membership WHERE person_id = $1 AND status = 'active' ORDER BY created_at, structure_id LIMIT 1";

/// The structure someone joined first.
pub async fn first_structure(
    tx: &mut impl Access,
    person: PersonId,
) -> Result<Option<StructureId>, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, StructureId>(FIRST_STRUCTURE).bind(person).fetch_optional(c).await)
}

const STRUCTURE_BY_SIRET: &str = "SELECT id FROM structure WHERE siret = $1 AND status <> 'closed'";

/// The structure with this SIRET, unless closed.
pub async fn structure_by_siret(
    tx: &mut impl Access,
    siret: &str,
) -> Result<Option<StructureId>, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, StructureId>(STRUCTURE_BY_SIRET).bind(siret).fetch_optional(c).await)
}
