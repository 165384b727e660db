//! Keeps the log: places committed entries in the tree, and signs its head. One node does it at a time, by lease;
//! each step is one transaction, so a node killed anywhere leaves nothing half done.
use std::cmp::Ordering;

use time::Duration;

use super::head::HeadFile;
pub use super::keep_error::KeepError;
use crate::app::App;
use crate::app::alarms::LOG_CONTRADICTED;
use crate::app::tree as stored;
use crate::domain::time::Timestamp;
use crate::log::checkpoint::Checkpoint;
use crate::log::epoch;
use crate::log::merkle::Hash;
use crate::log::note::SignedNote;
use crate::store::tree::{self, CheckpointRow};
use crate::store::{Access, StoreError, WriteTx, epoch as store_epoch, lease};
use crate::{transact, view};

const LEASE: &str = "log";
/// A node that stops working is replaced after this long.
const HELD_FOR: Duration = Duration::seconds(15);
/// Entries placed in one transaction; SQLite's writer is not held longer than some tens of milliseconds.
pub const BATCH: i64 = 500;

/// One node's part in keeping the log.
#[derive(Clone, Debug)]
pub struct Keeper {
    /// Tells this process from the others.
    holder: String,
    pub(super) head: HeadFile,
    /// What this node itself says against the database, which it judges anew each time.
    own_alarm: String,
}

/// The stored tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) size: u64,
    pub(super) epoch: u32,
}

impl Keeper {
    pub fn new(holder: impl Into<String>, head: HeadFile) -> Self {
        Self { holder: holder.into(), head, own_alarm: String::new() }
    }

    /// The same, of the node that raises its alarms under this name.
    pub(super) fn of_node(self, node: &str) -> Self {
        Self { own_alarm: format!("{LOG_CONTRADICTED}{node}"), ..self }
    }

    /// Gives places to at most [`BATCH`] committed entries, after checking that the tree still extends the last
    /// head signed here. Returns how many; 0 also when another node keeps the log.
    pub async fn sequence(&self, app: &App) -> Result<u64, KeepError> {
        let head = self.remembered(app).await?;
        let now = app.now();
        transact!(app.store, "sequence", tx => {
            if !self.lead(tx, now).await? {
                return Ok::<_, KeepError>(0);
            }
            self.unopposed(tx).await?;
            let size = check(tx, head.as_ref()).await?.size;
            let placed = tree::place(tx, signed(size), BATCH).await?;
            if placed > 0 {
                extend(tx, size).await?;
            }
            Ok(placed)
        })
    }

    /// Whether continuing the log now would be taking over from another node, or from this program before it was
    /// started again.
    pub(super) async fn takes_over(&self, app: &App) -> Result<bool, StoreError> {
        let (holder, now) = (&self.holder, app.now());
        let mine = view!(app.store, tx => { lease::was_mine(tx, LEASE, holder, now, now + HELD_FOR).await })?;
        Ok(mine == Some(false))
    }

    pub(super) fn file(&self) -> &std::path::Path {
        self.head.path()
    }

    /// Refuses while another node, or a witness, says that this is not the database that was signed: one that remembers
    /// less would not see it, and sign what contradicts it.
    async fn unopposed(&self, tx: &mut impl Access) -> Result<(), KeepError> {
        match tree::alarm_of_others(tx, LOG_CONTRADICTED, &self.own_alarm).await? {
            Some(alarm) => Err(KeepError::Contradicted(format!("{}: {}", alarm.name, alarm.detail))),
            None => Ok(()),
        }
    }

    /// Takes the lease, or keeps it.
    pub(super) async fn lead(&self, tx: &mut WriteTx, now: Timestamp) -> Result<bool, StoreError> {
        lease::hold(tx, LEASE, &self.holder, now, now + HELD_FOR).await
    }

