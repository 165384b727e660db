//! A service asks what a token of its own is worth now (RFC 7662): whether it lives, and whether use, grant, mandate,
//! structure, aidant and card are in force. One look at the database; nothing is written but what the log asks.
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::introspection::{INACTIVE, Introspection, named_token};
use crate::oidc::provider::params::Params;
use crate::store::token::{self, TokenRow};
use crate::view;

use super::caller::CHARTER_VERSION;
use super::give_check::{self, Check};
use super::know_service::{self, ServiceError};
use super::openid::issuer;
use super::redeem_code::{exchange::entry, told};
use super::{App, record};

/// The JSON answer. `source` tells where the request came from, for the limits of the log.
pub async fn introspect(
    app: &App,
    authorization: Option<&str>,
    body: &Params,
    source: &str,
) -> Result<Vec<u8>, ServiceError> {
    let credentials = know_service::shown(app, authorization, body, source).await?;
    let named = named_token(body).map(|token| token.hash());
    let now = app.now();
    let (client, row) = view!(app.store, tx => {
        let client = know_service::known(tx, &credentials, now).await?;
        let hash = named.as_ref().ok().filter(|_| client.is_some());
        let rows = token::find(tx, hash.as_slice(), now, CHARTER_VERSION).await?;
        Ok::<_, ServiceError>((client, rows.into_iter().next()))
    })?;
    let Some(client) = client else { return know_service::unknown(app, &credentials, source).await };
    let hash = named?;
    let refused = match row {
        Some(row) if row.client_id != client.id => not("not_its_own", &client),
        Some(row) if !row.alive => {
            entry(Draft::refused(Kind::CheckGiven, "not_in_force"), &row.standing, client.id)
        }
        Some(row) => {
            let TokenRow { standing, expires_at, .. } = &row;
            let (service, ends_at) = (client.id, *expires_at);
            let check =
                Check { via: "introspection", what: hash.as_bytes(), service, standing, ends_at };
            if give_check::agreed(app, &check).await? {
                return answer(app, &client, &row);
            }
            entry(Draft::refused(Kind::CheckGiven, "not_in_force"), standing, client.id)
        }
        None => not("unknown_token", &client),
    };
    record::refuse(app, refused, source).await?;
    Ok(INACTIVE.into())
}

fn not(reason: &str, client: &Client) -> Draft {
    know_service::refusal(Kind::CheckGiven, reason, Some(client.id))
}

fn answer(app: &App, client: &Client, row: &TokenRow) -> Result<Vec<u8>, ServiceError> {
    let standing = &row.standing;
    let (act, authorization_details) = told(app, &client.sector, client.policy.tells_actor, standing);
    let answer = Introspection {
        active: true,
        iss: issuer(app),
        sub: app.openid.pairwise.user(&client.sector, standing.user_id),
        aud: &client.client_id,
        client_id: &client.client_id,
        scope: &row.scope,
        token_type: Some("Bearer"),
        iat: row.issued_at.unix(),
        exp: row.expires_at.unix(),
        auth_time: standing.auth_time.unix(),
        acr: standing.acr.as_deref(),
        act,
        authorization_details,
    };
    Ok(serde_json::to_vec(&answer)?)
}
