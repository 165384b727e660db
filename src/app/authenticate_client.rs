//! Who calls: a service proves itself by its secret, or by an assertion it signed for this call alone.
use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::domain::ids::ServiceId;
use crate::domain::secret::{PlainToken, Secret};
use crate::domain::time::Timestamp;
use crate::oidc::provider::assertion::{Assertion, BadAssertion};
use crate::oidc::provider::client::Client;
use crate::oidc::provider::dpop::{self, BadProof, Call, Proof};
use crate::oidc::provider::error::TokenError;
use crate::oidc::provider::policy::ClientAuthMethod;
use crate::oidc::provider::token::{Credentials, Shown};
use crate::store::client::ClientRow;
use crate::store::{StoreError, spent_proof};
use crate::transact;

use super::openid::{self, issuer};
use super::{App, client_keys, together};

/// Why a service is not believed: what it is told, and what the log says.
pub(super) struct Doubt {
    pub error: TokenError,
    pub reason: String,
    pub client: Option<ServiceId>,
}

/// The service whose credentials these are, if they prove it.
pub(super) async fn proven(
    app: &App,
    credentials: &Credentials,
) -> Result<Result<Client, Doubt>, StoreError> {
    let row = together::service(app, &credentials.client_id).await?;
    let doubt = |method, reason: &str, client| {
        let error = TokenError::InvalidClient(Some(method));
        Ok(Err(Doubt { error, reason: reason.to_owned(), client }))
    };
    let assertion = match &credentials.shown {
        Shown::Secret(secret, method) => {
            let shown = shows_secret(row.as_ref(), secret, *method, app.now());
            return match row {
                Some(row) if shown => Ok(Ok(openid::client(row)?)),
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
        Some(client) => match spend_assertion(app, &client, assertion).await? {
            Ok(()) => Ok(Ok(client)),
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

/// Accepts an assertion, once on all nodes.
async fn spend_assertion(
    app: &App,
    client: &Client,
    assertion: &Assertion,
) -> Result<Result<(), BadAssertion>, StoreError> {
    let (issuer, now) = (issuer(app), app.now());
    let check = |keys: Option<std::sync::Arc<jsonwebtoken::jwk::JwkSet>>| match keys {
        Some(keys) => assertion.check(&keys, &issuer, now),
        None => Err(BadAssertion::UnknownKey),
    };
    let mut checked = check(client_keys::of(app, client, false).await);
    if checked == Err(BadAssertion::UnknownKey) {
        // The service may have changed its keys since we asked.
        checked = check(client_keys::of(app, client, true).await);
    }
    let proven = match checked {
        Ok(proven) => proven,
        Err(why) => return Ok(Err(why)),
    };
    let first = transact!(app.store, "spend_assertion", tx => {
        spent_proof::spend(tx, &proven.spent_as, proven.until).await
    })?;
    Ok(if first { Ok(()) } else { Err(BadAssertion::Spent) })
}

/// The key that a call proves, if it proves one: a proof is accepted once on all nodes.
pub(super) async fn proven_key(
    app: &App,
    call: Call<'_>,
) -> Result<Result<Option<String>, BadProof>, StoreError> {
    match dpop::check(call, None, app.now()) {
        Ok(Some(proof)) => Ok(spend_proof(app, &proof).await?.map(|()| Some(proof.jkt))),
        Ok(None) => Ok(Ok(None)),
        Err(error) => Ok(Err(error)),
    }
}

/// Accepts a proof of possession, once on all nodes.
pub(super) async fn spend_proof(app: &App, proof: &Proof) -> Result<Result<(), BadProof>, StoreError> {
    let first = transact!(app.store, "spend_proof", tx => {
        spent_proof::spend(tx, &proof.spent_as, proof.until).await
    })?;
    Ok(if first { Ok(()) } else { Err(BadProof::Spent) })
}
