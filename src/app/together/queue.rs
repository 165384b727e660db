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
    let mut at_work = AtWork(Some(Arc::clone(J::queue(&app))));
    loop {
        // Whoever is about to ask is heard first.
        tokio::task::yield_now().await;
        let taken = J::queue(&app).take();
        if taken.is_empty() {
            at_work.0 = None;
            return;
        }
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
}

/// Should the work end badly, the next job starts it again.
struct AtWork<J: Shared>(Option<Arc<Queue<J>>>);

impl<J: Shared> Drop for AtWork<J> {
    fn drop(&mut self) {
        if let Some(queue) = &self.0 {
            queue.lock().busy = false;
        }
    }
}
