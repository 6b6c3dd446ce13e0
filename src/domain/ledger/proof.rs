//! Proofs about the tree (RFC 6962 section 2.1, RFC 9162 section 2.1): that an entry is in it, and
//! that a later tree grew from an earlier one.
//!
//! Making a proof is choosing subtrees: [`inclusion`] and [`consistency`] say which ranges of leaves
//! they stand over, and whoever has the leaves (or hashes of whole subtrees) folds each range with
//! [`Subtree`]. Checking a proof needs nothing but hashes.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::merkle::{Hash, node_hash};

/// The ranges of leaves whose subtrees prove that leaf `index` is in the tree of `size` leaves, from
/// its sibling up (RFC 6962 section 2.1.1); nothing when there is no such leaf.
#[must_use]
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    let mut path = Vec::new();
    let mut tree = 0..size;
    while tree.end - tree.start > 1 {
        let split = split(&tree);
        let (left, right) = (tree.start..split, split..tree.end);
        if index < split {
            path.push(right);
            tree = left;
        } else {
            path.push(left);
            tree = right;
        }
    }
    path.reverse();
    Some(path)
}

/// The ranges of leaves whose subtrees prove that the tree of `to` leaves begins with the tree of
/// `from` leaves (RFC 6962 section 2.1.2); nothing unless 0 < `from` <= `to`.
#[must_use]
pub fn consistency(from: u64, to: u64) -> Option<Vec<Range<u64>>> {
    if from == 0 || from > to {
        return None;
    }
    let mut path = Vec::new();
    let mut tree = 0..to;
    while from < tree.end {
        let split = split(&tree);
        let (left, right) = (tree.start..split, split..tree.end);
        if from <= split {
            path.push(right);
            tree = left;
        } else {
            path.push(left);
            tree = right;
        }
    }
    // The verifier knows the old root, which is this subtree unless something lies to its left.
    if tree.start > 0 {
        path.push(tree);
    }
    path.reverse();
    Some(path)
}

/// Where a tree of two leaves or more splits: after the largest power of two that is smaller.
const fn split(tree: &Range<u64>) -> u64 {
    let size = tree.end - tree.start;
    tree.start + (1 << (size - 1).ilog2())
}

/// The hash over consecutive leaves, folded from whole subtrees put in from the left.
#[derive(Clone, Debug, Default)]
pub struct Subtree {
    /// Height and hash, largest first.
    parts: Vec<(u32, Hash)>,
}

impl Subtree {
    /// Adds the whole subtree of the next 2^`height` leaves, whose place must be a multiple of that.
    pub fn push(&mut self, height: u32, hash: Hash) {
        let (mut height, mut node) = (height, hash);
        while let Some((left_height, left)) = self.parts.last()
            && *left_height == height
        {
            node = node_hash(left, &node);
            self.parts.pop();
            height += 1;
        }
        self.parts.push((height, node));
    }

    /// The hash over everything put in; SHA-256 of nothing when that was nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut from_right = self.parts.iter().rev().map(|(_, hash)| *hash);
        let Some(last) = from_right.next() else { return Sha256::digest([]).into() };
        from_right.fold(last, |right, left| node_hash(&left, &right))
    }
}

