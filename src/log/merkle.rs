//! The Merkle tree of RFC 6962 §2.1 over SHA-256: hashes, and the growing right edge.
use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, Digest, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A SHA-256 value: of a leaf, of a node, of a whole tree, or a commitment. Written in base64 (RFC 4648 §4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a hash: 32 bytes, or 44 characters of base64")]
pub struct BadHash;

impl Hash {
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn from_slice(bytes: &[u8]) -> Result<Self, BadHash> {
        bytes.try_into().map(Self).map_err(|_| BadHash)
    }

    /// Plain SHA-256 of `bytes`, for what is not part of the tree (a document, a text consented to).
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_digest(&aws_lc_rs::digest::digest(&SHA256, bytes))
    }

    pub(super) fn from_digest(digest: &Digest) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Self(bytes)
    }

    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As it is written, without allocating.
    pub(super) fn text<'a>(&self, into: &'a mut [u8; 44]) -> &'a str {
        let written = STANDARD.encode_slice(self.0, into).unwrap_or(0);
        into.get(..written).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }

    /// What [`Hash::hex`] wrote.
    pub fn from_hex(text: &str) -> Result<Self, BadHash> {
        Self::from_slice(&data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|_| BadHash)?)
    }

    /// Lower-case hexadecimal, for the eye and for facts.
    pub fn hex(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; 44]))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = BadHash;
    fn from_str(text: &str) -> Result<Self, BadHash> {
        // The decoder asks for room for whole groups of three bytes.
        let mut bytes = [0; 33];
        let length = STANDARD.decode_slice(text, &mut bytes).map_err(|_| BadHash)?;
        Self::from_slice(bytes.get(..length).ok_or(BadHash)?)
    }
}

/// MTH({d}) = SHA-256(0x00 ‖ d).
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut hash = Context::new(&SHA256);
    hash.update(&[0]);
    hash.update(leaf);
    Hash::from_digest(&hash.finish())
}

/// SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    Hash::of(&bytes)
}

/// MTH({}) = SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash::of(&[])
}

/// The root of a perfect subtree, or of any tree, from its leaves' (or subtrees') hashes in order.
pub fn root_of(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for hash in hashes {
        frontier.append(*hash);
    }
    frontier.root()
}

/// A complete subtree: the 2^`level` leaves from `index` × 2^`level` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    pub level: u32,
    pub index: u64,
}

/// The right edge of a tree: the roots of the complete subtrees it is made of, largest first. Enough to
/// append for ever and to know the root, in memory logarithmic in the size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The edge of the first `size` leaves, its peaks read from where they are stored.
    pub fn read<E>(size: u64, read: impl FnMut(Node) -> Result<Hash, E>) -> Result<Self, E> {
        let peaks = Self::nodes(size).map(read).collect::<Result<_, _>>()?;
        Ok(Self { size, peaks })
    }

    /// Where the peaks of a tree of `size` leaves are, largest first.
    pub fn nodes(size: u64) -> impl Iterator<Item = Node> {
        (0..64)
            .rev()
            .filter(move |level| size >> level & 1 == 1)
            .map(move |level| Node { level, index: (size >> level) - 1 })
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    pub fn append(&mut self, leaf: Hash) {
        self.append_with(leaf, |_, _| ());
    }

    /// Appends a leaf hash and tells every complete subtree that it completes, the leaf itself first.
    pub fn append_with(&mut self, leaf: Hash, mut completed: impl FnMut(Node, Hash)) {
        let (mut hash, mut node) = (leaf, Node { level: 0, index: self.size });
        completed(node, hash);
        while node.index & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            hash = node_hash(&left, &hash);
            node = Node { level: node.level + 1, index: node.index >> 1 };
            completed(node, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// MTH of all leaves so far.
    pub fn root(&self) -> Hash {
        let joined = self.peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        joined.unwrap_or_else(empty_root)
    }
}
