//! The tree against RFC 6962's published values, against a second implementation, and against tampering.
use std::collections::BTreeMap;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof};
use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::log::merkle::{Frontier, Hash, empty_root, leaf_hash, root_of};
use crate::log::proof::{self, ProofError, check_consistency, check_inclusion};

/// Inputs and roots published with the Certificate Transparency reference implementation.
const CT_LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const CT_ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Every complete subtree of a log, as a sequencer would store them.
struct Stored {
    frontier: Frontier,
    nodes: BTreeMap<Node, Hash>,
}

impl Stored {
    fn of(leaves: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut stored = Self { frontier: Frontier::default(), nodes: BTreeMap::new() };
        for leaf in leaves {
            stored.add(&leaf);
        }
        stored
    }

    fn add(&mut self, leaf: &[u8]) {
        self.frontier.append_with(leaf_hash(leaf), |node, hash| {
            self.nodes.insert(node, hash);
        });
    }

    /// Reads only what a tile holds, and hashes up from there, as a client of the public tiles does.
    #[expect(clippy::unnecessary_wraps, reason = "the signature a reader of nodes has")]
    fn read(&self, node: Node) -> Result<Hash, ProofError> {
        let below: Vec<Hash> = stored_below(node)
            .inspect(|stored| assert_eq!(stored.level % HEIGHT, 0))
            .map(|stored| self.nodes[&stored])
            .collect();
        Ok(root_of(&below))
    }

    fn root(&self, size: u64) -> Hash {
        proof::root(size, |node| self.read(node)).unwrap()
    }
}

fn leaves(count: u64) -> impl Iterator<Item = Vec<u8>> {
    (0..count).map(|n| n.to_be_bytes().to_vec())
}

fn second_implementation(count: u64) -> MemoryBackedTree<Sha256, Vec<u8>> {
    let mut tree = MemoryBackedTree::new();
    leaves(count).for_each(|leaf| tree.push(leaf));
    tree
}

fn joined(path: &[Hash]) -> Vec<u8> {
    path.iter().flat_map(|hash| *hash.bytes()).collect()
}

