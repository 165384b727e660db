//! From claims to a civil identity, or to a professional. Nothing is trimmed nor completed: what came is what is replayed.
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
    same_subject(claims, subject)?;
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

/// What is read of a professional.
pub(super) struct Told {
    pub(super) email: Option<String>,
    pub(super) siret: Option<String>,
}

/// An address that is not verified is as good as none: the provider says so of this one (`email_verified`, OpenID
/// Connect Core §5.1), or says nothing and its contract promises it of all (`by_contract`).
pub(super) fn professional(
    claims: &Claims,
    subject: &str,
    by_contract: bool,
) -> Result<Told, FederationError> {
    same_subject(claims, subject)?;
    let verified = match claims.get("email_verified") {
        None | Some(Value::Null) => by_contract,
        Some(said) => said == &Value::Bool(true),
    };
    Ok(Told {
        email: text(claims, "email", "email")?.filter(|_| verified),
        siret: text(claims, "siret", "siret")?,
    })
}

fn same_subject(claims: &Claims, subject: &str) -> Result<(), FederationError> {
    if subject.is_empty() || subject.len() > 255 {
        return Err(FederationError::BadClaim("sub"));
    }
    if text(claims, "sub", "sub")?.as_deref() == Some(subject) {
        Ok(())
    } else {
        Err(FederationError::WrongSubject)
    }
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
