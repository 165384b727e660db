//! A service gives a token back (RFC 7009): it dies, and with it every token of the same code.
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::oidc::provider::introspection::named_token;
use crate::oidc::provider::params::Params;
use crate::store::token::{self, known};
use crate::transact;

use super::caller::CHARTER_VERSION;
use super::know_service::{self, ServiceError};
use super::redeem_code::exchange::entry;
use super::{App, record};

/// Nothing tells an unknown token, a dead one and one of another service apart: each is worth nothing to the caller
/// afterwards, as it asked.
pub async fn revoke(
    app: &App,
    authorization: Option<&str>,
    body: &Params,
    source: &str,
) -> Result<(), ServiceError> {
    let client = know_service::service(app, authorization, body, source).await?;
    let hash = match named_token(body) {
        Ok(token) => token.hash(),
        Err(error) => {
            let (kind, client) = (Kind::TokenRevoked, Some(client.id));
            return know_service::refuse(app, kind, error, "bad_request", client, source).await;
        }
    };
    let now = app.now();
    let killed = transact!(app.store, "revoke_token", tx => {
        let found = known::find(tx, &[&hash], now, CHARTER_VERSION).await?.pop();
        let Some(known) = found.filter(|known| known.service == client.id) else { return Ok(0) };
        let killed = token::revoke_of_code(tx, &known.code_hash, now).await?;
        if killed > 0 {
            let draft = entry(Draft::done(Kind::TokenRevoked), &known.standing, client.id);
            let killed = i64::try_from(killed).unwrap_or(i64::MAX);
            record::record(app, tx, draft.fact("tokens", killed)).await?;
        }
        Ok::<_, ServiceError>(killed)
    })?;
    if killed == 0 {
        let draft = know_service::refusal(Kind::TokenRevoked, "unknown_token", Some(client.id));
        record::refuse(app, draft, source).await?;
    }
    Ok(())
}
