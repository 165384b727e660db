//! Registers a service. Its secret is made here, given once, and kept only as a hash.
use crate::crypto::jwt::Alg;
use crate::domain::ids::ServiceId;
use crate::domain::secret::PlainToken;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::provider::client::{
    BadRegistration, ClientAuthMethod, Reauthentication, check_registration,
};
use crate::store::client::{self, ClientRow};
use crate::store::{AsStoreError, StoreError};
use crate::{transact, view};

use super::App;
use super::record::{self, RecordError};

/// What an operator says of a service.
#[derive(Clone, Debug)]
pub struct NewService {
    pub client_id: String,
    pub name: String,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub auth_method: ClientAuthMethod,
    pub id_token_alg: Alg,
    /// Keys of the domains it works in; none for any.
    pub domains: Option<Vec<String>>,
    pub tells_actor: bool,
    pub is_hub: bool,
    pub reauthentication: Reauthentication,
    /// None: the host of its addresses.
    pub sector: Option<String>,
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
    #[error("the registration cannot be written")]
    Json(#[from] serde_json::Error),
}

impl AsStoreError for RegisterError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            _ => None,
        }
    }
}

/// Registers `new` and gives its id and its secret, which cannot be read again.
pub async fn register(app: &App, new: &NewService) -> Result<(ServiceId, PlainToken), RegisterError> {
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
    let now = app.now();
    let secret = PlainToken::generate(app.entropy.as_ref());
    let row = ClientRow {
        id: ServiceId::new(now, app.entropy.as_ref()),
        client_id: new.client_id.clone(),
        name: new.name.trim().to_owned(),
        secret_hash: secret.hash().as_bytes().to_vec(),
        auth_method: new.auth_method.as_str().to_owned(),
        id_token_alg: new.id_token_alg.name().to_owned(),
        redirect_uris: serde_json::to_string(&new.redirect_uris)?,
        post_logout_redirect_uris: serde_json::to_string(&new.post_logout_redirect_uris)?,
        domains: new.domains.as_ref().map(serde_json::to_string).transpose()?,
        sector,
        tells_actor: new.tells_actor,
        is_hub: new.is_hub,
        reauthentication: new.reauthentication.as_str().to_owned(),
        status: "active".to_owned(),
    };
    transact!(app.store, "register_client", tx => {
        let draft = Draft::done(Kind::ClientCreated).by_role(Role::Operator).service(row.id);
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
