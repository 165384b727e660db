//! A service gives a token back (RFC 7009): it dies, and with it every token of the same code.
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::oidc::provider::introspection::named_token;
use crate::oidc::provider::params::Params;
use crate::store::token;
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
    let credentials = know_service::shown(app, authorization, body, source).await?;
    let named = named_token(body).map(|token| token.hash());
    let now = app.now();
    let (client, killed) = transact!(app.store, "revoke_token", tx => {
        let Some(client) = know_service::known(tx, &credentials, now).await? else { return Ok((None, false)) };
        let hash = named.as_ref().ok();
        let rows = token::find(tx, hash.as_slice(), now, CHARTER_VERSION).await?;
        let Some(row) = rows.into_iter().find(|row| row.client_id == client.id) else {
            return Ok((Some(client), false));
        };
        let killed = token::revoke_of_code(tx, &row.code_hash, now).await?;
        if killed > 0 {
            let draft = entry(Draft::done(Kind::TokenRevoked), &row.standing, client.id);
            let killed = i64::try_from(killed).unwrap_or(i64::MAX);
            record::record(app, tx, draft.fact("tokens", killed)).await?;
        }
        Ok::<_, ServiceError>((Some(client), killed > 0))
    })?;
    let Some(client) = client else { return know_service::unknown(app, &credentials, source).await };
    named?;
    if !killed {
        let draft = know_service::refusal(Kind::TokenRevoked, "unknown_token", Some(client.id));
        record::refuse(app, draft, source).await?;
    }
    Ok(())
}
