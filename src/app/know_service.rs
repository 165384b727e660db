//! Which service calls one of the endpoints that services call themselves: proven as at the token endpoint.
use crate::domain::ids::ServiceId;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::provider::client::Client;
use crate::oidc::provider::error::TokenError;
use crate::oidc::provider::params::Params;
use crate::oidc::provider::token::{self as protocol, Credentials};
use crate::store::{AsStoreError, StoreError};

use super::record::{self, RecordError};
use super::signing_keys::KeysError;
use super::{App, authenticate_client};

/// Why a service that calls is not answered.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error(transparent)]
    Refused(#[from] TokenError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("the answer cannot be written")]
    Json(#[from] serde_json::Error),
}

impl AsStoreError for ServiceError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            Self::Keys(error) => error.as_store_error(),
            Self::Refused(_) | Self::Json(_) => None,
        }
    }
}

/// The service that calls; whoever cannot prove to be one is refused, and the log says so.
pub(super) async fn service(
    app: &App,
    authorization: Option<&str>,
    body: &Params,
    source: &str,
) -> Result<Client, ServiceError> {
    known(app, protocol::credentials(authorization, body), source).await
}

/// The same, for a call whose body is no form: it shows its credentials in the header.
pub(super) async fn service_by_header(
    app: &App,
    authorization: Option<&str>,
    source: &str,
) -> Result<Client, ServiceError> {
    known(app, protocol::header_credentials(authorization), source).await
}

async fn known(
    app: &App,
    shown: Result<Credentials, TokenError>,
    source: &str,
) -> Result<Client, ServiceError> {
    let credentials = match shown {
        Ok(credentials) => credentials,
        Err(error) => return refuse(app, Kind::ClientRefused, error, "credentials", None, source).await,
    };
    match authenticate_client::proven(app, &credentials).await? {
        Ok(client) => Ok(client),
        Err(doubt) => {
            refuse(app, Kind::ClientRefused, doubt.error, &doubt.reason, doubt.client, source).await
        }
    }
}

/// Refuses a request, and writes why.
pub(super) async fn refuse<T>(
    app: &App,
    kind: Kind,
    error: TokenError,
    reason: &str,
    client: Option<ServiceId>,
    source: &str,
) -> Result<T, ServiceError> {
    record::refuse(app, refusal(kind, reason, client), source).await?;
    Err(error.into())
}

/// The entry of something refused to a service.
pub(super) fn refusal(kind: Kind, reason: &str, client: Option<ServiceId>) -> Draft {
    let draft = Draft::refused(kind, reason).by_role(Role::Service);
    match client {
        Some(client) => draft.service(client),
        None => draft,
    }
}
