//! `config check`, `config schema`.
use std::path::Path;

use clap::Subcommand;

use crate::config::{self, Config};
use crate::crypto::keyring::Keyring;

use super::{Failure, say};

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Say whether a production start would accept this configuration and these keys.
    Check,
    /// Print every key with its default, an example and its meaning (Markdown).
    Schema,
}

pub(super) fn run(file: Option<&Path>, verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::Schema => say(config::markdown().trim_end()),
        Verb::Check => {
            let config = Config::load(file)?;
            Keyring::load(&config.keys.folder)?;
            say("The configuration and the keys are fit for production.");
        }
    }
    Ok(())
}
