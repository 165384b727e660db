//! `users erase`, `users hold`, `users release`, `users replay-erasures`: decisions about one person's data, named by the reference of any of their
//! mandates, which is on their paper.
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use crate::app::App;
use crate::app::erase_user::{self, Reason};
use crate::app::replay_erasures::{Act, Due};
use crate::app::{remember_erasures, replay_erasures};
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
    /// Place a legal hold: identity, texts, attestations and parts of the log are not erased until it is lifted.
    Hold(Whom),
    /// Lift a legal hold.
    Release(Whom),
    /// After an older copy of the database was restored: erase again whom it holds again, and place and lift holds again, as
    /// the files that nodes keep beside `log.head_file` remember.
    ReplayErasures {
        /// Files of other nodes; that of this one is always read.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Without it: only say what would be done.
        #[arg(long)]
        yes: bool,
    },
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
    start::block_on(async {
        let app = start::app(file).await?;
        let outcome = match verb {
            Verb::Erase { whom, reason: Why::Request } => erase(&app, whom, Reason::Request).await,
            Verb::Erase { whom, reason: Why::Order } => erase(&app, whom, Reason::Order).await,
            Verb::Hold(whom) => hold(&app, whom, true).await,
            Verb::Release(whom) => hold(&app, whom, false).await,
            Verb::ReplayErasures { files, yes } => replay(&app, files, *yes).await,
        };
        app.store.close().await;
        outcome
    })
}

async fn erase(app: &App, whom: &Whom, reason: Reason) -> Result<(), Failure> {
    let user = erase_user::user_of(app, whom.mandate.as_str()).await.map_err(refused)?;
    let entry = erase_user::erase(app, user, reason, Some(&whom.decision)).await.map_err(refused)?;
    say(&format!("entry {entry}"));
    Ok(())
}

async fn hold(app: &App, whom: &Whom, placed: bool) -> Result<(), Failure> {
    let user = erase_user::user_of(app, whom.mandate.as_str()).await.map_err(refused)?;
    let entry = erase_user::hold(app, user, placed, &whom.decision).await.map_err(refused)?;
    say(&format!("entry {entry}"));
    Ok(())
}

/// What is to be done again, as the file of this node and those given remember it.
pub(super) async fn to_replay(app: &App, others: &[PathBuf]) -> Result<Vec<Due>, Failure> {
    let own = remember_erasures::file(app);
    let mut decisions = remember_erasures::read(&own).map_err(refused)?;
    for other in others {
        if !other.exists() {
            return Err(refused(format!("there is no file {}", other.display())));
        }
        decisions.extend(remember_erasures::read(other).map_err(refused)?);
    }
    replay_erasures::due(app, &decisions).await.map_err(refused)
}

async fn replay(app: &App, files: &[PathBuf], yes: bool) -> Result<(), Failure> {
    let due = to_replay(app, files).await?;
    let mut left = 0;
    for one in &due {
        let what = match one.act {
            Act::Erase { reason, .. } => format!("erase ({})", reason.token()),
            Act::Hold => "hold".to_owned(),
            Act::Release => "release".to_owned(),
        };
        let what = format!("user {}: {what}, as by entry {}", one.user, one.entry);
        if !one.live.is_empty() {
            left += 1;
            say(&format!("{what}: NOT DONE, end {} first", one.live.join(", ")));
        } else if yes {
            let entry = replay_erasures::again(app, one).await.map_err(refused)?;
            say(&format!("{what}: entry {entry}"));
        } else {
            left += 1;
            say(&what);
        }
    }
    match (left, yes) {
        (0, _) => {
            say("Nothing is left to do again.");
            Ok(())
        }
        (_, true) => Err(refused(format!("{left} not done: their mandates live again in this copy"))),
        (_, false) => Err(refused(format!("{left} to do again; nothing was changed: --yes does it"))),
    }
}
