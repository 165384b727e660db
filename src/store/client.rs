//! Registered services.
use sqlx::AssertSqlSafe;

use crate::domain::ids::{EntryId, ServiceId};
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;

use super::many::{list, padded};
use super::{Access, StoreError, WriteTx};

/// A service as stored; lists are JSON arrays of text.
#[derive(Clone, Debug, sqlx::FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "one per column")]
pub struct ClientRow {
    pub id: ServiceId,
    pub client_id: String,
    pub name: String,
    /// SHA-256 of a secret of 256 random bits; none for a service that signs.
    pub secret_hash: Option<Vec<u8>>,
    /// The secret before, which still serves until the instant that goes with it.
    pub previous_secret_hash: Option<Vec<u8>>,
    pub previous_secret_ends_at: Option<Timestamp>,
    /// When the secret was made; none where that is not known.
    pub secret_since: Option<Timestamp>,
    pub profile: String,
    pub auth_method: String,
    pub id_token_alg: String,
    pub userinfo_alg: Option<String>,
    /// A JWK Set.
    pub jwks: Option<String>,
    pub jwks_uri: Option<String>,
    pub requires_par: bool,
    pub requires_dpop: bool,
    pub redirect_uris: String,
    pub post_logout_redirect_uris: String,
    pub domains: Option<String>,
    pub sector: String,
    /// What it may ask for, separated by spaces.
    pub scopes: String,
    pub tells_actor: bool,
    pub enforces_limits: bool,
    pub is_hub: bool,
    pub reauthentication: String,
    pub may_refresh: bool,
    pub is_resource_server: bool,
    pub backchannel_logout_uri: Option<String>,
    pub status: String,
}

macro_rules! columns {
    () => {
        "id, client_id, name, secret_hash, previous_secret_hash, previous_secret_ends_at, secret_since, profile, auth_method,
  id_token_alg, userinfo_alg, jwks, jwks_uri, requires_par, requires_dpop, redirect_uris, post_logout_redirect_uris,
  domains, sector, scopes, tells_actor, enforces_limits, is_hub, reauthentication, may_refresh, is_resource_server,
  backchannel_logout_uri, status"
    };
}

const BY_CLIENT_ID: &str = concat!("SELECT ", columns!(), " FROM client WHERE client_id = $1");
const BY_CLIENT_IDS: &str = concat!("SELECT ", columns!(), " FROM client WHERE client_id IN");
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM client WHERE id = $1");
const ALL: &str = concat!("SELECT ", columns!(), " FROM client ORDER BY client_id");
const INSERT: &str = concat!(
    "INSERT INTO client (",
    columns!(),
    ", created_at, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
       $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)
     ON CONFLICT (client_id) DO NOTHING"
);

const ROTATE: &str = "
UPDATE client SET previous_secret_hash = secret_hash, previous_secret_ends_at = $3, secret_hash = $2,
  secret_since = $4
WHERE id = $1 AND secret_hash IS NOT NULL";
const SET_STATUS: &str = "UPDATE client SET status = $2 WHERE id = $1 AND status <> $2";

/// Replaces a service's secret; the one it had serves until `until`, the one before no longer. False if it has none.
pub async fn rotate_secret(
    tx: &mut WriteTx,
    id: ServiceId,
    hash: &HashedToken,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(ROTATE).bind(id).bind(hash).bind(until).bind(now))? == 1)
}

const SET_ADDRESSES: &str = "
UPDATE client SET redirect_uris = $2, post_logout_redirect_uris = $3, backchannel_logout_uri = $4, jwks = $5,
  jwks_uri = $6
WHERE id = $1";

/// Writes the addresses of a service and its keys, or where it publishes them.
pub async fn set_addresses(tx: &mut WriteTx, row: &ClientRow) -> Result<(), StoreError> {
    changed!(
        tx,
        sqlx::query(SET_ADDRESSES)
            .bind(row.id)
            .bind(&row.redirect_uris)
            .bind(&row.post_logout_redirect_uris)
            .bind(&row.backchannel_logout_uri)
            .bind(&row.jwks)
            .bind(&row.jwks_uri)
    )?;
    Ok(())
}

const SET_SCOPES: &str = "UPDATE client SET scopes = $2 WHERE id = $1 AND scopes <> $2";

/// Says what a service may ask for. False if it was so already.
pub async fn set_scopes(tx: &mut WriteTx, id: ServiceId, scopes: &str) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(SET_SCOPES).bind(id).bind(scopes))? == 1)
}

/// Makes a service `active` or `suspended`. False if it is so already.
pub async fn set_status(tx: &mut WriteTx, id: ServiceId, status: &'static str) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(SET_STATUS).bind(id).bind(status))? == 1)
}

pub async fn by_client_id(tx: &mut impl Access, client_id: &str) -> Result<Option<ClientRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, ClientRow>(BY_CLIENT_ID).bind(client_id).fetch_optional(c).await)
}

/// The services of these identifiers; an unknown one is missing.
pub async fn by_client_ids(tx: &mut impl Access, client_ids: &[&str]) -> Result<Vec<ClientRow>, StoreError> {
    if client_ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("{BY_CLIENT_IDS} ({})", list(1, client_ids.len()));
    on!(tx, c => {
        let mut query = sqlx::query_as::<_, ClientRow>(AssertSqlSafe(sql.clone()));
        for client_id in padded(client_ids) {
            query = query.bind(*client_id);
        }
        query.fetch_all(c).await
    })
}

pub async fn by_id(tx: &mut impl Access, id: ServiceId) -> Result<Option<ClientRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, ClientRow>(BY_ID).bind(id).fetch_optional(c).await)
}

/// Every service, by identifier. There are tens of them.
pub async fn all(tx: &mut impl Access) -> Result<Vec<ClientRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, ClientRow>(ALL).fetch_all(c).await)
}

/// Registers a service. False if its identifier is taken.
pub async fn insert(
    tx: &mut WriteTx,
    row: &ClientRow,
    now: Timestamp,
    entry: EntryId,
) -> Result<bool, StoreError> {
    let changed = changed!(
        tx,
        sqlx::query(INSERT)
            .bind(row.id)
            .bind(&row.client_id)
            .bind(&row.name)
            .bind(&row.secret_hash)
            .bind(&row.previous_secret_hash)
            .bind(row.previous_secret_ends_at)
            .bind(row.secret_since)
            .bind(&row.profile)
            .bind(&row.auth_method)
            .bind(&row.id_token_alg)
            .bind(&row.userinfo_alg)
            .bind(&row.jwks)
            .bind(&row.jwks_uri)
            .bind(row.requires_par)
            .bind(row.requires_dpop)
            .bind(&row.redirect_uris)
            .bind(&row.post_logout_redirect_uris)
            .bind(&row.domains)
            .bind(&row.sector)
            .bind(&row.scopes)
            .bind(row.tells_actor)
            .bind(row.enforces_limits)
            .bind(row.is_hub)
            .bind(&row.reauthentication)
            .bind(row.may_refresh)
            .bind(row.is_resource_server)
            .bind(&row.backchannel_logout_uri)
            .bind(&row.status)
            .bind(now)
            .bind(entry)
    )?;
    Ok(changed == 1)
}
