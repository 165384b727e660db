//! What the ID token and userinfo say (OpenID Connect Core §2 and §5.1, RFC 8693 §4.1 for `act`).
use std::collections::BTreeSet;

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::filter::MANDATE_TYPE;
use super::scope::Scopes;
use crate::crypto::jwt::Alg;

/// Who acts for the user: the aidant outermost, as the current actor, the structure they act for nested inside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Act>>,
}

impl Act {
    pub fn aidant_of(aidant: String, structure: String) -> Self {
        Self { sub: aidant, act: Some(Box::new(Self { sub: structure, act: None })) }
    }
}

/// The mandate under which the service is used (RFC 9396 §7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MandateDetail {
    pub r#type: String,
    /// Pairwise: it tells two mandates apart inside one sector and nothing elsewhere.
    pub reference: String,
    pub domains: Vec<String>,
    pub access: String,
    /// Seconds since 1970, as `exp` counts.
    pub ends_at: i64,
}

impl MandateDetail {
    pub fn new(reference: String, domain: &str, access: &str, ends_at: i64) -> Self {
        let domains = vec![domain.to_owned()];
        Self { r#type: MANDATE_TYPE.to_owned(), reference, domains, access: access.to_owned(), ends_at }
    }
}

/// The claims of an ID token. What is unknown or withheld is absent, never null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdToken {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub exp: i64,
    pub iat: i64,
    /// When the aidant last entered a code of their card.
    pub auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The level at which the user was identified when they agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// How the aidant signed in (RFC 8176).
    pub amr: Vec<String>,
    pub at_hash: String,
    /// The use this token belongs to; end_session ends it.
    pub sid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<Vec<MandateDetail>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rep_scope: Option<Vec<String>>,
}

/// How an aidant signs in here: a password, then always a code.
pub fn amr() -> Vec<String> {
    ["pwd", "otp", "mfa"].map(str::to_owned).to_vec()
}

/// `at_hash`: the left half of the hash of the access token, by the hash function that the algorithm of the ID token
/// signs with (OpenID Connect Core §3.1.3.6): SHA-256, but SHA-512 for EdDSA with Ed25519 (RFC 8032 §5.1).
pub fn at_hash(alg: Alg, access_token: &str) -> String {
    let function = match alg {
        Alg::Es256 | Alg::Rs256 | Alg::Ps256 => &digest::SHA256,
        Alg::EdDsa => &digest::SHA512,
    };
    let digest = digest::digest(function, access_token.as_bytes());
    let half = digest.as_ref().get(..digest.as_ref().len() / 2).unwrap_or_default();
    BASE64URL_NOPAD.encode(half)
}

/// The user's civil identity exactly as the identity provider gave it: a presumed birth date such as `1962-00-00`
/// stays as it is, a claim that was missing stays missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Identity<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthplace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthcountry: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<&'a str>,
}

impl Identity<'_> {
    /// Only what `scopes` open, and what was `asked` for by name.
    #[must_use]
    pub fn within(self, scopes: &Scopes, asked: &BTreeSet<String>) -> Self {
        let open = |name: &&str| scopes.iter().any(|scope| scope.claims().contains(name));
        self.only(|name| open(&name) || asked.contains(name))
    }

    /// Only the claims whose names are `given`.
    #[must_use]
    pub fn only(self, given: impl Fn(&str) -> bool) -> Self {
        Self {
            given_name: self.given_name.filter(|_| given("given_name")),
            family_name: self.family_name.filter(|_| given("family_name")),
            preferred_username: self.preferred_username.filter(|_| given("preferred_username")),
            gender: self.gender.filter(|_| given("gender")),
            birthdate: self.birthdate.filter(|_| given("birthdate")),
            birthplace: self.birthplace.filter(|_| given("birthplace")),
            birthcountry: self.birthcountry.filter(|_| given("birthcountry")),
            email: self.email.filter(|_| given("email")),
        }
    }
}

/// An ID token with claims of the user's identity that were asked for there by name (OpenID Connect Core §5.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdTokenWith<'a> {
    #[serde(flatten)]
    pub token: &'a IdToken,
    #[serde(flatten)]
    pub identity: Identity<'a>,
}

