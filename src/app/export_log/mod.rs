//! The log taken away as a verifiable bundle: a range of places, told within a perimeter and hashed outside it, with
//! the earlier entries it rests on. That it was taken is itself an entry, written before the first line is given.
mod rests;
mod writing;

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::{EntryId, MandateId, PersonId, StructureId};
use crate::domain::time::Timestamp;
use crate::log::bundle::{self, Header};
use crate::log::draft::Draft;
use crate::log::entry::Leaf;
use crate::log::kind::{Kind, Role};
use crate::log::merkle::Hash;
use crate::log::note::{NoteError, SignedNote};
use crate::log::part::Part;
use crate::log::proof;
use crate::store::export::{self, PlacedRow};
use crate::store::{AsStoreError, StoreError, epoch, tree as stored};
use crate::view;

use super::App;
use super::log_line::open_part;
use super::record::{self, RecordError};
use super::tree::{self, TreeError};
use super::witnessing;
use rests::Rests;
pub use writing::Writing;
use writing::{STORIES, Stage};

/// Places read at once.
const PAGE: i64 = 500;

/// Structures named by one entry.
const NAMED: usize = 500;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The range begins with the first entry of this instant.
    pub from: Option<Timestamp>,
    /// The range ends with the first signed head after the last entry before this instant.
    pub until: Option<Timestamp>,
    /// The range begins at this place: the size of a head held already.
    pub after: Option<u64>,
    /// Entries of these structures are told; `None`: all.
    pub perimeter: Option<BTreeSet<StructureId>>,
    /// Also the parts: names, addresses, details.
    pub parts: bool,
}

/// Who takes it away.
#[derive(Clone, Copy, Debug)]
pub enum Taker {
    CommandLine,
    Auditor(PersonId),
}

/// Why a bundle cannot be given, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// That it is taken could not be written down: nothing is given.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The stored tree has not the hashes that prove it.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Nothing is signed yet, or nothing after what was asked for.
    #[error("no signed head covers what is asked for")]
    NoHead,
    /// There is nothing between where it begins and the head.
    #[error("the range begins at entry {first}, after the head that ends it, of {size} entries")]
    Empty { first: u64, size: u64 },
    /// A stored leaf or part at this place is not what it was when it was written.
    #[error("entry {0} of the database cannot be read: run `entremise doctor`")]
    Entry(i64),
    /// Whoever takes it no longer reads, or the disk is full.
    #[error("the bundle could not be written: {0}")]
    Io(#[from] std::io::Error),
}

impl AsStoreError for ExportError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            Self::Tree(error) => error.as_store_error(),
            _ => None,
        }
    }
}

/// An export that can be written.
#[derive(Clone, Debug)]
pub struct Export {
    header: Header,
    size: u64,
    root_of: Hash,
    parts: bool,
}

/// Where lines go, one call each, without their end.
pub type Sink<'a> = dyn FnMut(&str) -> std::io::Result<()> + Send + 'a;

/// Fixes the range and writes down who takes it.
pub async fn plan(app: &App, taker: Taker, wanted: &Wanted) -> Result<Export, ExportError> {
    fix(app, taker, wanted, None).await
}

/// As [`plan`], under the head of `size` entries that an interrupted export began with.
pub async fn plan_again(app: &App, taker: Taker, wanted: &Wanted, size: u64) -> Result<Export, ExportError> {
    fix(app, taker, wanted, Some(size)).await
}

async fn fix(app: &App, taker: Taker, wanted: &Wanted, size: Option<u64>) -> Result<Export, ExportError> {
    let (head, note, first, edge, keys) = view!(app.store, tx => {
        let covered = match (size, wanted.until) {
            (Some(size), _) => signed(size),
            (None, Some(until)) => export::size_until(tx, until).await?.ok_or(ExportError::NoHead)?,
            (None, None) => stored::latest_checkpoint(tx).await?.map_or(0, |head| head.size),
        };
        let head = export::head_over(tx, covered.max(1)).await?.ok_or(ExportError::NoHead)?;
        let since = match wanted.from {
            Some(from) => export::first_since(tx, from).await?.unwrap_or(head.size),
            None => 0,
        };
        let first = wanted.after.unwrap_or(0).max(u64::try_from(since).unwrap_or(0));
        let size = u64::try_from(head.size).unwrap_or(0);
        if first > size {
            return Err(ExportError::Empty { first, size });
        }
        let (frontier, _) = tree::edge(tx, first).await?;
        let note = witnessing::note(tx, &head).await?;
        let keys = epoch::successions(tx, head.size).await?;
        Ok((head, note, first, frontier.peaks().to_vec(), keys))
    })?;
    let keys = keys.iter().map(|note| note.parse()).collect::<Result<_, _>>();
    let keys = keys.map_err(|bad: NoteError| StoreError::Corrupt(bad.to_string()))?;
    let note: SignedNote = note.parse().map_err(|_| ExportError::NoHead)?;
    for draft in taken(taker, wanted, (first, head.size)) {
        record::append(app, draft).await?;
    }
    let root_of = Hash::from_slice(&head.root).map_err(|bad| StoreError::Corrupt(bad.to_string()))?;
    Ok(Export {
        size: u64::try_from(head.size).unwrap_or(0),
        root_of,
        header: Header {
            origin: app.log.origin().clone(),
            first,
            edge,
            head: note,
            perimeter: wanted.perimeter.clone(),
            keys,
            parts: wanted.parts,
        },
        parts: wanted.parts,
    })
}

