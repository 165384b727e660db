//! Who calls: a service proves itself by its secret, or by an assertion it signed for this call alone.
use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::domain::ids::ServiceId;
use crate::domain::secret::{PlainToken, Secret};
use crate::domain::time::Timestamp;
use crate::oidc::provider::assertion::{Assertion, BadAssertion, Proven};
use crate::oidc::provider::client::Client;
use crate::oidc::provider::error::TokenError;
use crate::oidc::provider::policy::ClientAuthMethod;
use crate::oidc::provider::token::{Credentials, Shown};
use crate::store::StoreError;
use crate::store::client::ClientRow;

use super::openid::{self, issuer};
use super::{App, client_keys, together};

/// Why a service is not believed: what it is told, and what the log says.
pub(super) struct Doubt {
    pub error: TokenError,
    pub reason: String,
    pub client: Option<ServiceId>,
}

/// The service whose credentials these are, if they prove it, and the assertion it showed: it proves nothing before it
/// is spent.
pub(super) async fn proven(
    app: &App,
    credentials: &Credentials,
) -> Result<Result<(Client, Option<Proven>), Doubt>, StoreError> {
    let row = together::service(app, &credentials.client_id).await?;
    let doubt = |method, reason: &str, client| {
        let error = TokenError::InvalidClient(Some(method));
        Ok(Err(Doubt { error, reason: reason.to_owned(), client }))
    };
    let assertion = match &credentials.shown {
        Shown::Secret(secret, method) => {
            let shown = shows_secret(row.as_ref(), secret, *method, app.now());
            return match row {
                Some(row) if shown => Ok(Ok((openid::client(row)?, None))),
                row => doubt(*method, "wrong_credentials", row.map(|row| row.id)),
            };
        }
        Shown::Assertion(assertion) => assertion,
    };
    let method = ClientAuthMethod::PrivateKeyJwt;
    let client = row.map(openid::client).transpose()?;
    match client {
        None => doubt(method, "wrong_credentials", None),
        Some(client) if client.suspended || client.policy.auth_method != method => {
            doubt(method, "wrong_credentials", Some(client.id))
        }
        Some(client) => match check(app, &client, assertion).await {
            Ok(proven) => Ok(Ok((client, Some(proven)))),
            Err(why) => doubt(method, &why.to_string(), Some(client.id)),
        },
    }
}

/// Whether a service shows its secret, or the one before while it changes over, in its registered way. The comparison
/// takes the same time whatever differs, and an unknown service is compared too.
pub(super) fn shows_secret(
    row: Option<&ClientRow>,
    secret: &Secret,
    method: ClientAuthMethod,
    now: Timestamp,
) -> bool {
    let presented = PlainToken::presented(secret.reveal()).hash();
    let is = |stored: Option<&Vec<u8>>| {
        let stored = stored.map_or([0u8; 32].as_slice(), Vec::as_slice);
        verify_slices_are_equal(presented.as_bytes(), stored).is_ok()
    };
    let current = is(row.and_then(|row| row.secret_hash.as_ref()));
    let overlap = row.filter(|row| row.previous_secret_ends_at.is_some_and(|end| now < end));
    let before = is(overlap.and_then(|row| row.previous_secret_hash.as_ref()));
    let registered = row.is_some_and(|row| row.status == "active" && row.auth_method == method.as_str());
    registered && (current || before)
}

/// Checks an assertion against the keys of its service.
async fn check(app: &App, client: &Client, assertion: &Assertion) -> Result<Proven, BadAssertion> {
    let (issuer, now) = (issuer(app), app.now());
    let check = |keys: Option<std::sync::Arc<jsonwebtoken::jwk::JwkSet>>| match keys {
        Some(keys) => assertion.check(&keys, &issuer, now),
        None => Err(BadAssertion::UnknownKey),
    };
    match check(client_keys::of(app, client, false).await) {
        // The service may have changed its keys since we asked.
        Err(BadAssertion::UnknownKey) => check(client_keys::of(app, client, true).await),
        checked => checked,
    }
}
