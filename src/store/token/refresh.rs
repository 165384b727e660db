//! Refresh tokens, with what they stand on: they refresh nothing that an access token could not open.
use super::Standing;
use crate::domain::ids::{EntryId, ServiceId, UseId};
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;
use crate::store::many::{list, padded, rows};
use crate::store::{Access, StoreError, WriteTx};
use sqlx::AssertSqlSafe;

/// A refresh token as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RefreshRow {
    pub token_hash: HashedToken,
    /// Its family.
    pub code_hash: HashedToken,
    pub client_id: ServiceId,
    /// The public identifier of the client.
    pub issued_to: String,
    pub scope: String,
    /// The scopes its client may ask for today.
    pub allowed: String,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub replaced_at: Option<Timestamp>,
    /// Neither replaced, revoked nor expired, its client registered for refreshing, and all it stands on in force.
    pub alive: bool,
    #[sqlx(flatten)]
    pub standing: Standing,
}

const FIND: &str = concat!(
    "SELECT t.token_hash, t.code_hash, t.client_id, k.client_id AS issued_to, t.scope, k.scopes AS allowed, t.issued_at, t.expires_at,
  t.replaced_at, (t.replaced_at IS NULL AND t.revoked_at IS NULL AND t.expires_at > $1 AND k.may_refresh AND ",
    in_force!(),
    ") AS alive, ",
    standing!(),
    "
FROM refresh_token t
JOIN use_session u ON u.id = t.use_id",
    stands_on!(),
    "
WHERE t.token_hash IN"
);

/// Refresh tokens, alive or not; an unknown one is missing.
pub async fn find(
    tx: &mut impl Access,
    hashes: &[&HashedToken],
    now: Timestamp,
    charter: i64,
) -> Result<Vec<RefreshRow>, StoreError> {
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("{FIND} ({})", list(3, hashes.len()));
    on!(tx, c => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.clone())).bind(now).bind(charter);
        for hash in padded(hashes) {
            query = query.bind(*hash);
        }
        query.fetch_all(c).await
    })
}

/// A refresh token to keep, hashed.
pub struct NewRefresh<'a> {
    pub hash: &'a HashedToken,
    pub code: &'a HashedToken,
    pub use_id: UseId,
    pub client: ServiceId,
    pub scope: &'a str,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub entry: EntryId,
}

const INSERT: &str = "
INSERT INTO refresh_token (token_hash, code_hash, use_id, client_id, scope, issued_at, expires_at, entry_id) VALUES";

pub async fn insert(tx: &mut WriteTx, tokens: &[NewRefresh<'_>]) -> Result<(), StoreError> {
    if tokens.is_empty() {
        return Ok(());
    }
    let sql = format!("{INSERT} {}", rows(tokens.len(), 8));
    changed!(tx, {
        let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
        for new in tokens {
            query = query
                .bind(new.hash)
                .bind(new.code)
                .bind(new.use_id)
                .bind(new.client)
                .bind(new.scope)
                .bind(new.issued_at)
                .bind(new.expires_at)
                .bind(new.entry);
        }
        query
    })?;
    Ok(())
}

const REPLACE: &str = "
UPDATE refresh_token SET replaced_at = $2 WHERE token_hash = $1 AND replaced_at IS NULL AND revoked_at IS NULL";

/// Takes a refresh token out of use because another takes its place. False if that was done before.
pub async fn replace(tx: &mut WriteTx, hash: &HashedToken, now: Timestamp) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(REPLACE).bind(hash).bind(now))? == 1)
}

const REVOKE_OF_CODE: &str = "UPDATE refresh_token SET revoked_at = $2 WHERE code_hash = $1 AND revoked_at IS NULL AND replaced_at IS NULL";

/// Kills every refresh token of a code; how many were alive.
pub async fn revoke_of_code(tx: &mut WriteTx, code: &HashedToken, now: Timestamp) -> Result<u64, StoreError> {
    changed!(tx, sqlx::query(REVOKE_OF_CODE).bind(code).bind(now))
}
