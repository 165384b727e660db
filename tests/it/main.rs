//! One integration binary: compiled once, run in parallel.
#![expect(clippy::pedantic, reason = "a test tells a story; pedantry is for what ships")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
#![expect(unreachable_pub, reason = "nothing outside this binary: `pub` means shared between its files")]
#[cfg(test)]
#[macro_use]
mod support;

#[cfg(test)]
mod architecture;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod kill;
mod log;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod security;
#[cfg(test)]
mod trial;
