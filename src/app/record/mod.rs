//! How use cases write the action log: an entry in the act's own transaction, or, for acts whose only write is
//! their entry, one commit shared by many (`append`, `refuse`).
mod beside;
mod pseudonyms;
pub(super) mod refusals;

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::crypto::keyring::LogSeed;
use crate::crypto::seal::SealError;
use crate::domain::ids::{Entropy, EntryId, MandateId};
use crate::domain::time::Timestamp;
use crate::log::checkpoint::{Checkpoint, CheckpointError};
use crate::log::draft::{Draft, DraftError, Stamp};
use crate::log::epoch;
use crate::log::merkle::Hash;
use crate::log::note::{LogSigner, NoteError, SignedNote};
use crate::log::part::Part;
use crate::log::promise::{Promise, SignedPromise};
use crate::log::token::Token;
use crate::store::action_log::{self, NewEntry, NewPart};
use crate::store::{AsStoreError, StoreError, WriteTx};

use super::App;
pub use beside::Origin;
pub(super) use beside::acted;
use pseudonyms::Known;
pub(super) use pseudonyms::pseudonym;
pub use pseudonyms::{FreshPseudonym, Who, fresh_pseudonym};
pub use refusals::{append, count_refusals, refuse};

/// Seconds within which an entry is in the tree and under a signed head, as promised on paper: the sequencer
/// and the signer need some twelve; the rest is for a node that has to take over.
pub const PROMISED_DELAY: u32 = 300;

/// What the process needs to write the log. One per process, in [`App`].
#[derive(Debug)]
pub struct Recorder {
    origin: Token,
    /// The first signs promises; all sign heads, so that a rotation is signed by both keys.
    signers: Vec<LogSigner>,
    known: Mutex<Known>,
}

/// What a use case gets back: the id that act rows refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub id: EntryId,
    pub time: Timestamp,
    pub leaf: Hash,
}

#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the entry cannot be written: {0}")]
    Draft(#[from] DraftError),
    #[error("the entry names a mandate, person or user that does not exist")]
    Unknown,
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The commit that many entries shared failed; its cause was told to the journal.
    #[error("the log could not be written")]
    Shared,
}

impl AsStoreError for RecordError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl Recorder {
    /// `origin`: the deployment's name. `seeds`: the log keys, newest first.
    pub fn new(origin: &str, seeds: &[LogSeed]) -> Result<Self, NoteError> {
        let origin = Token::new(origin)?;
        let signers = seeds.iter().map(|seed| LogSigner::from_seed(origin.clone(), seed.bytes()));
        Ok(Self { signers: signers.collect::<Result<_, _>>()?, origin, known: Mutex::default() })
    }

    pub fn origin(&self) -> &Token {
        &self.origin
    }

    pub fn signers(&self) -> &[LogSigner] {
        &self.signers
    }

    /// The name that the heads of an epoch bear.
    pub fn origin_of(&self, epoch: u32) -> Result<Token, NoteError> {
        Ok(epoch::origin(&self.origin, epoch)?)
    }

    /// Signs a head with every log key, so that a rotation is signed by both; `None` without a key.
    pub fn sign_checkpoint(&self, head: &Checkpoint) -> Option<SignedNote> {
        let (first, others) = self.signers.split_first()?;
        let mut note = head.sign(&first.named(&head.origin));
        for signer in others {
            note.also(&signer.named(&head.origin));
        }
        Some(note)
    }

