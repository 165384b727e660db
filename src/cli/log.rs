//! `log`: the action log, from the command line.
use std::path::Path;

use super::{Failure, say, start};
use crate::jobs::head::HeadFile;
use crate::jobs::keeper::Keeper;

#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// Print the public keys of the log, as verifiers are configured with them (C2SP signed notes).
    Key,
    /// Let this node, which remembers no signed head, continue from the latest one in the database. Check first,
    /// against a checkpoint kept elsewhere, that the database is the true one. Written in the log.
    TrustHead,
}

pub(super) fn run(file: Option<&Path>, verb: &Verb) -> Result<(), Failure> {
    start::block_on(async {
        let app = start::app(file).await?;
        let outcome = match verb {
            Verb::Key => {
                app.log.signers().iter().for_each(|signer| say(&signer.key().to_string()));
                Ok(())
            }
            Verb::TrustHead => {
                let keeper = Keeper::new("trust-head", HeadFile::new(&app.config.log.head_file));
                match keeper.trust(&app).await {
                    Ok(head) => {
                        say(&format!("trusted: {} lines, root {}", head.size, head.root));
                        Ok(())
                    }
                    Err(error) => Err(Failure::Refused(error.to_string())),
                }
            }
        };
        app.store.close().await;
        outcome
    })
}
