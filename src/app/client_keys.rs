//! The public keys of services that sign: given at registration, or fetched where they publish them and remembered.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jsonwebtoken::jwk::JwkSet;
use time::Duration;

use crate::domain::ids::ServiceId;
use crate::domain::time::Timestamp;
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
    let fetched = fetch(app, client, uri).await;
    let before = remembered.and_then(|found| found.keys);
    let keys = fetched.clone().map(|keys| (now, keys)).or(before);
    app.openid.client_keys.keep(client.id, Found { uri: uri.clone(), asked: now, keys });
    fetched
}

async fn fetch(app: &App, client: &Client, uri: &str) -> Option<Arc<JwkSet>> {
    let said = |error: &dyn std::fmt::Display| {
        tracing::warn!(client = client.client_id, uri, %error, "the keys of a service cannot be fetched");
    };
    let body = app.openid.outbound.get(uri).await.map_err(|error| said(&error)).ok()?;
    let text = String::from_utf8(body).map_err(|error| said(&error)).ok()?;
    registration::keys(&text).map_err(|error| said(&error)).ok().map(Arc::new)
}
