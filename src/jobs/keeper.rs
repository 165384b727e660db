//! Keeps the log: places committed entries in the tree, and signs its head. One node does it at a time, by lease;
//! each step is one transaction, so a node killed anywhere leaves nothing half done.
use std::cmp::Ordering;

use time::Duration;

use super::head::{HeadError, HeadFile};
use crate::app::App;
use crate::app::record::{self, RecordError};
use crate::app::tree::{self as stored, TreeError};
use crate::domain::time::Timestamp;
use crate::log::checkpoint::Checkpoint;
use crate::log::draft::Draft;
use crate::log::epoch;
use crate::log::kind::{Kind, Role};
use crate::log::merkle::Hash;
use crate::log::note::SignedNote;
use crate::store::tree::{self, CheckpointRow};
use crate::store::{Access, AsStoreError, StoreError, WriteTx, epoch as store_epoch, lease};
use crate::{transact, view};

const LEASE: &str = "log";
/// A node that stops working is replaced after this long.
const HELD_FOR: Duration = Duration::seconds(15);
/// Entries placed in one transaction; SQLite's writer is not held longer than some tens of milliseconds.
pub const BATCH: i64 = 500;
/// The alarm operators see while the log is not signed.
pub const ALARM: &str = crate::app::alarms::LOG_HEAD;

/// One node's part in keeping the log.
#[derive(Clone, Debug)]
pub struct Keeper {
    /// Tells this node from the others.
    holder: String,
    pub(super) head: HeadFile,
}

/// The stored tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) size: u64,
    pub(super) epoch: u32,
}

/// Why the log is not continued. All but database faults are alarms for a human.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Head(#[from] HeadError),
    #[error("the database holds {found} lines of the log, but {signed} were signed: it was rolled back")]
    Behind { found: u64, signed: u64 },
    #[error("the first {signed} lines of the log are not those that were signed: the database was rewritten")]
    Rewritten { signed: u64 },
    #[error(
        "the log has signed heads but this node remembers none: `entremise log trust-head` after checking"
    )]
    NoMemory,
    #[error(
        "this node signed in epoch {signed} of the log, but the database is in epoch {found}: it was rolled back"
    )]
    EpochGone { found: u32, signed: u32 },
    #[error(
        "the log was recovered elsewhere and is in epoch {found}, this node remembers epoch {signed}: \
        `entremise log trust-head` after checking"
    )]
    NewEpoch { found: u32, signed: u32 },
    #[error("this node can continue the log: nothing is lost")]
    NothingLost,
    #[error("another node keeps the log just now: try again in some seconds")]
    Busy,
    #[error("there is no log key")]
    NoKey,
    #[error("this node already remembers a head of {0} lines: nothing to trust")]
    Remembers(u64),
    #[error("the database holds no signed head: nothing to trust")]
    NoHead,
    #[error("the latest head of the database is not signed with this log's key")]
    Forged,
    #[error("the log is not continued here: {0}")]
    Witness(String),
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl AsStoreError for KeepError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Tree(error) => error.as_store_error(),
            Self::Record(error) => error.as_store_error(),
            _ => None,
        }
    }
}

impl Keeper {
    pub fn new(holder: impl Into<String>, head: HeadFile) -> Self {
        Self { holder: holder.into(), head }
    }

    /// Gives places to at most [`BATCH`] committed entries, after checking that the tree still extends the last
    /// head signed here. Returns how many; 0 also when another node keeps the log.
    pub async fn sequence(&self, app: &App) -> Result<u64, KeepError> {
        let head = self.head.load(&app.log)?;
        let now = app.now();
        transact!(app.store, "sequence", tx => {
            if !self.lead(tx, now).await? {
                return Ok::<_, KeepError>(0);
            }
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
        Ok(view!(app.store, tx => { lease::was_mine(tx, LEASE, holder, now).await })? == Some(false))
    }

    /// Takes the lease, or keeps it.
    pub(super) async fn lead(&self, tx: &mut WriteTx, now: Timestamp) -> Result<bool, StoreError> {
        lease::hold(tx, LEASE, &self.holder, now, now + HELD_FOR).await
    }

    /// Takes the latest signed head of the database as this node's memory, when it has none and the stored tree
    /// has that root; also when its memory is of an epoch that was left. A human decided it: the entry says so.
    pub async fn trust(&self, app: &App) -> Result<Checkpoint, KeepError> {
        if let Some(head) = self.head.load(&app.log)? {
            let now = view!(app.store, tx => { state(tx).await })?.epoch;
            if epoch::split(&head.origin).1 >= now {
                return Err(KeepError::Remembers(head.size));
            }
        }
        let (note, head) = view!(app.store, tx => {
            let row = tree::latest_checkpoint(tx).await?.ok_or(KeepError::NoHead)?;
            let note: SignedNote = row.note.parse().map_err(|_| KeepError::Forged)?;
            let head = app.log.open_checkpoint(&note).map_err(|_| KeepError::Forged)?;
            if epoch::split(&head.origin).1 != state(tx).await?.epoch {
                return Err(KeepError::NoHead);
            }
            if stored::root(tx, head.size).await? != head.root {
                return Err(KeepError::Rewritten { signed: head.size });
            }
            Ok((note, head))
        })?;
        let entry = Draft::done(Kind::LogHeadTrusted)
            .by_role(Role::Operator)
            .fact("size", signed(head.size))
            .fact("root", head.root.hex().as_str());
        record::append(app, entry).await?;
        self.head.save(&note)?;
        Ok(head)
    }

    /// Whether this node could continue the log, changing nothing and taking no lease: the last head it remembers,
    /// if any, once it is certain that the database still holds it.
    pub async fn examine(&self, app: &App) -> Result<Option<Checkpoint>, KeepError> {
        // The memory is read before the database. What it remembers may not be published yet, but its lines are in
        // the tree already and never leave it: a service at work cannot make this comparison wrong.
        let mut head = self.head.load(&app.log)?;
        let examine = async |head: Option<&Checkpoint>| view!(app.store, tx => { check(tx, head).await });
        match examine(head.as_ref()).await {
            // Perhaps the very first head was signed between the two looks.
            Err(KeepError::NoMemory) => {
                head = self.head.load(&app.log)?;
                examine(head.as_ref()).await?;
            }
            other => _ = other?,
        }
        Ok(head)
    }

    /// Signs the present head if it says more than the last one signed. The head is remembered here before it
    /// is published, so that nothing that contradicts it can ever be signed.
    pub async fn sign(&self, app: &App) -> Result<Option<Checkpoint>, KeepError> {
        let head = self.head.load(&app.log)?;
        let now = app.now();
        let next = transact!(app.store, "read_head", tx => {
            if !self.lead(tx, now).await? {
                return Ok::<_, KeepError>(None);
            }
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
