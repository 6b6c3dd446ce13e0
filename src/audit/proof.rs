//! Proofs from the database: that an entry is in the ledger, and that the ledger only grew. Each is
//! checked before it is handed out, so that a tree that was meddled with yields none.

use std::ops::Range;

use super::AuditError;
use crate::domain::ledger::proof::{
    Subtree, consistency as subtrees_between, inclusion as subtrees_beside, proves_consistency,
    proves_inclusion,
};
use crate::domain::ledger::{Frontier, Hash, StoredCheckpoint};
use crate::store::sql::{ledger, pruning};
use crate::store::{NODE_HEIGHTS, Tx};

/// The heights of kept subtrees, the smallest first.
const UPWARDS: [u32; 2] = {
    let [high, low] = NODE_HEIGHTS;
    [low, high]
};

/// That an entry is in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The entry.
    pub seq: u64,
    /// Its leaf hash.
    pub leaf: Hash,
    /// How many entries the tree has.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
    /// The hashes from the leaf's sibling up to the root's child.
    pub path: Vec<Hash>,
    /// The checkpoint over this very tree, if it was signed.
    pub checkpoint: Option<StoredCheckpoint>,
}

/// That a later tree begins with an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    /// How many entries the earlier tree has.
    pub from: u64,
    /// Its root.
    pub from_root: Hash,
    /// How many entries the later tree has.
    pub to: u64,
    /// Its root.
    pub to_root: Hash,
    /// The hashes in the order of RFC 6962 section 2.1.2.
    pub path: Vec<Hash>,
}

/// Proves that the entry `seq` is in the tree of the first `size` entries, which must exist.
///
/// # Errors
/// [`AuditError::Tree`] when the stored hashes do not come to the stored roots.
pub fn inclusion(tx: &Tx<'_>, seq: u64, size: u64) -> Result<Inclusion, AuditError> {
    let ranges = subtrees_beside(seq, size).ok_or(AuditError::Tree)?;
    let leaf = *ledger::leaves(tx, seq, 1)?.first().ok_or(AuditError::Tree)?;
    let path = fold_all(tx, ranges)?;
    let root = root(tx, size)?;
    let checkpoint = ledger::checkpoint_of(tx, size)?;
    if !proves_inclusion(&leaf, seq, size, &path, &root) {
        return Err(AuditError::Tree);
    }
    Ok(Inclusion { seq, leaf, size, root, path, checkpoint })
}

/// Proves that the tree of the first `to` entries begins with that of the first `from`.
///
/// # Errors
/// As [`inclusion`].
pub fn consistency(tx: &Tx<'_>, from: u64, to: u64) -> Result<Consistency, AuditError> {
    let ranges = subtrees_between(from, to).ok_or(AuditError::Tree)?;
    let path = fold_all(tx, ranges)?;
    let (from_root, to_root) = (root(tx, from)?, root(tx, to)?);
    if !proves_consistency(from, to, &from_root, &to_root, &path) {
        return Err(AuditError::Tree);
    }
    Ok(Consistency { from, from_root, to, to_root, path })
}

/// The root over the first `size` entries; where one was signed or stored, it must be the same.
///
/// # Errors
/// As [`inclusion`].
pub fn root(tx: &Tx<'_>, size: u64) -> Result<Hash, AuditError> {
    let root = fold(tx, 0..size)?;
    let signed = ledger::checkpoint_of(tx, size)?.map(|checkpoint| checkpoint.root);
    let (head, head_root, _) = ledger::size_and_root(tx)?;
    let head_root = (head == size).then_some(head_root);
    if signed.into_iter().chain(head_root).any(|known| known != root) {
        return Err(AuditError::Tree);
    }
    Ok(root)
}

fn fold_all(tx: &Tx<'_>, ranges: Vec<Range<u64>>) -> Result<Vec<Hash>, AuditError> {
    ranges.into_iter().map(|range| fold(tx, range)).collect()
}

/// The hash over a range of entries: of those that were pruned from the edge of their tree, then from
/// leaves up to where a kept subtree begins, from the largest of those, and again from leaves.
fn fold(tx: &Tx<'_>, range: Range<u64>) -> Result<Hash, AuditError> {
    let mut subtree = Subtree::default();
    let mut at = range.start;
    if let Some(base) = pruning::base(tx)?.filter(|base| at < base.frontier.size()) {
        at = fold_pruned(&mut subtree, &base.frontier, &range)?;
        // From one height to the next larger one, as far as there is a whole one.
        for (height, next) in [0].into_iter().chain(UPWARDS).zip(UPWARDS) {
            let end = at.next_multiple_of(1 << next);
            if end <= range.end {
                at = fold_kept(tx, &mut subtree, height, at..end)?;
            }
        }
    }
    for height in NODE_HEIGHTS.into_iter().chain([0]) {
        let end = range.end >> height << height;
        if at.is_multiple_of(1 << height) && at < end {
            at = fold_kept(tx, &mut subtree, height, at..end)?;
        }
    }
    if at == range.end { Ok(subtree.root()) } else { Err(AuditError::Tree) }
}

/// Adds kept subtrees of one height; both ends are multiples of it. Says where it came to.
fn fold_kept(
    tx: &Tx<'_>,
    subtree: &mut Subtree,
    height: u32,
    range: Range<u64>,
) -> Result<u64, AuditError> {
    let (from, to) = (range.start >> height, range.end >> height);
    if from >= to {
        return Ok(range.start);
    }
    let hashes = match height {
        0 => ledger::leaves(tx, from, to - from)?,
        _ => ledger::nodes(tx, height, from, to)?,
    };
    if u64::try_from(hashes.len()) != Ok(to - from) {
        return Err(AuditError::Tree);
    }
    for hash in hashes {
        subtree.push(height, hash);
    }
    Ok(range.end)
}

/// Adds what the edge of the pruned tree has of the range, which must be whole subtrees of it; says
/// where it came to.
fn fold_pruned(
    subtree: &mut Subtree,
    edge: &Frontier,
    range: &Range<u64>,
) -> Result<u64, AuditError> {
    let mut at = 0;
    let mut rest = edge.size();
    for hash in edge.hashes() {
        if at >= range.end {
            break;
        }
        // The largest subtree comes first: the highest bit that is left of the size.
        let height = rest.checked_ilog2().ok_or(AuditError::Tree)?;
        let end = at + (1 << height);
        rest -= 1 << height;
        if at >= range.start && end <= range.end {
            subtree.push(height, *hash);
        } else if end > range.start {
            return Err(AuditError::Pruned);
        }
        at = end;
    }
    Ok(at)
}