#[test]
fn published_roots() {
    assert_eq!(empty_root().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let mut frontier = Frontier::default();
    assert_eq!(frontier.root(), empty_root());
    for (leaf, root) in CT_LEAVES.iter().zip(CT_ROOTS) {
        frontier.append(leaf_hash(&data_encoding::HEXLOWER.decode(leaf.as_bytes()).unwrap()));
        assert_eq!(frontier.root().hex(), root);
    }
}

#[test]
fn a_frontier_is_taken_back_from_storage() {
    let stored = Stored::of(leaves(300));
    for size in 0..=300 {
        let mut taken = Frontier::read(size, |node| stored.read(node)).unwrap();
        leaves(300).skip(usize::try_from(size).unwrap()).for_each(|leaf| taken.append(leaf_hash(&leaf)));
        assert_eq!(taken, stored.frontier);
    }
}

#[test]
fn every_proof_of_small_trees_agrees_with_the_second_implementation() {
    let stored = Stored::of(leaves(70));
    for size in 1..=70_u64 {
        let other = second_implementation(size);
        let root = stored.root(size);
        assert_eq!(root.bytes()[..], other.root().as_bytes()[..]);
        for index in 0..size {
            let path = proof::inclusion(index, size, |node| stored.read(node)).unwrap();
            let theirs: InclusionProof<Sha256> = other.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(joined(&path), theirs.as_bytes(), "leaf {index} of {size}");
            let leaf = leaf_hash(&index.to_be_bytes());
            assert_eq!(check_inclusion(&leaf, index, size, &root, &path), Ok(()));
        }
        for old in 1..size {
            let path = proof::consistency(old, size, |node| stored.read(node)).unwrap();
            let theirs: ConsistencyProof<Sha256> =
                other.prove_consistency(usize::try_from(size - old).unwrap());
            assert_eq!(joined(&path), theirs.as_bytes(), "{old} to {size}");
            assert_eq!(check_consistency((old, &stored.root(old)), (size, &root), &path), Ok(()));
        }
    }
}

/// The two implementations grow side by side: at every size the same root, one inclusion and one consistency proof, each
/// checked by both.
#[test]
fn every_size_up_to_4096_agrees_with_the_second_implementation() {
    let (mut stored, mut other) = (Stored::of([]), second_implementation(0));
    let mut roots = vec![empty_root()];
    assert_eq!(empty_root().bytes()[..], other.root().as_bytes()[..]);
    for size in 1..=4096_u64 {
        let leaf = (size - 1).to_be_bytes().to_vec();
        stored.add(&leaf);
        other.push(leaf);
        let (root, theirs) = (stored.frontier.root(), other.root());
        assert_eq!(root.bytes()[..], theirs.as_bytes()[..], "the root of {size}");
        roots.push(root);
        let read = |node| Ok::<_, ProofError>(stored.nodes[&node]);
        assert_eq!(proof::root(size, read), Ok(root));
        // Places all over the tree, the same in each run.
        let index = size.wrapping_mul(0x9e37_79b9_7f4a_7c15) % size;
        let path = proof::inclusion(index, size, read).unwrap();
        assert_eq!(check_inclusion(&leaf_hash(&index.to_be_bytes()), index, size, &root, &path), Ok(()));
        let proven = InclusionProof::<Sha256>::try_from_bytes(joined(&path)).unwrap();
        assert!(
            theirs.verify_inclusion(&index.to_be_bytes().to_vec(), index, &proven).is_ok(),
            "{index} of {size}"
        );
        let old = size.wrapping_mul(0xd1b5_4a32_d192_ed03) % size;
        let path = proof::consistency(old, size, read).unwrap();
        let before = roots[usize::try_from(old).unwrap()];
        assert_eq!(check_consistency((old, &before), (size, &root), &path), Ok(()));
        if old > 0 {
            let proven = other.prove_consistency(usize::try_from(size - old).unwrap());
            assert_eq!(joined(&path), proven.as_bytes(), "{old} to {size}");
        }
    }
}

#[test]
fn tampered_proofs_are_refused() {
    let stored = Stored::of(leaves(40));
    let (old_root, root, other) = (stored.root(13), stored.root(37), leaf_hash(b"other"));
    let nothing = empty_root();
    let path = proof::inclusion(21, 37, |node| stored.read(node)).unwrap();
    let leaf = leaf_hash(&21_u64.to_be_bytes());
    let included = |leaf, index, size, path: &[Hash]| check_inclusion(leaf, index, size, &root, path);
    assert_eq!(included(&leaf, 21, 37, &path), Ok(()));
    assert_eq!(included(&other, 21, 37, &path), Err(ProofError::Root));
    assert_eq!(included(&leaf, 22, 37, &path), Err(ProofError::Root));
    assert_eq!(included(&leaf, 37, 37, &path), Err(ProofError::OutOfTree { index: 37, size: 37 }));
    assert_eq!(included(&leaf, 21, 37, &path[1..]), Err(ProofError::Length));
    assert_eq!(included(&leaf, 21, 37, &[path.clone(), vec![other]].concat()), Err(ProofError::Length));
    for place in 0..path.len() {
        let mut changed = path.clone();
        changed[place] = other;
        assert_eq!(included(&leaf, 21, 37, &changed), Err(ProofError::Root));
    }

    let path = proof::consistency(13, 37, |node| stored.read(node)).unwrap();
    let extends = |old, old_root, path: &[Hash]| check_consistency((old, old_root), (37, &root), path);
    assert_eq!(extends(13, &old_root, &path), Ok(()));
    assert_eq!(extends(13, &other, &path), Err(ProofError::Root));
    assert_eq!(extends(13, &old_root, &path[1..]), Err(ProofError::Length));
    assert_eq!(extends(13, &old_root, &[]), Err(ProofError::Length));
    assert_eq!(extends(38, &old_root, &path), Err(ProofError::Shrunk { old: 38, new: 37 }));
    for place in 0..path.len() {
        let mut changed = path.clone();
        changed[place] = other;
        assert_eq!(extends(13, &old_root, &changed), Err(ProofError::Root));
    }
    // Nothing to prove is proved by the roots alone.
    assert_eq!(extends(37, &root, &[]), Ok(()));
    assert_eq!(extends(37, &other, &[]), Err(ProofError::Root));
    assert_eq!(extends(37, &root, &[other]), Err(ProofError::Length));
    assert_eq!(extends(0, &nothing, &[]), Ok(()));
    assert_eq!(extends(0, &other, &[]), Err(ProofError::Root));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn proofs_hold_and_agree_at_any_size(size in 1..=4096_u64, index in any::<u64>(), old in any::<u64>()) {
        let (index, old) = (index % size, old % size + 1);
        let stored = Stored::of(leaves(size));
        let other = second_implementation(size);
        let root = stored.root(size);
        prop_assert_eq!(root, stored.frontier.root());
        prop_assert_eq!(root.bytes().to_vec(), other.root().as_bytes().to_vec());
        let path = proof::inclusion(index, size, |node| stored.read(node)).unwrap();
        let theirs = InclusionProof::<Sha256>::try_from_bytes(joined(&path)).unwrap();
        prop_assert!(other.root().verify_inclusion(&index.to_be_bytes().to_vec(), index, &theirs).is_ok());
        prop_assert_eq!(check_inclusion(&leaf_hash(&index.to_be_bytes()), index, size, &root, &path), Ok(()));
        let path = proof::consistency(old, size, |node| stored.read(node)).unwrap();
        prop_assert_eq!(check_consistency((old, &stored.root(old)), (size, &root), &path), Ok(()));
        if old < size {
            let theirs = other.prove_consistency(usize::try_from(size - old).unwrap());
            prop_assert_eq!(joined(&path), theirs.as_bytes());
        }
    }

    #[test]
    fn a_tile_path_comes_back(level in 0..8_u32, index in any::<u64>(), width in 1..=256_u64) {
        let tile = Tile { level, index, width };
        prop_assert_eq!(tile.to_string().parse(), Ok(tile));
    }
}

#[test]
fn tile_paths_are_those_of_the_specification() {
    for (text, tile) in [
        ("0/000", Tile { level: 0, index: 0, width: 256 }),
        ("0/x001/x234/067", Tile { level: 0, index: 1_234_067, width: 256 }),
        ("1/001.p/17", Tile { level: 1, index: 1, width: 17 }),
        ("0/x001/000", Tile { level: 0, index: 1000, width: 256 }),
    ] {
        assert_eq!(tile.to_string(), text);
        assert_eq!(text.parse(), Ok(tile));
    }
    for bad in [
        "",
        "0",
        "0/",
        "0/0",
        "00/000",
        "8/000",
        "0/001/000",
        "0/x001",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/x000/001",
        "+1/000",
        "0/-01",
        "0/000/",
        "../000",
        "0/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(bad.parse::<Tile>(), Err(BadTile), "{bad}");
    }
}

/// The example of the specification: a tree of 70 000.
#[test]
fn a_tree_has_exactly_its_tiles() {
    let tiles: Vec<Tile> = Tile::all(70_000).collect();
    let full = |level| tiles.iter().filter(|tile| tile.level == level && tile.width == WIDTH).count();
    let partial: Vec<_> = tiles.iter().filter(|tile| tile.width < WIDTH).copied().collect();
    assert_eq!((full(0), full(1), full(2)), (273, 1, 0));
    assert_eq!(
        partial,
        [
            Tile { level: 0, index: 273, width: 112 },
            Tile { level: 1, index: 1, width: 17 },
            Tile { level: 2, index: 0, width: 1 },
        ]
    );
    assert!(tiles.iter().all(|tile| tile.is_in(70_000)));
    assert!(!Tile { level: 0, index: 273, width: 113 }.is_in(70_000));
    assert!(!Tile { level: 1, index: 1, width: 18 }.is_in(70_000));
    assert!(!Tile { level: 7, index: u64::MAX, width: 1 }.is_in(u64::MAX));
}
