//! What the service does by itself: keeping the log, counting floods, ending what has run out. Any number of
//! nodes may run them; leases and constraints in the database keep each done once.

/// Calls `work` again and again until told to stop, resting `every` in between.
macro_rules! repeat {
    ($stopped:ident, $every:expr, $work:expr) => {{
        let mut rest = tokio::time::interval($every);
        rest.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = rest.tick() => { $work; }
                // Also when the sender is gone.
                _ = $stopped.changed() => break,
            }
        }
    }};
}

pub mod compare;
pub mod head;
pub mod house;
mod keep_error;
pub mod keeper;
mod keeping;
mod memory;
pub mod recover;
mod runner;
pub mod takeover;
pub mod watch;
pub mod witnesses;

pub use runner::Jobs;
