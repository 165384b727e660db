//! A stored line of the log, read back and checked against itself.
use crate::crypto::seal::Sealer;
use crate::domain::ids::EntryId;
use crate::log::entry::Leaf;
use crate::log::merkle::{Hash, leaf_hash};
use crate::log::part::{Part, PartKind};
use crate::log::token::Token;
use crate::store::action_log::{self, EntryRow, PartRow, part_place};
use crate::store::auditor::NamedRow;

/// What is wrong with a stored line. Each has its own sentence for the auditor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Fault {
    #[error("the bytes of the leaf are not those of any leaf")]
    Unreadable,
    #[error("the leaf does not have the hash that was recorded")]
    Altered,
    #[error("the leaf belongs to another log")]
    Foreign,
    #[error("the columns say something else than the leaf")]
    Columns,
    #[error("the signed tree has another leaf in this place")]
    NotInTree,
    #[error("a number of the mandate's sequence is missing or repeated")]
    Sequence,
    #[error("a part does not open the commitment in the leaf")]
    Part,
    #[error("a part is missing, and no entry erased it")]
    Missing,
}

/// A line as an auditor sees it.
#[derive(Clone, Debug)]
pub struct Line {
    pub id: EntryId,
    /// Absent when the bytes are not a leaf.
    pub leaf: Option<Leaf>,
    /// The canonical bytes, as hashed.
    pub bytes: Vec<u8>,
    pub hash: Hash,
    /// Number in the mandate's own sequence.
    pub sequence: Option<i64>,
    /// Place in the tree, once there.
    pub index: Option<u64>,
    pub structure_name: Option<String>,
    pub service_name: Option<String>,
    pub mandate_reference: Option<String>,
    /// The first thing found wrong.
    pub fault: Option<Fault>,
    /// Found in its place under a signed head.
    pub proven: bool,
}

impl Line {
    /// Reads a row of the log named `origin`.
    pub fn read(row: NamedRow, origin: &Token) -> Self {
        let NamedRow { entry, structure_name, service_name, mandate_reference } = row;
        let (leaf, fault) = match check(&entry, origin) {
            Ok(leaf) => (Some(leaf), None),
            Err(fault) => (Leaf::decode(&entry.leaf).ok(), Some(fault)),
        };
        Self {
            id: entry.id,
            leaf,
            hash: leaf_hash(&entry.leaf),
            bytes: entry.leaf,
            sequence: entry.mandate_sequence,
            index: entry.leaf_index.and_then(|index| u64::try_from(index).ok()),
            structure_name,
            service_name,
            mandate_reference,
            fault,
            proven: false,
        }
    }

    pub fn blame(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }
}

/// The leaf of a row that is what it was when it was written, as far as the row alone can tell.
fn check(row: &EntryRow, origin: &Token) -> Result<Leaf, Fault> {
    let leaf = Leaf::decode(&row.leaf).map_err(|_| Fault::Unreadable)?;
    if leaf.hash().bytes()[..] != row.leaf_hash[..] {
        return Err(Fault::Altered);
    }
    if leaf.origin != *origin {
        return Err(Fault::Foreign);
    }
    let actor = leaf.actor.as_ref().and_then(|actor| actor.pseudonym.as_ref()).map(|it| it.bytes().to_vec());
    let subject = leaf.user.as_ref().map(|it| it.bytes().to_vec());
    let same = (leaf.id, leaf.time, leaf.kind.token()) == (row.id, row.at, row.kind.as_str())
        && action_log::outcome(&leaf.outcome) == row.outcome
        && (leaf.structure, leaf.mandate, leaf.seq)
            == (row.structure_id, row.mandate_id, row.mandate_sequence)
        && (leaf.grant, leaf.service) == (row.grant_id, row.service_id)
        && (leaf.use_id, leaf.card) == (row.use_id, row.card_id)
        && (actor, subject) == (row.actor.clone(), row.subject.clone());
    if same { Ok(leaf) } else { Err(Fault::Columns) }
}

/// The part of a row, when it opens its commitment in the leaf.
pub(super) fn open_part(sealer: &Sealer, row: &PartRow, leaf: &Leaf) -> Option<Part> {
    let kind = row.part.parse::<PartKind>().ok()?;
    let commitment = leaf.parts.get(&kind)?;
    let clear = sealer.open(part_place(&row.entry_id, kind), &row.sealed).ok()?;
    let (nonce, bytes) = clear.split_first_chunk()?;
    Part::open(kind, *nonce, bytes.to_vec(), commitment).ok()
}
