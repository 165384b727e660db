//! Requests of services, from their arrival to their answer, and the codes that answer them.
use sqlx::AssertSqlSafe;

use crate::domain::ids::{GrantId, RowId, ServiceId, SessionId, UseId, UserId};
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;

use super::many::rows;
use super::{Access, StoreError, WriteTx};

/// A request waiting for its answer.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RequestRow {
    pub id: RowId,
    pub browser_hash: Option<HashedToken>,
    pub client_id: ServiceId,
    /// The checked request, JSON.
    pub parameters: String,
    pub created_at: Timestamp,
}

/// A request to keep.
#[derive(Debug)]
pub struct NewRequest {
    pub id: RowId,
    pub handle: HashedToken,
    pub client: ServiceId,
    pub parameters: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// Pushed, and not to be opened before its first visit at the authorization endpoint.
    pub unvisited: bool,
}

const INSERT: &str = "
INSERT INTO authorization_request (id, handle_hash, client_id, parameters, created_at, expires_at, unvisited)
VALUES";
const VISIT: &str = "
UPDATE authorization_request
SET created_at = CASE WHEN unvisited THEN $3 ELSE created_at END,
  expires_at = CASE WHEN unvisited THEN $4 ELSE expires_at END, unvisited = FALSE
WHERE handle_hash = $1 AND client_id = $2 AND answered_at IS NULL AND expires_at > $3";
const PENDING: &str = "
SELECT id, browser_hash, client_id, parameters, created_at FROM authorization_request
WHERE handle_hash = $1 AND answered_at IS NULL AND expires_at > $2 AND NOT unvisited";
const BIND: &str =
    "UPDATE authorization_request SET browser_hash = $2 WHERE handle_hash = $1 AND browser_hash IS NULL";
const ANSWER: &str = "
UPDATE authorization_request SET answered_at = $2, session_id = $3, user_id = $4, grant_id = $5
WHERE id = $1 AND answered_at IS NULL AND expires_at > $2";

pub async fn insert(tx: &mut WriteTx, requests: &[&NewRequest]) -> Result<(), StoreError> {
    if requests.is_empty() {
        return Ok(());
    }
    let sql = format!("{INSERT} {}", rows(requests.len(), 7));
    changed!(tx, {
        let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
        for new in requests {
            query = query
                .bind(new.id)
                .bind(&new.handle)
                .bind(new.client)
                .bind(&new.parameters)
                .bind(new.created_at)
                .bind(new.expires_at)
                .bind(new.unvisited);
        }
        query
    })?;
    Ok(())
}

/// A visit of a pushed request by the browser its client sent. The first one is its arrival: from then on it waits
/// until `until`. False if there is none of this client that waits.
pub async fn visit(
    tx: &mut WriteTx,
    handle: &HashedToken,
    client: ServiceId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(VISIT).bind(handle).bind(client).bind(now).bind(until))? == 1)
}

/// The request of a handle, if it still waits.
pub async fn pending(
    tx: &mut impl Access,
    handle: &HashedToken,
    now: Timestamp,
) -> Result<Option<RequestRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, RequestRow>(PENDING).bind(handle).bind(now).fetch_optional(c).await)
}

/// Binds a request to the browser that first shows it. False if another browser was first.
pub async fn bind(tx: &mut WriteTx, handle: &HashedToken, browser: &HashedToken) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(BIND).bind(handle).bind(browser))? == 1)
}

/// Marks a request answered. False if it already was, or is too old: then nothing may be answered.
pub async fn answer(
    tx: &mut WriteTx,
    id: RowId,
    now: Timestamp,
    chosen: Option<(SessionId, UserId, GrantId)>,
) -> Result<bool, StoreError> {
    let (session, user, grant) = match chosen {
        Some((session, user, grant)) => (Some(session), Some(user), Some(grant)),
        None => (None, None, None),
    };
    Ok(changed!(tx, sqlx::query(ANSWER).bind(id).bind(now).bind(session).bind(user).bind(grant))? == 1)
}

/// A code to keep, hashed.
pub struct NewCode<'a> {
    pub hash: &'a HashedToken,
    pub use_id: UseId,
    pub client: ServiceId,
    pub redirect_uri: &'a str,
    pub scope: &'a str,
    pub nonce: Option<&'a str>,
    /// Claims asked for one by one, JSON.
    pub claims: Option<&'a str>,
    pub challenge: Option<&'a str>,
    /// Thumbprint of the key that must come with it.
    pub dpop_jkt: Option<&'a str>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

const INSERT_CODE: &str = "
INSERT INTO authorization_code (code_hash, use_id, client_id, redirect_uri, scope, nonce, code_challenge, dpop_jkt, issued_at, expires_at, claims)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

pub async fn insert_code(tx: &mut WriteTx, new: &NewCode<'_>) -> Result<(), StoreError> {
    changed!(
        tx,
        sqlx::query(INSERT_CODE)
            .bind(new.hash)
            .bind(new.use_id)
            .bind(new.client)
            .bind(new.redirect_uri)
            .bind(new.scope)
            .bind(new.nonce)
            .bind(new.challenge)
            .bind(new.dpop_jkt)
            .bind(new.issued_at)
            .bind(new.expires_at)
            .bind(new.claims)
    )?;
    Ok(())
}
