//! The keys that sign the log: a new one is introduced by a note that the old and the new key sign, which is itself in
//! the log; the old one is retired once heads signed by both are everywhere.
use crate::crypto::keyring::LogSeed;
use crate::log::draft::Draft;
use crate::log::epoch::{self, Succession};
use crate::log::kind::{Kind, Role};
use crate::log::merkle::Hash;
use crate::log::note::{LogSigner, NoteError, SignedNote};
use crate::store::{AsStoreError, StoreError, epoch as stored, tree};
use crate::{transact, view};

use super::App;
use super::record::{self, RecordError};

#[derive(Debug, thiserror::Error)]
pub enum LogKeyError {
    #[error("there is no log key: `entremise keys generate`")]
    NoKey,
    #[error("the log has one key only: nothing to retire")]
    OnlyOne,
    #[error(
        "the latest head is not yet signed with the newest key: restart every node with it, and wait for the next head"
    )]
    NotYet,
    #[error(transparent)]
    Key(#[from] NoteError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl AsStoreError for LogKeyError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            _ => None,
        }
    }
}

fn key_id(signer: &LogSigner) -> String {
    data_encoding::HEXLOWER.encode(&signer.key().id())
}

/// Introduces a key. To be called before the key is put first in the keys folder: a key introduced and never used
/// does no harm, one used and never introduced convicts the log.
pub async fn introduce(app: &App, seed: &LogSeed) -> Result<SignedNote, LogKeyError> {
    let old = app.log.signers().first().ok_or(LogKeyError::NoKey)?;
    let new = LogSigner::from_seed(app.log.origin().clone(), seed.bytes())?;
    let note = Succession::sign(old, &new, app.now());
    let hash = Hash::of(note.text().as_bytes()).hex();
    transact!(app.store, "introduce_log_key", tx => {
        let draft = Draft::done(Kind::KeyCreated)
            .by_role(Role::Operator)
            .fact("key", "log")
            .fact("id", key_id(&new).as_str())
            .fact("succession", hash.as_str());
        let entry = record::record(app, tx, draft).await?.id;
        stored::succeed(tx, &note.to_string(), entry).await?;
        Ok::<_, LogKeyError>(())
    })?;
    Ok(note)
}

/// Writes down that the oldest key signs no more, once the newest is found under the latest head. To be called before it
/// is taken out of the keys folder.
pub async fn retire(app: &App) -> Result<(), LogKeyError> {
    let [newest, .., oldest] = app.log.signers() else { return Err(LogKeyError::OnlyOne) };
    let latest = view!(app.store, tx => { tree::latest_checkpoint(tx).await })?;
    let signed = latest
        .and_then(|head| head.note.parse().ok())
        .is_some_and(|note: SignedNote| epoch::open(&note, newest.key()).is_ok());
    if !signed {
        return Err(LogKeyError::NotYet);
    }
    let draft = Draft::done(Kind::KeyRetired)
        .by_role(Role::Operator)
        .fact("key", "log")
        .fact("id", key_id(oldest).as_str());
    record::append(app, draft).await?;
    Ok(())
}
