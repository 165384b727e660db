//! The command line: one file per verb. Results go to standard output, progress and faults to standard error.
//! Exit codes: 0 done, 1 refused or failed, 2 wrong usage (clap), 3 (`log verify`) sound, but entries that your own
//! checkpoint covers were lost. No secret is ever an argument.
mod cards;
mod check;
mod clients;
mod demo;
mod doctor;
mod keys;
mod log;
mod log_export;
mod log_verify;
mod log_witness;
mod migrate;
mod people;
mod serve;
mod start;
mod structures;
mod users;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Mandates bounded in time and scope, signed with a card, used through OpenID Connect, in a log nobody can
/// rewrite unseen.
#[derive(Parser)]
#[command(name = "entremise", version, about, propagate_version = true)]
struct Arguments {
    /// Configuration file (TOML), or the data folder of a demonstration. Variables `ENTREMISE_SECTION__KEY` win over
    /// the file.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve the product.
    Serve,
    /// Try it on this machine: the product, an identity provider, two services, people with their cards.
    Demo(demo::Options),
    /// Bring the database to this program's version.
    Migrate,
    /// Check the configuration, or print every key with its meaning.
    #[command(subcommand)]
    Config(check::Verb),
    /// Services: register, list, show, change the secret, suspend, resume.
    #[command(subcommand)]
    Clients(clients::Verb),
    /// Keys: generate, rotate, list.
    #[command(subcommand)]
    Keys(keys::Verb),
    /// The action log: its public keys, the head this node trusts, exports, receipts, and their verification.
    #[command(subcommand)]
    Log(log::Verb),
    /// Professionals: create, invite again.
    #[command(subcommand)]
    People(people::Verb),
    /// Cards: take a delivery in.
    #[command(subcommand)]
    Cards(cards::Verb),
    /// Structures: habilitate one.
    #[command(subcommand)]
    Structures(structures::Verb),
    /// Users: erase somebody's data, place or lift a legal hold.
    #[command(subcommand)]
    Users(users::Verb),
    /// Look for what would go wrong: configuration, keys, database, log, identity provider.
    Doctor,
}

/// Parses the arguments, runs the verb.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let config = arguments.config.as_deref();
    let outcome = match arguments.verb {
        Verb::Serve => serve::run(config),
        Verb::Demo(options) => demo::run(&options),
        Verb::Migrate => migrate::run(config),
        Verb::Config(verb) => check::run(config, &verb),
        Verb::Clients(verb) => clients::run(config, verb),
        Verb::Keys(verb) => keys::run(config, &verb),
        Verb::Log(verb) => log::run(config, &verb),
        Verb::People(verb) => people::run(config, &verb),
        Verb::Cards(verb) => cards::run(config, &verb),
        Verb::Structures(verb) => structures::run(config, &verb),
        Verb::Users(verb) => users::run(config, &verb),
        Verb::Doctor => doctor::run(config),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("entremise: {failure}");
            ExitCode::from(if matches!(failure, Failure::Lost(_)) { LOST } else { 1 })
        }
    }
}

/// The whole command line as clap knows it, against which tests hold what the documents write.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// The exit code of [`Failure::Lost`].
const LOST: u8 = 3;

/// What stops a verb: a sentence for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    #[error(transparent)]
    Keys(#[from] crate::crypto::keyring::KeyringError),
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Refused(String),
    /// What was verified is sound, and says itself that entries the verifier knew of are gone.
    #[error("{0}")]
    Lost(String),
}

/// Prints one line of result.
#[expect(clippy::print_stdout, reason = "the command line is the one place that prints")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}
