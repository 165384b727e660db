//! The terms of a service as an operator says them, at the command line or in a form: its policy follows.
use super::policy::{ClientAuthMethod, ClientKeys, Policy, Profile, Reauthentication};
use super::scope::{Scope, Scopes};
use crate::crypto::jwt::Alg;

/// What an operator says; what is left out is as the profile has it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "one per choice")]
pub struct Terms {
    pub profile: Profile,
    pub auth_method: Option<ClientAuthMethod>,
    pub keys: ClientKeys,
    pub id_token_alg: Alg,
    pub userinfo_alg: Option<Alg>,
    /// What it may ask for beyond `openid`, which it always may.
    pub scopes: Vec<Scope>,
    pub requires_par: bool,
    pub requires_dpop: bool,
    /// It is not told who acts nor under which mandate.
    pub withholds_actor: bool,
    /// It does not hold to the limits of a narrowed grant.
    pub ignores_limits: bool,
    pub is_hub: bool,
    pub reauthentication: Option<Reauthentication>,
    pub may_refresh: bool,
    pub is_resource_server: bool,
    pub backchannel_logout_uri: Option<String>,
}

impl Terms {
    /// The policy, which may still contradict itself ([`Policy::check`]).
    pub fn policy(self) -> Policy {
        let base = match self.profile {
            Profile::General => Policy::general(),
            Profile::HighSecurity => Policy::high_security(ClientKeys::None),
            Profile::FranceConnect => Policy::france_connect(),
        };
        let is_hub = base.is_hub || self.is_hub;
        let tells_actor = base.tells_actor && !self.withholds_actor;
        Policy {
            auth_method: self.auth_method.unwrap_or(base.auth_method),
            keys: self.keys,
            id_token_alg: self.id_token_alg,
            userinfo_alg: self.userinfo_alg,
            scopes: Scopes::of(&self.scopes),
            requires_par: base.requires_par || self.requires_par,
            requires_dpop: base.requires_dpop || self.requires_dpop,
            tells_actor,
            enforces_limits: tells_actor && !is_hub && !self.ignores_limits,
            is_hub,
            reauthentication: self.reauthentication.unwrap_or(base.reauthentication),
            may_refresh: self.may_refresh,
            is_resource_server: self.is_resource_server,
            backchannel_logout_uri: self.backchannel_logout_uri,
            ..base
        }
    }
}
