//! Inclusion and consistency proofs: made from stored subtree hashes, checked from nothing but roots.
use super::merkle::{Hash, Node, empty_root, node_hash};

/// Why a proof cannot be made or does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("leaf {index} is not in a tree of {size}")]
    OutOfTree { index: u64, size: u64 },
    #[error("a tree of {new} leaves does not extend one of {old}")]
    Shrunk { old: u64, new: u64 },
    #[error("the proof does not have the length its sizes require")]
    Length,
    #[error("the proof leads to another root")]
    Root,
}

/// Hash of the subtree over leaves `start..end`, `start` being a multiple of the largest power of two in it.
fn range<E>(start: u64, end: u64, read: &mut impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    let width = end - start;
    if width.is_power_of_two() {
        let level = width.trailing_zeros();
        return read(Node { level, index: start >> level });
    }
    let middle = start + split(width);
    Ok(node_hash(&range(start, middle, read)?, &range(middle, end, read)?))
}

/// The largest power of two smaller than `width` (RFC 6962's k); `width` ≥ 2.
fn split(width: u64) -> u64 {
    1 << (u64::BITS - 1 - (width - 1).leading_zeros())
}

/// The root of the first `size` leaves, from stored complete subtrees.
pub fn root<E>(size: u64, mut read: impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    if size == 0 {
        return Ok(empty_root());
    }
    range(0, size, &mut read)
}

/// RFC 6962 §2.1.1, PATH(index, D\[size\]), from the leaf upwards.
pub fn inclusion<E: From<ProofError>>(
    index: u64,
    size: u64,
    mut read: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if index >= size {
        return Err(ProofError::OutOfTree { index, size }.into());
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range(middle, end, &mut read)?);
            end = middle;
        } else {
            path.push(range(start, middle, &mut read)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// RFC 6962 §2.1.2, PROOF(old, D\[new\]). Empty when the old tree is empty or the same.
pub fn consistency<E: From<ProofError>>(
    old: u64,
    new: u64,
    mut read: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if old > new {
        return Err(ProofError::Shrunk { old, new }.into());
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut start, mut end) = (0, new);
    let mut path = Vec::new();
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range(middle, end, &mut read)?);
            end = middle;
        } else {
            path.push(range(start, middle, &mut read)?);
            start = middle;
        }
    }
    // When the old tree is itself a complete left subtree, the verifier already holds its root.
    if start != 0 {
        path.push(range(start, end, &mut read)?);
    }
    path.reverse();
    Ok(path)
}

/// RFC 9162 §2.1.3.2: `leaf` is at `index` in the tree of `size` leaves whose root is `root`.
pub fn check_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfTree { index, size });
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// RFC 9162 §2.1.4.2: the tree of `new` leaves begins with the tree of `old` leaves.
pub fn check_consistency(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    path: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 || old == new {
        // Nothing is left to the prover: the roots alone decide.
        let wanted = if old == 0 { empty_root() } else { *new_root };
        return match (path.is_empty(), *old_root == wanted) {
            (true, true) => Ok(()),
            (false, _) => Err(ProofError::Length),
            (_, false) => Err(ProofError::Root),
        };
    }
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    // A complete left subtree is not repeated in the proof.
    let (seed, rest) = if old.is_power_of_two() {
        (*old_root, path)
    } else {
        let (first, rest) = path.split_first().ok_or(ProofError::Length)?;
        (*first, rest)
    };
    let (mut small, mut large) = (seed, seed);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            small = node_hash(sibling, &small);
            large = node_hash(sibling, &large);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            large = node_hash(&large, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if small == *old_root && large == *new_root { Ok(()) } else { Err(ProofError::Root) }
}
