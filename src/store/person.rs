//! Professionals.
use crate::crypto::seal::Place;
use crate::domain::ids::PersonId;

/// Where the sealed name of a person lives.
pub fn name_place(id: &PersonId) -> Place<'_> {
    Place { table: "person", row: id.as_bytes(), column: "name_sealed" }
}
