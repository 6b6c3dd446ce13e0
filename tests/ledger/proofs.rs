//! Proofs against the recursive definitions of RFC 6962 section 2.1, word by word.

use std::ops::Range;

use doorward::domain::ledger::merkle::{Frontier, Hash, leaf_hash, node_hash};
use doorward::domain::ledger::proof::{
    Subtree, consistency, inclusion, proves_consistency, proves_inclusion,
};
use proptest::prelude::*;

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

/// MTH.
fn tree(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Frontier::new().root(),
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&tree(left), &tree(right))
        }
    }
}

/// PATH.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut found, last) = match index < k {
        true => (path(index, left), tree(right)),
        false => (path(index - k, right), tree(left)),
    };
    found.push(last);
    found
}

/// SUBPROOF.
fn subproof(from: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if from == leaves.len() {
        return if known { Vec::new() } else { vec![tree(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut found, last) = match from <= k {
        true => (subproof(from, left, known), tree(right)),
        false => (subproof(from - k, right, false), tree(left)),
    };
    found.push(last);
    found
}

fn fold(leaves: &[Hash], ranges: Vec<Range<u64>>) -> Vec<Hash> {
    let one = |range: Range<u64>| {
        let mut subtree = Subtree::default();
        for at in range {
            subtree.push(0, leaves[at as usize]);
        }
        subtree.root()
    };
    ranges.into_iter().map(one).collect()
}

/// A change of a proof that must not prove anything any more.
fn mutations(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = vec![[proof, &[[7; 32]]].concat()];
    for at in 0..proof.len() {
        let mut changed = proof.to_vec();
        changed[at][31] ^= 1;
        all.push(changed);
        let mut shorter = proof.to_vec();
        shorter.remove(at);
        all.push(shorter);
        let mut swapped = proof.to_vec();
        swapped.swap(at, 0);
        if swapped != proof {
            all.push(swapped);
        }
    }
    all
}

#[test]
fn al_11_every_proof_of_every_tree_up_to_seventy_leaves_is_the_defined_one() {
    for size in 1..=70u64 {
        let leaves = leaves(size);
        let root = tree(&leaves);
        for index in 0..size {
            let made = fold(&leaves, inclusion(index, size).unwrap());
            assert_eq!(made, path(index as usize, &leaves), "{index} in {size}");
            assert!(proves_inclusion(&leaves[index as usize], index, size, &made, &root));
        }
        for from in 1..=size {
            let made = fold(&leaves, consistency(from, size).unwrap());
            assert_eq!(made, subproof(from as usize, &leaves, true), "{from} to {size}");
            let old = tree(&leaves[..from as usize]);
            assert!(proves_consistency(from, size, &old, &root, &made), "{from} to {size}");
        }
    }
}

proptest! {
    #[test]
    fn al_11_a_proof_of_a_large_tree_is_the_defined_one_and_a_changed_one_fails(
        size in 1u64..2000,
        at in 0u64..2000,
    ) {
        let leaves = leaves(size);
        let root = tree(&leaves);
        let index = at % size;
        let leaf = leaves[index as usize];
        let made = fold(&leaves, inclusion(index, size).unwrap());
        prop_assert_eq!(&made, &path(index as usize, &leaves));
        prop_assert!(proves_inclusion(&leaf, index, size, &made, &root));
        for changed in mutations(&made) {
            prop_assert!(!proves_inclusion(&leaf, index, size, &changed, &root));
        }
        prop_assert!(!proves_inclusion(&leaf, index, size, &made, &[0; 32]));
        prop_assert!(!proves_inclusion(&[0; 32], index, size, &made, &root));
        prop_assert!(!proves_inclusion(&leaf, size, size, &made, &root));

        let from = at % size + 1;
        let old = tree(&leaves[..from as usize]);
        let made = fold(&leaves, consistency(from, size).unwrap());
        prop_assert_eq!(&made, &subproof(from as usize, &leaves, true));
        prop_assert!(proves_consistency(from, size, &old, &root, &made));
        for changed in mutations(&made) {
            prop_assert!(!proves_consistency(from, size, &old, &root, &changed));
        }
        prop_assert!(!proves_consistency(from, size, &[0; 32], &root, &made));
        prop_assert!(!proves_consistency(from, size, &old, &[0; 32], &made));
        prop_assert!(!proves_consistency(0, size, &old, &root, &made));
    }

    #[test]
    fn a_subtree_is_the_same_from_leaves_and_from_the_subtrees_that_a_growing_tree_tells(
        size in 0u64..3000,
    ) {
        let leaves = leaves(size);
        let (mut frontier, mut whole) = (Frontier::new(), Vec::new());
        for leaf in &leaves {
            frontier.push_telling(*leaf, |height, hash| {
                if height == 4 {
                    whole.push(*hash);
                }
            });
        }
        prop_assert_eq!(whole.len() as u64, size / 16);
        let mut subtree = Subtree::default();
        for hash in whole {
            subtree.push(4, hash);
        }
        for leaf in &leaves[(size - size % 16) as usize..] {
            subtree.push(0, *leaf);
        }
        prop_assert_eq!(subtree.root(), frontier.root());
    }
}
