//! A service that was registered for it asks for another access token, while the use and all it stands on go on.
//!
//! A refresh token is replaced at each use, and one that comes back after it was replaced is in two hands: its whole
//! family dies and the use ends. Services of high security keep theirs (FAPI 2.0 Security Profile §5.3.2.1): whoever
//! stole one could not use it without their key, and a lost answer would cost them the session.
use crate::domain::secret::PlainToken;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::oidc::provider::access::{ACCESS_TOKEN_LIFE, end};
use crate::oidc::provider::client::Client;
use crate::oidc::provider::dpop::{BadProof, Call};
use crate::oidc::provider::error::TokenError;
use crate::oidc::provider::params::Params;
use crate::oidc::provider::policy::Profile;
use crate::oidc::provider::scope::Scopes;
use crate::oidc::provider::token::refresh as asked_in;
use crate::store::token::refresh::{self, NewRefresh, RefreshRow};
use crate::store::token::{self, NewToken};
use crate::store::{StoreError, WriteTx};
use crate::transact;

use super::caller::CHARTER_VERSION;
use super::know_service::{self, ServiceError};
use super::redeem_code::exchange::{entry, granted};
use super::redeem_code::{Tokens, kill_family, token_type, told};
use super::{App, record};

/// What became of a request.
enum Looked {
    Given(Given),
    /// It was replaced before.
    Reused(Box<RefreshRow>),
    Refused(TokenError, &'static str),
}

struct Given {
    row: Box<RefreshRow>,
    scope: String,
    expires_at: Timestamp,
    rotated: bool,
}

/// The plain tokens that are handed out if the request is granted.
struct Fresh {
    access: PlainToken,
    refresh: PlainToken,
    /// Thumbprint of the key that the access token is bound to. The refresh token of a service that authenticates is
    /// bound to none (RFC 9449 §5).
    jkt: Option<String>,
}

/// Answers a token request of type `refresh_token`.
pub async fn refresh(
    app: &App,
    call: Call<'_>,
    authorization: Option<&str>,
    body: &Params,
    source: &str,
) -> Result<Tokens, ServiceError> {
    let refused = (Kind::TokenRefreshed, source);
    let caller = know_service::caller(app, call, authorization, body, refused).await?;
    let jkt = caller.once.jkt().map(str::to_owned);
    let client = know_service::spend(app, caller, refused).await?;
    if jkt.is_none() && client.policy.requires_dpop {
        let (error, client) = (BadProof::Missing.into(), Some(client.id));
        return know_service::refuse(app, Kind::TokenRefreshed, error, "dpop_proof", client, source).await;
    }
    let asked = match asked_in(body) {
        Ok(asked) => asked,
        Err(error) => {
            let (kind, client) = (Kind::TokenRefreshed, Some(client.id));
            return know_service::refuse(app, kind, error, "bad_request", client, source).await;
        }
    };
    let hash = asked.token.hash();
    let fresh = Fresh {
        access: PlainToken::generate(app.entropy.as_ref()),
        refresh: PlainToken::generate(app.entropy.as_ref()),
        jkt,
    };
    let now = app.now();
    let looked = transact!(app.store, "refresh", tx => {
        let row = refresh::find(tx, &[&hash], now, CHARTER_VERSION).await?.pop();
        match judge(&client, row, asked.scope.as_ref()) {
            Ok((row, scope)) => Ok(Looked::Given(give(app, tx, &client, row, scope, &fresh, now).await?)),
            Err(looked) => Ok::<_, ServiceError>(looked),
        }
    })?;
    match looked {
        Looked::Given(given) => Ok(answer(app, &client, &given, &fresh, now)),
        Looked::Reused(row) => {
            let draft = Draft::refused(Kind::TokenRefreshed, "token_reuse");
            kill_family(app, client.id, &row.code_hash, &row.standing, draft).await?;
            Err(TokenError::InvalidGrant.into())
        }
        Looked::Refused(error, reason) => {
            know_service::refuse(app, Kind::TokenRefreshed, error, reason, Some(client.id), source).await
        }
    }
}

/// The token, and the scope of what it gives.
fn judge(
    client: &Client,
    row: Option<RefreshRow>,
    asked: Option<&Scopes>,
) -> Result<(Box<RefreshRow>, String), Looked> {
    let no = |reason| Looked::Refused(TokenError::InvalidGrant, reason);
    let row = row.ok_or(no("unknown_token"))?;
    if row.client_id != client.id {
        return Err(no("not_its_own"));
    }
    if row.replaced_at.is_some() {
        return Err(Looked::Reused(Box::new(row)));
    }
    if !row.alive {
        return Err(no("not_in_force"));
    }
    let scope = match asked {
        Some(asked) if asked.is_within(&Scopes::parse(&row.scope)) => granted(&asked.to_string(), client),
        Some(_) => return Err(Looked::Refused(TokenError::InvalidScope, "scope")),
        None => granted(&row.scope, client),
    };
    Ok((Box::new(row), scope))
}

async fn give(
    app: &App,
    tx: &mut WriteTx,
    client: &Client,
    row: Box<RefreshRow>,
    scope: String,
    fresh: &Fresh,
    now: Timestamp,
) -> Result<Given, ServiceError> {
    let rotated = client.policy.profile != Profile::HighSecurity;
    if rotated && !refresh::replace(tx, &row.token_hash, now).await? {
        return Err(StoreError::Overtaken.into());
    }
    let expires_at = end(now, ACCESS_TOKEN_LIFE, row.standing.grant_ends_at);
    let draft = entry(Draft::done(Kind::TokenRefreshed), &row.standing, client.id);
    let entry = record::record(app, tx, draft.fact("token_ends_at", expires_at)).await?.id;
    // The entry holds the mandate: what ended meanwhile is seen now, or ends after.
    let use_id = row.standing.use_id;
    if !token::is_in_force(tx, use_id, now, CHARTER_VERSION).await? {
        return Err(StoreError::Overtaken.into());
    }
    let access = NewToken {
        hash: &fresh.access.hash(),
        code: &row.code_hash,
        use_id,
        client: client.id,
        scope: &scope,
        dpop_jkt: fresh.jkt.as_deref(),
        issued_at: now,
        expires_at,
        entry,
    };
    token::insert(tx, &[access]).await?;
    if rotated {
        // Bounded as the first one was, and of the scope first granted (RFC 6749 §6).
        let next = NewRefresh {
            hash: &fresh.refresh.hash(),
            code: &row.code_hash,
            use_id,
            client: client.id,
            scope: &row.scope,
            issued_at: now,
            expires_at: row.expires_at,
            entry,
        };
        refresh::insert(tx, &[next]).await?;
    }
    Ok(Given { row, scope, expires_at, rotated })
}

fn answer(app: &App, client: &Client, given: &Given, fresh: &Fresh, now: Timestamp) -> Tokens {
    let (_, authorization_details) =
        told(app, &client.sector, client.policy.tells_actor, &given.row.standing);
    Tokens {
        access_token: fresh.access.reveal().to_owned(),
        token_type: token_type(fresh.jkt.as_deref()),
        expires_in: given.expires_at.since(now).whole_seconds(),
        scope: given.scope.clone(),
        id_token: None,
        refresh_token: given.rotated.then(|| fresh.refresh.reveal().to_owned()),
        authorization_details,
    }
}
