//! What a service may do and must prove: one policy per client, of one of three profiles.
use std::str::FromStr;

use jsonwebtoken::jwk::JwkSet;
use serde::{Deserialize, Serialize};

use super::registration::{BadRegistration, Contradiction, checked_keys, checked_uri};
use super::scope::Scopes;
use crate::crypto::jwt::Alg;

/// The family of rules a client lives under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// OpenID Connect Core as libraries speak it.
    General,
    /// FAPI 2.0 Security Profile: pushed requests, S256, signed assertions, tokens bound to a key.
    HighSecurity,
    /// What FranceConnect sends to its identity providers: no PKCE, a secret in the body.
    FranceConnect,
}

/// Whether a proof key for code exchange must, may or need not come. One that comes is always checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PkceRule {
    Optional,
    Required,
}

impl Profile {
    pub fn pkce(self) -> PkceRule {
        match self {
            Self::General | Self::FranceConnect => PkceRule::Optional,
            Self::HighSecurity => PkceRule::Required,
        }
    }
}

/// How a client proves who it is at the token endpoint (OpenID Connect Core §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthMethod {
    ClientSecretBasic,
    ClientSecretPost,
    /// A signed assertion (RFC 7523): the client holds the key, nothing secret is shared.
    PrivateKeyJwt,
}

/// What `prompt=login` demands of the aidant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reauthentication {
    /// A code entered since the request arrived.
    Fresh,
    /// A code entered less than 15 minutes ago: FranceConnect sends `prompt=login` every time.
    Activity,
}

/// The word is none of those a registration may hold.
#[derive(Debug, thiserror::Error)]
#[error("« {0} » is not one of {1}")]
pub struct UnknownWord(String, &'static str);

macro_rules! words {
    ($type:ident, $list:literal: $($variant:ident = $word:literal),+) => {
        impl $type {
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl FromStr for $type {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord(text.to_owned(), $list)),
                }
            }
        }
    };
}
words!(Profile, "general, high_security, franceconnect":
    General = "general", HighSecurity = "high_security", FranceConnect = "franceconnect");
words!(ClientAuthMethod, "client_secret_basic, client_secret_post, private_key_jwt":
    ClientSecretBasic = "client_secret_basic", ClientSecretPost = "client_secret_post",
    PrivateKeyJwt = "private_key_jwt");
words!(Reauthentication, "fresh, activity": Fresh = "fresh", Activity = "activity");

/// Where a client's public keys are, for `private_key_jwt`.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientKeys {
    None,
    /// Given at registration.
    Inline(JwkSet),
    /// Published by the client; fetched when needed and remembered for a while.
    Uri(String),
}

/// The rules of one client.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent rules, each named by what it allows")]
pub struct Policy {
    pub profile: Profile,
    pub auth_method: ClientAuthMethod,
    pub keys: ClientKeys,
    pub id_token_alg: Alg,
    /// Signs userinfo; none for plain JSON.
    pub userinfo_alg: Option<Alg>,
    /// What it may ask to know of the user. What lies beyond is ignored, as an unknown scope is.
    pub scopes: Scopes,
    /// Takes requests by PAR only (RFC 9126 §6).
    pub requires_par: bool,
    /// Binds codes and tokens to a key of the client (RFC 9449).
    pub requires_dpop: bool,
    /// Whether it is told who acts (`act`) and under which mandate (`authorization_details`).
    pub tells_actor: bool,
    /// Whether it holds to the limits of a narrowed grant; only a service that is told them can.
    pub enforces_limits: bool,
    /// An identity hub such as FranceConnect, behind which stand other services: it is told `rep_scope`, wants a
    /// level of proofing, and does not say for which service a user comes.
    pub is_hub: bool,
    pub reauthentication: Reauthentication,
    /// Whether it is given refresh tokens.
    pub may_refresh: bool,
    /// Whether it may ask of tokens that were issued to other services (RFC 7662).
    pub is_resource_server: bool,
    /// Where the end of a use is told (OpenID Connect Back-Channel Logout 1.0).
    pub backchannel_logout_uri: Option<String>,
}

impl Policy {
    /// A service as most are.
    pub fn general() -> Self {
        Self {
            profile: Profile::General,
            auth_method: ClientAuthMethod::ClientSecretBasic,
            keys: ClientKeys::None,
            id_token_alg: Alg::Es256,
            userinfo_alg: None,
            scopes: Scopes::all(),
            requires_par: false,
            requires_dpop: false,
            tells_actor: true,
            enforces_limits: true,
            is_hub: false,
            reauthentication: Reauthentication::Fresh,
            may_refresh: false,
            is_resource_server: false,
            backchannel_logout_uri: None,
        }
    }

