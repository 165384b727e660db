//! What Entremise is about, as pure rules: no HTTP, no SQL, no runtime, no environment.
//! Time, identifiers and randomness come in as arguments.
pub mod ids;
pub mod secret;
pub mod time;
pub mod use_session;
