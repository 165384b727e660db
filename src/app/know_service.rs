//! Which service calls one of the endpoints that services call themselves: proven as at the token endpoint.
use crate::domain::ids::ServiceId;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::provider::assertion::BadAssertion;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::dpop::{self, BadProof, Call};
use crate::oidc::provider::error::TokenError;
use crate::oidc::provider::params::Params;
use crate::oidc::provider::policy::ClientAuthMethod;
use crate::oidc::provider::token::{self as protocol, Credentials};
use crate::store::{AsStoreError, StoreError};

use super::record::{self, RecordError};
use super::shown_once::{Again, ShownOnce};
use super::signing_keys::KeysError;
use super::{App, authenticate_client, together};

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

/// A service that calls, and what it shows once: to be spent before anything is done for it, or with it.
pub(super) struct Caller {
    pub client: Client,
    pub once: ShownOnce,
}

/// The service that calls, and the key it proves, if it proves one. A proof that does not hold is refused as `kind`.
pub(super) async fn caller(
    app: &App,
    call: Call<'_>,
    authorization: Option<&str>,
    body: &Params,
    (kind, source): (Kind, &str),
) -> Result<Caller, ServiceError> {
    let mut caller = known(app, protocol::credentials(authorization, body), source).await?;
    match dpop::check(call, None, app.now()) {
        Ok(proof) => {
            caller.once.proof = proof;
            Ok(caller)
        }
        Err(error) => {
            let client = spend(app, caller, (kind, source)).await?;
            refuse(app, kind, error.into(), "dpop_proof", Some(client.id), source).await
        }
    }
}

/// Spends what a service shows, in a commit shared with others; what it had shown before is refused.
pub(super) async fn spend(
    app: &App,
    Caller { client, once }: Caller,
    (kind, source): (Kind, &str),
) -> Result<Client, ServiceError> {
    match together::spend(app, once).await? {
        None => Ok(client),
        Some(again) => refuse_again(app, again, Some(client.id), (kind, source)).await,
    }
}

/// Refuses a request for what it had shown before: a proof as `kind`, an assertion as that of nobody known.
pub(super) async fn refuse_again<T>(
    app: &App,
    again: Again,
    client: Option<ServiceId>,
    (kind, source): (Kind, &str),
) -> Result<T, ServiceError> {
    let (kind, error, reason) = match again {
        Again::Assertion => {
            let error = TokenError::InvalidClient(Some(ClientAuthMethod::PrivateKeyJwt));
            (Kind::ClientRefused, error, BadAssertion::Spent.to_string())
        }
        Again::Proof => (kind, BadProof::Spent.into(), "dpop_proof".to_owned()),
    };
    refuse(app, kind, error, &reason, client, source).await
}

/// The service that calls; whoever cannot prove to be one is refused, and the log says so.
pub(super) async fn service(
    app: &App,
    authorization: Option<&str>,
    body: &Params,
    source: &str,
) -> Result<Client, ServiceError> {
    proven(app, protocol::credentials(authorization, body), source).await
}

/// The same, for a call whose body is no form: it shows its credentials in the header.
pub(super) async fn service_by_header(
    app: &App,
    authorization: Option<&str>,
    source: &str,
) -> Result<Client, ServiceError> {
    proven(app, protocol::header_credentials(authorization), source).await
}

async fn proven(
    app: &App,
    shown: Result<Credentials, TokenError>,
    source: &str,
) -> Result<Client, ServiceError> {
    let caller = known(app, shown, source).await?;
    spend(app, caller, (Kind::ClientRefused, source)).await
}

/// Whoever these credentials are of. An assertion is still to be spent.
async fn known(
    app: &App,
    shown: Result<Credentials, TokenError>,
    source: &str,
) -> Result<Caller, ServiceError> {
    let credentials = match shown {
        Ok(credentials) => credentials,
        Err(error) => return refuse(app, Kind::ClientRefused, error, "credentials", None, source).await,
    };
    match authenticate_client::proven(app, &credentials).await? {
        Ok((client, assertion)) => Ok(Caller { client, once: ShownOnce { assertion, proof: None } }),
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
