//! The browser's way to the provider and back out of it.
use openidconnect::core::{CoreAuthPrompt, CoreAuthenticationFlow, CoreClient};
use openidconnect::{
    AuthType, AuthenticationContextClass, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use serde_json::json;
use url::Url;

use crate::domain::ids::Entropy;
use crate::domain::secret::{PlainToken, Secret};
use crate::domain::time::Timestamp;

use super::discovery::Metadata;
use super::{AuthMethod, Federation, FederationError};

/// A request that has begun: where to send the browser, and what its answer must match. The caller binds
/// these to that browser and uses them once.
#[derive(Debug)]
pub struct Begun {
    pub url: Url,
    pub state: PlainToken,
    pub nonce: PlainToken,
    /// Of PKCE (RFC 7636), when the provider takes it.
    pub verifier: Option<PlainToken>,
}

pub(super) type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Federation {
    /// Prepares an identification. Always asks for a new sign-in: on a shared computer somebody else's session
    /// may still be open at the provider.
    pub async fn begin(
        &self,
        now: Timestamp,
        redirect_uri: &Url,
        entropy: &dyn Entropy,
    ) -> Result<Begun, FederationError> {
        let metadata = self.metadata(now).await?;
        let client = self.client(&metadata, redirect_uri)?;
        let state = PlainToken::generate(entropy);
        let nonce = PlainToken::generate(entropy);
        let (state_out, nonce_out) = (state.reveal().to_owned(), nonce.reveal().to_owned());
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state_out),
                move || Nonce::new(nonce_out),
            )
            .add_prompt(CoreAuthPrompt::Login);
        for scope in self.provider.scopes.iter().filter(|scope| *scope != "openid") {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        if self.provider.acr_in_claims {
            let asked =
                json!({ "id_token": { "acr": { "essential": true, "values": self.provider.acr_values } } });
            request = request.add_extra_param("claims", asked.to_string());
        } else {
            for acr in &self.provider.acr_values {
                request = request.add_auth_context_value(AuthenticationContextClass::new(acr.clone()));
            }
        }
        let verifier = self.provider.pkce.then(|| PlainToken::generate(entropy));
        if let Some(verifier) = &verifier {
            let verifier = PkceCodeVerifier::new(verifier.reveal().to_owned());
            request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        }
        let (url, _, _) = request.url();
        Ok(Begun { url, state, nonce, verifier })
    }

    /// The origin at which the browser will be asked to identify: a page that leads there must allow it.
    pub async fn origin(&self, now: Timestamp) -> Result<url::Origin, FederationError> {
        Ok(self.metadata(now).await?.authorization_endpoint().url().origin())
    }

    /// As [`Federation::origin`], for a page that must not wait long: nothing while the provider has never answered.
    pub async fn origin_soon(&self, now: Timestamp) -> Option<url::Origin> {
        Some(self.metadata_soon(now).await?.authorization_endpoint().url().origin())
    }

    /// Where to send the browser so that the session opened at the provider is closed at once (OpenID Connect
    /// RP-Initiated Logout 1.0). None when the provider has no such place.
    pub async fn logout_url(
        &self,
        now: Timestamp,
        id_token: &Secret,
        back_to: &Url,
        state: &str,
    ) -> Result<Option<Url>, FederationError> {
        let metadata = self.metadata(now).await?;
        let Some(endpoint) = &metadata.additional_metadata().end_session_endpoint else { return Ok(None) };
        let mut url =
            Url::parse(endpoint).map_err(|_| FederationError::Nonsense("the end of session is not a URL"))?;
        url.query_pairs_mut()
            .append_pair("id_token_hint", id_token.reveal())
            .append_pair("post_logout_redirect_uri", back_to.as_str())
            .append_pair("state", state);
        Ok(Some(url))
    }

    pub(super) fn client(&self, metadata: &Metadata, redirect_uri: &Url) -> Result<Client, FederationError> {
        let redirect = RedirectUrl::new(redirect_uri.as_str().to_owned())
            .map_err(|_| FederationError::Misconfigured("our own address is not a URL"))?;
        let method = match self.provider.auth_method {
            AuthMethod::ClientSecretBasic => AuthType::BasicAuth,
            AuthMethod::ClientSecretPost => AuthType::RequestBody,
        };
        Ok(CoreClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.provider.client_id.clone()),
            Some(ClientSecret::new(self.provider.client_secret.reveal().to_owned())),
        )
        .set_redirect_uri(redirect)
        .set_auth_type(method))
    }
}