    /// Signs the present head if it says more than the last one signed. The head is remembered here before it
    /// is published, so that nothing that contradicts it can ever be signed.
    pub async fn sign(&self, app: &App) -> Result<Option<Checkpoint>, KeepError> {
        let head = self.remembered(app).await?;
        let now = app.now();
        let next = transact!(app.store, "read_head", tx => {
            if !self.lead(tx, now).await? {
                return Ok::<_, KeepError>(None);
            }
            self.unopposed(tx).await?;
            let State { size, epoch } = check(tx, head.as_ref()).await?;
            if head.as_ref().map_or(size == 0, |head| head.size == size) {
                return republish(tx, head.as_ref()).await;
            }
            let root = stored::root(tx, size).await?;
            Ok(Some(Checkpoint { origin: app.log.origin_of(epoch)?, size, root }))
        })?;
        let Some(next) = next else { return Ok(None) };
        self.publish(app, &next).await?;
        Ok(Some(next))
    }

    /// Signs a head that extends what this node remembers, remembers it, then publishes it.
    pub(super) async fn publish(&self, app: &App, head: &Checkpoint) -> Result<(), KeepError> {
        let note = app.log.sign_checkpoint(head).ok_or(KeepError::NoKey)?;
        self.head.save(&note)?;
        publish(app, head, &note).await
    }
}

/// Takes the leaves placed from `size` on into the tree, and clears their marks.
pub(super) async fn extend(tx: &mut WriteTx, size: u64) -> Result<(), KeepError> {
    let (mut frontier, mut tiles) = stored::edge(tx, size).await?;
    for hash in tree::hashes_from(tx, signed(size)).await? {
        let hash = Hash::from_slice(&hash).map_err(|bad| StoreError::Corrupt(bad.to_string()))?;
        tiles.append(&mut frontier, hash)?;
    }
    for tile in tiles.changed() {
        tree::put_tile(tx, &tile).await?;
    }
    tree::unmark(tx, signed(size)).await?;
    Ok(())
}

/// A node killed between remembering a head and publishing it publishes it now.
async fn republish(tx: &mut WriteTx, head: Option<&Checkpoint>) -> Result<Option<Checkpoint>, KeepError> {
    let published = tree::latest_checkpoint(tx).await?.map_or(0, |row| row.size);
    let unpublished = head.filter(|head| signed(head.size) > published);
    Ok(unpublished.cloned())
}

async fn publish(app: &App, head: &Checkpoint, note: &SignedNote) -> Result<(), KeepError> {
    let row = CheckpointRow {
        size: signed(head.size),
        root: head.root.bytes().to_vec(),
        note: note.to_string(),
        signed_at: app.now(),
    };
    transact!(app.store, "publish_head", tx => { Ok::<_, KeepError>(tree::put_checkpoint(tx, &row).await?) })
}

/// The stored tree as it stands.
pub(super) async fn state(tx: &mut impl Access) -> Result<State, StoreError> {
    let size = u64::try_from(tree::size(tx).await?).unwrap_or(0);
    let epoch = store_epoch::latest(tx).await?.map_or(1, |row| u32::try_from(row.number).unwrap_or(u32::MAX));
    Ok(State { size, epoch })
}

/// The stored tree, once it is certain that it extends the last head signed here.
pub(super) async fn check(tx: &mut impl Access, head: Option<&Checkpoint>) -> Result<State, KeepError> {
    let state = state(tx).await?;
    let Some(head) = head else {
        // The very first head of a new log is the only one that continues nothing.
        return match tree::latest_checkpoint(tx).await? {
            None if state.epoch == 1 => Ok(state),
            _ => Err(KeepError::NoMemory),
        };
    };
    let (size, (found, signed)) = (state.size, (state.epoch, epoch::split(&head.origin).1));
    match signed.cmp(&found) {
        Ordering::Less => return Err(KeepError::NewEpoch { found, signed }),
        Ordering::Greater => return Err(KeepError::EpochGone { found, signed }),
        Ordering::Equal => {}
    }
    if size < head.size {
        return Err(KeepError::Behind { found: size, signed: head.size });
    }
    if stored::root(tx, head.size).await? != head.root {
        return Err(KeepError::Rewritten { signed: head.size });
    }
    Ok(state)
}

/// Sizes are counted in signed integers by the database.
pub(super) fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
