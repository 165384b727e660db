//! A service asks what a token of its own is worth now, or a resource server what any is (RFC 7662): whether it lives, and whether use, grant, mandate,
//! structure, aidant and card are in force. One look at the database; nothing is written but what the log asks.
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::introspection::{Confirmation, INACTIVE, Introspection, named_token};
use crate::oidc::provider::params::Params;
use crate::oidc::provider::scope::Scopes;
use crate::store::token::known::Known;

use super::give_check::{self, Check};
use super::know_service::{self, ServiceError};
use super::openid::issuer;
use super::redeem_code::{exchange::entry, token_type, told};
use super::{App, record, together};

/// The JSON answer. `source` tells where the request came from, for the limits of the log.
pub async fn introspect(
    app: &App,
    authorization: Option<&str>,
    body: &Params,
    source: &str,
) -> Result<Vec<u8>, ServiceError> {
    // Asked for while the service is still proving itself, so that both looks share one view.
    let asked = named_token(body).map(|token| token.hash());
    let found = async {
        match &asked {
            Ok(hash) => together::token(app, hash.clone()).await,
            Err(_) => Ok(None),
        }
    };
    let (client, found) = tokio::join!(know_service::service(app, authorization, body, source), found);
    let (client, hash, found) = (client?, asked?, found?);
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
        scope: &Scopes::parse(&known.scope).within(&Scopes::parse(&known.allowed)).to_string(),
        token_type: (!known.refreshes).then(|| token_type(known.dpop_jkt.as_deref())),
        cnf: known.dpop_jkt.clone().map(|jkt| Confirmation { jkt }),
        iat: known.issued_at.unix(),
        exp: known.expires_at.unix(),
        auth_time: standing.auth_time.unix(),
        acr: standing.acr.as_deref(),
        act,
        authorization_details,
    };
    Ok(serde_json::to_vec(&answer)?)
}