/// The answer of userinfo to a service registered for a signed one (OpenID Connect Core §5.3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignedUserInfo<'a> {
    pub iss: String,
    pub aud: &'a str,
    #[serde(flatten)]
    pub info: UserInfo<'a>,
}

/// The answer of userinfo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserInfo<'a> {
    pub sub: &'a str,
    #[serde(flatten)]
    pub identity: Identity<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<Vec<MandateDetail>>,
}

#[cfg(test)]
mod tests {
    use super::super::scope::Scope;
    use super::*;
    use serde_json::json;

    const IDENTITY: Identity<'static> = Identity {
        given_name: Some("Ang\u{e9}lique Marie"),
        family_name: Some("Dubois"),
        preferred_username: None,
        gender: Some("female"),
        birthdate: Some("1962-00-00"),
        birthplace: Some("2A004"),
        birthcountry: Some("99100"),
        email: None,
    };

    #[test]
    fn scopes_open_their_claims_and_no_others() {
        let given = |scopes: &str| {
            let within = IDENTITY.within(&Scopes::parse(scopes), &BTreeSet::new());
            serde_json::to_value(within).unwrap()
        };
        assert_eq!(given("openid"), json!({}));
        assert_eq!(given("openid birth"), json!({"birthplace": "2A004", "birthcountry": "99100"}));
        assert_eq!(given("openid email"), json!({}), "a missing address stays missing");
        assert_eq!(
            given("profile"),
            json!({"given_name": "Angélique Marie", "family_name": "Dubois", "gender": "female",
                   "birthdate": "1962-00-00"})
        );
        let asked = ["birthdate", "email"].map(str::to_owned).into();
        let with = serde_json::to_value(IDENTITY.within(&Scopes::parse("openid birth"), &asked)).unwrap();
        let birth = json!({"birthplace": "2A004", "birthcountry": "99100", "birthdate": "1962-00-00"});
        assert_eq!(with, birth, "and what was asked for by name");
    }

    #[test]
    fn every_claim_belongs_to_the_scope_that_announces_it() {
        let full = Identity { preferred_username: Some("D"), email: Some("a@b.fr"), ..IDENTITY };
        for scope in Scope::ALL {
            let shown =
                serde_json::to_value(full.within(&Scopes::parse(scope.name()), &BTreeSet::new())).unwrap();
            let mut names: Vec<_> = shown.as_object().unwrap().keys().cloned().collect();
            let mut announced: Vec<_> = scope.claims().iter().filter(|&&name| name != "sub").collect();
            names.sort();
            announced.sort();
            assert_eq!(names.iter().collect::<Vec<_>>(), announced, "{scope:?}");
        }
    }

    #[test]
    fn the_aidant_is_outermost() {
        let act = serde_json::to_value(Act::aidant_of("a".into(), "s".into())).unwrap();
        assert_eq!(act, json!({"sub": "a", "act": {"sub": "s"}}));
    }

    #[test]
    fn userinfo_is_flat_and_without_nulls() {
        let info = UserInfo {
            sub: "u",
            identity: IDENTITY.within(&Scopes::parse("birth"), &BTreeSet::new()),
            act: None,
            authorization_details: Some(vec![MandateDetail::new("r".into(), "argent", "act", 9)]),
        };
        assert_eq!(
            serde_json::to_value(info).unwrap(),
            json!({"sub": "u", "birthplace": "2A004", "birthcountry": "99100", "authorization_details":
                [{"type": "urn:entremise:mandate", "reference": "r", "domains": ["argent"], "access": "act",
                  "ends_at": 9}]})
        );
    }

    #[test]
    fn at_hash_is_that_of_the_standard() {
        // OpenID Connect Core, appendix A.3: this access token, RS256.
        assert_eq!(
            at_hash(Alg::Rs256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
            "77QmUPtjPfzWtF2AnpK9RQ"
        );
        assert_eq!(BASE64URL_NOPAD.decode(at_hash(Alg::EdDsa, "x").as_bytes()).unwrap().len(), 32);
    }
}
