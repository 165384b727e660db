//! Acts that many callers do at the same time share one commit: each waits in a queue; one task takes all that waits,
//! does it in one transaction and answers each after the commit. Alone, an act costs one transaction; under load, many
//! acts cost one. What may share is what is short and asked for most: an entry by itself, the redemption of a code, an
//! answer of userinfo.
mod commit;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::domain::secret::HashedToken;
use crate::log::draft::Draft;

use super::App;
use super::give_userinfo::Seen;
use super::record::{RecordError, Recorded};
use super::redeem_code::exchange::{Looked, Request};

/// Acts under one commit.
const AT_ONCE: usize = 64;

/// What one caller wants done.
#[derive(Debug)]
enum Act {
    /// An entry that is an act's only write. `source`: blind index of where a refusal came from; absent for what is
    /// always written.
    Entry {
        draft: Draft,
        source: Option<Vec<u8>>,
    },
    Redeem(Request),
    /// A token, shown with the key of this thumbprint or with none.
    Userinfo(HashedToken, Option<String>),
}

/// What became of it.
#[derive(Debug)]
enum Done {
    /// Absent when the entry is one of a flood, only counted.
    Entry(Option<Recorded>),
    Redeem(Looked),
    Userinfo(Seen),
}

type Answer = oneshot::Sender<Result<Done, RecordError>>;

/// What waits for the next commit of this process.
#[derive(Debug, Default)]
pub struct Queue(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    acts: Vec<(Act, Answer)>,
    /// Whether a task is at work on them.
    busy: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an act; true if its caller has to start the work.
    fn push(&self, act: Act, answer: Answer) -> bool {
        let mut waiting = self.lock();
        waiting.acts.push((act, answer));
        !std::mem::replace(&mut waiting.busy, true)
    }

    /// The acts of the next commit, in the order they came. Of two redemptions of one code the second waits for the
    /// commit after, and finds the code redeemed. Empty: nothing waits any more, and nobody is at work.
    fn take(&self) -> Vec<(Act, Answer)> {
        let mut waiting = self.lock();
        let mut codes: BTreeSet<HashedToken> = BTreeSet::new();
        let mut room = AT_ONCE;
        let (taken, left): (Vec<_>, Vec<_>) = waiting.acts.drain(..).partition(|(act, _)| {
            let fits = match act {
                Act::Redeem(request) => request.hash().is_none_or(|hash| codes.insert(hash.clone())),
                Act::Entry { .. } | Act::Userinfo(..) => true,
            };
            let fits = fits && room > 0;
            room -= usize::from(fits);
            fits
        });
        waiting.acts = left;
        waiting.busy = !taken.is_empty();
        taken
    }
}

/// Writes an entry; `None` when it is one refusal too many of its source.
pub(super) async fn entry(
    app: &App,
    draft: Draft,
    source: Option<Vec<u8>>,
) -> Result<Option<Recorded>, RecordError> {
    match enter(app, Act::Entry { draft, source }).await? {
        Done::Entry(recorded) => Ok(recorded),
        Done::Redeem(_) | Done::Userinfo(_) => Err(RecordError::Shared),
    }
}

/// Redeems a code, or says why not.
pub(super) async fn redeem(app: &App, request: Request) -> Result<Looked, RecordError> {
    match enter(app, Act::Redeem(request)).await? {
        Done::Redeem(looked) => Ok(looked),
        Done::Entry(_) | Done::Userinfo(_) => Err(RecordError::Shared),
    }
}

/// Looks a token up for userinfo, and writes that its answer is given.
pub(super) async fn userinfo(
    app: &App,
    token: HashedToken,
    jkt: Option<String>,
) -> Result<Seen, RecordError> {
    match enter(app, Act::Userinfo(token, jkt)).await? {
        Done::Userinfo(seen) => Ok(seen),
        Done::Entry(_) | Done::Redeem(_) => Err(RecordError::Shared),
    }
}

async fn enter(app: &App, act: Act) -> Result<Done, RecordError> {
    let (answer, answered) = oneshot::channel();
    if app.together.push(act, answer) {
        // A caller that goes away must not take the others' acts with it: the work is a task of its own.
        tokio::spawn(work(app.clone()));
    }
    answered.await.map_err(|_| RecordError::Shared)?
}

async fn work(app: App) {
    let mut at_work = AtWork(Some(Arc::clone(&app.together)));
    loop {
        // Whoever is about to ask is heard first.
        tokio::task::yield_now().await;
        let taken = app.together.take();
        if taken.is_empty() {
            at_work.0 = None;
            return;
        }
        let (acts, answers): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
        match commit::all(&app, &acts).await {
            Ok(done) => answers.into_iter().zip(done).for_each(|(answer, done)| _ = answer.send(Ok(done))),
            // One of them is at fault: each is done alone, and told its own.
            Err(error) if acts.len() > 1 => {
                tracing::warn!(%error, acts = acts.len(), "shared commit failed");
                for (act, answer) in acts.iter().zip(answers) {
                    _ = answer.send(commit::one(&app, act).await);
                }
            }
            Err(error) => _ = answers.into_iter().next().map(|answer| answer.send(Err(error))),
        }
    }
}

/// Should the work end badly, the next act starts it again.
struct AtWork(Option<Arc<Queue>>);

impl Drop for AtWork {
    fn drop(&mut self) {
        if let Some(queue) = &self.0 {
            queue.lock().busy = false;
        }
    }
}
