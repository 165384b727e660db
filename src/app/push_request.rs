//! A service pushes its request before it sends the browser (RFC 9126): checked and kept, named once to the service.
use crate::domain::ids::ServiceId;
use crate::domain::secret::PlainToken;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::provider::access::REQUEST_LIFE;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::dpop::Call;
use crate::oidc::provider::par::{self, PUSHED_LIFE, Refusal};
use crate::oidc::provider::params::Params;
use crate::store::{StoreError, authorization};
use crate::transact;

use super::know_service::{self, Caller, ServiceError};
use super::open_service::{self, OpenError};
use super::record::{self, RecordError};
use super::{App, together};

/// What the service is told.
#[derive(Debug, serde::Serialize)]
pub struct Pushed {
    pub request_uri: String,
    /// Seconds in which the browser must arrive.
    pub expires_in: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error("{}", .0.description)]
    Refused(Refusal),
    #[error(transparent)]
    Service(ServiceError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Kept(#[from] OpenError),
}

impl From<ServiceError> for PushError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused(error) => Self::Refused(error.into()),
            error => Self::Service(error),
        }
    }
}

/// Keeps a pushed request. `source` tells where it came from, for the limits of the log.
pub async fn push(
    app: &App,
    call: Call<'_>,
    authorization: Option<&str>,
    body: &Params,
    source: &str,
) -> Result<Pushed, PushError> {
    let refused = (Kind::AuthorizationRefused, source);
    let caller = know_service::caller(app, call, authorization, body, refused).await?;
    let checked = par::check(body, &caller.client, caller.once.jkt());
    let request = match checked.and_then(|request| Ok(open_service::met(app, request)?)) {
        Ok(request) => request,
        Err(refusal) => {
            let client = know_service::spend(app, caller, refused).await?;
            return refuse(app, client.id, refusal, source).await;
        }
    };
    let Caller { client, once } = caller;
    let (handle, new) = open_service::to_keep(app, &client, &request, Some(PUSHED_LIFE))?;
    if let Some(again) = together::keep(app, new, once).await? {
        return Ok(know_service::refuse_again(app, again, Some(client.id), refused).await?);
    }
    let request_uri = par::request_uri(handle.reveal());
    Ok(Pushed { request_uri, expires_in: PUSHED_LIFE.whole_seconds() })
}

async fn refuse(app: &App, client: ServiceId, refusal: Refusal, source: &str) -> Result<Pushed, PushError> {
    let draft = Draft::refused(Kind::AuthorizationRefused, refusal.code);
    record::refuse(app, draft.by_role(Role::Service).service(client), source).await?;
    Err(PushError::Refused(refusal))
}

/// A browser arrives with a pushed request of this client. None if there is none that waits.
pub(super) async fn visit(
    app: &App,
    client: &Client,
    handle: PlainToken,
) -> Result<Option<PlainToken>, StoreError> {
    let (now, hash) = (app.now(), handle.hash());
    let waits = !client.suspended
        && transact!(app.store, "visit_request", tx => {
            authorization::visit(tx, &hash, client.id, now, now + REQUEST_LIFE).await
        })?;
    Ok(waits.then_some(handle))
}
