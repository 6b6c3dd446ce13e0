//! The tree against the recursive definition of RFC 6962 section 2.1.

use doorward::domain::ledger::merkle::{Frontier, Hash, leaf_hash, node_hash};
use proptest::prelude::*;

/// The definition, word by word: split at the largest power of two below the number of leaves.
fn by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Frontier::new().root(),
        [only] => *only,
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            node_hash(&by_definition(&leaves[..split]), &by_definition(&leaves[split..]))
        }
    }
}

#[test]
fn al_06_the_root_follows_the_definition_for_every_size_up_to_two_thousand() {
    let leaves: Vec<Hash> = (0..2000u32).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    let mut tree = Frontier::new();
    for (n, leaf) in leaves.iter().enumerate() {
        if n % 37 == 0 || n < 70 || n.is_power_of_two() {
            assert_eq!(tree.root(), by_definition(&leaves[..n]), "{n} leaves");
        }
        tree.push(*leaf);
    }
    assert_eq!(tree.root(), by_definition(&leaves));
    assert_eq!(tree.hashes().len(), 2000u64.count_ones() as usize);
}

proptest! {
    #[test]
    fn al_06_one_changed_leaf_changes_the_root(size in 1usize..200, at in 0usize..200) {
        let mut leaves: Vec<Hash> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let before = by_definition(&leaves);
        let at = at % size;
        leaves[at][0] ^= 1;
        prop_assert_ne!(by_definition(&leaves), before);
    }

    #[test]
    fn a_kept_frontier_continues_as_if_it_had_never_been_put_away(
        before in 0usize..100,
        after in 0usize..100,
    ) {
        let leaf = |n: usize| leaf_hash(&n.to_be_bytes());
        let mut tree = Frontier::new();
        (0..before).for_each(|n| tree.push(leaf(n)));
        let mut kept = Frontier::from_bytes(tree.size(), &tree.to_bytes()).unwrap();
        (before..before + after).for_each(|n| kept.push(leaf(n)));
        let all: Vec<Hash> = (0..before + after).map(leaf).collect();
        prop_assert_eq!(kept.root(), by_definition(&all));
    }
}
