//! Starts the jobs with the service and stops them with it.
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::head::HeadFile;
use super::keeper::{ALARM, BATCH, KeepError, Keeper};
use super::watch::Watch;
use super::witnesses::Witnesses;
use super::witnesses::takeover::Takeover;
use crate::app::App;
use crate::app::count_activity::count_days;
use crate::app::count_alerts;
use crate::app::end_over::end_over;
use crate::app::erase_user::keep_retention;
use crate::app::fault::Fault;
use crate::app::forget_over::forget;
use crate::app::give_check::count_checks;
use crate::app::notices::{self, Carrier};
use crate::app::{record, remember_erasures, signing_keys, tell_logout};
use crate::domain::ids::RowId;
use crate::log::policy::Policy;
use crate::store::{StoreError, lease, tree};
use crate::{transact, view};

/// How often committed entries are looked for.
const SEQUENCE_EVERY: Duration = Duration::from_millis(500);
/// A head is signed at most this often.
const SIGN_EVERY: Duration = Duration::from_secs(10);
const WATCH_EVERY: Duration = Duration::from_secs(5);
/// Three heads could have been signed meanwhile.
const LATE_FOR: Duration = Duration::from_secs(30);
/// How often it is looked whether a witness lacks the latest head.
const WITNESS_EVERY: Duration = Duration::from_secs(5);
const SEND_EVERY: Duration = Duration::from_secs(3);
/// A service hears of the end of a use in under five seconds: this, and the time a call may take.
const TELL_EVERY: Duration = Duration::from_secs(1);
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(20);
/// How often the rules of misuse read the last days, for the number in the bar.
const ALERTS_EVERY: Duration = Duration::from_mins(5);

/// The jobs of one process. Dropped, they stop at their next rest.
#[derive(Debug)]
pub struct Jobs {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Jobs {
    /// `carrier`: what mails leave with; `None` leaves them in the outbox (the demonstration shows it).
    pub fn start(app: &App, carrier: Option<Carrier>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let holder = RowId::new(app.now(), &*app.entropy).to_string();
        let (holder_of_witnesses, holder_of_alerts) = (holder.clone(), holder.clone());
        let keeper = Keeper::new(holder.clone(), HeadFile::new(&app.config.log.head_file));
        let policy = app.config.log.policy();
        let mut tasks = vec![
            tokio::spawn(keep_log(app.clone(), keeper, policy.clone().ok().flatten(), stopped.clone())),
            tokio::spawn(keep_house(app.clone(), holder, stopped.clone())),
            tokio::spawn(watch_log(app.clone(), stopped.clone())),
            tokio::spawn(tell_services(app.clone(), stopped.clone())),
            tokio::spawn(look_for_misuse(app.clone(), holder_of_alerts, stopped.clone())),
        ];
        match policy {
            Ok(Some(policy)) => {
                let work = ask_witnesses(app.clone(), holder_of_witnesses, policy, stopped.clone());
                tasks.push(tokio::spawn(work));
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "no witness is asked"),
        }
        if let Some(carrier) = carrier {
            tasks.push(tokio::spawn(send_mails(app.clone(), carrier, stopped)));
        }
        Self { stop, tasks }
    }

    /// Waits for the work under way.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// Calls `work` again and again until told to stop, resting `every` in between.
macro_rules! repeat {
    ($stopped:ident, $every:expr, $work:expr) => {{
        let mut rest = interval($every);
        rest.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = rest.tick() => { $work; }
                // Also when the sender is gone.
                _ = $stopped.changed() => break,
            }
        }
    }};
}

async fn keep_log(app: App, keeper: Keeper, policy: Option<Policy>, mut stopped: watch::Receiver<bool>) {
    let mut takeover = match Takeover::new(policy) {
        Ok(takeover) => takeover,
        Err(error) => return tracing::error!(%error, "the log is not kept"),
    };
    let mut signed_at: Option<Instant> = None;
    // What was wrong in the last round; at the start, perhaps something that a former process left standing.
    let mut fault = Some(String::new());
    repeat!(stopped, SEQUENCE_EVERY, {
        let due = signed_at.is_none_or(|at| at.elapsed() >= SIGN_EVERY);
        match keep_once(&app, &keeper, &mut takeover, due).await {
            Ok(signed) => {
                if signed {
                    signed_at = Some(Instant::now());
                }
                if fault.is_some() && calm(&app).await {
                    fault = None;
                }
            }
            Err(error) => {
                let text = Some(error.to_string());
                if fault != text {
                    tracing::error!(%error, "the log is not continued");
                    raise(&app, &error).await;
                    fault = text;
                }
            }
        }
    });
}

