//! The public keys of services that sign: given at registration, or fetched where they publish them and remembered.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jsonwebtoken::jwk::JwkSet;
use time::Duration;

use crate::domain::ids::ServiceId;
use crate::domain::time::Timestamp;
use crate::oidc::outbound::OutboundError;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::policy::ClientKeys;
use crate::oidc::provider::registration;

use super::App;

/// Keys are asked for again after this long.
const REMEMBERED_FOR: Duration = Duration::minutes(10);
/// An unknown key, or a failure, makes us ask again, but not more often than this: anybody can invent a key.
const AT_LEAST_BETWEEN: Duration = Duration::seconds(30);

/// What was last found for each service, and when we asked. Each node fetches for itself.
#[derive(Debug, Default)]
pub struct Remembered(Mutex<BTreeMap<ServiceId, Found>>);

#[derive(Clone, Debug)]
struct Found {
    uri: String,
    asked: Timestamp,
    /// The last keys that could be read, and since when we have them.
    keys: Option<(Timestamp, Arc<JwkSet>)>,
    /// Why there was nothing to read when we asked last.
    fault: Option<KeysFault>,
}

/// Why the keys of a service cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysFault {
    #[error(transparent)]
    Call(#[from] OutboundError),
    #[error("the answer is not a JWK Set of public keys that can sign")]
    NotKeys,
}

/// What this node knows of keys that a service publishes.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// When they were last asked for.
    pub asked: Timestamp,
    pub fault: Option<KeysFault>,
    /// The last that could be read.
    pub keys: Option<Arc<JwkSet>>,
    /// From then on they are asked for again, when they are needed.
    pub next: Timestamp,
}

/// What was last found where a service publishes its keys; none if this node has not needed them.
pub(super) fn last(app: &App, client: &Client) -> Option<Fetched> {
    let ClientKeys::Uri(uri) = &client.policy.keys else { return None };
    let Found { asked, keys, fault, .. } = app.openid.client_keys.of(client.id, uri)?;
    let soon = asked + AT_LEAST_BETWEEN;
    let next = match (&keys, fault) {
        (Some((since, _)), None) => (*since + REMEMBERED_FOR).max(soon),
        _ => soon,
    };
    Some(Fetched { asked, fault, keys: keys.map(|(_, keys)| keys), next })
}

impl Remembered {
    fn of(&self, client: ServiceId, uri: &str) -> Option<Found> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&client).filter(|found| found.uri == uri).cloned()
    }

    fn keep(&self, client: ServiceId, found: Found) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(client, found);
    }
}

/// The keys of a service; none while it publishes none that can be read. `newer`: those at hand did not do.
pub(super) async fn of(app: &App, client: &Client, newer: bool) -> Option<Arc<JwkSet>> {
    let uri = match &client.policy.keys {
        ClientKeys::None => return None,
        ClientKeys::Inline(keys) => return (!newer).then(|| Arc::new(keys.clone())),
        ClientKeys::Uri(uri) => uri,
    };
    let now = app.now();
    let remembered = app.openid.client_keys.of(client.id, uri);
    let at_hand = remembered
        .as_ref()
        .and_then(|found| found.keys.clone())
        .filter(|(since, _)| now.since(*since) < REMEMBERED_FOR)
        .map(|(_, keys)| keys);
    let asked_just_now = remembered.as_ref().is_some_and(|found| now.since(found.asked) < AT_LEAST_BETWEEN);
    match at_hand {
        Some(keys) if !newer => return Some(keys),
        _ if asked_just_now => return None,
        _ => {}
    }
    let fetched = fetch(app, uri).await;
    if let Err(error) = &fetched {
        tracing::warn!(client = client.client_id, uri, %error, "the keys of a service cannot be fetched");
    }
    let fault = fetched.as_ref().err().copied();
    let fetched = fetched.ok();
    let before = remembered.and_then(|found| found.keys);
    let keys = fetched.clone().map(|keys| (now, keys)).or(before);
    app.openid.client_keys.keep(client.id, Found { uri: uri.clone(), asked: now, keys, fault });
    fetched
}

async fn fetch(app: &App, uri: &str) -> Result<Arc<JwkSet>, KeysFault> {
    let body = app.openid.outbound.get(uri).await?;
    let text = String::from_utf8(body).map_err(|_| KeysFault::NotKeys)?;
    registration::keys(&text).map(Arc::new).map_err(|_| KeysFault::NotKeys)
}
