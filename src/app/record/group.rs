//! Acts whose only write is their log entry share one commit, and refusals that come in floods are counted.
//!
//! A caller puts its draft in the queue and waits for its turn to write; whoever gets the turn first writes all
//! that waits in one transaction and answers each of them after the commit. Alone, it costs one transaction;
//! under load, many acts cost one.
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use time::Duration;
use tokio::sync::oneshot;

use super::{RecordError, Recorded, record_all};
use crate::app::App;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::{WriteTx, refusal};
use crate::transact;

/// Entries under one commit.
const AT_ONCE: usize = 64;
/// Refusals of one kind from one source that are copied in a minute; the others are counted.
const COPIED_PER_SOURCE: i64 = 20;
/// Refusals copied in a minute whatever their kind and source.
const COPIED_IN_ALL: i64 = 600;
/// Sources told apart in the entry of one kind and minute.
const SOURCES_TOLD: usize = 20;

type Answer = oneshot::Sender<Result<Option<Recorded>, RecordError>>;

/// What waits for the next shared commit.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Waiting {
    draft: Draft,
    /// Blind index of where a refusal came from; absent for what is always written.
    source: Option<Vec<u8>>,
    answer: Answer,
}

impl Queue {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting();
        let count = waiting.len().min(AT_ONCE);
        waiting.drain(..count).collect()
    }
}

/// Writes an entry in a commit shared with others; returns after the commit.
pub async fn append(app: &App, draft: Draft) -> Result<Recorded, RecordError> {
    enter(app, draft, None).await?.ok_or(RecordError::Shared)
}

/// Writes a refusal, in a transaction of its own since the act's was rolled back. `source` tells one origin of
/// requests from another (an address, a client); beyond a rate its refusals are only counted, and `None` returned.
pub async fn refuse(app: &App, draft: Draft, source: &str) -> Result<Option<Recorded>, RecordError> {
    let source = app.sealer.blind_index("refusal source", source.as_bytes());
    enter(app, draft, Some(source)).await
}

async fn enter(app: &App, draft: Draft, source: Option<Vec<u8>>) -> Result<Option<Recorded>, RecordError> {
    let (answer, answered) = oneshot::channel();
    let queue = app.log.queue.clone();
    queue.waiting().push(Waiting { draft, source, answer });
    // A caller that goes away must not take the others' entries with it: the writing is a task of its own.
    let app = app.clone();
    tokio::spawn(async move {
        let _turn = queue.turn.lock().await;
        let batch = queue.take();
        if !batch.is_empty() {
            write(&app, batch).await;
        }
    });
    answered.await.map_err(|_| RecordError::Shared)?
}

async fn write(app: &App, batch: Vec<Waiting>) {
    let (mut work, answers): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|one| ((one.draft, one.source), one.answer)).unzip();
    // Locks on mandates are taken in one order, whoever writes.
    let mut order: Vec<usize> = (0..work.len()).collect();
    order.sort_by_key(|place| work.get(*place).and_then(|(draft, _)| draft.mandate_id()));
    if answers.len() > 1 {
        match commit(app, &work, &order).await {
            Ok(recorded) => {
                answers.into_iter().zip(recorded).for_each(|(answer, one)| _ = answer.send(Ok(one)));
                return;
            }
            // One of them is at fault: each is written alone, and told its own.
            Err(error) => tracing::warn!(%error, entries = answers.len(), "shared commit failed"),
        }
    }
    for (answer, one) in answers.into_iter().zip(work.drain(..)) {
        let outcome = commit(app, &[one], &[0]).await.map(|recorded| recorded.into_iter().next().flatten());
        let _ = answer.send(outcome);
    }
}

