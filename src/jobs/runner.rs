//! Starts the jobs with the service and stops them with it.
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::head::HeadFile;
use super::house::House;
use super::keeping::{self, keep_log};
use super::watch::{Watch, look_at_clock};
use super::witnesses::Witnesses;
use crate::app::App;
use crate::app::count_alerts;
use crate::app::give_check::count_checks;
use crate::app::notices::{self, Carrier};
use crate::app::{remember_erasures, tell_logout};
use crate::domain::ids::RowId;
use crate::log::policy::Policy;
use crate::store::lease;
use crate::transact;

/// A job that broke off begins again after this long.
const BEGIN_AGAIN: Duration = Duration::from_secs(1);
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
        let node = keeping::node(app, &HeadFile::new(&app.config.log.head_file), &holder);
        let policy = app.config.log.policy();
        let mut jobs = Started { app, holder, stopped, tasks: Vec::new() };
        let asked = policy.clone().ok().flatten();
        let watched = node.clone();
        jobs.start("keep_log", move |app, holder, stopped| {
            keep_log(app, holder, node.clone(), asked.clone(), stopped)
        });
        jobs.start("keep_house", keep_house);
        jobs.start("watch", move |app, _, stopped| watch_all(app, watched.clone(), stopped));
        jobs.start("tell_services", |app, _, stopped| tell_services(app, stopped));
        jobs.start("look_for_misuse", look_for_misuse);
        match policy {
            Ok(Some(policy)) => jobs.start("ask_witnesses", move |app, holder, stopped| {
                ask_witnesses(app, holder, policy.clone(), stopped)
            }),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "no witness is asked"),
        }
        if let Some(carrier) = carrier.map(Arc::new) {
            jobs.start("send_mails", move |app, _, stopped| send_mails(app, carrier.clone(), stopped));
        }
        Self { stop, tasks: jobs.tasks }
    }

    /// Waits for the work under way.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// Jobs being started.
struct Started<'a> {
    app: &'a App,
    holder: String,
    stopped: watch::Receiver<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Started<'_> {
    fn start<F>(
        &mut self,
        name: &'static str,
        job: impl Fn(App, String, watch::Receiver<bool>) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (app, holder, stopped) = (self.app.clone(), self.holder.clone(), self.stopped.clone());
        let begin = move || job(app.clone(), holder.clone(), stopped.clone());
        self.tasks.push(tokio::spawn(lasting(name, self.stopped.clone(), begin)));
    }
}

/// Does a job until it is stopped. One that breaks off begins anew: nobody would miss it before it is too late.
async fn lasting<F>(name: &'static str, mut stopped: watch::Receiver<bool>, begin: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        match tokio::spawn(begin()).await {
            Err(error) if error.is_panic() => tracing::error!(job = name, %error, "a job broke off"),
            _ => return,
        }
        tokio::select! {
            () = tokio::time::sleep(BEGIN_AGAIN) => {}
            _ = stopped.changed() => return,
        }
    }
}

async fn watch_all(app: App, node: String, mut stopped: watch::Receiver<bool>) {
    let mut watch = Watch::new(LATE_FOR);
    repeat!(stopped, WATCH_EVERY, {
        let log = watch.look(&app).await;
        let house = watch.look_at_house(&app).await;
        let clock = look_at_clock(&app, &node).await;
        for error in [log, house, clock].into_iter().filter_map(Result::err) {
            tracing::error!(%error, "the log, its keepers or the clock are not watched");
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

async fn send_mails(app: App, carrier: Arc<Carrier>, mut stopped: watch::Receiver<bool>) {
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
    let mut house = House::new(holder);
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
        if let Err(error) = house.round(&app).await {
            tracing::error!(%error, "housekeeping");
        }
    });
    if let Err(error) = count_checks(&app, true).await {
        tracing::error!(%error, "the last checks are not counted");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_job_that_breaks_off_begins_anew_until_it_is_stopped() {
        static BEGUN: AtomicU32 = AtomicU32::new(0);
        let (stop, stopped) = watch::channel(false);
        let seen = stopped.clone();
        let job = tokio::spawn(lasting("test", stopped, move || {
            let mut stopped = seen.clone();
            async move {
                assert!(BEGUN.fetch_add(1, Ordering::SeqCst) > 0, "breaks off once");
                let _ = stopped.changed().await;
            }
        }));
        while BEGUN.load(Ordering::SeqCst) < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send(true).unwrap();
        job.await.unwrap();
        assert_eq!(BEGUN.load(Ordering::SeqCst), 2);
    }
}
