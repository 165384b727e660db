//! `users erase`, `users hold`, `users release`: decisions about one person's data, named by the reference of any of their
//! mandates, which is on their paper.
use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};

use crate::app::erase_user::{self, Reason};
use crate::domain::mandate::Reference;

use super::people::refused;
use super::{Failure, say, start};

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Erase what is personal: identity, texts, what the log holds of it. Proofs stay. Cannot be undone.
    Erase {
        #[command(flatten)]
        whom: Whom,
        /// Why.
        #[arg(long)]
        reason: Why,
    },
    /// Place a legal hold: nothing of this person is erased until it is lifted.
    Hold(Whom),
    /// Lift a legal hold.
    Release(Whom),
}

#[derive(Args)]
pub(super) struct Whom {
    /// Reference of a mandate of this person.
    #[arg(long, value_name = "REFERENCE")]
    mandate: Reference,
    /// The decision, in words, kept in the log beside its entry: who decided, when, under which number.
    #[arg(long, value_name = "TEXT")]
    decision: String,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Why {
    /// They asked, and it was decided.
    Request,
    /// A court or the data protection authority ordered it.
    Order,
}

pub(super) fn run(file: Option<&Path>, verb: &Verb) -> Result<(), Failure> {
    let (Verb::Erase { whom, .. } | Verb::Hold(whom) | Verb::Release(whom)) = verb;
    start::block_on(async {
        let app = start::app(file).await?;
        let outcome = async {
            let user = erase_user::user_of(&app, whom.mandate.as_str()).await?;
            match verb {
                Verb::Erase { reason, .. } => {
                    let reason = match reason {
                        Why::Request => Reason::Request,
                        Why::Order => Reason::Order,
                    };
                    erase_user::erase(&app, user, reason, Some(&whom.decision)).await
                }
                Verb::Hold(_) => erase_user::hold(&app, user, true, &whom.decision).await,
                Verb::Release(_) => erase_user::hold(&app, user, false, &whom.decision).await,
            }
        };
        let entry = outcome.await.map_err(refused);
        app.store.close().await;
        say(&format!("entry {}", entry?));
        Ok(())
    })
}
