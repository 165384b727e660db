//! What an operator does with a registered service: look at it, give it a new secret, stop it, let it go on. Each
//! change is an entry of the log.
use time::Duration;

use crate::domain::secret::PlainToken;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::provider::client::Client;
use crate::store::client::{self, ClientRow};
use crate::store::{AsStoreError, StoreError, WriteTx};
use crate::{transact, view};

use super::record::{self, RecordError};
use super::{App, openid};

/// How long the secret before may still serve, at most.
pub const LONGEST_OVERLAP: Duration = Duration::days(31);

#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    #[error("no service of that identifier is registered")]
    Unknown,
    #[error("the service signs its assertions and has no secret")]
    NoSecret,
    #[error("the secret before may serve for {0} hours at most", LONGEST_OVERLAP.whole_hours())]
    OverlapTooLong,
    #[error("the service is {0} already")]
    Already(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl AsStoreError for ManageError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            _ => None,
        }
    }
}

/// A service, with until when its secret before still serves.
pub async fn show(app: &App, client_id: &str) -> Result<(Client, Option<Timestamp>), ManageError> {
    let row = view!(app.store, tx => { client::by_client_id(tx, client_id).await })?;
    let row = row.ok_or(ManageError::Unknown)?;
    let overlap = row.previous_secret_ends_at.filter(|end| *end > app.now());
    Ok((openid::client(row)?, overlap))
}

/// Gives a service a new secret, which cannot be read again. The one it had serves for `overlap` more; the one before
/// that, no longer.
pub async fn rotate_secret(app: &App, client_id: &str, overlap: Duration) -> Result<PlainToken, ManageError> {
    if !(Duration::ZERO..=LONGEST_OVERLAP).contains(&overlap) {
        return Err(ManageError::OverlapTooLong);
    }
    let now = app.now();
    let secret = PlainToken::generate(app.entropy.as_ref());
    let hash = secret.hash();
    transact!(app.store, "rotate_secret", tx => {
        let row = known(tx, client_id).await?;
        if !client::rotate_secret(tx, row.id, &hash, now + overlap).await? {
            return Err(ManageError::NoSecret);
        }
        changed(app, tx, &row, "secret_rotated").await
    })?;
    Ok(secret)
}

/// Stops a service at once, codes and tokens included, or lets it go on.
pub async fn suspend(app: &App, client_id: &str, suspended: bool) -> Result<(), ManageError> {
    let (status, change) = if suspended { ("suspended", "suspended") } else { ("active", "resumed") };
    transact!(app.store, "suspend_client", tx => {
        let row = known(tx, client_id).await?;
        if !client::set_status(tx, row.id, status).await? {
            return Err(ManageError::Already(status));
        }
        changed(app, tx, &row, change).await
    })
}

async fn known(tx: &mut WriteTx, client_id: &str) -> Result<ClientRow, ManageError> {
    client::by_client_id(tx, client_id).await?.ok_or(ManageError::Unknown)
}

async fn changed(app: &App, tx: &mut WriteTx, row: &ClientRow, change: &str) -> Result<(), ManageError> {
    let draft = Draft::done(Kind::ClientChanged).by_role(Role::Operator).service(row.id);
    record::record(app, tx, draft.fact("change", change)).await?;
    Ok(())
}