/// The entry of a range taken away; of very many structures, several entries name them.
fn taken(taker: Taker, wanted: &Wanted, (first, size): (u64, i64)) -> Vec<Draft> {
    let told: Vec<StructureId> = wanted.perimeter.iter().flatten().copied().collect();
    let draft = Draft::done(Kind::LogExported)
        .fact("first", i64::try_from(first).unwrap_or(i64::MAX))
        .fact("after_last", size)
        .fact("parts", wanted.parts)
        .fact("structures", i64::try_from(told.len()).unwrap_or(i64::MAX));
    let draft = match taker {
        Taker::CommandLine => draft.by_role(Role::Operator).fact("via", "command_line"),
        Taker::Auditor(person) => draft.by(person, Role::Auditor),
    };
    match told.as_slice() {
        [] => vec![draft],
        [one] => vec![draft.structure(*one)],
        many => many
            .chunks(NAMED)
            .map(|some| {
                let ids: Vec<String> = some.iter().map(ToString::to_string).collect();
                draft.clone().list("within", ids.iter().map(String::as_str))
            })
            .collect(),
    }
}

impl Export {
    pub fn first(&self) -> u64 {
        self.header.first
    }

    /// Where the range ends (exclusive).
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn root(&self) -> &Hash {
        &self.root_of
    }

    /// The first line.
    pub fn header(&self) -> String {
        self.header.write()
    }

    /// Writes all of it.
    pub async fn write(&self, app: &App, sink: &mut Sink<'_>) -> Result<(), ExportError> {
        Writing::new(self.clone()).finish(app, sink).await
    }

    /// Writes what follows the line of place `next` − 1, which a file holds already.
    pub async fn resume(&self, app: &App, next: u64, sink: &mut Sink<'_>) -> Result<(), ExportError> {
        let rests = self.rests(app).await?;
        let writing = Writing { export: self.clone(), rests, stage: Stage::Range { from: signed(next) } };
        writing.finish(app, sink).await
    }

    fn pages(&self, first: u64) -> impl Iterator<Item = (i64, i64)> {
        let (first, end) = (signed(first), signed(self.size));
        let count = (end - first).max(0).div_euclid(PAGE) + 1;
        (0..count).map(move |page| (first + page * PAGE, (first + (page + 1) * PAGE).min(end)))
    }

    /// On which mandates, people and cards the range rests.
    async fn rests(&self, app: &App) -> Result<Rests, ExportError> {
        let mut rests = Rests::of(self.header.perimeter.clone());
        if self.is_whole() {
            return Ok(rests);
        }
        for (from, until) in self.pages(self.first()) {
            self.rest_on(app, &mut rests, (from, until)).await?;
        }
        let mut stories = self.stories_before(&rests);
        while !stories.is_empty() {
            self.rest_on_stories(app, &mut rests, &mut stories).await?;
        }
        Ok(rests)
    }

    /// The mandates whose stories begin before the range and rest on people and cards of their own.
    fn stories_before(&self, rests: &Rests) -> Vec<MandateId> {
        let is_within = self.header.perimeter.is_some() && self.first() > 0;
        rests.mandates().filter(|_| is_within).collect()
    }

    /// On which people and cards some of these stories rest; those that are left stay in the list.
    async fn rest_on_stories(
        &self,
        app: &App,
        rests: &mut Rests,
        stories: &mut Vec<MandateId>,
    ) -> Result<(), ExportError> {
        let some = stories.split_off(stories.len().saturating_sub(STORIES));
        if some.is_empty() {
            return Ok(());
        }
        let rows = view!(app.store, tx => { export::of_mandates(tx, &some, signed(self.first())).await })?;
        for row in &rows {
            rests.rest_on(row);
        }
        Ok(())
    }

