//! What Entremise is about, as pure rules: no HTTP, no SQL, no runtime, no environment.
//! Time, identifiers and randomness come in as arguments.
pub mod card;
pub mod card_import;
pub mod catalogue;
pub mod consent;
pub mod ids;
pub mod mandate;
pub mod misuse;
pub mod person;
pub mod search;
pub mod secret;
pub mod session;
pub mod structure;
pub mod time;
pub mod use_session;
pub mod user;
