//! `log`: the action log, from the command line.
use std::path::Path;

use super::{Failure, log_export, log_verify, say, start};
use crate::jobs::head::HeadFile;
use crate::jobs::keeper::Keeper;

#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// Print the public keys of the log, as verifiers are configured with them (C2SP signed notes).
    Key,
    /// Let this node, which remembers no signed head, continue from the latest one in the database. Check first,
    /// against a checkpoint kept elsewhere, that the database is the true one. Written in the log.
    TrustHead,
    /// Take the log, or a range of it, away as a bundle that can be verified elsewhere (JSON Lines).
    Export(log_export::ExportOptions),
    /// Verify a bundle or a receipt, without the service: signatures, tree, commitments, and what the entries mean.
    /// Exit code 0 when everything holds, 1 when anything is wrong.
    Verify(log_verify::Options),
    /// Print the receipt of one entry: the entry and the proof that it is in the signed log.
    Receipt(log_export::ReceiptOptions),
}

pub(super) fn run(file: Option<&Path>, verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::Export(options) => log_export::export(file, options),
        Verb::Verify(options) => log_verify::run(options),
        Verb::Receipt(options) => log_export::receipt(file, options),
        Verb::Key => with_app(file, false),
        Verb::TrustHead => with_app(file, true),
    }
}

fn with_app(file: Option<&Path>, trust: bool) -> Result<(), Failure> {
    start::block_on(async {
        let app = start::app(file).await?;
        let outcome = if trust {
            let keeper = Keeper::new("trust-head", HeadFile::new(&app.config.log.head_file));
            keeper
                .trust(&app)
                .await
                .map(|head| say(&format!("trusted: {} lines, root {}", head.size, head.root)))
                .map_err(|error| Failure::Refused(error.to_string()))
        } else {
            app.log.signers().iter().for_each(|signer| say(&signer.key().to_string()));
            Ok(())
        };
        app.store.close().await;
        outcome
    })
}
