//! `log`: the action log, from the command line.
use std::path::Path;

use super::people::refused;
use super::{Failure, log_export, log_verify, log_witness, say, start, users};
use crate::app::{App, alarms};
use crate::jobs::compare::{Compared, compare};
use crate::jobs::head::HeadFile;
use crate::jobs::keeper::Keeper;
use crate::jobs::recover::Loss;
use crate::log::checkpoint::Checkpoint;

#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// Print the public keys of the log, as verifiers are configured with them (C2SP signed notes).
    Key,
    /// Let this node, which remembers no signed head, continue from the latest one in the database. Check first,
    /// against a checkpoint kept elsewhere, that the database is the true one. Written in the log.
    TrustHead,
    /// Go on with a database that lost signed entries (an older copy was restored): a new epoch of the log, which
    /// commits to the last head this node remembers and says what was lost. Run it where most is remembered, with the
    /// service stopped everywhere. Written in the log.
    Recover {
        /// Without it: only say what would be lost.
        #[arg(long)]
        yes: bool,
        /// Go on although somebody knows of a later head than this node: whoever holds that one can then prove that
        /// signed entries were hidden.
        #[arg(long, requires = "yes")]
        hide_later: bool,
    },
    /// Take down the alarm of a node that is gone for ever, by the name that `doctor` prints. Written in the log.
    Dismiss { alarm: String },
    /// Take the log, or a range of it, away as a bundle that can be verified elsewhere (JSON Lines).
    Export(log_export::ExportOptions),
    /// Verify a bundle or a receipt, without the service: signatures, tree, commitments, and what the entries mean.
    /// Exit code 0 when everything holds, 1 when anything is wrong, 2 for wrong usage, 3 when everything holds and the log
    /// says itself that entries which your checkpoint covers were lost.
    Verify(log_verify::Options),
    /// Run a witness of logs: it vouches for heads that extend those it saw before (C2SP tlog-witness).
    Witness(log_witness::Options),
    /// Print the receipt of one entry: the entry and the proof that it is in the signed log.
    Receipt(log_export::ReceiptOptions),
}

pub(super) fn run(file: Option<&Path>, verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::Export(options) => log_export::export(file, options),
        Verb::Verify(options) => log_verify::run(options),
        Verb::Receipt(options) => log_export::receipt(file, options),
        Verb::Witness(options) => log_witness::run(options),
        Verb::Key => with_app(file, key),
        Verb::TrustHead => with_app(file, trust),
        Verb::Recover { yes: false, .. } => with_app(file, loss),
        Verb::Recover { yes: true, hide_later } => {
            with_app(file, async |app, keeper| recover(app, keeper, *hide_later).await)
        }
        Verb::Dismiss { alarm } => with_app(file, async |app, _| dismiss(app, alarm).await),
    }
}

fn with_app(
    file: Option<&Path>,
    work: impl AsyncFnOnce(&App, &Keeper) -> Result<(), Failure>,
) -> Result<(), Failure> {
    start::block_on(async {
        let app = start::app(file).await?;
        let keeper = Keeper::new("command-line", HeadFile::new(&app.config.log.head_file));
        let outcome = work(&app, &keeper).await;
        app.store.close().await;
        outcome
    })
}

/// The keys under the name of the present epoch.
async fn key(app: &App, keeper: &Keeper) -> Result<(), Failure> {
    let origin = app.log.origin_of(keeper.epoch(app).await.map_err(refused)?).map_err(refused)?;
    app.log.signers().iter().for_each(|signer| say(&signer.named(&origin).key().to_string()));
    Ok(())
}

async fn trust(app: &App, keeper: &Keeper) -> Result<(), Failure> {
    let head = keeper.trust(app).await.map_err(refused)?;
    say(&format!("trusted: {} lines, root {}", head.size, head.root));
    Ok(())
}

async fn loss(app: &App, keeper: &Keeper) -> Result<(), Failure> {
    let loss = keeper.loss(app).await.map_err(refused)?;
    tell(&loss);
    tell_erasures(app).await?;
    compared(app, keeper, &loss.last).await?.latest_is_ours(loss.last.size).map_err(refused)?;
    Err(refused("nothing was changed: look for a newer copy of the database first; --yes gives them up"))
}

/// Says what else is known of the log.
async fn compared(app: &App, keeper: &Keeper, ours: &Checkpoint) -> Result<Compared, Failure> {
    let compared = compare(app, keeper, ours).await.map_err(refused)?;
    compared.lines.iter().for_each(|line| say(&format!("compared with: {line}")));
    Ok(compared)
}

async fn dismiss(app: &App, alarm: &str) -> Result<(), Failure> {
    alarms::dismiss(app, alarm).await.map_err(refused)?;
    say(&format!("taken down: {alarm}"));
    Ok(())
}

async fn recover(app: &App, keeper: &Keeper, hide_later: bool) -> Result<(), Failure> {
    // One begun before is finished: it has committed already.
    if let Some(ours) = keeper.remembered(app).await.map_err(refused)? {
        let compared = compared(app, keeper, &ours).await?;
        if !hide_later {
            compared.latest_is_ours(ours.size).map_err(refused)?;
        }
    }
    let (loss, head) = keeper.recover(app).await.map_err(refused)?;
    tell(&loss);
    tell_erasures(app).await?;
    say(&format!("recovered: {} now, {} lines, root {}", head.origin, head.size, head.root));
    eprintln!(
        "On every other node: `entremise log trust-head`. Tell the auditors and the witnesses the new name."
    );
    Ok(())
}

/// A copy from before an erasure holds again what was erased.
async fn tell_erasures(app: &App) -> Result<(), Failure> {
    let due = users::to_replay(app, &[]).await?.len();
    if due > 0 {
        say(&format!("{due} erasures and holds are to be done again: `entremise users replay-erasures`"));
    }
    Ok(())
}

fn tell(loss: &Loss) {
    say(&format!("the last signed head covers {} lines, root {}", loss.last.size, loss.last.root));
    say(&format!("the database holds {} lines: {} signed lines are lost", loss.kept, loss.lost()));
    if loss.rewritten {
        say("what it holds is not what was signed: another history");
    }
}