/// One transaction; the answers in the order of `work`.
async fn commit(
    app: &App,
    work: &[(Draft, Option<Vec<u8>>)],
    order: &[usize],
) -> Result<Vec<Option<Recorded>>, RecordError> {
    transact!(app.store, "append_entries", tx => {
        let copied = copied(app, tx, work).await?;
        let places: Vec<usize> =
            order.iter().copied().filter(|place| copied.get(*place).copied().unwrap_or(true)).collect();
        let drafts = places.iter().filter_map(|place| work.get(*place).map(|(draft, _)| draft.clone())).collect();
        let recorded = record_all(app, tx, drafts).await?;
        let mut answers = vec![None; work.len()];
        for (place, one) in places.into_iter().zip(recorded) {
            if let Some(answer) = answers.get_mut(place) {
                *answer = Some(one);
            }
        }
        Ok::<_, RecordError>(answers)
    })
}

/// Which of the entries are copied into the log; the others are refusals of a flood, counted here.
async fn copied(
    app: &App,
    tx: &mut WriteTx,
    work: &[(Draft, Option<Vec<u8>>)],
) -> Result<Vec<bool>, RecordError> {
    let minute = minute(app.now());
    let mut by_source: BTreeMap<(&str, &[u8]), Vec<usize>> = BTreeMap::new();
    for (place, (draft, source)) in work.iter().enumerate() {
        if let Some(source) = source {
            by_source.entry((draft.kind().token(), source)).or_default().push(place);
        }
    }
    let mut copied = vec![true; work.len()];
    for ((kind, source), places) in by_source {
        let more = i64::try_from(places.len()).unwrap_or(i64::MAX);
        let so_far = refusal::count(tx, kind, source, minute, more).await? - more;
        let room = (COPIED_PER_SOURCE - so_far).clamp(0, more);
        let in_all = if room == 0 { 0 } else { refusal::count(tx, "", &[], minute, room).await? - room };
        let room = usize::try_from((COPIED_IN_ALL - in_all).clamp(0, room)).unwrap_or(0);
        if room < places.len() {
            let beyond = i64::try_from(places.len() - room).unwrap_or(i64::MAX);
            refusal::leave_out(tx, kind, source, minute, beyond).await?;
        }
        for place in places.into_iter().skip(room) {
            if let Some(one) = copied.get_mut(place) {
                *one = false;
            }
        }
    }
    Ok(copied)
}

fn minute(now: Timestamp) -> Timestamp {
    now - Duration::microseconds(now.unix_micros().rem_euclid(60_000_000))
}

/// Turns the counts of past minutes into entries, one per kind and source, and one more for the kind when the
/// sources are too many. Run every minute by one node.
pub async fn count_refusals(app: &App) -> Result<usize, RecordError> {
    let before = minute(app.now());
    transact!(app.store, "count_refusals", tx => {
        let mut drafts = Vec::new();
        let mut told: BTreeMap<(Timestamp, String), (usize, i64)> = BTreeMap::new();
        for row in refusal::take_before(tx, before).await? {
            let (sources, rest) = told.entry((row.minute, row.kind.clone())).or_default();
            *sources += 1;
            if *sources > SOURCES_TOLD {
                *rest += row.left_out;
                continue;
            }
            let source = data_encoding::HEXLOWER.encode(row.source.get(..8).unwrap_or_default());
            drafts.push(counted(&row.kind, row.minute, row.left_out).fact("source", source.as_str()));
        }
        for ((minute, kind), (sources, rest)) in told {
            if rest > 0 {
                let others = i64::try_from(sources - SOURCES_TOLD).unwrap_or(i64::MAX);
                drafts.push(counted(&kind, minute, rest).fact("sources", others));
            }
        }
        let written = drafts.len();
        record_all(app, tx, drafts).await?;
        Ok::<_, RecordError>(written)
    })
}

fn counted(kind: &str, minute: Timestamp, refusals: i64) -> Draft {
    Draft::done(Kind::RefusalsCounted)
        .by_role(Role::System)
        .fact("of", kind)
        .fact("minute", minute)
        .fact("refusals", refusals)
}