    /// A service under FAPI 2.0, with these keys.
    pub fn high_security(keys: ClientKeys) -> Self {
        Self {
            profile: Profile::HighSecurity,
            auth_method: ClientAuthMethod::PrivateKeyJwt,
            keys,
            requires_par: true,
            requires_dpop: true,
            ..Self::general()
        }
    }

    /// FranceConnect, of which we are an identity provider.
    pub fn france_connect() -> Self {
        Self {
            profile: Profile::FranceConnect,
            auth_method: ClientAuthMethod::ClientSecretPost,
            tells_actor: false,
            enforces_limits: false,
            is_hub: true,
            reauthentication: Reauthentication::Activity,
            ..Self::general()
        }
    }

    /// Refuses a policy that contradicts itself or its profile.
    pub fn check(&self) -> Result<(), BadRegistration> {
        use Contradiction::{Hub, NoKeys, Profile, Untold};
        let rules = [
            (self.auth_method == ClientAuthMethod::PrivateKeyJwt && self.keys == ClientKeys::None, NoKeys),
            (self.enforces_limits && !self.tells_actor, Untold),
            (self.enforces_limits && self.is_hub, Hub),
            (self.breaks_its_profile(), Profile),
        ];
        if let Some((_, rule)) = rules.into_iter().find(|(broken, _)| *broken) {
            return Err(rule.into());
        }
        match &self.keys {
            ClientKeys::None => {}
            ClientKeys::Inline(keys) => checked_keys(keys)?,
            ClientKeys::Uri(uri) => drop(checked_uri(uri)?),
        }
        self.backchannel_logout_uri.as_deref().map(checked_uri).transpose()?;
        Ok(())
    }

    /// Whether something in the policy is against its profile.
    fn breaks_its_profile(&self) -> bool {
        match self.profile {
            Profile::General => false,
            Profile::HighSecurity => {
                self.auth_method != ClientAuthMethod::PrivateKeyJwt
                    || self.id_token_alg == Alg::Rs256
                    || self.userinfo_alg == Some(Alg::Rs256)
                    || !self.requires_par
                    || !self.requires_dpop
            }
            Profile::FranceConnect => {
                self.auth_method != ClientAuthMethod::ClientSecretPost
                    || self.id_token_alg != Alg::Es256
                    || self.requires_par
                    || self.requires_dpop
                    || !self.is_hub
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::registration::tests::jwks;
    use super::*;

    #[test]
    fn each_profile_is_a_policy_and_what_contradicts_it_is_refused() {
        let keys = || ClientKeys::Inline(jwks());
        let (general, high, hub) =
            (Policy::general(), Policy::high_security(keys()), Policy::france_connect());
        for good in [&general, &high, &hub] {
            assert_eq!(good.check(), Ok(()), "{good:?}");
        }
        assert_eq!((general.profile.pkce(), high.profile.pkce()), (PkceRule::Optional, PkceRule::Required));
        for bad in [
            Policy { auth_method: ClientAuthMethod::PrivateKeyJwt, ..general.clone() },
            Policy { tells_actor: false, ..general.clone() },
            Policy { is_hub: true, ..general.clone() },
            Policy { auth_method: ClientAuthMethod::ClientSecretBasic, ..high.clone() },
            Policy { id_token_alg: Alg::Rs256, ..high.clone() },
            Policy { userinfo_alg: Some(Alg::Rs256), ..high.clone() },
            Policy { requires_par: false, ..high.clone() },
            Policy { requires_dpop: false, ..high.clone() },
            Policy { keys: ClientKeys::None, ..high.clone() },
            Policy { id_token_alg: Alg::Rs256, ..hub.clone() },
            Policy { auth_method: ClientAuthMethod::ClientSecretBasic, ..hub.clone() },
            Policy { is_hub: false, ..hub.clone() },
        ] {
            assert!(matches!(bad.check(), Err(BadRegistration::Contradiction(_))), "{bad:?}");
        }
        for uri in ["http://rp.example/jwks", "ftp://rp.example/", "https://u@rp.example/"] {
            let uri = uri.to_owned();
            let by_uri = Policy { keys: ClientKeys::Uri(uri.clone()), ..high.clone() };
            assert_eq!(by_uri.check(), Err(BadRegistration::BadUri(uri.clone())));
            let told = Policy { backchannel_logout_uri: Some(uri.clone()), ..general.clone() };
            assert_eq!(told.check(), Err(BadRegistration::BadUri(uri)));
        }
    }
}
