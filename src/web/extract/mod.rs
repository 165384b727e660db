//! What a handler takes from its request.
pub mod cookies;
mod form;
mod provider_answer;
mod roles;
mod visit;

pub use form::PostedForm;
pub use provider_answer::ProviderAnswer;
pub use roles::{AidantHere, Person};
pub use visit::Visit;
