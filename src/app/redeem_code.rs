//! The token endpoint: a service proves who it is and redeems a code, once, for an access token and an ID token.
use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::Serialize;

use crate::domain::secret::{HashedToken, PlainToken};
use crate::domain::time::Timestamp;
use crate::domain::use_session::UseEnd;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::provider::access::{ACCESS_TOKEN_LIFE, Binding, ID_TOKEN_LIFE, end};
use crate::oidc::provider::claims::{Act, IdToken, MandateDetail, amr, at_hash};
use crate::oidc::provider::client::Client;
use crate::oidc::provider::error::TokenError;
use crate::oidc::provider::params::Params;
use crate::oidc::provider::pkce::Challenge;
use crate::oidc::provider::token::{self as protocol, Credentials, Redemption};
use crate::store::client::{self, ClientRow};
use crate::store::token::{self, CodeRow, NewToken, Standing};
use crate::store::{AsStoreError, StoreError, use_session};
use crate::{transact, view};

use super::App;
use super::caller::CHARTER_VERSION;
use super::end_use;
use super::openid::{self, issuer};
use super::record::{self, RecordError};
use super::signing_keys::{self, KeyRing, KeysError};

/// The answer of the token endpoint (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).
#[derive(Serialize)]
pub struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
    id_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: Option<Vec<MandateDetail>>,
}

#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    #[error(transparent)]
    Refused(#[from] TokenError),
    /// Somebody else was faster, or what the code stands on is no longer in force.
    #[error("the code was not redeemed")]
    Lost,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl AsStoreError for RedeemError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            Self::Keys(error) => error.as_store_error(),
            Self::Refused(_) | Self::Lost => None,
        }
    }
}

/// Redeems the code of a token request. `source` tells where it came from, for the limits of the log.
pub async fn redeem(
    app: &App,
    authorization: Option<&str>,
    body: &Params,
    source: &str,
) -> Result<Tokens, RedeemError> {
    let credentials = match protocol::credentials(authorization, body) {
        Ok(credentials) => credentials,
        Err(error) => return refuse(app, Kind::ClientRefused, error, "credentials", None, source).await,
    };
    // Whatever is wrong with the rest of the request is told only to a client that has proven who it is.
    let asked = protocol::redemption(body);
    let hash = asked.as_ref().ok().map(|asked| asked.code.hash());
    let (client, code) = view!(app.store, tx => {
        let client = client::by_client_id(tx, &credentials.client_id).await?;
        let code = match &hash {
            Some(hash) if client.is_some() => token::code(tx, hash).await?,
            _ => None,
        };
        Ok::<_, StoreError>((client, code))
    })?;
    let Some(client) = authenticated(client, &credentials) else {
        let error = TokenError::InvalidClient(Some(credentials.method));
        return refuse(app, Kind::ClientRefused, error, "wrong_credentials", None, source).await;
    };
    let client = openid::client(client)?;
    let (asked, hash) = match (asked, hash) {
        (Ok(asked), Some(hash)) => (asked, hash),
        (asked, _) => {
            let error = asked.err().unwrap_or(TokenError::InvalidGrant);
            return refuse(app, Kind::CodeRefused, error, error.code(), Some(&client), source).await;
        }
    };
    let Some(code) = code else {
        return refuse(
            app,
            Kind::CodeRefused,
            TokenError::InvalidGrant,
            "unknown_code",
            Some(&client),
            source,
        )
        .await;
    };
    exchange(app, &client, &asked, &hash, code, source).await
}

/// The client, if its secret and its way of showing it are the registered ones. The comparison takes the same time
/// whatever differs, and an unknown client is compared too.
fn authenticated(row: Option<ClientRow>, credentials: &Credentials) -> Option<ClientRow> {
    let presented = PlainToken::presented(credentials.secret.reveal()).hash();
    let stored = row.as_ref().map_or([0u8; 32].as_slice(), |row| &row.secret_hash);
    let equal = verify_slices_are_equal(presented.as_bytes(), stored).is_ok();
    row.filter(|row| equal && row.status == "active" && row.auth_method == credentials.method.as_str())
}

async fn exchange(
    app: &App,
    client: &Client,
    asked: &Redemption,
    hash: &HashedToken,
    code: CodeRow,
    source: &str,
) -> Result<Tokens, RedeemError> {
    let now = app.now();
    if code.redeemed_at.is_some() {
        return reused(app, client, hash, &code.standing).await;
    }
    let binding = Binding {
        client: code.client_id,
        redirect_uri: code.redirect_uri.clone(),
        challenge: code.code_challenge.as_deref().and_then(Challenge::parse),
    };
    let reason = if now >= code.expires_at {
        Some("expired")
    } else if !binding.is_met_by(client.id, &asked.redirect_uri, asked.verifier.as_deref()) {
        Some("not_its_own")
    } else {
        None
    };
    if let Some(reason) = reason {
        return refuse(app, Kind::CodeRefused, TokenError::InvalidGrant, reason, Some(client), source).await;
    }
    let keys = signing_keys::ring(app).await?;
    let access_token = PlainToken::generate(app.entropy.as_ref());
    match write(app, client, hash, &code, &access_token, now).await {
        Ok(expires_at) => answer(app, client, &code, &keys, &access_token, now, expires_at),
        Err(RedeemError::Lost) => {
            let again = view!(app.store, tx => { token::code(tx, hash).await })?;
            if again.is_some_and(|code| code.redeemed_at.is_some()) {
                return reused(app, client, hash, &code.standing).await;
            }
            let error = TokenError::InvalidGrant;
            refuse(app, Kind::CodeRefused, error, "no_longer_allowed", Some(client), source).await
        }
        Err(error) => Err(error),
    }
}

