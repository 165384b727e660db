//! What comes back from the provider, checked in the order of OpenID Connect Core §3.1.3.7.
use std::sync::Arc;

use chrono::{DateTime, Utc};
use openidconnect::core::{CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreTokenResponse};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClaimsVerificationError, Nonce, OAuth2TokenResponse,
    PkceCodeVerifier, RequestTokenError, SignatureVerificationError, TokenResponse,
};
use url::Url;

use crate::domain::secret::{PlainToken, Secret};
use crate::domain::time::Timestamp;
use crate::domain::user::CivilIdentity;

use super::discovery::Metadata;
use super::userinfo::Claims;
use super::{Federation, FederationError, claims};

/// A clock ahead of ours by up to this is forgiven for `iat`; `exp` is exact.
const CLOCK_AHEAD: i64 = 60;

/// The parameters with which the provider sent the browser back. `state` has been matched by the caller, who
/// knows the browser.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct Answer {
    pub code: Option<Secret>,
    pub error: Option<String>,
    pub iss: Option<String>,
}

/// What the request that is being answered was made with.
#[derive(Debug)]
pub struct Expected {
    pub redirect_uri: Url,
    pub nonce: PlainToken,
    pub verifier: Option<PlainToken>,
}

/// A person, identified.
#[derive(Debug)]
pub struct Identified {
    pub issuer: String,
    pub subject: String,
    pub identity: CivilIdentity,
    /// One of the accepted levels.
    pub acr: String,
    /// When the person proved who they are, if the provider says.
    pub auth_time: Option<Timestamp>,
    /// Needed to close the session at the provider.
    pub id_token: Secret,
}

/// A professional, known to their provider.
#[derive(Debug)]
pub struct Professional {
    pub issuer: String,
    pub subject: String,
    /// Absent when it is not certain that the provider verified it.
    pub email: Option<String>,
    /// Of the organisation in which they signed in.
    pub siret: Option<String>,
    /// One of the accepted levels.
    pub acr: String,
    /// Needed to close the session at the provider.
    pub id_token: Secret,
}

/// An answer that is refused.
#[derive(Debug)]
pub struct Refused {
    pub error: FederationError,
    /// The ID token, once it is certain that it is the provider's answer to this request: somebody has a session
    /// there, and this closes it. Never one that failed a check.
    pub id_token: Option<Secret>,
}

impl From<FederationError> for Refused {
    fn from(error: FederationError) -> Self {
        Self { error, id_token: None }
    }
}

/// What an answer proves of anybody.
struct Proven {
    subject: String,
    claims: Claims,
    acr: String,
    auth_time: Option<Timestamp>,
    id_token: Secret,
}

impl Proven {
    /// A failure after which the session there is to be closed all the same.
    fn holding<T>(&self, outcome: Result<T, FederationError>) -> Result<T, Refused> {
        outcome.map_err(|error| Refused { error, id_token: Some(self.id_token.clone()) })
    }
}

impl Federation {
    /// Exchanges the answer for an identity. At most three requests to the provider, each bounded.
    pub async fn complete(
        &self,
        now: Timestamp,
        answer: Answer,
        expected: &Expected,
    ) -> Result<Identified, Refused> {
        let proven = self.prove(now, answer, expected).await?;
        let identity = claims::identity(&proven.claims, &proven.subject, &self.provider.birthdate_claim);
        let identity = proven.holding(identity)?;
        Ok(Identified {
            issuer: self.provider.issuer.clone(),
            subject: proven.subject,
            identity,
            acr: proven.acr,
            auth_time: proven.auth_time,
            id_token: proven.id_token,
        })
    }

    /// As [`Federation::complete`], for a professional: no civil identity is asked for nor read.
    pub async fn complete_professional(
        &self,
        now: Timestamp,
        answer: Answer,
        expected: &Expected,
    ) -> Result<Professional, Refused> {
        let proven = self.prove(now, answer, expected).await?;
        let told = proven.holding(claims::professional(
            &proven.claims,
            &proven.subject,
            self.provider.emails_verified,
        ))?;
        Ok(Professional {
            issuer: self.provider.issuer.clone(),
            subject: proven.subject,
            email: told.email,
            siret: told.siret,
            acr: proven.acr,
            id_token: proven.id_token,
        })
    }

    async fn prove(&self, now: Timestamp, answer: Answer, expected: &Expected) -> Result<Proven, Refused> {
        let metadata = self.metadata(now).await?;
        let code = self.accept(&metadata, answer)?;
        let tokens = self.exchange(&metadata, code, expected).await?;
        let id_token = tokens.id_token().ok_or(FederationError::Nonsense("no ID token"))?;
        let (metadata, verified) = match self.verify(now, &metadata, id_token, &tokens, expected) {
            // The provider may have changed its key since we asked for it.
            Err(FederationError::BadSignature) => match self.newer_metadata(now).await? {
                Some(newer) => {
                    let verified = self.verify(now, &newer, id_token, &tokens, expected)?;
                    (newer, verified)
                }
                None => return Err(FederationError::BadSignature.into()),
            },
            other => (metadata, other?),
        };
        // Looked at last, when the token is certain: a level that is not enough leaves a session open there all the same.
        let enough = verified.auth_context_ref().is_some_and(|acr| self.provider.acr_accepted.contains(acr));
        let told = if enough {
            self.userinfo(now, &metadata, tokens.access_token()).await
        } else {
            Err(FederationError::LevelNotAccepted)
        };
        let id_token = Secret::new(id_token.to_string());
        match told {
            Ok(claims) => Ok(Proven {
                claims,
                subject: verified.subject().as_str().to_owned(),
                acr: verified.auth_context_ref().map(|acr| acr.to_string()).unwrap_or_default(),
                auth_time: verified.auth_time().and_then(|at| Timestamp::from_unix(at.timestamp()).ok()),
                id_token,
            }),
            Err(error) => Err(Refused { error, id_token: Some(id_token) }),
        }
    }

