//! OpenID Connect: `provider` is the protocol we serve, `federation` the identity providers we ask.
pub mod federation;
pub mod provider;