    /// Whether everything is told from the first entry on, so that nothing lies before.
    fn is_whole(&self) -> bool {
        self.header.perimeter.is_none() && self.first() == 0
    }

    /// On which mandates, people and cards the places from `from` up to `until` (exclusive) rest.
    async fn rest_on(
        &self,
        app: &App,
        rests: &mut Rests,
        (from, until): (i64, i64),
    ) -> Result<(), ExportError> {
        let rows = view!(app.store, tx => { export::range(tx, from, until).await })?;
        for row in &rows {
            rests.take(row);
        }
        Ok(())
    }

    /// Earlier entries, each with its proof.
    async fn prove(&self, app: &App, rows: Vec<PlacedRow>) -> Result<Vec<String>, ExportError> {
        let indexes: Vec<u64> = rows.iter().map(|row| u64::try_from(row.leaf_index).unwrap_or(0)).collect();
        let (paths, mut parts) = view!(app.store, tx => {
            let paths = tree::inclusion(tx, &indexes, self.size).await?;
            Ok::<_, ExportError>((paths, self.parts_of(app, tx, &rows).await?))
        })?;
        let mut lines = Vec::with_capacity(rows.len());
        for ((row, at), path) in rows.iter().zip(indexes).zip(paths) {
            let leaf = leaf(row)?;
            // What the database holds must be what was signed, or the export would only spread it.
            let hash = crate::log::merkle::leaf_hash(leaf.as_bytes());
            proof::check_inclusion(&hash, at, self.size, &self.root_of, &path).map_err(TreeError::Proof)?;
            let parts = parts.remove(&row.id).unwrap_or_default();
            lines.push(bundle::write_entry(at, leaf, &parts, Some(&path)));
        }
        Ok(lines)
    }

    /// The places from `from` up to `until` (exclusive), with the heads signed on the way.
    async fn range(
        &self,
        app: &App,
        rests: &Rests,
        (from, until): (i64, i64),
    ) -> Result<Vec<String>, ExportError> {
        let (rows, heads, mut parts) = view!(app.store, tx => {
            let rows = export::range(tx, from, until).await?;
            let heads = export::heads(tx, from, until).await?;
            let told: Vec<_> = rows.iter().filter(|row| rests.tells(row)).cloned().collect();
            Ok::<_, ExportError>((rows, heads, self.parts_of(app, tx, &told).await?))
        })?;
        let mut lines = Vec::with_capacity(rows.len());
        let mut heads = heads.into_iter().peekable();
        for row in &rows {
            let at = u64::try_from(row.leaf_index).unwrap_or(0);
            if rests.tells(row) {
                let parts = parts.remove(&row.id).unwrap_or_default();
                lines.push(bundle::write_entry(at, leaf(row)?, &parts, None));
            } else {
                let hash =
                    Hash::from_slice(&row.leaf_hash).map_err(|_| ExportError::Entry(row.leaf_index))?;
                lines.push(bundle::write_hash(at, &hash));
            }
            while let Some(head) = heads.next_if(|head| head.size == row.leaf_index + 1) {
                lines.push(bundle::write_checkpoint(&head.note));
            }
        }
        Ok(lines)
    }

    async fn parts_of(
        &self,
        app: &App,
        tx: &mut impl crate::store::Access,
        rows: &[PlacedRow],
    ) -> Result<BTreeMap<EntryId, Vec<Part>>, ExportError> {
        let mut opened: BTreeMap<EntryId, Vec<Part>> = BTreeMap::new();
        if !self.parts {
            return Ok(opened);
        }
        let ids: Vec<EntryId> = rows.iter().map(|row| row.id).collect();
        let commitments: BTreeMap<EntryId, Leaf> =
            rows.iter().filter_map(|row| Some((row.id, Leaf::decode(&row.leaf).ok()?))).collect();
        for row in export::parts(tx, &ids).await? {
            let part = commitments.get(&row.entry_id).and_then(|leaf| open_part(&app.sealer, &row, leaf));
            let part = part.ok_or_else(|| StoreError::Corrupt(format!("part of entry {}", row.entry_id)))?;
            opened.entry(row.entry_id).or_default().push(part);
        }
        Ok(opened)
    }
}

fn leaf(row: &PlacedRow) -> Result<&str, ExportError> {
    std::str::from_utf8(&row.leaf).map_err(|_| ExportError::Entry(row.leaf_index))
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
