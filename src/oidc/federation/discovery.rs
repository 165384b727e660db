//! The provider's metadata and keys (OpenID Connect Discovery 1.0), fetched once and remembered for a while.
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration as Wait;

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, DiscoveryError, IssuerUrl, ProviderMetadata};
use serde::{Deserialize, Serialize};
use time::Duration;

use crate::domain::time::Timestamp;

use super::http::HttpClient;
use super::{Federation, FederationError, IdentityProvider};

/// Metadata and keys are asked for again after this long.
const REMEMBERED_FOR: Duration = Duration::minutes(10);
/// An unknown key makes us ask again, but not more often than this: anybody can invent a key id.
const AT_LEAST_BETWEEN: Duration = Duration::seconds(30);

/// What we use of the metadata beyond the base specification.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct MoreMetadata {
    /// OpenID Connect RP-Initiated Logout 1.0.
    pub(super) end_session_endpoint: Option<String>,
    /// RFC 9207: the provider promises `iss` in its redirects.
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for MoreMetadata {}

pub(super) type Metadata = ProviderMetadata<
    MoreMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A page waits no longer for it.
const PATIENCE: Wait = Wait::from_secs(2);

#[derive(Debug, Default)]
pub(super) struct Discovery {
    /// What is remembered, with the instant at which it was fetched.
    known: Mutex<Option<(Timestamp, Arc<Metadata>)>>,
    /// When a page last made us ask. Held while one asks: the others wait for that answer.
    asked: tokio::sync::Mutex<Option<Timestamp>>,
}

impl Discovery {
    fn remembered(&self) -> Option<(Timestamp, Arc<Metadata>)> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was last said, however long ago.
    fn last(&self) -> Option<Arc<Metadata>> {
        self.remembered().map(|(_, metadata)| metadata)
    }

    fn remember(&self, now: Timestamp, metadata: Arc<Metadata>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, metadata));
    }
}

impl Federation {
    /// Metadata and keys, at most [`REMEMBERED_FOR`] old.
    pub(super) async fn metadata(&self, now: Timestamp) -> Result<Arc<Metadata>, FederationError> {
        match self.discovery.remembered() {
            Some((fetched, metadata)) if now.since(fetched) < REMEMBERED_FOR => Ok(metadata),
            _ => self.fetch_metadata(now).await,
        }
    }

    /// As [`Federation::metadata`], for a page: what was last said when nothing newer comes soon, and nothing when the
    /// provider never answered. One that does not answer is asked again after [`AT_LEAST_BETWEEN`] only.
    pub(super) async fn metadata_soon(&self, now: Timestamp) -> Option<Arc<Metadata>> {
        if let Some((fetched, metadata)) = self.discovery.remembered()
            && now.since(fetched) < REMEMBERED_FOR
        {
            return Some(metadata);
        }
        let asking = async {
            let mut asked = self.discovery.asked.lock().await;
            if asked.is_none_or(|at| now.since(at) >= AT_LEAST_BETWEEN) {
                *asked = Some(now);
                return self.metadata(now).await.map(drop);
            }
            Ok(())
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, issuer = self.provider.issuer, "no metadata for a page"),
            Err(_) => tracing::warn!(issuer = self.provider.issuer, "no metadata for a page in time"),
        }
        self.discovery.last()
    }

    /// Newer keys than those just used, if it is time to ask: the provider may have changed its key.
    pub(super) async fn newer_metadata(
        &self,
        now: Timestamp,
    ) -> Result<Option<Arc<Metadata>>, FederationError> {
        match self.discovery.remembered() {
            Some((fetched, _)) if now.since(fetched) < AT_LEAST_BETWEEN => Ok(None),
            _ => self.fetch_metadata(now).await.map(Some),
        }
    }

    async fn fetch_metadata(&self, now: Timestamp) -> Result<Arc<Metadata>, FederationError> {
        let metadata = Arc::new(fetch(&self.provider, &self.http).await?);
        self.discovery.remember(now, Arc::clone(&metadata));
        Ok(metadata)
    }
}

async fn fetch(provider: &IdentityProvider, http: &HttpClient) -> Result<Metadata, FederationError> {
    let issuer = IssuerUrl::new(provider.issuer.clone())
        .map_err(|_| FederationError::Misconfigured("the issuer is not a URL"))?;
    Metadata::discover_async(issuer, http).await.map_err(|cause| match cause {
        DiscoveryError::Request(failure) => failure,
        DiscoveryError::Validation(_) => FederationError::WrongIssuer,
        DiscoveryError::Response(status, ..) if !status.is_success() => {
            FederationError::Failing(status.as_u16())
        }
        DiscoveryError::UrlParse(_) => FederationError::Misconfigured("the issuer is not a URL"),
        _ => FederationError::Nonsense("metadata or keys"),
    })
}
