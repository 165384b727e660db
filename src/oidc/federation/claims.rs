//! From claims to a civil identity. Nothing is trimmed nor completed: what came is what is replayed.
use serde_json::Value;

use crate::domain::user::{Birthdate, CivilIdentity};

use super::FederationError;
use super::userinfo::Claims;

/// `subject` is the ID token's: userinfo must be about the same person (OpenID Connect Core §5.3.2).
pub(super) fn identity(
    claims: &Claims,
    subject: &str,
    birthdate_claim: &str,
) -> Result<CivilIdentity, FederationError> {
    if subject.is_empty() || subject.len() > 255 {
        return Err(FederationError::BadClaim("sub"));
    }
    if text(claims, "sub", "sub")?.as_deref() != Some(subject) {
        return Err(FederationError::WrongSubject);
    }
    let birthdate = match text(claims, birthdate_claim, "birthdate")? {
        Some(as_registered) => as_registered,
        None => required(claims, "birthdate")?,
    };
    let identity = CivilIdentity {
        given_name: required(claims, "given_name")?,
        family_name: required(claims, "family_name")?,
        birthdate: Birthdate::parse(&birthdate).map_err(|_| FederationError::BadClaim("birthdate"))?,
        gender: text(claims, "gender", "gender")?,
        birthplace: text(claims, "birthplace", "birthplace")?,
        birthcountry: text(claims, "birthcountry", "birthcountry")?,
        preferred_username: text(claims, "preferred_username", "preferred_username")?,
        email: text(claims, "email", "email")?,
    };
    identity.checked().map_err(|bad| FederationError::BadClaim(bad.claim))
}

fn required(claims: &Claims, name: &'static str) -> Result<String, FederationError> {
    text(claims, name, name)?.filter(|text| !text.is_empty()).ok_or(FederationError::MissingClaim(name))
}

/// Absent and null are the same; anything but text is refused under the name `reported`.
fn text(claims: &Claims, name: &str, reported: &'static str) -> Result<Option<String>, FederationError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(FederationError::BadClaim(reported)),
    }
}
