//! What a node remembers of the log, held against the database: the head it signed last, or saw signed.
use super::head::HeadError;
use super::keeper::{KeepError, Keeper, check, signed, state};
use crate::app::App;
use crate::app::record;
use crate::app::tree as stored;
use crate::log::checkpoint::Checkpoint;
use crate::log::draft::Draft;
use crate::log::epoch;
use crate::log::kind::{Kind, Role};
use crate::log::note::{NoteKey, SignedNote};
use crate::store::{Access, StoreError, epoch as store_epoch, tree};
use crate::view;

impl Keeper {
    /// The head this node remembers; `None` when it never signed one. It may be signed with a key that was replaced
    /// since: the succession of the keys, signed by those that came after, says so.
    pub async fn remembered(&self, app: &App) -> Result<Option<Checkpoint>, KeepError> {
        let Some(note) = self.head.load()? else { return Ok(None) };
        let cause = match app.log.open_checkpoint(&note) {
            Ok(head) => return Ok(Some(head)),
            Err(cause) => cause,
        };
        let replaced = view!(app.store, tx => { replaced(app, tx).await })?;
        let opened = replaced.iter().find_map(|key| epoch::open(&note, key).ok());
        opened.map(Some).ok_or_else(|| self.head.content(cause).into())
    }

    /// Whether this node could continue the log, changing nothing and taking no lease: the last head it remembers,
    /// if any, once it is certain that the database still holds it.
    pub async fn examine(&self, app: &App) -> Result<Option<Checkpoint>, KeepError> {
        // The memory is read before the database. What it remembers may not be published yet, but its lines are in
        // the tree already and never leave it: a service at work cannot make this comparison wrong.
        let mut head = self.remembered(app).await?;
        let examine = async |head: Option<&Checkpoint>| view!(app.store, tx => { check(tx, head).await });
        match examine(head.as_ref()).await {
            // Perhaps the very first head was signed between the two looks.
            Err(KeepError::NoMemory) => {
                head = self.remembered(app).await?;
                examine(head.as_ref()).await?;
            }
            other => _ = other?,
        }
        Ok(head)
    }

    /// Examines, and takes the latest published head as this node's memory if it extends what it remembers: a node that
    /// never has its turn to sign knows as well as the others how far the log was signed. One that remembers nothing
    /// takes nothing: that is for a human to say.
    pub async fn follow(&self, app: &App) -> Result<(), KeepError> {
        let Some(head) = self.examine(app).await? else { return Ok(()) };
        let later = view!(app.store, tx => {
            let latest = tree::latest_checkpoint(tx).await?.filter(|row| row.size > signed(head.size));
            let Some(row) = latest else { return Ok::<_, KeepError>(None) };
            let note: SignedNote = row.note.parse().map_err(|_| KeepError::Forged)?;
            let later = app.log.open_checkpoint(&note).map_err(|_| KeepError::Forged)?;
            check(tx, Some(&later)).await?;
            Ok(Some(note))
        })?;
        match later {
            Some(note) => Ok(self.head.save(&note)?),
            None => Ok(()),
        }
    }

    /// Takes the latest signed head of the database as this node's memory, when it has none and the stored tree
    /// has that root; also when its memory is of an epoch that was left, or cannot be read. A human decided it: the
    /// entry says so.
    pub async fn trust(&self, app: &App) -> Result<Checkpoint, KeepError> {
        let memory = self.memory_to_replace(app).await?;
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
            .fact("root", head.root.hex().as_str())
            .fact("memory", memory);
        record::append(app, entry).await?;
        self.head.save(&note)?;
        Ok(head)
    }

    /// What trusting a head replaces; refused when it is a memory that still holds.
    async fn memory_to_replace(&self, app: &App) -> Result<&'static str, KeepError> {
        let head = match self.remembered(app).await {
            Ok(None) => return Ok("none"),
            Err(KeepError::Head(error @ HeadError::Content { .. })) => {
                tracing::warn!(%error, "a memory that cannot be read counts as none");
                return Ok("damaged");
            }
            other => other?,
        };
        let now = view!(app.store, tx => { state(tx).await })?.epoch;
        match head {
            Some(head) if epoch::split(&head.origin).1 >= now => Err(KeepError::Remembers(head.size)),
            _ => Ok("former_epoch"),
        }
    }
}

/// The keys that the present ones replaced, newest first.
async fn replaced(app: &App, tx: &mut impl Access) -> Result<Vec<NoteKey>, StoreError> {
    let notes = store_epoch::successions(tx, i64::MAX).await?;
    let notes = notes.iter().filter_map(|note| note.parse::<SignedNote>().ok());
    let present = app.log.signers().iter().map(|signer| signer.key().clone());
    Ok(epoch::replaced(present.collect(), notes))
}
