//! The userinfo endpoint: the user's civil identity, exactly as it was received, to a service whose token and mandate
//! are in force at that instant.
use crate::crypto::seal::SealError;
use crate::domain::user::CivilIdentity;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::provider::claims::{Identity, UserInfo};
use crate::oidc::provider::error::ResourceError;
use crate::oidc::provider::params::Params;
use crate::oidc::provider::scope::Scopes;
use crate::oidc::provider::token::bearer;
use crate::store::{StoreError, token};
use crate::view;

use super::App;
use super::caller::CHARTER_VERSION;
use super::choose_user::identity;
use super::record::{self, RecordError};
use super::redeem_code::{entry, told};

#[derive(Debug, thiserror::Error)]
pub enum UserinfoError {
    #[error(transparent)]
    Refused(#[from] ResourceError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Sealed(#[from] SealError),
    #[error("the answer cannot be written")]
    Json(#[from] serde_json::Error),
}

/// The JSON answer to whoever presents a token.
pub async fn give(
    app: &App,
    authorization: Option<&str>,
    body: Option<&Params>,
    source: &str,
) -> Result<Vec<u8>, UserinfoError> {
    let hash = bearer(authorization, body)?.hash();
    let now = app.now();
    let found = view!(app.store, tx => { token::find(tx, &hash, now, CHARTER_VERSION).await })?;
    let Some(row) = found else {
        let draft = Draft::refused(Kind::UserinfoRefused, "unknown_token").by_role(Role::Nobody);
        record::refuse(app, draft, source).await?;
        return Err(ResourceError::InvalidToken.into());
    };
    if !row.alive {
        let draft =
            entry(Draft::refused(Kind::UserinfoRefused, "not_in_force"), &row.standing, row.client_id);
        record::refuse(app, draft, source).await?;
        return Err(ResourceError::InvalidToken.into());
    }
    let civil = identity(app, row.standing.user_id, &row.identity_sealed)?;
    let scopes = Scopes::parse(&row.scope);
    let sub = app.openid.pairwise.user(&row.sector, row.standing.user_id);
    let (act, authorization_details) = told(app, &row.sector, row.tells_actor, &row.standing);
    let answer = UserInfo { sub: &sub, identity: claims(&civil).within(&scopes), act, authorization_details };
    let answer = serde_json::to_vec(&answer)?;
    let scopes: Vec<_> = scopes.iter().map(crate::oidc::provider::scope::Scope::name).collect();
    let draft = entry(Draft::done(Kind::UserinfoGiven), &row.standing, row.client_id).list("scopes", scopes);
    record::append(app, draft).await?;
    Ok(answer)
}

/// The identity as stored, in the names of the claims.
fn claims(civil: &CivilIdentity) -> Identity<'_> {
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
