//! Use cases: one file per verb. Each opens one transaction, loads, asks `domain`, stores, records the act in the
//! action log, commits. No HTTP call happens inside a transaction.
pub mod caller;
pub mod context;
pub mod record;
pub mod notices;

pub use context::App;
