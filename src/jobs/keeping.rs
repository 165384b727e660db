//! One node's rounds of keeping the log. Leader or not, it first holds what it remembers against the database, and tells
//! operators under its own name what is wrong; a node that finds nothing wrong never takes that down for another.
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::head::HeadFile;
use super::keeper::{BATCH, KeepError, Keeper};
use super::takeover::Takeover;
use crate::app::App;
use crate::app::alarms::{LOG_CONTRADICTED, LOG_HEAD};
use crate::log::policy::Policy;
use crate::store::{AsStoreError, StoreError, tree};
use crate::{transact, view};

/// How often committed entries are looked for.
const SEQUENCE_EVERY: Duration = Duration::from_millis(500);
/// A head is signed at most this often.
const SIGN_EVERY: Duration = Duration::from_secs(10);
/// An alarm whose cause lasts is told again this often: it shows that its node is alive.
const TELL_AGAIN: Duration = Duration::from_secs(10);

pub(super) async fn keep_log(
    app: App,
    holder: String,
    node: String,
    policy: Option<Policy>,
    mut stopped: watch::Receiver<bool>,
) {
    let takeover = match Takeover::new(policy) {
        Ok(takeover) => takeover,
        Err(error) => return tracing::error!(%error, "the log is not kept"),
    };
    let head = HeadFile::new(&app.config.log.head_file);
    let keeper = Keeper::new(holder, head).of_node(&node);
    let told = Some(Told::default());
    let mut keeping = Keeping { app, keeper, takeover, node, signed_at: None, told };
    repeat!(stopped, SEQUENCE_EVERY, keeping.round(&stopped).await);
}

/// The name under which this node raises alarms: the same after it was started again, so that it can take them down.
pub(super) fn node(app: &App, head: &HeadFile, holder: &str) -> String {
    head.name_node(&*app.entropy).unwrap_or_else(|error| {
        tracing::error!(%error, "this node's alarms bear a name of this process alone");
        holder.to_owned()
    })
}

struct Keeping {
    app: App,
    keeper: Keeper,
    takeover: Takeover,
    node: String,
    signed_at: Option<Instant>,
    /// What this node said is wrong; at the start, perhaps something that a former process left standing.
    told: Option<Told>,
}

#[derive(Default)]
struct Told {
    error: String,
    /// When the alarm was raised last; `None` when it could not be, or needs none.
    raised: Option<Instant>,
}

impl Keeping {
    async fn round(&mut self, stopped: &watch::Receiver<bool>) {
        let memory = self.keeper.follow(&self.app).await;
        // Who remembers nothing contradicts nothing, but cannot continue either: it is quiet until its turn comes.
        let forgetful = matches!(memory, Err(KeepError::NoMemory));
        let outcome = match memory {
            Ok(()) | Err(KeepError::NoMemory) => self.keep(stopped).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) if forgetful => {}
            Ok(()) => self.calm().await,
            Err(error) => self.tell(&error).await,
        }
    }

    fn is_due(&self) -> bool {
        self.signed_at.is_none_or(|at| at.elapsed() >= SIGN_EVERY)
    }

    /// Places what waits, until a head is due or the service stops; signs if one is due.
    async fn keep(&mut self, stopped: &watch::Receiver<bool>) -> Result<(), KeepError> {
        let app = &self.app;
        let pending = view!(app.store, tx => { tree::has_pending(tx).await })?;
        if pending {
            self.takeover.ask(app, &self.keeper).await?;
            while self.keeper.sequence(app).await? == u64::try_from(BATCH).unwrap_or(u64::MAX)
                && !self.is_due()
                && !stopped.has_changed().unwrap_or(true)
            {}
        }
        if !self.is_due() {
            return Ok(());
        }
        let (size, head) = view!(app.store, tx => {
            let head = tree::latest_checkpoint(tx).await?;
            Ok::<_, StoreError>((tree::size(tx).await?, head.map_or(0, |head| head.size)))
        })?;
        if size == head {
            return Ok(());
        }
        self.takeover.ask(app, &self.keeper).await?;
        if self.keeper.sign(app).await?.is_some() {
            self.signed_at = Some(Instant::now());
        }
        Ok(())
    }

    /// Raises the alarm of this node, and takes down what else it said before.
    async fn tell(&mut self, error: &KeepError) {
        let text = error.to_string();
        let known = self.told.as_ref().filter(|told| told.error == text);
        if known.is_none() {
            tracing::error!(%error, "the log is not continued");
        }
        let fresh = known.and_then(|told| told.raised).is_some_and(|at| at.elapsed() < TELL_AGAIN);
        let raised = fresh || self.raise(error, &text).await;
        if !fresh {
            self.told = Some(Told { error: text, raised: raised.then(Instant::now) });
        }
    }

    /// True once the alarm stands; one that could not be raised is tried again in the next round.
    async fn raise(&self, error: &KeepError, text: &str) -> bool {
        // A database that does not answer cannot hold an alarm; the journal has it. What another node has said needs no
        // repetition, and what this one said before is settled then.
        let own = match error {
            error if error.as_store_error().is_some() => return false,
            KeepError::Contradicted(_) => None,
            error if error.contradicts() => Some((LOG_CONTRADICTED, LOG_HEAD)),
            _ => Some((LOG_HEAD, LOG_CONTRADICTED)),
        };
        let (app, node, now) = (&self.app, &self.node, self.app.now());
        let detail = self.detail(text).await;
        let raised = transact!(app.store, "raise_alarm", tx => {
            let Some((this, other)) = own else {
                tree::clear(tx, &format!("{LOG_HEAD}{node}")).await?;
                tree::clear(tx, &format!("{LOG_CONTRADICTED}{node}")).await?;
                return Ok::<_, StoreError>(());
            };
            tree::clear(tx, &format!("{other}{node}")).await?;
            tree::raise(tx, &format!("{this}{node}"), &detail, now).await
        });
        raised.inspect_err(|error| tracing::error!(%error, "the alarm could not be raised")).is_ok()
    }

    /// What happened, on which node, and how much that one remembers: after a loss the one that remembers most is needed.
    async fn detail(&self, text: &str) -> String {
        let file = self.keeper.file().display().to_string();
        match self.keeper.remembered(&self.app).await {
            Ok(Some(head)) => format!("{text}; {}", super::compare::remembering(&file, head.size)),
            _ => format!("{text}; {file}"),
        }
    }

    /// Takes down the alarms of this node.
    async fn calm(&mut self) {
        if self.told.is_none() {
            return;
        }
        let node = &self.node;
        let cleared = transact!(self.app.store, "clear_alarm", tx => {
            tree::clear(tx, &format!("{LOG_CONTRADICTED}{node}")).await?;
            tree::clear(tx, &format!("{LOG_HEAD}{node}")).await
        });
        match cleared {
            Ok(_) => self.told = None,
            Err(error) => tracing::error!(%error, "the alarm could not be cleared"),
        }
    }
}