    /// Reads a head of any epoch signed with any of the log keys.
    pub fn open_checkpoint(&self, note: &SignedNote) -> Result<Checkpoint, CheckpointError> {
        let mut last = Err(CheckpointError::Note(NoteError::Unsigned(self.origin.to_string())));
        for signer in &self.signers {
            last = epoch::open(note, signer.key());
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// The signed promise that `entry`, once committed, will be in the tree; `None` without a log key.
    pub fn promise(&self, entry: &Recorded) -> Option<SignedPromise> {
        let signer = self.signers.first()?;
        Some(Promise::sign(entry.leaf, entry.time, PROMISED_DELAY, signer))
    }
}

/// The id of an entry about to be written: the row of an act names it, and what decides whether the act is done at all
/// is the change of that row. The database holds both to the same commit.
pub fn reserve(app: &App) -> EntryId {
    EntryId::new(app.now(), &*app.entropy)
}

/// Writes one entry in the act's transaction.
pub async fn record(app: &App, tx: &mut WriteTx, draft: Draft) -> Result<Recorded, RecordError> {
    record_all(app, tx, vec![draft]).await?.pop().ok_or(RecordError::Unknown)
}

/// Writes several entries at once, in the order given.
pub async fn record_all(
    app: &App,
    tx: &mut WriteTx,
    drafts: Vec<Draft>,
) -> Result<Vec<Recorded>, RecordError> {
    let entries = prepare(app, tx, drafts).await?;
    insert(tx, &entries).await?;
    Ok(entries.iter().map(Prepared::recorded).collect())
}

/// An entry ready to be inserted.
pub(super) struct Prepared {
    entry: NewEntry,
    parts: Vec<NewPart>,
}

impl Prepared {
    pub(super) fn recorded(&self) -> Recorded {
        let NewEntry { leaf, hash, .. } = &self.entry;
        Recorded { id: leaf.id, time: leaf.time, leaf: *hash }
    }
}

/// Gives entries their ids, pseudonyms and numbers, in the order given. Whoever took the next number of a mandate
/// holds the mandate's row until the transaction ends.
pub(super) async fn prepare(
    app: &App,
    tx: &mut WriteTx,
    drafts: Vec<Draft>,
) -> Result<Vec<Prepared>, RecordError> {
    let mut wanted: BTreeMap<MandateId, i64> = BTreeMap::new();
    for (id, _) in drafts.iter().filter_map(Draft::mandate_id).filter(|(_, created)| !created) {
        *wanted.entry(id).or_default() += 1;
    }
    let mut next = action_log::take_sequences(tx, &wanted).await?;
    for (id, number) in &mut next {
        *number -= wanted.get(id).copied().unwrap_or_default();
    }
    let mut prepared = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let seq = match draft.mandate_id() {
            None => None,
            Some((_, true)) => Some(1),
            Some((id, false)) => {
                let number = next.get_mut(&id).ok_or(RecordError::Unknown)?;
                *number += 1;
                Some(*number)
            }
        };
        prepared.push(prepare_one(app, tx, draft, seq).await?);
    }
    Ok(prepared)
}

async fn prepare_one(
    app: &App,
    tx: &mut WriteTx,
    draft: Draft,
    seq: Option<i64>,
) -> Result<Prepared, RecordError> {
    let people = pseudonyms::resolve(app, tx, &draft).await?;
    let time = app.now();
    let entropy: &dyn Entropy = &*app.entropy;
    let id = draft.id().unwrap_or_else(|| EntryId::new(time, entropy));
    let stamp = Stamp { origin: app.log.origin.clone(), id, time, seq, people };
    let (leaf, parts) = draft.finish(stamp, entropy)?;
    let bytes = leaf.encode();
    let hash = crate::log::merkle::leaf_hash(&bytes);
    let parts = parts.iter().map(|part| seal(app, id, part)).collect::<Result<_, _>>()?;
    Ok(Prepared { entry: NewEntry { leaf, bytes, hash }, parts })
}

/// Entries in one statement: each binds fifteen values and its parts a dozen, and SQLite takes 32 766.
const AT_ONCE: usize = 500;

/// Writes prepared entries: two statements, or two for each five hundred.
pub(super) async fn insert(tx: &mut WriteTx, entries: &[Prepared]) -> Result<(), RecordError> {
    for some in entries.chunks(AT_ONCE) {
        let parts: Vec<_> = some.iter().flat_map(|entry| &entry.parts).collect();
        let entries: Vec<_> = some.iter().map(|entry| &entry.entry).collect();
        action_log::insert(tx, &entries, &parts).await?;
    }
    Ok(())
}

fn seal(app: &App, entry_id: EntryId, part: &Part) -> Result<NewPart, RecordError> {
    let clear = zeroize::Zeroizing::new([&part.nonce[..], part.bytes()].concat());
    let sealed = app.sealer.seal(action_log::part_place(&entry_id, part.kind), &clear)?;
    Ok(NewPart { entry_id, kind: part.kind, sealed })
}
