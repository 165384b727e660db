//! Entremise: mandates bounded in time and scope, signed with a card, used through OpenID Connect,
//! recorded in a log that nobody can rewrite unseen.
//!
//! A request flows one way: `web`, `cli` and `jobs` know the caller and call `app`; a use case in `app`
//! opens one transaction through `store`, asks `domain` what is allowed, appends the action to the log,
//! commits. `store`, `oidc` and `notify` never call each other; `log` and `crypto` are pure rules over
//! bytes; `domain` depends on nothing. `tests/it/architecture.rs` reads the imports and refuses any other arrow.

/// Argon2id takes and gives back 19 MiB for each password. The system's allocator keeps most of it: 320 MB were resident
/// after eighteen sign-ins, where this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod app;
pub mod cli;
pub mod config;
pub mod crypto;
pub mod demo;
pub mod domain;
pub mod jobs;
pub mod log;
pub mod notify;
pub mod oidc;
pub mod store;
pub mod web;
