//! The protocol we serve, as pure rules: what a request may say, what an answer must say.
//! No HTTP server, no SQL; the present and every secret come in as arguments.
pub mod access;
pub mod asked_claims;
pub mod assertion;
pub mod authorize;
pub mod claims;
pub mod client;
pub mod dpop;
pub mod error;
pub mod evaluation;
pub mod filter;
pub mod france_connect;
pub mod introspection;
pub mod jose;
pub mod logout;
pub mod metadata;
pub mod pairwise;
pub mod par;
pub mod params;
pub mod pkce;
pub mod policy;
pub mod registration;
pub mod report;
pub mod response;
pub mod scope;
pub mod terms;
pub mod token;
