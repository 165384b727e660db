//! What the OpenID provider keeps at hand, and the registered services as the protocol sees them.
use std::sync::{Arc, Mutex};

use crate::crypto::seal::Sealer;
use crate::domain::time::Timestamp;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::pairwise::Pairwise;
use crate::store::StoreError;
use crate::store::client::ClientRow;

use super::App;
use super::signing_keys::KeyRing;

/// The provider's own state in this process: nothing that another node would need.
#[derive(Debug)]
pub struct OpenId {
    pub pairwise: Pairwise,
    /// The signing keys, read from the database at most once a minute.
    pub(super) keys: Mutex<Option<(Timestamp, Arc<KeyRing>)>>,
}

impl OpenId {
    /// The pairwise key comes from the blind-index key, which never changes for as long as the database lives.
    pub fn new(sealer: &Sealer) -> Self {
        let mut key = [0u8; 32];
        for (byte, derived) in key.iter_mut().zip(sealer.blind_index("pairwise identifiers", b"")) {
            *byte = derived;
        }
        Self { pairwise: Pairwise::new(&key), keys: Mutex::new(None) }
    }
}

/// The issuer of every token: the origin, without a trailing slash.
pub fn issuer(app: &App) -> String {
    app.config.server.issuer()
}

/// A stored service, as the protocol sees it.
pub fn client(row: ClientRow) -> Result<Client, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt(format!("client {}: {what}", row.id));
    let list = |json: &str| serde_json::from_str::<Vec<String>>(json).map_err(|_| corrupt("list"));
    Ok(Client {
        id: row.id,
        redirect_uris: list(&row.redirect_uris)?,
        post_logout_redirect_uris: list(&row.post_logout_redirect_uris)?,
        auth_method: row.auth_method.parse().map_err(|_| corrupt("auth_method"))?,
        id_token_alg: crate::crypto::jwt::Alg::named(&row.id_token_alg)
            .ok_or_else(|| corrupt("id_token_alg"))?,
        domains: row.domains.as_deref().map(list).transpose()?,
        tells_actor: row.tells_actor,
        is_hub: row.is_hub,
        reauthentication: row.reauthentication.parse().map_err(|_| corrupt("reauthentication"))?,
        suspended: row.status != "active",
        client_id: row.client_id,
        name: row.name,
        sector: row.sector,
    })
}
