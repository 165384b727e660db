//! The token endpoint: a service proves who it is and redeems a code, once, for an access token and an ID token.
pub(in crate::app) mod exchange;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::domain::ids::ServiceId;
use crate::domain::secret::{HashedToken, PlainToken};
use crate::domain::use_session::UseEnd;
use crate::domain::user::CivilIdentity;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::provider::access::{ID_TOKEN_LIFE, end};
use crate::oidc::provider::claims::{Act, IdToken, IdTokenWith, MandateDetail, amr, at_hash};
use crate::oidc::provider::dpop::Call;
use crate::oidc::provider::error::TokenError;
use crate::oidc::provider::params::Params;
use crate::oidc::provider::token::{self as protocol, Credentials, Shown};
use crate::store::token::{self, Standing};
use crate::store::{use_session, user};
use crate::{transact, view};

use self::exchange::{Caller, Hashes, Looked, Redeemed, Refusal, Request, entry};
use super::know_service::{self, ServiceError};
use super::openid::issuer;
use super::record::{self, RecordError};
use super::shown_once::ShownOnce;
use super::signing_keys::{self, KeyRing, KeysError};
use super::{App, choose_user, end_use, give_userinfo, together};

/// The answer of the token endpoint (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).
#[derive(Serialize)]
pub struct Tokens {
    pub(super) access_token: String,
    pub(super) token_type: &'static str,
    pub(super) expires_in: i64,
    pub(super) scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authorization_details: Option<Vec<MandateDetail>>,
}

/// Redeems the code of a token request. `source` tells where it came from, for the limits of the log.
pub async fn redeem(
    app: &App,
    call: Call<'_>,
    authorization: Option<&str>,
    body: &Params,
    source: &str,
) -> Result<Tokens, ServiceError> {
    // Without keys a code would be spent for nothing.
    signing_keys::ring(app).await?;
    let (caller, once, called) = caller(app, call, authorization, body, source).await?;
    let access_token = PlainToken::generate(app.entropy.as_ref());
    let refresh_token = PlainToken::generate(app.entropy.as_ref());
    let hashes = Hashes { access: access_token.hash(), refresh: refresh_token.hash() };
    let request = Request::new(caller, once, protocol::redemption(body), hashes);
    match together::redeem(app, request).await? {
        Looked::Redeemed(redeemed) => {
            let known = known_by_name(app, &redeemed).await?;
            let keys = signing_keys::ring_with(app, redeemed.client.policy.id_token_alg).await?;
            answer(app, &redeemed, &keys, (&access_token, &refresh_token), &known)
        }
        Looked::Reused { client, code, standing } => {
            kill_family(app, client, &code, &standing, Draft::refused(Kind::CodeReused, "code_reuse"))
                .await?;
            Err(TokenError::InvalidGrant.into())
        }
        Looked::ShownAgain(again) => {
            know_service::refuse_again(app, again, called, (Kind::CodeRefused, source)).await
        }
        Looked::Refused(refusal) => refuse(app, refusal, source).await,
    }
}

/// Who calls, what they show once, and who they are if that is known. A secret alone is compared later, in the one
/// transaction that redeems and spends what is shown.
async fn caller(
    app: &App,
    call: Call<'_>,
    authorization: Option<&str>,
    body: &Params,
    source: &str,
) -> Result<(Caller, ShownOnce, Option<ServiceId>), ServiceError> {
    let credentials = protocol::credentials(authorization, body);
    if let (Ok(Credentials { client_id, shown: Shown::Secret(secret, method) }), []) =
        (&credentials, call.proofs)
    {
        let (client_id, secret) = (client_id.clone(), secret.clone());
        return Ok((Caller::Shows { client_id, secret, method: *method }, ShownOnce::default(), None));
    }
    let shown = know_service::caller(app, call, authorization, body, (Kind::CodeRefused, source)).await?;
    Ok((Caller::Proven { client_id: shown.client.client_id }, shown.once, Some(shown.client.id)))
}

