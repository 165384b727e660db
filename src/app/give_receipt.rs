//! The receipt of an entry, for whoever may hold one: the entry, the parts they may see, the proof that it is in
//! the signed log.
use crate::domain::ids::{EntryId, PersonId, StructureId};
use crate::log::draft::Draft;
use crate::log::entry::Leaf;
use crate::log::kind::{Kind, Role};
use crate::log::merkle::{Hash, leaf_hash};
use crate::log::note::SignedNote;
use crate::log::part::{Part, PartKind};
use crate::log::policy::Policy;
use crate::log::proof::check_inclusion;
use crate::log::receipt::Receipt;
use crate::store::action_log::{self, part_place};
use crate::store::tree::CheckpointRow;
use crate::store::{Access, AsStoreError, StoreError, auditor, epoch, export, tree as stored};
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::outside_perimeter::{self, Tried};
use super::record::{self, RecordError};
use super::search_log::{AuditError, perimeter};
use super::tree::{self, TreeError};
use super::witnessing;

#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    #[error("there is no such entry, or not for you")]
    NotFound,
    #[error("no signed head covers this entry yet: it will within seconds")]
    Waiting,
    #[error("the entry in the database is not the one that was signed")]
    Altered,
    #[error("{0}")]
    Policy(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl AsStoreError for ReceiptError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            Self::Tree(error) => error.as_store_error(),
            _ => None,
        }
    }
}

/// The receipt of an entry within an auditor's perimeter. It names nobody: opening parts is another act.
pub async fn for_auditor(app: &App, who: &SignedIn, id: EntryId) -> Result<String, ReceiptError> {
    let structure = view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        let row = action_log::entry(tx, id).await?.ok_or(ReceiptError::NotFound)?;
        let within = match (perimeter_of, row.structure_id) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(_), Some(structure)) => auditor::is_within(tx, structure, perimeter_of).await?,
        };
        if within { Ok(row.structure_id) } else { Err(ReceiptError::NotFound) }
    });
    let structure = match structure {
        Err(ReceiptError::NotFound) => {
            outside_perimeter::refuse(app, who, Kind::LogExported, Tried::Entry(id)).await?;
            return Err(ReceiptError::NotFound);
        }
        other => other?,
    };
    written(app, taken_by(who.person_id, structure, id), id, &[]).await
}

/// The receipt of an entry, with these of its parts, for whoever has the server's command line.
pub async fn for_command_line(app: &App, id: EntryId, shown: &[PartKind]) -> Result<String, ReceiptError> {
    let draft = Draft::done(Kind::LogExported)
        .by_role(Role::Operator)
        .fact("via", "command_line")
        .fact("entry", id.uuid())
        .list("parts", shown.iter().map(|kind| kind.token()));
    written(app, draft, id, shown).await
}

fn taken_by(person: PersonId, structure: Option<StructureId>, id: EntryId) -> Draft {
    let draft = Draft::done(Kind::LogExported).by(person, Role::Auditor).fact("entry", id.uuid());
    match structure {
        Some(structure) => draft.structure(structure),
        None => draft,
    }
}

/// Makes the receipt, then writes down that it was given.
async fn written(app: &App, draft: Draft, id: EntryId, shown: &[PartKind]) -> Result<String, ReceiptError> {
    let text = make(app, id, shown).await?;
    record::append(app, draft).await?;
    Ok(text)
}

/// The entry as text, once it is proven to be the one in this place under a head.
pub(super) fn proven<'a>(
    leaf: &'a [u8],
    index: u64,
    (size, root): (u64, &Hash),
    path: &[Hash],
) -> Result<&'a str, ReceiptError> {
    check_inclusion(&leaf_hash(leaf), index, size, root, path).map_err(|_| ReceiptError::Altered)?;
    std::str::from_utf8(leaf).map_err(|_| ReceiptError::Altered)
}

/// The newest head of more than `index` leaves that witnesses vouch for as the policy wants; until there is one, the newest:
/// whoever checks the receipt is then told that it is not witnessed.
pub(super) async fn head_over(
    tx: &mut impl Access,
    policy: Option<&Policy>,
    index: i64,
) -> Result<(CheckpointRow, SignedNote), ReceiptError> {
    if let Some(policy) = policy
        && let Some(found) = witnessing::vouched(tx, policy, index).await?
    {
        return Ok(found);
    }
    let head = stored::latest_checkpoint(tx).await?.filter(|head| index < head.size);
    let head = head.ok_or(ReceiptError::Waiting)?;
    let note = witnessing::note(tx, &head).await?.parse().map_err(|_| ReceiptError::Altered)?;
    Ok((head, note))
}

/// How the keys of the log succeeded each other under the head of so many entries.
pub(super) async fn successions(tx: &mut impl Access, size: i64) -> Result<Vec<SignedNote>, ReceiptError> {
    let notes = epoch::successions(tx, size).await?;
    notes.iter().map(|note| note.parse().map_err(|_| ReceiptError::Altered)).collect()
}

async fn make(app: &App, id: EntryId, shown: &[PartKind]) -> Result<String, ReceiptError> {
    let policy = app.config.log.policy().map_err(ReceiptError::Policy)?;
    view!(app.store, tx => {
        let row = action_log::entry(tx, id).await?.ok_or(ReceiptError::NotFound)?;
        let index = row.leaf_index.ok_or(ReceiptError::Waiting)?;
        let (head, note) = head_over(tx, policy.as_ref(), index).await?;
        let (index, size) = (u64::try_from(index).unwrap_or(0), u64::try_from(head.size).unwrap_or(0));
        let keys = successions(tx, head.size).await?;
        let paths = tree::inclusion(tx, &[index], size).await?;
        let path = paths.into_iter().next().unwrap_or_default();
        let signed = app.log.open_checkpoint(&note).map_err(|_| ReceiptError::Altered)?;
        let text = proven(&row.leaf, index, (size, &signed.root), &path)?;
        let leaf = Leaf::decode(&row.leaf).map_err(|_| ReceiptError::Altered)?;
        let mut parts = Vec::new();
        for stored in export::parts(tx, &[id]).await? {
            let kind: PartKind = stored.part.parse().map_err(|_| ReceiptError::Altered)?;
            if !shown.contains(&kind) {
                continue;
            }
            let clear = app.sealer.open(part_place(&id, kind), &stored.sealed).map_err(RecordError::from)?;
            let (nonce, bytes) = clear.split_first_chunk().ok_or(ReceiptError::Altered)?;
            let commitment = leaf.parts.get(&kind).ok_or(ReceiptError::Altered)?;
            let part = Part::open(kind, *nonce, bytes.to_vec(), commitment);
            parts.push(part.map_err(|_| ReceiptError::Altered)?);
        }
        Ok(Receipt { leaf: text, parts: &parts, index, path: &path, head: &note, keys: &keys }.write())
    })
}
