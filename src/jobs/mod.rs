//! What the service does by itself: keeping the log, counting floods, ending what has run out. Any number of
//! nodes may run them; leases and constraints in the database keep each done once.
pub mod head;
pub mod keeper;
pub mod recover;
mod runner;
pub mod watch;
pub mod witnesses;

pub use runner::Jobs;
