//! The client side of OpenID Connect, with the service's own HTTP client, clock and randomness.
use std::sync::Mutex;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessToken, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, ProviderMetadataWithLogout, RedirectUrl, Scope,
    StandardErrorResponse, StandardTokenResponse, TokenResponse as _, UserInfoClaims, UserInfoError,
};
use time::OffsetDateTime;
use url::Url;

use crate::domain::time::Timestamp;

use super::claims::{MandateClaims, Missing, Visitor};
use super::{Pending, Service, Session};

/// How Entremise signs the ID tokens of a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    Es256,
    Rs256,
}

type Fields = IdTokenFields<
    MandateClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Answer = StandardTokenResponse<Fields, CoreTokenType>;
type Metadata = ProviderMetadataWithLogout;
type RelyingParty = Client<
    MandateClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Answer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why a sign-in failed, for the person who runs the service. What the visitor reads is in `pages`.
#[derive(Debug, thiserror::Error)]
pub(super) enum RpError {
    #[error("an address of the registration is not a URL: {0}")]
    Address(#[from] url::ParseError),
    #[error("the provider cannot be reached or is not what it says: {0}")]
    Provider(String),
    #[error("the code was refused: {0}")]
    Code(String),
    #[error("the ID token was refused: {0}")]
    IdToken(String),
    #[error("the identity was refused: {0}")]
    Userinfo(String),
    #[error(transparent)]
    Missing(#[from] Missing),
}

impl Service {
    /// Fetches discovery and keys anew: keys may have been rotated since the last time.
    pub(super) async fn discover(&self) -> Result<Metadata, RpError> {
        let issuer = IssuerUrl::new(self.0.registration.issuer.clone())?;
        Metadata::discover_async(issuer, &self.0.http).await.map_err(|error| RpError::Provider(chain(&error)))
    }

    fn client(&self, metadata: Metadata) -> Result<RelyingParty, RpError> {
        let registration = &self.0.registration;
        let id = ClientId::new(registration.client_id.clone());
        let secret = ClientSecret::new(registration.client_secret.reveal().to_owned());
        let redirect = RedirectUrl::new(registration.redirect_uri())?;
        Ok(RelyingParty::from_provider_metadata(metadata, id, Some(secret)).set_redirect_uri(redirect))
    }

    /// Where to send the browser, and what to remember until it comes back.
    pub(super) async fn begin(&self) -> Result<(Url, Pending), RpError> {
        let client = self.client(self.discover().await?)?;
        let (state, nonce) = (self.random(), Nonce::new(self.random()));
        let verifier = PkceCodeVerifier::new(self.random());
        let asked = (CsrfToken::new(state.clone()), nonce.clone());
        let (url, ..) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || asked.0, move || asked.1)
            .add_scopes(["profile", "birth", "email"].map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok((url, Pending { state, nonce, verifier }))
    }

    /// Redeems the code, checks the ID token, asks who it is.
    pub(super) async fn complete(&self, code: String, pending: &Pending) -> Result<Session, RpError> {
        let client = self.client(self.discover().await?)?;
        let verifier = PkceCodeVerifier::new(pending.verifier.secret().clone());
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| RpError::Provider(error.to_string()))?
            .set_pkce_verifier(verifier)
            .request_async(&self.0.http)
            .await
            .map_err(|error| RpError::Code(chain(&error)))?;
        let id_token = answer.id_token().ok_or_else(|| RpError::IdToken("absent".to_owned()))?;
        let now = self.now();
        let checker =
            client.id_token_verifier().set_allowed_algs([self.algorithm()]).set_time_fn(move || utc(now));
        let claims =
            id_token.claims(&checker, &pending.nonce).map_err(|error| RpError::IdToken(chain(&error)))?;
        let info: UserInfoClaims<MandateClaims, CoreGenderClaim> = client
            .user_info(answer.access_token().clone(), Some(claims.subject().clone()))
            .map_err(|error| RpError::Provider(error.to_string()))?
            .request_async(&self.0.http)
            .await
            .map_err(|error| RpError::Userinfo(chain(&error)))?;
        Ok(Session {
            visitor: Visitor::read(claims, &info)?,
            id_token: id_token.to_string(),
            access_token: answer.access_token().secret().clone(),
            done: Mutex::default(),
        })
    }

    /// Whether the provider still answers for the session's token: a mandate may have ended meanwhile.
    pub(super) async fn still_allowed(&self, session: &Session) -> Result<bool, RpError> {
        let client = self.client(self.discover().await?)?;
        let token = AccessToken::new(session.access_token.clone());
        let asked: Result<UserInfoClaims<MandateClaims, CoreGenderClaim>, _> = client
            .user_info(token, None)
            .map_err(|error| RpError::Provider(error.to_string()))?
            .request_async(&self.0.http)
            .await;
        match asked {
            Ok(_) => Ok(true),
            Err(UserInfoError::Response(status, ..)) if status.is_client_error() => Ok(false),
            Err(error) => Err(RpError::Provider(chain(&error))),
        }
    }

    pub(super) fn algorithm(&self) -> CoreJwsSigningAlgorithm {
        match self.0.registration.algorithm {
            Algorithm::Es256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            Algorithm::Rs256 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        }
    }
}

/// An error with all its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// The openidconnect crate counts time with chrono.
fn utc(now: Timestamp) -> chrono::DateTime<chrono::Utc> {
    let at: OffsetDateTime = now.date_time();
    chrono::DateTime::from(std::time::SystemTime::from(at))
}