/// Whether `path` proves that the leaf with this hash is at `index` of the tree with this size and
/// root (RFC 9162 section 2.1.3.2).
#[must_use]
pub fn proves_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            if at % 2 == 0 {
                let zeros = at.trailing_zeros().min(63);
                at >>= zeros;
                last >>= zeros;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `path` proves that the tree (`to`, `to_root`) begins with the tree (`from`, `from_root`)
/// (RFC 9162 section 2.1.4.2).
#[must_use]
pub fn proves_consistency(
    from: u64,
    to: u64,
    from_root: &Hash,
    to_root: &Hash,
    path: &[Hash],
) -> bool {
    if from == 0 || from > to {
        return false;
    }
    if from == to {
        return path.is_empty() && from_root == to_root;
    }
    // Where the old tree is one whole subtree, its root is left out of the proof.
    let (first, rest) = if from.is_power_of_two() {
        (from_root, path)
    } else {
        let Some((first, rest)) = path.split_first() else { return false };
        (first, rest)
    };
    let (mut at, mut last) = (from - 1, to - 1);
    let ones = at.trailing_ones();
    at >>= ones;
    last >>= ones;
    let (mut old, mut new) = (*first, *first);
    for node in rest {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            old = node_hash(node, &old);
            new = node_hash(node, &new);
            if at % 2 == 0 {
                let zeros = at.trailing_zeros().min(63);
                at >>= zeros;
                last >>= zeros;
            }
        } else {
            new = node_hash(&new, node);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old == *from_root && new == *to_root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_the_published_examples() {
        // RFC 6962 section 2.1.3, the tree of seven leaves: d0 is proved by b, h and l.
        assert_eq!(inclusion(0, 7), Some(vec![1..2, 2..4, 4..7]));
        assert_eq!(inclusion(3, 7), Some(vec![2..3, 0..2, 4..7]));
        assert_eq!(inclusion(4, 7), Some(vec![5..6, 6..7, 0..4]));
        assert_eq!(inclusion(6, 7), Some(vec![4..6, 0..4]));
        assert_eq!(consistency(3, 7), Some(vec![2..3, 3..4, 0..2, 4..7]));
        assert_eq!(consistency(4, 7).unwrap().first(), Some(&(4..7)));
        assert_eq!(consistency(6, 7), Some(vec![4..6, 6..7, 0..4]));
    }

    #[test]
    fn there_is_no_proof_of_what_cannot_be() {
        assert_eq!(inclusion(0, 0), None);
        assert_eq!(inclusion(7, 7), None);
        assert_eq!(consistency(0, 7), None);
        assert_eq!(consistency(8, 7), None);
        assert_eq!(inclusion(0, 1), Some(Vec::new()));
        assert_eq!(consistency(7, 7), Some(Vec::new()));
        assert_eq!(inclusion(u64::MAX - 1, u64::MAX).map(|path| path.len()), Some(63));
    }

    #[test]
    fn al_11_proofs_of_the_project_vectors() {
        let leaf = |text: &str| -> Hash { hex::decode(text).unwrap().try_into().unwrap() };
        let leaves = [
            "91c810f60936c6c6b88a98bbe92da1981ef2e2ddc3bae9d3b704c5ef6984ba22",
            "661ece5f766b7dab2d8012bd3cd9d4a443357205f7cdf54d5d320fbc9f5d720a",
            "a16330fee5b1738b15f86fe0344dd09ecf2ac8b288ee5981126214eb2d4e500e",
            "24ba47473cffafd6577c274048b867a2c4a4d77497ced500de1a2d11da95be4c",
        ]
        .map(leaf);
        let hash = |range: Range<u64>| {
            let mut subtree = Subtree::default();
            for at in range {
                subtree.push(0, leaves[usize::try_from(at).unwrap()]);
            }
            subtree.root()
        };
        let hashes =
            |ranges: Option<Vec<Range<u64>>>| ranges.unwrap().into_iter().map(hash).collect();
        let two = leaf("261d59f010667434bb8721c7b038d4e982d9c3dc9391206faf0b371f047b76ef");
        let three = leaf("4028fc42747728b261249e42d14dd2be096b86947b948f5dc22b5dd1b6de06dd");
        let four = leaf("101715880a58ffe77064c0577a90cb93f3352d96adfd7524328998784a904f1b");
        let right = leaf("0281c206d99e90253b6d22dd6a91a7663c70e3bd08bf8dd1f10a791bbfa7db4e");

        let path: Vec<Hash> = hashes(inclusion(1, 4));
        assert_eq!(path, [leaves[0], right]);
        assert!(proves_inclusion(&leaves[1], 1, 4, &path, &four));
        let path: Vec<Hash> = hashes(consistency(2, 4));
        assert_eq!(path, [right]);
        assert!(proves_consistency(2, 4, &two, &four, &path));
        let path: Vec<Hash> = hashes(consistency(3, 4));
        assert_eq!(path, [leaves[2], leaves[3], two]);
        assert!(proves_consistency(3, 4, &three, &four, &path));
        assert!(!proves_consistency(3, 4, &two, &four, &path));
    }
}
