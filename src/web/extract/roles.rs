//! The caller, in the role the route's access rule has already required.
use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;

use crate::app::caller::{Membership, SignedIn};
use crate::web::error::Problem;

use super::Visit;

/// Someone signed in completely.
pub struct Person(pub SignedIn);

/// An aidant (or referent) in the structure they act for.
pub struct AidantHere {
    pub person: SignedIn,
    pub here: Membership,
}

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let visit = Visit::from_parts(parts);
        match visit.signed_in() {
            Some(person) => Ok(Self(person.clone())),
            None => Err(Problem::forbidden().respond(&visit)),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AidantHere {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let Person(person) = Person::from_request_parts(parts, state).await?;
        match person.here().cloned() {
            Some(here) => Ok(Self { person, here }),
            None => Err(Problem::forbidden().respond(&Visit::from_parts(parts))),
        }
    }
}
