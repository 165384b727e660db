//! The userinfo endpoint: the user's civil identity, exactly as it was received, to a service whose token and mandate
//! are in force at that instant.
use std::collections::{BTreeMap, BTreeSet};

use crate::crypto::jwt::Alg;
use crate::domain::secret::{HashedToken, PlainToken};
use crate::domain::time::Timestamp;
use crate::domain::user::CivilIdentity;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::provider::asked_claims::AskedClaims;
use crate::oidc::provider::claims::{Identity, SignedUserInfo, UserInfo};
use crate::oidc::provider::dpop::{self, BadProof, Call};
use crate::oidc::provider::error::ResourceError;
use crate::oidc::provider::params::Params;
use crate::oidc::provider::scope::{Scope, Scopes};
use crate::oidc::provider::token::{Scheme, access_token};
use crate::store::token::{self, TokenRow};
use crate::store::{StoreError, WriteTx};

use super::caller::CHARTER_VERSION;
use super::choose_user::identity;
use super::openid::issuer;
use super::record::{self, RecordError};
use super::redeem_code::{exchange::entry, told};
use super::shown_once::ShownOnce;
use super::signing_keys::{self, KeysError};
use super::{App, together};

#[derive(Debug, thiserror::Error)]
pub enum UserinfoError {
    #[error(transparent)]
    Refused(#[from] ResourceError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("the answer cannot be written")]
    Json(#[from] serde_json::Error),
}

/// What became of a token presented for userinfo.
#[derive(Debug)]
pub(super) enum Seen {
    Given(Box<Given>),
    /// A token of ours, but dead or standing on nothing in force.
    NotInForce(Box<TokenRow>),
    /// A token of ours, shown without its key, or with a key though it has none.
    OtherKey(Box<TokenRow>),
    /// The proof of its key had been shown before.
    ProofSpent,
    Unknown,
}

/// A token that opens its user's identity.
#[derive(Debug)]
pub(super) struct Given {
    pub row: TokenRow,
    identity: CivilIdentity,
}

impl Seen {
    /// Whether a token of ours was shown as it must be: bound to the key that was proven, or to none when none was.
    pub(super) fn shows_its_key(&self) -> bool {
        matches!(self, Self::Given(_) | Self::NotInForce(_))
    }

    /// The entry of an identity given. A refusal is written by whoever answers it.
    pub(super) fn draft(&self) -> Option<Draft> {
        let Self::Given(given) = self else { return None };
        let draft = entry(Draft::done(Kind::UserinfoGiven), &given.row.standing, given.row.client_id);
        let (scopes, asked) = opened(&given.row).unwrap_or_default();
        let draft = draft.list("scopes", scopes.iter().map(Scope::name).collect::<Vec<_>>());
        let names: Vec<&str> = asked.iter().map(String::as_str).collect();
        Some(if names.is_empty() { draft } else { draft.list("claims", names) })
    }
}

/// The answer in the form the service is registered for.
pub enum Body {
    Json(Vec<u8>),
    Jwt(String),
}

/// The answer to whoever presents a token.
pub async fn give(
    app: &App,
    call: Call<'_>,
    authorization: Option<&str>,
    body: Option<&Params>,
    source: &str,
) -> Result<Body, UserinfoError> {
    let (token, once) = match shown(app, call, authorization, body)? {
        Ok(shown) => shown,
        Err(error) => {
            let draft = not_proven(Kind::UserinfoRefused, error);
            return refuse(app, draft, error.into(), source).await;
        }
    };
    let refused = |row: &TokenRow, reason| {
        entry(Draft::refused(Kind::UserinfoRefused, reason), &row.standing, row.client_id)
    };
    let (draft, error) = match together::userinfo(app, token.hash(), once).await? {
        Seen::Given(given) => return answer(app, &given).await,
        Seen::ProofSpent => (not_proven(Kind::UserinfoRefused, BadProof::Spent), BadProof::Spent.into()),
        Seen::NotInForce(row) => (refused(&row, "not_in_force"), ResourceError::InvalidToken),
        Seen::OtherKey(row) => (refused(&row, "not_its_key"), ResourceError::InvalidToken),
        Seen::Unknown => {
            let draft = Draft::refused(Kind::UserinfoRefused, "unknown_token").by_role(Role::Nobody);
            (draft, ResourceError::InvalidToken)
        }
    };
    refuse(app, draft, error, source).await
}

async fn refuse(app: &App, draft: Draft, error: ResourceError, source: &str) -> Result<Body, UserinfoError> {
    record::refuse(app, draft, source).await?;
    Err(error.into())
}

/// The entry of a call whose proof does not hold: it is nobody's.
pub(super) fn not_proven(kind: Kind, error: BadProof) -> Draft {
    let reason = if error == BadProof::Missing { "no_proof" } else { "dpop_proof" };
    Draft::refused(kind, reason).by_role(Role::Nobody)
}

/// The access token a call shows, and the proof it brings with it, still to be spent; or what is wrong with the proof. The
/// token must then be bound to that very key, or to none.
pub(super) fn shown(
    app: &App,
    call: Call<'_>,
    authorization: Option<&str>,
    body: Option<&Params>,
) -> Result<Result<(PlainToken, ShownOnce), BadProof>, ResourceError> {
    let (token, scheme) = access_token(authorization, body)?;
    let proof = match scheme {
        Scheme::Bearer => Ok(None),
        Scheme::Dpop => dpop::check(call, Some(token.reveal()), app.now())
            .and_then(|proof| proof.ok_or(BadProof::Missing).map(Some)),
    };
    Ok(proof.map(|proof| (token, ShownOnce { assertion: None, proof })))
}

/// Finds what each token opens, shown with the key of a thumbprint or with none.
pub(super) async fn look(
    app: &App,
    tx: &mut WriteTx,
    shown: &[(&HashedToken, Option<&str>)],
    now: Timestamp,
) -> Result<Vec<Seen>, RecordError> {
    let tokens: Vec<_> = shown.iter().map(|(token, _)| *token).collect();
    let rows = token::find(tx, &tokens, now, CHARTER_VERSION).await?;
    let rows: BTreeMap<_, _> = rows.into_iter().map(|row| (row.token_hash.clone(), row)).collect();
    shown
        .iter()
        .map(|(token, jkt)| {
            let Some(row) = rows.get(token).cloned() else { return Ok(Seen::Unknown) };
            if row.dpop_jkt.as_deref() != *jkt {
                return Ok(Seen::OtherKey(Box::new(row)));
            }
            if !row.alive {
                return Ok(Seen::NotInForce(Box::new(row)));
            }
            let identity = identity(app, row.standing.user_id, &row.identity_sealed)?;
            Ok(Seen::Given(Box::new(Given { row, identity })))
        })
        .collect()
}

async fn answer(app: &App, given: &Given) -> Result<Body, UserinfoError> {
    let row = &given.row;
    let sub = app.openid.pairwise.user(&row.sector, row.standing.user_id);
    let (act, authorization_details) = told(app, &row.sector, row.tells_actor, &row.standing);
    let (scopes, asked) = opened(row)?;
    let identity = claims(&given.identity).within(&scopes, &asked);
    let info = UserInfo { sub: &sub, identity, act, authorization_details };
    let Some(alg) = &row.userinfo_alg else { return Ok(Body::Json(serde_json::to_vec(&info)?)) };
    let alg = Alg::named(alg).ok_or_else(|| StoreError::Corrupt("client userinfo_alg".to_owned()))?;
    let signed = SignedUserInfo { iss: issuer(app), aud: &row.issued_to, info };
    let ring = signing_keys::ring_with(app, alg).await?;
    Ok(Body::Jwt(ring.current(alg)?.sign("JWT", &signed).map_err(KeysError::from)?))
}

/// What a token opens today: scopes, and claims asked for one by one. Its service may have been allowed more when the
/// token was given.
fn opened(row: &TokenRow) -> Result<(Scopes, BTreeSet<String>), serde_json::Error> {
    let allowed = Scopes::parse(&row.allowed);
    let asked = asked(row.claims.as_deref(), &allowed)?;
    Ok((Scopes::parse(&row.scope).within(&allowed), asked.userinfo))
}

/// The claims asked for one by one, as a code keeps them, as far as the scopes allow.
pub(super) fn asked(stored: Option<&str>, allowed: &Scopes) -> Result<AskedClaims, serde_json::Error> {
    let asked: AskedClaims = stored.map_or(Ok(AskedClaims::default()), serde_json::from_str)?;
    Ok(asked.within(allowed))
}

/// The identity as stored, in the names of the claims.
pub(super) fn claims(civil: &CivilIdentity) -> Identity<'_> {
    Identity {
        given_name: Some(&civil.given_name),
        family_name: Some(&civil.family_name),
        preferred_username: civil.preferred_username.as_deref(),
        gender: civil.gender.as_deref(),
        birthdate: Some(civil.birthdate.as_str()),
        birthplace: civil.birthplace.as_deref(),
        birthcountry: civil.birthcountry.as_deref(),
        email: civil.email.as_deref(),
    }
}