/// A code, or a refresh token, presented twice is in two hands: the use it belongs to ends, and every token of that
/// code with it. `draft` says which it was.
pub(super) async fn kill_family(
    app: &App,
    client: ServiceId,
    code: &HashedToken,
    standing: &Standing,
    draft: Draft,
) -> Result<(), RecordError> {
    let now = app.now();
    transact!(app.store, "presented_twice", tx => {
        let killed = token::revoke_of_code(tx, code, now).await?;
        let draft = entry(draft.clone(), standing, client);
        let draft = draft.fact("tokens", i64::try_from(killed).unwrap_or(i64::MAX));
        record::record(app, tx, draft).await?;
        if let Some(row) = use_session::live(tx, standing.use_id).await? {
            end_use::end_all(app, tx, vec![row], UseEnd::CodeReuse, now).await?;
        }
        Ok::<_, RecordError>(())
    })
}

async fn refuse(app: &App, refusal: Refusal, source: &str) -> Result<Tokens, ServiceError> {
    let mut draft = Draft::refused(refusal.kind, refusal.reason).by_role(Role::Service);
    if let Some(client) = refusal.client {
        draft = draft.service(client);
    }
    record::refuse(app, draft, source).await?;
    Err(refusal.error.into())
}

/// The claims asked for by name in the ID token, and the identity that holds them; it is read only when there are any.
async fn known_by_name(
    app: &App,
    redeemed: &Redeemed,
) -> Result<(BTreeSet<String>, Option<CivilIdentity>), ServiceError> {
    let asked = redeemed.code.claims.as_deref();
    let asked = give_userinfo::asked(asked, &redeemed.client.policy.scopes)?.id_token;
    if asked.is_empty() {
        return Ok((asked, None));
    }
    let user = redeemed.code.standing.user_id;
    let sealed = view!(app.store, tx => { user::identity(tx, user).await })?;
    let civil = choose_user::identity(app, user, &sealed).map_err(RecordError::from)?;
    Ok((asked, Some(civil)))
}

fn answer(
    app: &App,
    redeemed: &Redeemed,
    keys: &KeyRing,
    (access_token, refresh_token): (&PlainToken, &PlainToken),
    (asked, civil): &(BTreeSet<String>, Option<CivilIdentity>),
) -> Result<Tokens, ServiceError> {
    let Redeemed { client, code, at, expires_at, .. } = redeemed;
    let standing = &code.standing;
    let (act, details) = told(app, &client.sector, client.policy.tells_actor, standing);
    let id_token = IdToken {
        iss: issuer(app),
        sub: app.openid.pairwise.user(&client.sector, standing.user_id),
        aud: client.client_id.clone(),
        exp: end(*at, ID_TOKEN_LIFE, standing.grant_ends_at).unix(),
        iat: at.unix(),
        auth_time: standing.auth_time.unix(),
        nonce: code.nonce.clone(),
        acr: standing.acr.clone(),
        amr: amr(),
        at_hash: at_hash(client.policy.id_token_alg, access_token.reveal()),
        sid: standing.use_id.to_string(),
        act,
        authorization_details: details.clone(),
        rep_scope: client.policy.is_hub.then(|| vec![standing.rep_scope.clone()]),
    };
    let identity = civil.as_ref().map(give_userinfo::claims).unwrap_or_default();
    let id_token = IdTokenWith { token: &id_token, identity: identity.only(|name| asked.contains(name)) };
    let signed = keys.current(client.policy.id_token_alg)?.sign("JWT", &id_token).map_err(KeysError::from)?;
    Ok(Tokens {
        access_token: access_token.reveal().to_owned(),
        token_type: token_type(redeemed.jkt.as_deref()),
        expires_in: expires_at.since(*at).whole_seconds(),
        scope: code.scope.clone(),
        id_token: Some(signed),
        refresh_token: client.policy.may_refresh.then(|| refresh_token.reveal().to_owned()),
        authorization_details: details,
    })
}

/// How an access token is to be shown: with proof of its key, if it is bound to one (RFC 9449 §5).
pub(super) fn token_type(jkt: Option<&str>) -> &'static str {
    if jkt.is_some() { "DPoP" } else { "Bearer" }
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
