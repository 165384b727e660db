//! Users: one subject of one identity provider each.
use serde::{Deserialize, Serialize};

use crate::crypto::seal::Place;
use crate::domain::ids::{EntryId, StructureId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::user::CivilIdentity;

use super::{Access, StoreError, WriteTx};

/// What `identity_sealed` holds: the civil identity to the letter, and whose subject it is.
#[derive(Serialize, Deserialize)]
pub struct SealedIdentity {
    pub issuer: String,
    pub subject: String,
    #[serde(flatten)]
    pub identity: CivilIdentity,
}

/// Where the sealed identity of a user lives.
pub fn identity_place(id: &UserId) -> Place<'_> {
    Place { table: "app_user", row: id.as_bytes(), column: "identity_sealed" }
}

const BY_SUBJECT: &str = "SELECT id FROM app_user WHERE subject_index = $1";

/// The user of this blind index of (issuer, subject).
pub async fn by_subject(tx: &mut impl Access, index: &[u8]) -> Result<Option<UserId>, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, UserId>(BY_SUBJECT).bind(index).fetch_optional(c).await)
}

pub struct NewUser<'a> {
    pub id: UserId,
    pub subject_index: &'a [u8],
    pub identity_index: &'a [u8],
    pub identity_sealed: &'a [u8],
    pub pseudonym_key_sealed: &'a [u8],
    pub now: Timestamp,
    pub entry: EntryId,
}

const INSERT: &str = "
INSERT INTO app_user (id, subject_index, identity_index, identity_sealed, pseudonym_key_sealed, created_at,
  updated_at, entry_id)
VALUES ($1, $2, $3, $4, $5, $6, $6, $7)";

pub async fn insert(tx: &mut WriteTx, new: &NewUser<'_>) -> Result<(), StoreError> {
    changed!(
        tx,
        sqlx::query(INSERT)
            .bind(new.id)
            .bind(new.subject_index)
            .bind(new.identity_index)
            .bind(new.identity_sealed)
            .bind(new.pseudonym_key_sealed)
            .bind(new.now)
            .bind(new.entry)
    )?;
    Ok(())
}

/// A user as a structure knows them.
#[derive(sqlx::FromRow)]
pub struct OfStructureRow {
    pub id: UserId,
    pub identity_sealed: Vec<u8>,
    /// Signed mandates with that structure.
    pub mandates: i64,
}

macro_rules! of_structure {
    ($where:literal, $end:literal) => {
        concat!(
            "SELECT a.id, a.identity_sealed, n.mandates
FROM (SELECT user_id, COUNT(*) AS mandates FROM mandate
      WHERE structure_id = $1 AND signed_at IS NOT NULL AND ",
            $where,
            " GROUP BY user_id",
            $end,
            ") n JOIN app_user a ON a.id = n.user_id ORDER BY a.id"
        )
    };
}

const PAGE_OF_STRUCTURE: &str = of_structure!("user_id > $2", " ORDER BY user_id LIMIT $3");
const ONE_OF_STRUCTURE: &str = of_structure!("user_id = $2", "");

/// Up to `limit` users of signed mandates of a structure, after `after` in the order of their ids.
pub async fn page_of_structure(
    tx: &mut impl Access,
    structure: StructureId,
    after: UserId,
    limit: i64,
) -> Result<Vec<OfStructureRow>, StoreError> {
    on!(tx, c => {
        sqlx::query_as::<_, OfStructureRow>(PAGE_OF_STRUCTURE)
            .bind(structure).bind(after).bind(limit).fetch_all(c).await
    })
}

/// This user, if the structure holds or held a signed mandate for them.
pub async fn of_structure(
    tx: &mut impl Access,
    structure: StructureId,
    id: UserId,
) -> Result<Option<OfStructureRow>, StoreError> {
    on!(tx, c => {
        sqlx::query_as::<_, OfStructureRow>(ONE_OF_STRUCTURE).bind(structure).bind(id).fetch_optional(c).await
    })
}

const IDENTITY: &str = "SELECT identity_sealed FROM app_user WHERE id = $1";

/// The sealed civil identity of a user.
pub async fn identity(tx: &mut impl Access, id: UserId) -> Result<Vec<u8>, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, Vec<u8>>(IDENTITY).bind(id).fetch_one(c).await)
}

const LOCALE: &str = "SELECT locale FROM app_user WHERE id = $1";

/// The language in which a user last read and answered: `fr` or `en`.
pub async fn locale(tx: &mut impl Access, id: UserId) -> Result<String, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, String>(LOCALE).bind(id).fetch_one(c).await)
}

const SET_LOCALE: &str = "UPDATE app_user SET locale = $2 WHERE id = $1";

/// Notes the language in which a user reads.
pub async fn set_locale(tx: &mut WriteTx, id: UserId, locale: &str) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(SET_LOCALE).bind(id).bind(locale))?;
    Ok(())
}

const UPDATE: &str = "
UPDATE app_user SET identity_index = $2, identity_sealed = $3, updated_at = $4
WHERE id = $1 AND erased_at IS NULL";

/// The identity as the provider gives it today; overtaken if the user was erased meanwhile.
pub async fn update_identity(
    tx: &mut WriteTx,
    id: UserId,
    identity_index: &[u8],
    identity_sealed: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    match changed!(tx, sqlx::query(UPDATE).bind(id).bind(identity_index).bind(identity_sealed).bind(now))? {
        1 => Ok(()),
        _ => Err(StoreError::Overtaken),
    }
}
