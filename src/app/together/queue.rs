//! The queue that callers share, and the task that works it off.
use std::fmt::{Debug, Display};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::app::App;

/// Done in one transaction, at most.
const AT_ONCE: usize = 64;

/// What can be done together with others of its kind.
pub(super) trait Shared: Debug + Sized + Send + Sync + 'static {
    type Done: Debug + Send + 'static;
    type Error: Debug + Display + Send + 'static;

    fn queue(app: &App) -> &Arc<Queue<Self>>;

    /// Says of one after the other whether it may be done together with those before it; those left wait.
    fn fit() -> impl FnMut(&Self) -> bool;

    /// Does all of them, or none; what became of each, in their order.
    fn all(app: &App, jobs: &[Self]) -> impl Future<Output = Result<Vec<Self::Done>, Self::Error>> + Send;

    /// Whether it is done even if whoever wanted it is gone: what they would have been given, nobody gets.
    fn outlives_its_caller(&self) -> bool;

    /// What is told when the task at work ended without an answer.
    fn lost() -> Self::Error;
}

type Answer<J> = oneshot::Sender<Result<<J as Shared>::Done, <J as Shared>::Error>>;

/// What waits to be done together.
#[derive(Debug)]
pub(super) struct Queue<J: Shared>(Mutex<Waiting<J>>);

#[derive(Debug)]
struct Waiting<J: Shared> {
    jobs: Vec<(J, Answer<J>)>,
    /// Whether a task is at work on them.
    busy: bool,
}

impl<J: Shared> Default for Queue<J> {
    fn default() -> Self {
        Self(Mutex::new(Waiting { jobs: Vec::new(), busy: false }))
    }
}

impl<J: Shared> Queue<J> {
    fn lock(&self) -> MutexGuard<'_, Waiting<J>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job; true if its caller has to start the work.
    fn push(&self, job: J, answer: Answer<J>) -> bool {
        let mut waiting = self.lock();
        waiting.jobs.push((job, answer));
        !std::mem::replace(&mut waiting.busy, true)
    }

    /// What is done next, in the order it came. Empty: nothing waits any more, and nobody is at work.
    fn take(&self) -> Vec<(J, Answer<J>)> {
        let mut waiting = self.lock();
        waiting.jobs.retain(|(job, answer)| job.outlives_its_caller() || !answer.is_closed());
        let (mut room, mut fit) = (AT_ONCE, J::fit());
        let (taken, left): (Vec<_>, Vec<_>) = waiting.jobs.drain(..).partition(|(job, _)| {
            let fits = room > 0 && fit(job);
            room -= usize::from(fits);
            fits
        });
        waiting.jobs = left;
        waiting.busy = !taken.is_empty();
        taken
    }
}

/// Does a job together with whatever else waits.
pub(super) async fn enter<J: Shared>(app: &App, job: J) -> Result<J::Done, J::Error> {
    let (answer, answered) = oneshot::channel();
    if J::queue(app).push(job, answer) {
        // A caller that goes away must not take the others' jobs with it: the work is a task of its own.
        tokio::spawn(work::<J>(app.clone()));
    }
    answered.await.unwrap_or_else(|_| Err(J::lost()))
}

async fn work<J: Shared>(app: App) {
    loop {
        // Whoever is about to ask is heard first.
        tokio::task::yield_now().await;
        let taken = J::queue(&app).take();
        if taken.is_empty() {
            return;
        }
        // A task of its own: should it break off, those who wait behind it are served all the same.
        if let Err(error) = tokio::spawn(turn(app.clone(), taken)).await {
            tracing::error!(%error, "a shared transaction broke off");
        }
    }
}

async fn turn<J: Shared>(app: App, taken: Vec<(J, Answer<J>)>) {
    let (jobs, answers): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
    match J::all(&app, &jobs).await {
        Ok(done) => answers.into_iter().zip(done).for_each(|(answer, done)| _ = answer.send(Ok(done))),
        // One of them is at fault: each is done alone, and told its own.
        Err(error) if jobs.len() > 1 => {
            tracing::warn!(%error, jobs = jobs.len(), "a shared transaction failed");
            for (job, answer) in jobs.iter().zip(answers) {
                let alone = J::all(&app, std::slice::from_ref(job)).await;
                _ = answer.send(alone.and_then(|mut done| done.pop().ok_or_else(J::lost)));
            }
        }
        Err(error) => _ = answers.into_iter().next().map(|answer| answer.send(Err(error))),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::LazyLock;

    use super::*;
    use crate::app::context::SystemClock;
    use crate::config::Config;
    use crate::crypto::keyring::Keyring;
    use crate::crypto::random::SystemEntropy;
    use crate::store::{Options, Store};

    const CONFIG: &str = r#"
        server = { origin = "http://localhost:8080" }
        identity = { issuer = "http://identite.localhost", client_id = "a", client_secret = "a secret of tests" }
        log = { origin = "test.example/log" }
    "#;

    /// Doubles a number; breaks off at 13. Two and four outlive their callers.
    #[derive(Debug)]
    struct Number(u32);

    impl Shared for Number {
        type Done = u32;
        type Error = String;

        fn queue(_: &App) -> &Arc<Queue<Self>> {
            static QUEUE: LazyLock<Arc<Queue<Number>>> = LazyLock::new(Arc::default);
            &QUEUE
        }

        /// Alone, one after the other.
        fn fit() -> impl FnMut(&Self) -> bool {
            let mut first = true;
            move |_| std::mem::take(&mut first)
        }

        async fn all(_: &App, jobs: &[Self]) -> Result<Vec<u32>, String> {
            tokio::task::yield_now().await;
            assert!(jobs.iter().all(|job| job.0 != 13), "an unlucky number");
            Ok(jobs.iter().map(|job| job.0 * 2).collect())
        }

        fn outlives_its_caller(&self) -> bool {
            matches!(self.0, 2 | 4)
        }

        fn lost() -> String {
            "lost".to_owned()
        }
    }

    async fn app() -> (App, PathBuf) {
        let folder = std::env::temp_dir().join(format!("entremise-queue-{}", std::process::id()));
        let keys = folder.join("keys");
        Keyring::create(&keys, &SystemEntropy).unwrap();
        let store = Store::open(&Options::Sqlite { file: folder.join("db") }).await.unwrap();
        let config: Config = toml::from_str(CONFIG).unwrap();
        let keyring = Keyring::load(&keys).unwrap();
        (App::new(store, Arc::new(SystemClock), keyring, config).unwrap(), folder)
    }

    #[tokio::test]
    async fn those_who_wait_behind_work_that_broke_off_are_served() {
        let (app, folder) = app().await;
        let (unlucky, one, two) =
            tokio::join!(enter(&app, Number(13)), enter(&app, Number(1)), enter(&app, Number(2)));
        assert_eq!((unlucky, one, two), (Err("lost".to_owned()), Ok(2), Ok(4)));
        assert_eq!(enter(&app, Number(3)).await, Ok(6), "and whoever comes later");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_nobody_waits_for_any_more_is_left_undone_unless_it_must_be_done() {
        let queue = Queue::<Number>::default();
        let mut answers = Vec::new();
        for number in [1, 2, 3] {
            let (answer, answered) = oneshot::channel();
            queue.push(Number(number), answer);
            answers.push(answered);
        }
        drop(answers);
        let (answer, answered) = oneshot::channel();
        queue.push(Number(5), answer);
        let order: Vec<u32> = std::iter::from_fn(|| queue.take().pop().map(|(number, _)| number.0)).collect();
        assert_eq!(order, [2, 5]);
        drop(answered);
    }
}
