//! What Entremise tells a service beyond standard claims, and how the service understands it.
use openidconnect::AdditionalClaims;
use openidconnect::core::CoreGenderClaim;
use openidconnect::{IdTokenClaims, UserInfoClaims};
use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// The type of the authorization details of a mandate (RFC 9396 §2).
const MANDATE: &str = "urn:entremise:mandate";

/// Who acts: the aidant outermost, the structure nested (RFC 8693 §4.1).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Act {
    pub(super) sub: String,
    pub(super) act: Option<Box<Act>>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Detail {
    #[serde(rename = "type")]
    kind: String,
    reference: Option<String>,
    #[serde(default)]
    domains: Vec<String>,
    access: Option<String>,
    ends_at: Option<i64>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct MandateClaims {
    act: Option<Act>,
    authorization_details: Option<Vec<Detail>>,
    birthplace: Option<String>,
    birthcountry: Option<String>,
}

impl AdditionalClaims for MandateClaims {}

/// The person in whose name the service is used, and the mandate under which someone else uses it.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    pub(super) given_name: String,
    pub(super) family_name: String,
    /// Name in use, when it differs.
    pub(super) preferred_username: Option<String>,
    pub(super) birthdate: String,
    pub(super) birthplace: Option<String>,
    pub(super) birthcountry: Option<String>,
    pub(super) email: Option<String>,
    pub(super) mandate: Option<Mandate>,
}

#[derive(Clone, Debug)]
pub(super) struct Mandate {
    /// This service's own name for the aidant, and for the structure: no other service has the same.
    pub(super) aidant: String,
    pub(super) structure: Option<String>,
    pub(super) reference: String,
    pub(super) domains: Vec<String>,
    pub(super) may_act: bool,
    pub(super) ends_at: Timestamp,
}

/// The answer lacks what a service cannot do without.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the identity received lacks {0}")]
pub(super) struct Missing(&'static str);

impl Visitor {
    pub(super) fn read(
        id: &IdTokenClaims<MandateClaims, CoreGenderClaim>,
        info: &UserInfoClaims<MandateClaims, CoreGenderClaim>,
    ) -> Result<Self, Missing> {
        let given_name = info.given_name().and_then(|name| name.get(None)).map(|name| name.to_string());
        let family_name = info.family_name().and_then(|name| name.get(None)).map(|name| name.to_string());
        let extra = info.additional_claims();
        let mandate = match Mandate::read(extra)? {
            Some(mandate) => Some(mandate),
            None => Mandate::read(id.additional_claims())?,
        };
        Ok(Self {
            given_name: given_name.ok_or(Missing("given_name"))?,
            family_name: family_name.ok_or(Missing("family_name"))?,
            preferred_username: info.preferred_username().map(|name| name.to_string()),
            birthdate: info.birthdate().map(|date| date.to_string()).ok_or(Missing("birthdate"))?,
            birthplace: extra.birthplace.clone().filter(|code| !code.is_empty()),
            birthcountry: extra.birthcountry.clone(),
            email: info.email().map(|email| email.to_string()),
            mandate,
        })
    }

    pub(super) fn full_name(&self) -> String {
        format!("{} {}", self.given_name, self.preferred_username.as_ref().unwrap_or(&self.family_name))
    }
}

impl Mandate {
    /// None when nobody acts for the person; an error when somebody does under a mandate that is not all told.
    fn read(claims: &MandateClaims) -> Result<Option<Self>, Missing> {
        let Some(act) = &claims.act else { return Ok(None) };
        let details = claims.authorization_details.iter().flatten();
        let detail = details.into_iter().find(|detail| detail.kind == MANDATE);
        let detail = detail.ok_or(Missing("authorization_details"))?;
        let ends_at = detail.ends_at.and_then(|seconds| Timestamp::from_unix(seconds).ok());
        Ok(Some(Self {
            aidant: act.sub.clone(),
            structure: act.act.as_ref().map(|structure| structure.sub.clone()),
            reference: detail.reference.clone().ok_or(Missing("reference"))?,
            domains: detail.domains.clone(),
            may_act: detail.access.as_deref() == Some("act"),
            ends_at: ends_at.ok_or(Missing("ends_at"))?,
        }))
    }
}
