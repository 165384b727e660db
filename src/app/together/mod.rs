//! What many callers do at the same time is done together: each waits in a queue; one task takes all that waits, does it
//! in one transaction and answers each afterwards. Alone, an act costs one transaction; under load, many cost one. Two
//! queues: acts, which share a commit (an entry by itself, a request kept, the redemption of a code, an answer of userinfo),
//! and questions, which share one view of the data (a service, a token). What a request shows once is spent with its act.
mod commit;
mod look;
mod queue;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::secret::HashedToken;
use crate::log::draft::Draft;

use super::App;
use super::give_userinfo::Seen;
use super::record::{RecordError, Recorded};
use super::redeem_code::exchange::{Looked, Request};
use super::shown_once::{Again, ShownOnce};
use crate::store::authorization::NewRequest;

pub(super) use look::{service, token};
use queue::{Queue, Shared, enter};

/// What waits in this process.
#[derive(Debug, Default)]
pub struct Together {
    acts: Arc<Queue<Act>>,
    questions: Arc<Queue<look::Question>>,
}

/// What one caller wants done.
#[derive(Debug)]
enum Act {
    /// An entry that is an act's only write. `source`: blind index of where a refusal came from; absent for what is
    /// always written.
    Entry {
        draft: Draft,
        source: Option<Vec<u8>>,
    },
    /// What a request shows once, and nothing else: it is refused, or does the rest by itself.
    Spend(ShownOnce),
    /// A request of a service that is to wait for its answer.
    Keep(Box<NewRequest>, ShownOnce),
    Redeem(Request),
    /// A token, shown with proof of a key or without.
    Userinfo(HashedToken, ShownOnce),
}

/// What became of it.
#[derive(Debug)]
enum Done {
    /// Absent when the entry is one of a flood, only counted.
    Entry(Option<Recorded>),
    /// Spent, and kept if there was something to keep; or what had been shown before.
    Spent(Option<Again>),
    Redeem(Looked),
    Userinfo(Seen),
}

impl Shared for Act {
    type Done = Done;
    type Error = RecordError;

    fn queue(app: &App) -> &Arc<Queue<Self>> {
        &app.together.acts
    }

    /// Of two redemptions of one code the second waits for the commit after, and finds the code redeemed.
    fn fit() -> impl FnMut(&Self) -> bool {
        let mut codes: BTreeSet<HashedToken> = BTreeSet::new();
        move |act| match act {
            Self::Redeem(request) => request.hash().is_none_or(|hash| codes.insert(hash.clone())),
            Self::Entry { .. } | Self::Spend(_) | Self::Keep(..) | Self::Userinfo(..) => true,
        }
    }

    fn all(app: &App, acts: &[Self]) -> impl Future<Output = Result<Vec<Done>, RecordError>> + Send {
        commit::all(app, acts)
    }

    /// What happened is told whoever has left; a code is not redeemed, nor a request kept, for nobody.
    fn outlives_its_caller(&self) -> bool {
        matches!(self, Self::Entry { .. })
    }

    fn lost() -> RecordError {
        RecordError::Shared
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
        Done::Spent(_) | Done::Redeem(_) | Done::Userinfo(_) => Err(RecordError::Shared),
    }
}

/// Spends what a request shows once; what had been shown before, if any was.
pub(super) async fn spend(app: &App, once: ShownOnce) -> Result<Option<Again>, RecordError> {
    if once.is_empty() { Ok(None) } else { spent(app, Act::Spend(once)).await }
}

/// Keeps a request, unless what comes with it had been shown before.
pub(super) async fn keep(
    app: &App,
    request: NewRequest,
    once: ShownOnce,
) -> Result<Option<Again>, RecordError> {
    spent(app, Act::Keep(Box::new(request), once)).await
}

async fn spent(app: &App, act: Act) -> Result<Option<Again>, RecordError> {
    match enter(app, act).await? {
        Done::Spent(again) => Ok(again),
        Done::Entry(_) | Done::Redeem(_) | Done::Userinfo(_) => Err(RecordError::Shared),
    }
}

/// Redeems a code, or says why not.
pub(super) async fn redeem(app: &App, request: Request) -> Result<Looked, RecordError> {
    match enter(app, Act::Redeem(request)).await? {
        Done::Redeem(looked) => Ok(looked),
        Done::Entry(_) | Done::Spent(_) | Done::Userinfo(_) => Err(RecordError::Shared),
    }
}

/// Looks a token up for userinfo, and writes that its answer is given.
pub(super) async fn userinfo(app: &App, token: HashedToken, once: ShownOnce) -> Result<Seen, RecordError> {
    match enter(app, Act::Userinfo(token, once)).await? {
        Done::Userinfo(seen) => Ok(seen),
        Done::Entry(_) | Done::Spent(_) | Done::Redeem(_) => Err(RecordError::Shared),
    }
}
