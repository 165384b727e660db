//! What a handler takes from its request.
pub mod cookies;
mod form;
mod roles;
mod visit;

pub use form::PostedForm;
pub use roles::{AidantHere, Person};
pub use visit::Visit;
