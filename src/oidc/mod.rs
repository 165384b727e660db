//! OpenID Connect: `provider` is the protocol we serve, `federation` the identity providers we ask, `outbound`
//! the calls to addresses that services registered.
pub mod federation;
pub mod outbound;
pub mod provider;
