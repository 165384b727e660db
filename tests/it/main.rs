//! One integration binary: compiled once, run in parallel.
