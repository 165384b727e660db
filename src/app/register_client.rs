//! Registers a service. Its secret is made here, given once, and kept only as a hash.
use crate::domain::ids::ServiceId;
use crate::domain::secret::PlainToken;
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::policy::{ClientAuthMethod, Policy};
use crate::oidc::provider::registration::{BadRegistration, check_registration};
use crate::oidc::provider::scope::Scope;
use crate::store::client;
use crate::store::{AsStoreError, StoreError};
use crate::{transact, view};

use super::App;
use super::manage_client::By;
use super::openid;
use super::record::{self, RecordError};
use super::signing_keys::{self, KeysError};

/// What an operator says of a service.
#[derive(Clone, Debug)]
pub struct NewService {
    pub client_id: String,
    pub name: String,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    /// Keys of the domains it works in; none for any.
    pub domains: Option<Vec<String>>,
    /// None: the host of its addresses.
    pub sector: Option<String>,
    pub policy: Policy,
}

#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error(transparent)]
    Refused(#[from] BadRegistration),
    #[error("the identifier must be 1 to 100 letters, digits, `-`, `_` or `.`")]
    BadClientId,
    #[error("a service of that identifier is registered already")]
    Taken,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("the registration cannot be written")]
    Json(#[from] serde_json::Error),
}

impl AsStoreError for RegisterError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            Self::Keys(error) => error.as_store_error(),
            _ => None,
        }
    }
}

/// Registers `new` and gives its id and, if it is to show one, its secret, which cannot be read again.
pub async fn register(
    app: &App,
    by: By,
    new: &NewService,
) -> Result<(ServiceId, Option<PlainToken>), RegisterError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !(1..=100).contains(&new.client_id.len()) || !new.client_id.bytes().all(plain) {
        return Err(RegisterError::BadClientId);
    }
    let sector = check_registration(
        &new.name,
        &new.redirect_uris,
        &new.post_logout_redirect_uris,
        new.sector.as_deref(),
    )?;
    new.policy.check()?;
    let now = app.now();
    let client = Client {
        id: ServiceId::new(now, app.entropy.as_ref()),
        client_id: new.client_id.clone(),
        name: new.name.trim().to_owned(),
        redirect_uris: new.redirect_uris.clone(),
        post_logout_redirect_uris: new.post_logout_redirect_uris.clone(),
        policy: new.policy.clone(),
        domains: new.domains.clone(),
        sector,
        suspended: false,
    };
    let secret = (new.policy.auth_method != ClientAuthMethod::PrivateKeyJwt)
        .then(|| PlainToken::generate(app.entropy.as_ref()));
    // What signs its tokens is published before its first one.
    let algs: Vec<_> =
        [Some(new.policy.id_token_alg), new.policy.userinfo_alg].into_iter().flatten().collect();
    signing_keys::ensure_of(app, &algs).await?;
    let row = openid::row(&client, secret.as_ref(), now)?;
    transact!(app.store, "register_client", tx => {
        let draft = by.of(Draft::done(Kind::ClientCreated)).service(row.id);
        let draft = draft.fact("profile", row.profile.as_str());
        let draft = draft.list("scopes", client.policy.scopes.iter().map(Scope::name).collect::<Vec<_>>());
        let entry = record::record(app, tx, draft).await?;
        if !client::insert(tx, &row, now, entry.id).await? {
            return Err(RegisterError::Taken);
        }
        Ok(())
    })?;
    Ok((row.id, secret))
}

/// Identifiers and names of every service, for `clients list`.
pub async fn list(app: &App) -> Result<Vec<(String, String, String)>, StoreError> {
    let rows = view!(app.store, tx => { client::all(tx).await })?;
    Ok(rows.into_iter().map(|row| (row.client_id, row.name, row.status)).collect())
}
