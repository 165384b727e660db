//! What an operator does with a registered service: look at it, give it a new secret, stop it, let it go on. Each
//! change is an entry of the log.
use time::Duration;

use crate::domain::ids::PersonId;
use crate::domain::secret::PlainToken;
use crate::domain::time::Timestamp;
use crate::domain::use_session::UseEnd;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::policy::{ClientKeys, Policy};
use crate::oidc::provider::registration::{BadRegistration, check_registration};
use crate::oidc::provider::scope::{Scope, Scopes};
use crate::store::client::{self, ClientRow};
use crate::store::{AsStoreError, StoreError, WriteTx, use_session};
use crate::{transact, view};

use super::create_person::by_command;
use super::record::{self, RecordError};
use super::{App, end_use, openid};

/// Who registers or changes a service.
#[derive(Clone, Copy, Debug)]
pub enum By {
    /// Whoever runs the program.
    CommandLine,
    /// An operator, at their screen.
    Operator(PersonId),
}

impl By {
    pub(super) fn of(self, draft: Draft) -> Draft {
        match self {
            Self::CommandLine => by_command(draft),
            Self::Operator(person) => draft.by(person, Role::Operator),
        }
    }
}

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
    Refused(#[from] BadRegistration),
    #[error("the change cannot be written")]
    Json(#[from] serde_json::Error),
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
pub async fn rotate_secret(
    app: &App,
    by: By,
    client_id: &str,
    overlap: Duration,
) -> Result<PlainToken, ManageError> {
    if !(Duration::ZERO..=LONGEST_OVERLAP).contains(&overlap) {
        return Err(ManageError::OverlapTooLong);
    }
    let now = app.now();
    let secret = PlainToken::generate(app.entropy.as_ref());
    let hash = secret.hash();
    transact!(app.store, "rotate_secret", tx => {
        let row = known(tx, client_id).await?;
        if !client::rotate_secret(tx, row.id, &hash, now + overlap, now).await? {
            return Err(ManageError::NoSecret);
        }
        record::record(app, tx, changed(by, &row, "secret_rotated")).await?;
        Ok::<_, ManageError>(())
    })?;
    Ok(secret)
}

/// Stops a service at once, or lets it go on. What was open there ends for good: its codes and tokens are worth nothing
/// any more, and do not live again when the service goes on. `reason` is kept in the log; empty for none.
pub async fn suspend(
    app: &App,
    by: By,
    client_id: &str,
    suspended: bool,
    reason: &str,
) -> Result<(), ManageError> {
    let (status, change) = if suspended { ("suspended", "suspended") } else { ("active", "resumed") };
    transact!(app.store, "suspend_client", tx => {
        let row = known(tx, client_id).await?;
        if !client::set_status(tx, row.id, status).await? {
            return Err(ManageError::Already(status));
        }
        // Also when it goes on: a use that was being opened while the service was stopped did not see it.
        let uses = use_session::live_of_client(tx, row.id).await?;
        let ended = i64::try_from(uses.len()).unwrap_or(i64::MAX);
        end_use::end_all(app, tx, uses, UseEnd::Revoked, app.now()).await?;
        let mut draft = changed(by, &row, change).fact("count", ended);
        if !reason.trim().is_empty() {
            draft = draft.part(PartKind::Details, serde_json::json!({ "reason": reason.trim() }));
        }
        record::record(app, tx, draft).await?;
        Ok(())
    })
}

/// What of a service may change while it goes on.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub backchannel_logout_uri: Option<String>,
    /// Its public keys, or where it publishes them.
    pub keys: ClientKeys,
}

/// Changes the addresses of a service and its keys, under the rules of its registration. False if they were so already.
pub async fn change_addresses(
    app: &App,
    by: By,
    client_id: &str,
    new: &Addresses,
) -> Result<bool, ManageError> {
    transact!(app.store, "change_client", tx => {
        let row = known(tx, client_id).await?;
        let before = openid::client(row.clone())?;
        let sector = Some(before.sector.as_str());
        check_registration(&before.name, &new.redirect_uris, &new.post_logout_redirect_uris, sector)?;
        let after = Client {
            redirect_uris: new.redirect_uris.clone(),
            post_logout_redirect_uris: new.post_logout_redirect_uris.clone(),
            policy: Policy {
                keys: new.keys.clone(),
                backchannel_logout_uri: new.backchannel_logout_uri.clone(),
                ..before.policy.clone()
            },
            ..before.clone()
        };
        after.policy.check()?;
        if after == before {
            return Ok(false);
        }
        let written = openid::row(&after, None, app.now())?;
        client::set_addresses(tx, &written).await?;
        let details = serde_json::json!({
            "redirect_uris": after.redirect_uris,
            "post_logout_redirect_uris": after.post_logout_redirect_uris,
            "backchannel_logout_uri": after.policy.backchannel_logout_uri,
            "jwks": written.jwks,
            "jwks_uri": written.jwks_uri,
        });
        record::record(app, tx, changed(by, &row, "addresses").part(PartKind::Details, details)).await?;
        Ok(true)
    })
}

/// Changes what a service may ask to know of the user, at once: what it holds already gives no more than that either.
/// False if it was so already.
pub async fn change_scopes(app: &App, by: By, client_id: &str, scopes: &Scopes) -> Result<bool, ManageError> {
    transact!(app.store, "change_scopes", tx => {
        let row = known(tx, client_id).await?;
        if !client::set_scopes(tx, row.id, &scopes.to_string()).await? {
            return Ok(false);
        }
        let names: Vec<_> = scopes.iter().map(Scope::name).collect();
        record::record(app, tx, changed(by, &row, "scopes").list("scopes", names)).await?;
        Ok::<_, ManageError>(true)
    })
}

async fn known(tx: &mut WriteTx, client_id: &str) -> Result<ClientRow, ManageError> {
    client::by_client_id(tx, client_id).await?.ok_or(ManageError::Unknown)
}

fn changed(by: By, row: &ClientRow, change: &str) -> Draft {
    by.of(Draft::done(Kind::ClientChanged)).service(row.id).fact("change", change)
}
