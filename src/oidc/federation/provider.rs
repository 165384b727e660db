//! What a deployment says about an identity provider.
use openidconnect::core::CoreJwsSigningAlgorithm;

use crate::domain::catalogue::Words;
use crate::domain::secret::Secret;

/// How we authenticate at the token endpoint (OpenID Connect Core §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    ClientSecretBasic,
    ClientSecretPost,
}

/// The asymmetric signatures we accept from a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlg {
    Es256,
    Rs256,
    Ps256,
}

impl SignatureAlg {
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            _ => None,
        }
    }

    pub(super) const fn for_id_tokens(self) -> CoreJwsSigningAlgorithm {
        match self {
            Self::Es256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            Self::Rs256 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            Self::Ps256 => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        }
    }

    pub(super) const fn for_userinfo(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Ps256 => jsonwebtoken::Algorithm::PS256,
        }
    }
}

/// One identity provider. FranceConnect is one with `pkce: false`, `userinfo_alg` set and
/// `birthdate_claim: "idp_birthdate"` (its own `birthdate` completes presumed dates with 01).
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    /// Exactly as its discovery document writes it: a trailing slash counts.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Secret,
    pub auth_method: AuthMethod,
    /// Asked for besides `openid`.
    pub scopes: Vec<String>,
    /// FranceConnect answers an error page to a `code_challenge`.
    pub pkce: bool,
    /// Levels asked for, in order of preference; may be empty.
    pub acr_values: Vec<String>,
    /// Whether the levels are asked for as an essential claim of the ID token (OpenID Connect Core §5.5.1.1), as
    /// ProConnect wants it, rather than in `acr_values`.
    pub acr_in_claims: bool,
    /// Whether its contract promises that every address it gives is verified: an answer that does not say so is then
    /// taken for one that does.
    pub emails_verified: bool,
    /// Levels accepted in the answer; an absent or other level is refused.
    pub acr_accepted: Vec<String>,
    /// The one algorithm its ID tokens are signed with.
    pub id_token_alg: SignatureAlg,
    /// Set when userinfo is a signed JWT; plain JSON is then refused, and the reverse.
    pub userinfo_alg: Option<SignatureAlg>,
    /// The claim that holds the date of birth as the register knows it; `birthdate` where it is absent.
    pub birthdate_claim: String,
    /// Its name on our pages.
    pub label: Words,
}
