//! Registered services.
use sqlx::AssertSqlSafe;

use crate::domain::ids::{EntryId, ServiceId};
use crate::domain::time::Timestamp;

use super::many::{list, padded};
use super::{Access, StoreError, WriteTx};

/// A service as stored; lists are JSON arrays of text.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ClientRow {
    pub id: ServiceId,
    pub client_id: String,
    pub name: String,
    /// SHA-256 of a secret of 256 random bits.
    pub secret_hash: Vec<u8>,
    pub auth_method: String,
    pub id_token_alg: String,
    pub redirect_uris: String,
    pub post_logout_redirect_uris: String,
    pub domains: Option<String>,
    pub sector: String,
    pub tells_actor: bool,
    pub is_hub: bool,
    pub reauthentication: String,
    pub status: String,
}

macro_rules! columns {
    () => {
        "id, client_id, name, secret_hash, auth_method, id_token_alg, redirect_uris, post_logout_redirect_uris, domains, sector, tells_actor, is_hub, reauthentication, status"
    };
}

const BY_CLIENT_ID: &str = concat!("SELECT ", columns!(), " FROM client WHERE client_id = $1");
const BY_CLIENT_IDS: &str = concat!("SELECT ", columns!(), " FROM client WHERE client_id IN");
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM client WHERE id = $1");
const ALL: &str = concat!("SELECT ", columns!(), " FROM client ORDER BY client_id");
const INSERT: &str = concat!(
    "INSERT INTO client (",
    columns!(),
    ", created_at, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
     ON CONFLICT (client_id) DO NOTHING"
);

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
            .bind(&row.auth_method)
            .bind(&row.id_token_alg)
            .bind(&row.redirect_uris)
            .bind(&row.post_logout_redirect_uris)
            .bind(&row.domains)
            .bind(&row.sector)
            .bind(row.tells_actor)
            .bind(row.is_hub)
            .bind(&row.reauthentication)
            .bind(&row.status)
            .bind(now)
            .bind(entry)
    )?;
    Ok(changed == 1)
}