    fn accept(&self, metadata: &Arc<Metadata>, answer: Answer) -> Result<AuthorizationCode, FederationError> {
        let promised = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        match answer.iss {
            Some(iss) if iss != self.provider.issuer => return Err(FederationError::WrongIssuer),
            None if promised => return Err(FederationError::WrongIssuer),
            _ => {}
        }
        match (answer.error, answer.code) {
            (Some(error), _) if error == "access_denied" => Err(FederationError::RefusedByPerson),
            (Some(error), _) => Err(FederationError::AnsweredError(printable(&error))),
            (None, None) => Err(FederationError::Nonsense("neither code nor error")),
            (None, Some(code)) => Ok(AuthorizationCode::new(code.reveal().to_owned())),
        }
    }

    async fn exchange(
        &self,
        metadata: &Arc<Metadata>,
        code: AuthorizationCode,
        expected: &Expected,
    ) -> Result<CoreTokenResponse, FederationError> {
        let client = self.client(metadata, &expected.redirect_uri)?;
        let mut request = client
            .exchange_code(code)
            .map_err(|_| FederationError::Nonsense("metadata without a token endpoint"))?;
        if let Some(verifier) = &expected.verifier {
            request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.reveal().to_owned()));
        }
        // The causes hold the answer's body, tokens included: they stay here.
        request.request_async(&self.http).await.map_err(|cause| match cause {
            RequestTokenError::Request(failure) => failure,
            RequestTokenError::ServerResponse(answer) => {
                FederationError::CodeRefused(printable(answer.error().as_ref()))
            }
            _ => FederationError::Nonsense("token answer"),
        })
    }

    fn verify(
        &self,
        now: Timestamp,
        metadata: &Arc<Metadata>,
        id_token: &CoreIdToken,
        tokens: &CoreTokenResponse,
        expected: &Expected,
    ) -> Result<CoreIdTokenClaims, FederationError> {
        let client = self.client(metadata, &expected.redirect_uri)?;
        let present = DateTime::<Utc>::from_timestamp(now.unix(), 0).unwrap_or_default();
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs([self.provider.id_token_alg.for_id_tokens()])
            .allow_all_jose_types()
            .set_time_fn(move || present)
            .set_issue_time_verifier_fn(move |issued| {
                let ahead = issued.timestamp() - present.timestamp();
                if ahead > CLOCK_AHEAD { Err("issued in the future".to_owned()) } else { Ok(()) }
            });
        let nonce = Nonce::new(expected.nonce.reveal().to_owned());
        let verified = id_token.claims(&verifier, &nonce).map_err(|cause| refusal(&cause))?.clone();
        bound_to_access_token(&verified, id_token, &verifier, tokens)?;
        Ok(verified)
    }
}

/// `at_hash` (OpenID Connect Core §3.1.3.8), optional in this flow, verified when it is there.
fn bound_to_access_token(
    verified: &CoreIdTokenClaims,
    id_token: &CoreIdToken,
    verifier: &CoreIdTokenVerifier<'_>,
    tokens: &CoreTokenResponse,
) -> Result<(), FederationError> {
    let Some(told) = verified.access_token_hash() else { return Ok(()) };
    let algorithm = id_token.signing_alg().map_err(|_| FederationError::BadSignature)?;
    let key = id_token.signing_key(verifier).map_err(|_| FederationError::BadSignature)?;
    let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
    match actual {
        Ok(actual) if actual == *told => Ok(()),
        _ => Err(FederationError::Nonsense("the access token is not the ID token's")),
    }
}

#[expect(clippy::match_same_arms, reason = "one line per fault of the provider, in the order of the library")]
fn refusal(cause: &ClaimsVerificationError) -> FederationError {
    match cause {
        ClaimsVerificationError::Expired(_) => FederationError::WrongTime,
        ClaimsVerificationError::InvalidAudience(_) => FederationError::WrongAudience,
        ClaimsVerificationError::InvalidIssuer(_) => FederationError::WrongIssuer,
        ClaimsVerificationError::InvalidNonce(_) => FederationError::WrongNonce,
        ClaimsVerificationError::InvalidSubject(_) => FederationError::WrongSubject,
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::DisallowedAlg(_)
            | SignatureVerificationError::UnsupportedAlg(_)
            | SignatureVerificationError::NoSignature,
        ) => FederationError::WrongAlgorithm,
        ClaimsVerificationError::SignatureVerification(_) => FederationError::BadSignature,
        ClaimsVerificationError::Other(_) => FederationError::WrongTime,
        _ => FederationError::Nonsense("ID token"),
    }
}

/// An error code as the protocol allows it (RFC 6749 §4.1.2.1), cut short; anything else is not repeated.
fn printable(code: &str) -> String {
    let plain = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { code.to_owned() } else { "unreadable".to_owned() }
}
