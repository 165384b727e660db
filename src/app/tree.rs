//! The stored tree: hash tiles read as the nodes of [`crate::log`], so that roots and proofs are computed from
//! what the database really holds.
use std::collections::{BTreeMap, BTreeSet};

use crate::log::merkle::{Frontier, Hash, Node, empty_root, root_of};
use crate::log::proof::{self, ProofError};
use crate::log::tile::{HEIGHT, WIDTH, stored_below};
use crate::store::tree::TileRow;
use crate::store::{Access, AsStoreError, StoreError, tree};

#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the tree lacks hash {} of level {}", .0.index, .0.level)]
    Missing(Node),
    #[error("tile {tile} of level {level} is not made of whole hashes")]
    Broken { level: i64, tile: i64 },
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl AsStoreError for TreeError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// Some tiles of the stored tree, by level and index.
#[derive(Debug, Default)]
pub struct Tiles {
    hashes: BTreeMap<(i64, i64), Vec<Hash>>,
    changed: BTreeSet<(i64, i64)>,
}

/// The tile that stores a hash, and its place there.
fn stored_at(node: Node) -> ((i64, i64), usize) {
    let tile = i64::try_from(node.index / WIDTH).unwrap_or(i64::MAX);
    ((i64::from(node.level / HEIGHT), tile), usize::try_from(node.index % WIDTH).unwrap_or(usize::MAX))
}

impl Tiles {
    /// The tiles that hold, or lie right under, these nodes.
    pub async fn load(
        tx: &mut impl Access,
        nodes: impl IntoIterator<Item = Node>,
    ) -> Result<Self, TreeError> {
        let wanted: BTreeSet<_> =
            nodes.into_iter().flat_map(stored_below).map(|node| stored_at(node).0).collect();
        let wanted: Vec<_> = wanted.into_iter().collect();
        let mut tiles = Self::default();
        for TileRow { level, tile, hashes } in tree::tiles(tx, &wanted).await? {
            let (whole, rest) = hashes.as_chunks::<32>();
            if !rest.is_empty() {
                return Err(TreeError::Broken { level, tile });
            }
            tiles.hashes.insert((level, tile), whole.iter().map(|bytes| Hash::new(*bytes)).collect());
        }
        Ok(tiles)
    }

    /// The hash of a complete subtree, computed from the stored hashes under it.
    pub fn hash(&self, node: Node) -> Result<Hash, TreeError> {
        let below = stored_below(node).map(|stored| {
            let (tile, place) = stored_at(stored);
            let found = self.hashes.get(&tile).and_then(|hashes| hashes.get(place));
            found.copied().ok_or(TreeError::Missing(stored))
        });
        Ok(root_of(&below.collect::<Result<Vec<_>, _>>()?))
    }

    /// Appends a leaf to the tree whose edge is `frontier`, which these tiles must hold.
    pub fn append(&mut self, frontier: &mut Frontier, leaf: Hash) -> Result<(), TreeError> {
        let mut completed = Vec::new();
        frontier.append_with(leaf, |node, hash| completed.push((node, hash)));
        for (node, hash) in completed.into_iter().filter(|(node, _)| node.level % HEIGHT == 0) {
            let (tile, place) = stored_at(node);
            let hashes = self.hashes.entry(tile).or_default();
            // Whatever lay beyond the size of the tree was never part of it.
            hashes.truncate(place);
            if hashes.len() != place {
                return Err(TreeError::Missing(node));
            }
            hashes.push(hash);
            self.changed.insert(tile);
        }
        Ok(())
    }

    /// The tiles that [`Tiles::append`] made longer, as they are to be stored.
    pub fn changed(&self) -> impl Iterator<Item = TileRow> {
        self.changed.iter().filter_map(|(level, tile)| {
            let hashes = self.hashes.get(&(*level, *tile))?;
            let bytes = hashes.iter().flat_map(|hash| *hash.bytes()).collect();
            Some(TileRow { level: *level, tile: *tile, hashes: bytes })
        })
    }
}

/// The nodes that a computation reads, found by letting it read nothing.
fn nodes_of(run: impl FnOnce(&mut dyn FnMut(Node) -> Result<Hash, ProofError>)) -> Vec<Node> {
    let mut nodes = Vec::new();
    run(&mut |node| {
        nodes.push(node);
        Ok(empty_root())
    });
    nodes
}

/// The right edge of the first `size` leaves, with the tiles that continue from there.
pub async fn edge(tx: &mut impl Access, size: u64) -> Result<(Frontier, Tiles), TreeError> {
    let tiles = Tiles::load(tx, Frontier::nodes(size)).await?;
    let frontier = Frontier::read(size, |node| tiles.hash(node))?;
    Ok((frontier, tiles))
}

/// The root of the first `size` leaves.
pub async fn root(tx: &mut impl Access, size: u64) -> Result<Hash, TreeError> {
    Ok(edge(tx, size).await?.0.root())
}

/// The consistency proof between the trees of two sizes.
pub async fn consistency(tx: &mut impl Access, old: u64, new: u64) -> Result<Vec<Hash>, TreeError> {
    let nodes = nodes_of(|read| _ = proof::consistency::<ProofError>(old, new, read));
    let tiles = Tiles::load(tx, nodes).await?;
    proof::consistency(old, new, |node| tiles.hash(node))
}

/// Inclusion proofs of several leaves in the tree of `size`, from one read of the tiles they share.
pub async fn inclusion(
    tx: &mut impl Access,
    indexes: &[u64],
    size: u64,
) -> Result<Vec<Vec<Hash>>, TreeError> {
    let mut nodes = Vec::new();
    for index in indexes {
        nodes.extend(nodes_of(|read| _ = proof::inclusion::<ProofError>(*index, size, read)));
    }
    let tiles = Tiles::load(tx, nodes).await?;
    indexes.iter().map(|index| proof::inclusion(*index, size, |node| tiles.hash(node))).collect()
}
