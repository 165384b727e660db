//! A service asks what a token of its own is worth now, or a resource server what any is (RFC 7662): whether it lives, and whether use, grant, mandate,
//! structure, aidant and card are in force. One look at the database; nothing is written but what the log asks.
use crate::domain::ids::ServiceId;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::introspection::{Confirmation, INACTIVE, Introspection, named_token};
use crate::oidc::provider::params::Params;
use crate::store::token::refresh::{self, RefreshRow};
use crate::store::token::{self, Standing, TokenRow};
use crate::view;

use super::caller::CHARTER_VERSION;
use super::give_check::{self, Check};
use super::know_service::{self, ServiceError};
use super::openid::issuer;
use super::redeem_code::{exchange::entry, token_type, told};
use super::{App, record};

/// A token of either kind.
struct Known {
    /// Whose it is.
    service: ServiceId,
    issued_to: String,
    scope: String,
    issued_at: Timestamp,
    expires_at: Timestamp,
    alive: bool,
    /// How it is presented; a refresh token opens nothing.
    token_type: Option<&'static str>,
    /// Thumbprint of the key it is bound to.
    jkt: Option<String>,
    standing: Standing,
}

impl From<TokenRow> for Known {
    fn from(row: TokenRow) -> Self {
        let TokenRow { client_id, issued_to, scope, issued_at, expires_at, alive, standing, .. } = row;
        let (token_type, jkt) = (Some(token_type(row.dpop_jkt.as_deref())), row.dpop_jkt);
        Self { service: client_id, issued_to, scope, issued_at, expires_at, alive, token_type, jkt, standing }
    }
}

impl From<RefreshRow> for Known {
    fn from(row: RefreshRow) -> Self {
        let RefreshRow { client_id, issued_to, scope, issued_at, expires_at, alive, standing, .. } = row;
        Self {
            service: client_id,
            issued_to,
            scope,
            issued_at,
            expires_at,
            alive,
            token_type: None,
            jkt: None,
            standing,
        }
    }
}

/// The JSON answer. `source` tells where the request came from, for the limits of the log.
pub async fn introspect(
    app: &App,
    authorization: Option<&str>,
    body: &Params,
    source: &str,
) -> Result<Vec<u8>, ServiceError> {
    let client = know_service::service(app, authorization, body, source).await?;
    let hash = named_token(body)?.hash();
    let now = app.now();
    let found = view!(app.store, tx => {
        let access = token::find(tx, &[&hash], now, CHARTER_VERSION).await?.pop();
        match access {
            Some(row) => Ok(Some(Known::from(row))),
            None => Ok::<_, ServiceError>(refresh::find(tx, &hash, now, CHARTER_VERSION).await?.map(Known::from)),
        }
    })?;
    let refused = match found {
        Some(known) if known.service != client.id && !client.policy.is_resource_server => {
            not("not_its_own", &client)
        }
        Some(known) if !known.alive => not_in_force(&known, &client),
        Some(known) => {
            let check = Check {
                via: "introspection",
                what: hash.as_bytes(),
                service: known.service,
                asked_by: client.id,
                standing: &known.standing,
                ends_at: known.expires_at,
            };
            if give_check::agreed(app, &check).await? {
                return answer(app, &client, &known);
            }
            not_in_force(&known, &client)
        }
        None => not("unknown_token", &client),
    };
    record::refuse(app, refused, source).await?;
    Ok(INACTIVE.into())
}

fn not(reason: &str, client: &Client) -> Draft {
    know_service::refusal(Kind::CheckGiven, reason, Some(client.id))
}

fn not_in_force(known: &Known, client: &Client) -> Draft {
    let draft = entry(Draft::refused(Kind::CheckGiven, "not_in_force"), &known.standing, known.service);
    draft.fact("asked_by", client.id.uuid())
}

/// Whoever asks is told the identifiers of their own sector.
fn answer(app: &App, client: &Client, known: &Known) -> Result<Vec<u8>, ServiceError> {
    let standing = &known.standing;
    let (act, authorization_details) = told(app, &client.sector, client.policy.tells_actor, standing);
    let answer = Introspection {
        active: true,
        iss: issuer(app),
        sub: app.openid.pairwise.user(&client.sector, standing.user_id),
        aud: &known.issued_to,
        client_id: &known.issued_to,
        scope: &known.scope,
        token_type: known.token_type,
        cnf: known.jkt.clone().map(|jkt| Confirmation { jkt }),
        iat: known.issued_at.unix(),
        exp: known.expires_at.unix(),
        auth_time: standing.auth_time.unix(),
        acr: standing.acr.as_deref(),
        act,
        authorization_details,
    };
    Ok(serde_json::to_vec(&answer)?)
}
