//! Parse, run, exit code.
use std::process::ExitCode;

fn main() -> ExitCode {
    entremise::cli::run()
}
