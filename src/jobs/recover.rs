//! A human's decision to go on with a database that lost signed entries, or that holds another history: a new epoch of
//! the log, which commits to the last head this node remembers and says what was lost.
use super::keeper::{self, KeepError, Keeper, State};
use crate::app::App;
use crate::app::record;
use crate::domain::ids::EntryId;
use crate::log::checkpoint::Checkpoint;
use crate::log::draft::Draft;
use crate::log::epoch as named;
use crate::log::kind::{Kind, Role};
use crate::store::epoch::{self, EpochRow};
use crate::store::{WriteTx, tree};
use crate::{transact, view};

/// What a recovery gives up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    pub epoch: u32,
    /// Entries of the database that begin the new epoch.
    pub kept: u64,
    /// The last head this node remembers.
    pub last: Checkpoint,
    /// The entries kept are not those that were signed: which ones differ cannot be said.
    pub rewritten: bool,
}

impl Loss {
    /// Signed entries that the database no longer has.
    pub fn lost(&self) -> u64 {
        self.last.size.saturating_sub(self.kept)
    }
}

impl Keeper {
    /// The epoch the log is in.
    pub async fn epoch(&self, app: &App) -> Result<u32, KeepError> {
        Ok(view!(app.store, tx => { keeper::state(tx).await })?.epoch)
    }

    /// What [`Keeper::recover`] would give up; refused when this node can continue the log as it is.
    pub async fn loss(&self, app: &App) -> Result<Loss, KeepError> {
        let last = self.remembered(app).await?.ok_or(KeepError::NoMemory)?;
        view!(app.store, tx => {
            let wrong = keeper::check(tx, Some(&last)).await;
            let state = keeper::state(tx).await?;
            Loss::of(&last, &state, wrong)
        })
    }

    /// Opens a new epoch on the database as it is. Begun and interrupted, it is finished by running it again.
    pub async fn recover(&self, app: &App) -> Result<(Loss, Checkpoint), KeepError> {
        let last = self.remembered(app).await?.ok_or(KeepError::NoMemory)?;
        let now = app.now();
        let (loss, next) = transact!(app.store, "recover_log", tx => {
            if !self.lead(tx, now).await? {
                return Err(KeepError::Busy);
            }
            let wrong = keeper::check(tx, Some(&last)).await;
            let mut state = keeper::state(tx).await?;
            let loss = if let Some(loss) = begun(tx, &last).await? {
                loss
            } else {
                let loss = Loss::of(&last, &state, wrong)?;
                open(app, tx, &loss).await?;
                state.size += 1;
                loss
            };
            let root = crate::app::tree::root(tx, state.size).await?;
            let origin = app.log.origin_of(loss.epoch)?;
            Ok::<_, KeepError>((loss, Checkpoint { origin, size: state.size, root }))
        })?;
        self.publish(app, &next).await?;
        Ok((loss, next))
    }
}

impl Loss {
    fn of(last: &Checkpoint, state: &State, wrong: Result<State, KeepError>) -> Result<Self, KeepError> {
        let rewritten = match wrong {
            Ok(_) => return Err(KeepError::NothingLost),
            Err(KeepError::Behind { .. } | KeepError::EpochGone { .. }) => false,
            Err(KeepError::Rewritten { .. }) => true,
            Err(other) => return Err(other),
        };
        let epoch = named::split(&last.origin).1.max(state.epoch) + 1;
        Ok(Self { epoch, kept: state.size, last: last.clone(), rewritten })
    }
}

/// A recovery that committed to this very head and has no signed head of its own yet: its node was stopped in between.
async fn begun(tx: &mut WriteTx, last: &Checkpoint) -> Result<Option<Loss>, KeepError> {
    let Some(row) = epoch::latest(tx).await? else { return Ok(None) };
    let signed = tree::latest_checkpoint(tx).await?.map_or(0, |head| head.size);
    let ours = row.last_size == keeper::signed(last.size) && row.last_root == last.root.bytes();
    if !ours || signed > row.kept {
        return Ok(None);
    }
    Ok(Some(Loss {
        epoch: u32::try_from(row.number).unwrap_or(u32::MAX),
        kept: u64::try_from(row.kept).unwrap_or(0),
        last: last.clone(),
        rewritten: false,
    }))
}

/// The first entry of the new epoch, in its place.
async fn open(app: &App, tx: &mut WriteTx, loss: &Loss) -> Result<EntryId, KeepError> {
    let (kept, last_epoch) = (keeper::signed(loss.kept), i64::from(named::split(&loss.last.origin).1));
    let entry = Draft::done(Kind::LogRecovered)
        .by_role(Role::Operator)
        .fact("epoch", i64::from(loss.epoch))
        .fact("kept", kept)
        .fact("last_epoch", last_epoch)
        .fact("last_size", keeper::signed(loss.last.size))
        .fact("last_root", loss.last.root.hex().as_str())
        .fact("state", if loss.rewritten { "rewritten" } else { "behind" });
    let id = record::record(app, tx, entry).await?.id;
    epoch::place(tx, kept, id).await?;
    keeper::extend(tx, loss.kept).await?;
    let row = EpochRow {
        number: i64::from(loss.epoch),
        entry_id: id,
        kept,
        last_epoch,
        last_size: keeper::signed(loss.last.size),
        last_root: loss.last.root.bytes().to_vec(),
    };
    epoch::open(tx, &row).await?;
    Ok(id)
}