/// One round; true when a head was signed.
async fn keep_once(
    app: &App,
    keeper: &Keeper,
    takeover: &mut Takeover,
    due: bool,
) -> Result<bool, KeepError> {
    let pending = view!(app.store, tx => { tree::has_pending(tx).await })?;
    if pending {
        takeover.ask(app, keeper).await?;
        while keeper.sequence(app).await? == u64::try_from(BATCH).unwrap_or(u64::MAX) {}
    }
    if !due {
        return Ok(false);
    }
    let (size, head) = view!(app.store, tx => {
        let head = tree::latest_checkpoint(tx).await?;
        Ok::<_, StoreError>((tree::size(tx).await?, head.map_or(0, |head| head.size)))
    })?;
    if size == head {
        return Ok(false);
    }
    takeover.ask(app, keeper).await?;
    Ok(keeper.sign(app).await?.is_some())
}

async fn raise(app: &App, error: &KeepError) {
    // A database that does not answer cannot hold an alarm; the journal has it.
    if matches!(error, KeepError::Store(_)) {
        return;
    }
    let (detail, now) = (error.to_string(), app.now());
    let raised = transact!(app.store, "raise_alarm", tx => { tree::raise(tx, ALARM, &detail, now).await });
    if let Err(error) = raised {
        tracing::error!(%error, "the alarm could not be raised");
    }
}

/// Takes the alarm down; true when that succeeded.
async fn calm(app: &App) -> bool {
    let cleared = transact!(app.store, "clear_alarm", tx => { tree::clear(tx, ALARM).await });
    cleared.inspect_err(|error| tracing::error!(%error, "the alarm could not be cleared")).is_ok()
}

async fn watch_log(app: App, mut stopped: watch::Receiver<bool>) {
    let mut watch = Watch::new(LATE_FOR);
    repeat!(stopped, WATCH_EVERY, {
        if let Err(error) = watch.look(&app).await {
            tracing::error!(%error, "the log is not watched");
        }
    });
}

async fn ask_witnesses(app: App, holder: String, policy: Policy, mut stopped: watch::Receiver<bool>) {
    let mut witnesses = match Witnesses::new(holder, policy) {
        Ok(witnesses) => witnesses,
        Err(error) => return tracing::error!(%error, "no witness is asked"),
    };
    repeat!(stopped, WITNESS_EVERY, {
        if let Err(error) = witnesses.round(&app).await {
            tracing::error!(%error, "witnesses are not asked");
        }
    });
}

async fn send_mails(app: App, carrier: Carrier, mut stopped: watch::Receiver<bool>) {
    repeat!(stopped, SEND_EVERY, {
        if let Err(error) = notices::send_due(&app, &carrier).await {
            tracing::error!(%error, "mails are not sent");
        }
    });
}

async fn tell_services(app: App, mut stopped: watch::Receiver<bool>) {
    repeat!(stopped, TELL_EVERY, {
        if let Err(error) = tell_logout::send_due(&app).await {
            tracing::error!(%error, "services are not told");
        }
    });
}

async fn look_for_misuse(app: App, holder: String, mut stopped: watch::Receiver<bool>) {
    repeat!(stopped, ALERTS_EVERY, {
        let now = app.now();
        // Longer than the rest: one node reads, as long as it lives.
        let until = now + time::Duration::minutes(6);
        let mine = transact!(app.store, "hold_alerts", tx => {
            lease::hold(tx, "alerts", &holder, now, until).await
        });
        let read = match mine {
            Ok(true) => count_alerts::refresh(&app).await.map(|_| ()),
            Ok(false) => Ok(()),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = read {
            tracing::error!(%error, "alerts are not counted");
        }
    });
}

async fn keep_house(app: App, holder: String, mut stopped: watch::Receiver<bool>) {
    // What was decided while this node did not run; then, of the last day.
    let mut all = true;
    repeat!(stopped, HOUSEKEEPING_EVERY, {
        // Every node has a memory of its own, of what any of them erased.
        match remember_erasures::remember(&app, all).await {
            Ok(_) => all = false,
            Err(error) => tracing::error!(%error, "erasures are not remembered outside the database"),
        }
        // And counts of its own.
        if let Err(error) = count_checks(&app, false).await {
            tracing::error!(%error, "checks are not counted");
        }
        if let Err(error) = house(&app, &holder).await {
            tracing::error!(%error, "housekeeping");
        }
    });
    if let Err(error) = count_checks(&app, true).await {
        tracing::error!(%error, "the last checks are not counted");
    }
}

/// What is due: floods counted, mandates ended, what has run out forgotten. One node at a time; every step is
/// safe to repeat.
async fn house(app: &App, holder: &str) -> Result<(), Fault> {
    let now = app.now();
    let mine = transact!(app.store, "hold_house", tx => {
        lease::hold(tx, "house", holder, now, now + time::Duration::seconds(60)).await
    })?;
    if !mine {
        return Ok(());
    }
    if let Err(error) = signing_keys::keep(app).await {
        tracing::error!(%error, "the OpenID keys are not rotated");
    }
    record::count_refusals(app).await?;
    count_days(app).await?;
    while end_over(app).await? > 0 {}
    forget(app).await?;
    keep_retention(app).await?;
    Ok(())
}
