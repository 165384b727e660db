//! C2SP tlog-tiles: the tree cut into rows of 256 hashes, eight levels apart, as static resources.
use std::fmt;
use std::str::FromStr;

use super::merkle::Node;

/// Hashes in a full tile.
pub const WIDTH: u64 = 256;
/// Tree levels from one tile level to the next.
pub const HEIGHT: u32 = 8;

/// `level` counts tiles (0 holds leaf hashes), `index` the tiles of that level, `width` the hashes: 1 to 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    pub level: u32,
    pub index: u64,
    pub width: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a tile")]
pub struct BadTile;

impl Tile {
    /// The hashes of the tile as nodes of the tree, in order.
    pub fn nodes(self) -> impl Iterator<Item = Node> {
        let first = self.index * WIDTH;
        (first..first + self.width).map(move |index| Node { level: self.level * HEIGHT, index })
    }

    /// Whether a tree of `size` leaves has every hash of this tile.
    pub fn is_in(self, size: u64) -> bool {
        let hashes = size.checked_shr(self.level * HEIGHT).unwrap_or(0);
        self.index
            .checked_mul(WIDTH)
            .and_then(|first| first.checked_add(self.width))
            .is_some_and(|end| end <= hashes)
    }

    /// Every tile of a tree of `size` leaves, the partial ones with their width.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        (0..u64::BITS / HEIGHT).flat_map(move |level| {
            let hashes = size >> (level * HEIGHT);
            let full = (0..hashes / WIDTH).map(move |index| Self { level, index, width: WIDTH });
            let rest = hashes % WIDTH;
            full.chain((rest > 0).then_some(Self { level, index: hashes / WIDTH, width: rest }))
        })
    }
}

/// The stored hashes (all at a multiple of [`HEIGHT`]) of which `node` is the root.
pub fn stored_below(node: Node) -> impl Iterator<Item = Node> {
    let level = node.level - node.level % HEIGHT;
    let count = 1u64 << (node.level - level);
    let first = node.index * count;
    (first..first + count).map(move |index| Node { level, index })
}

/// `L/NNN`, `L/x001/x234/067`, `L/NNN.p/W`, as after `tile/` in the specification.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.level)?;
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (left, group) in groups.iter().enumerate().rev() {
            if left > 0 { write!(f, "x{group:03}/")? } else { write!(f, "{group:03}")? }
        }
        if self.width < WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for Tile {
    type Err = BadTile;

    fn from_str(path: &str) -> Result<Self, BadTile> {
        let (level, rest) = path.split_once('/').ok_or(BadTile)?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse().map_err(|_| BadTile)?),
            None => (rest, WIDTH),
        };
        let digits: String = index.chars().filter(|c| !matches!(c, 'x' | '/')).collect();
        let tile = Self {
            level: level.parse().map_err(|_| BadTile)?,
            index: digits.parse().map_err(|_| BadTile)?,
            width,
        };
        // Written again, it must be the same text: no leading zero, no missing x, no sign.
        let sound = tile.level < u64::BITS / HEIGHT && (1..=WIDTH).contains(&tile.width);
        if sound && tile.to_string() == path { Ok(tile) } else { Err(BadTile) }
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