/// The transaction of a redemption. Gives the end of the access token.
async fn write(
    app: &App,
    client: &Client,
    hash: &HashedToken,
    code: &CodeRow,
    access_token: &PlainToken,
    now: Timestamp,
) -> Result<Timestamp, RedeemError> {
    let standing = &code.standing;
    let expires_at = end(now, ACCESS_TOKEN_LIFE, standing.grant_ends_at);
    let token_hash = access_token.hash();
    transact!(app.store, "redeem_code", tx => {
        // The entry takes the mandate's row first: a revocation is either seen by `redeem` or comes after.
        let draft = entry(Draft::done(Kind::CodeRedeemed), standing, client.id);
        let entry = record::record(app, tx, draft.fact("token_ends_at", expires_at)).await?;
        if !token::redeem(tx, hash, now, CHARTER_VERSION).await? {
            return Err(RedeemError::Lost);
        }
        if standing.single_use && !token::consume(tx, standing.grant_id, now).await? {
            return Err(RedeemError::Lost);
        }
        token::insert(tx, &NewToken {
            hash: &token_hash,
            code: hash,
            use_id: standing.use_id,
            client: client.id,
            scope: &code.scope,
            issued_at: now,
            expires_at,
            entry: entry.id,
        }).await?;
        Ok::<_, RedeemError>(())
    })?;
    Ok(expires_at)
}

/// What an entry about a code or a token says of what it stands on.
pub(super) fn entry(draft: Draft, standing: &Standing, service: crate::domain::ids::ServiceId) -> Draft {
    draft
        .by_role(Role::Service)
        .user(standing.user_id)
        .structure(standing.structure_id)
        .mandate(standing.mandate_id)
        .grant(standing.grant_id)
        .service(service)
        .use_id(standing.use_id)
        .on(standing.opened_by)
}

/// A code presented twice is in two hands: the use it belongs to ends, and every token with it.
async fn reused(
    app: &App,
    client: &Client,
    hash: &HashedToken,
    standing: &Standing,
) -> Result<Tokens, RedeemError> {
    let now = app.now();
    transact!(app.store, "code_reused", tx => {
        let killed = token::revoke_of_code(tx, hash, now).await?;
        let draft = entry(Draft::refused(Kind::CodeReused, "code_reuse"), standing, client.id);
        let draft = draft.fact("tokens", i64::try_from(killed).unwrap_or(i64::MAX));
        record::record(app, tx, draft).await?;
        if let Some(row) = use_session::live(tx, standing.use_id).await? {
            end_use::end_all(app, tx, vec![row], UseEnd::CodeReuse, now).await?;
        }
        Ok::<_, RedeemError>(())
    })?;
    Err(TokenError::InvalidGrant.into())
}

async fn refuse<T>(
    app: &App,
    kind: Kind,
    error: TokenError,
    reason: &str,
    client: Option<&Client>,
    source: &str,
) -> Result<T, RedeemError> {
    let mut draft = Draft::refused(kind, reason).by_role(Role::Service);
    if let Some(client) = client {
        draft = draft.service(client.id);
    }
    record::refuse(app, draft, source).await?;
    Err(error.into())
}

fn answer(
    app: &App,
    client: &Client,
    code: &CodeRow,
    keys: &KeyRing,
    access_token: &PlainToken,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Tokens, RedeemError> {
    let standing = &code.standing;
    let (act, details) = told(app, &client.sector, client.tells_actor, standing);
    let id_token = IdToken {
        iss: issuer(app),
        sub: app.openid.pairwise.user(&client.sector, standing.user_id),
        aud: client.client_id.clone(),
        exp: end(now, ID_TOKEN_LIFE, standing.grant_ends_at).unix(),
        iat: now.unix(),
        auth_time: standing.auth_time.unix(),
        nonce: code.nonce.clone(),
        acr: standing.acr.clone(),
        amr: amr(),
        at_hash: at_hash(access_token.reveal()),
        sid: standing.use_id.to_string(),
        act,
        authorization_details: details.clone(),
        rep_scope: client.is_hub.then(|| vec![standing.rep_scope.clone()]),
    };
    let signed = keys.current(client.id_token_alg)?.sign("JWT", &id_token).map_err(KeysError::from)?;
    Ok(Tokens {
        access_token: access_token.reveal().to_owned(),
        token_type: "Bearer",
        expires_in: expires_at.since(now).whole_seconds(),
        scope: code.scope.clone(),
        id_token: signed,
        authorization_details: details,
    })
}

/// Who acts and under which mandate, for a service that is told.
pub(super) fn told(
    app: &App,
    sector: &str,
    tells_actor: bool,
    standing: &Standing,
) -> (Option<Act>, Option<Vec<MandateDetail>>) {
    if !tells_actor {
        return (None, None);
    }
    let pairwise = &app.openid.pairwise;
    let act = Act::aidant_of(
        pairwise.aidant(sector, standing.person_id),
        pairwise.structure(sector, standing.structure_id),
    );
    let reference = pairwise.mandate(sector, standing.mandate_id);
    let detail =
        MandateDetail::new(reference, &standing.domain, &standing.access, standing.grant_ends_at.unix());
    (Some(act), Some(vec![detail]))
}
