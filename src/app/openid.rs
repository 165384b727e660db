//! What the OpenID provider keeps at hand, and the registered services as the protocol sees them.
use std::sync::{Arc, Mutex};

use crate::config::{Server, plain_http_is_local};
use crate::crypto::jwt::Alg;
use crate::crypto::seal::Sealer;
use crate::domain::secret::PlainToken;
use crate::domain::time::Timestamp;
use crate::oidc::outbound::Outbound;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::pairwise::Pairwise;
use crate::oidc::provider::policy::{ClientKeys, Policy};
use crate::oidc::provider::scope::Scopes;
use crate::store::StoreError;
use crate::store::client::ClientRow;

use super::App;
use super::client_keys::Remembered;
use super::give_check::Counts;
use super::signing_keys::KeyRing;

/// The provider's own state in this process: nothing that another node would need.
#[derive(Debug)]
pub struct OpenId {
    pub pairwise: Pairwise,
    /// The signing keys, read from the database at most once a minute.
    pub(super) keys: Mutex<Option<(Timestamp, Arc<KeyRing>)>>,
    /// Checks that agreed since they were last told to the log.
    pub(super) checks: Counts,
    /// Keys of services, fetched where they publish them.
    pub(super) client_keys: Remembered,
    /// Calls the addresses that services registered.
    pub outbound: Outbound,
}

impl OpenId {
    /// The pairwise key comes from the blind-index key, which never changes for as long as the database lives.
    pub fn new(sealer: &Sealer, server: &Server) -> Self {
        let mut key = [0u8; 32];
        for (byte, derived) in key.iter_mut().zip(sealer.blind_index("pairwise identifiers", b"")) {
            *byte = derived;
        }
        Self {
            pairwise: Pairwise::new(&key),
            keys: Mutex::new(None),
            checks: Counts::default(),
            client_keys: Remembered::default(),
            outbound: Outbound::new(plain_http_is_local(&server.origin)),
        }
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
    let alg = |name: &str| Alg::named(name).ok_or_else(|| corrupt("algorithm"));
    let keys = match (&row.jwks, row.jwks_uri) {
        (Some(keys), _) => ClientKeys::Inline(serde_json::from_str(keys).map_err(|_| corrupt("jwks"))?),
        (None, Some(uri)) => ClientKeys::Uri(uri),
        (None, None) => ClientKeys::None,
    };
    Ok(Client {
        id: row.id,
        redirect_uris: list(&row.redirect_uris)?,
        post_logout_redirect_uris: list(&row.post_logout_redirect_uris)?,
        policy: Policy {
            profile: row.profile.parse().map_err(|_| corrupt("profile"))?,
            auth_method: row.auth_method.parse().map_err(|_| corrupt("auth_method"))?,
            keys,
            id_token_alg: alg(&row.id_token_alg)?,
            userinfo_alg: row.userinfo_alg.as_deref().map(alg).transpose()?,
            scopes: Scopes::parse(&row.scopes),
            requires_par: row.requires_par,
            requires_dpop: row.requires_dpop,
            tells_actor: row.tells_actor,
            enforces_limits: row.enforces_limits,
            is_hub: row.is_hub,
            reauthentication: row.reauthentication.parse().map_err(|_| corrupt("reauthentication"))?,
            may_refresh: row.may_refresh,
            is_resource_server: row.is_resource_server,
            backchannel_logout_uri: row.backchannel_logout_uri,
        },
        domains: row.domains.as_deref().map(list).transpose()?,
        suspended: row.status != "active",
        client_id: row.client_id,
        name: row.name,
        sector: row.sector,
    })
}

/// A service as it is to be stored, with the hash of its secret if it has one.
pub(super) fn row(
    client: &Client,
    secret: Option<&PlainToken>,
    now: Timestamp,
) -> Result<ClientRow, serde_json::Error> {
    let policy = &client.policy;
    let (jwks, jwks_uri) = match &policy.keys {
        ClientKeys::None => (None, None),
        ClientKeys::Inline(keys) => (Some(serde_json::to_string(keys)?), None),
        ClientKeys::Uri(uri) => (None, Some(uri.clone())),
    };
    Ok(ClientRow {
        id: client.id,
        client_id: client.client_id.clone(),
        name: client.name.clone(),
        secret_hash: secret.map(|secret| secret.hash().as_bytes().to_vec()),
        previous_secret_hash: None,
        previous_secret_ends_at: None,
        secret_since: secret.map(|_| now),
        profile: policy.profile.as_str().to_owned(),
        auth_method: policy.auth_method.as_str().to_owned(),
        id_token_alg: policy.id_token_alg.name().to_owned(),
        userinfo_alg: policy.userinfo_alg.map(|alg| alg.name().to_owned()),
        jwks,
        jwks_uri,
        requires_par: policy.requires_par,
        requires_dpop: policy.requires_dpop,
        redirect_uris: serde_json::to_string(&client.redirect_uris)?,
        post_logout_redirect_uris: serde_json::to_string(&client.post_logout_redirect_uris)?,
        domains: client.domains.as_ref().map(serde_json::to_string).transpose()?,
        sector: client.sector.clone(),
        scopes: policy.scopes.to_string(),
        tells_actor: policy.tells_actor,
        enforces_limits: policy.enforces_limits,
        is_hub: policy.is_hub,
        reauthentication: policy.reauthentication.as_str().to_owned(),
        may_refresh: policy.may_refresh,
        is_resource_server: policy.is_resource_server,
        backchannel_logout_uri: policy.backchannel_logout_uri.clone(),
        status: if client.suspended { "suspended" } else { "active" }.to_owned(),
    })
}
