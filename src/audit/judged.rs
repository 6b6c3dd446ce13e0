//! Stored checkpoints, sorted and with their signatures checked.

use super::report::{Finding, Reason};
use crate::crypto::sign::{VerifierKey, verify_any};
use crate::domain::ledger::checkpoint::{Checkpoint, parse_note};
use crate::domain::ledger::{Hash, StoredCheckpoint};

/// A checkpoint and whether it may be believed.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub size: u64,
    /// The signed root; nothing when the signature is bad.
    pub root: Option<Hash>,
}

/// Checks every signature (without keys: only the form) and sorts by size.
pub(super) fn judge(
    checkpoints: &[StoredCheckpoint],
    keys: &[VerifierKey],
    origin: &str,
) -> Vec<Judged> {
    let mut judged: Vec<Judged> = checkpoints
        .iter()
        .map(|stored| {
            let believed = read(&stored.note, keys).filter(|signed| {
                signed.origin == origin && signed.size == stored.size && signed.root == stored.root
            });
            Judged { size: stored.size, root: believed.map(|signed| signed.root) }
        })
        .collect();
    judged.sort_by_key(|one| one.size);
    judged
}

fn read(note: &str, keys: &[VerifierKey]) -> Option<Checkpoint> {
    if keys.is_empty() {
        return Checkpoint::parse_body(&parse_note(note).ok()?.text).ok();
    }
    verify_any(keys, note).ok()
}

/// Two believed checkpoints of one size that differ.
pub(super) fn contradiction(judged: &[Judged]) -> Option<Finding> {
    let pair = judged.windows(2).find_map(|pair| match pair {
        [a, b] if a.size == b.size && a.root.is_some() && b.root.is_some() && a.root != b.root => {
            Some(a.size)
        }
        _ => None,
    })?;
    Some(Finding { sizes: vec![pair, pair], ..Finding::at(pair, Reason::Fork) })
}
