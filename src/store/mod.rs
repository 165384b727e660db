//! The only SQL. One text per query for both engines: `$1` binds, no dialect, `const` texts.
//!
//! | file | meaning |
//! | --- | --- |
//! | `db` | opening SQLite or PostgreSQL, pools, named transactions |
//! | `tx` | the open transaction, reading or writing, and the `on!` macro |
//! | `types` | how instants are kept on each engine |
//! | `migrate` | the embedded migrations |
//! | `watch` | which tables a transaction changed, for tests |
//! | `many` | texts of statements over several rows |
//! | `error` | what can go wrong |
//! | one file per aggregate | const SQL, private rows, plain functions |
mod db;
mod error;
mod many;
mod migrate;
#[macro_use]
mod tx;
mod types;
mod watch;

pub mod action_log;
pub mod activity;
pub mod auditor;
pub mod authorization;
pub mod card;
pub mod catalogue;
pub mod check;
pub mod client;
pub mod client_use;
pub mod cosignature;
pub mod epoch;
pub mod erasure;
pub mod export;
pub mod habilitation;
pub mod identification;
pub mod lease;
pub mod link;
pub mod logout_message;
pub mod mandate;
pub mod misuse;
pub mod offer;
pub mod outbox;
pub mod over;
pub mod oversight;
pub mod perimeter;
pub mod person;
pub mod professional;
pub mod refusal;
pub mod reported_action;
pub mod review;
pub mod search;
pub mod session;
pub mod signing_key;
pub mod spent_proof;
pub mod stash;
pub mod structure;
pub mod throttle;
pub mod token;
pub mod tree;
pub mod unmasking;
pub mod use_session;
pub mod user;

pub use db::{AsStoreError, Engine, Options, PostgresUrl, Store, finish};
pub use error::StoreError;
pub use tx::{Access, ReadTx, Tx, WriteTx};
pub use watch::Told;
