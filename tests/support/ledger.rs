//! Reading a ledger the hard way: chain, tree and personal values computed again from the entries.

use std::collections::BTreeSet;

use doorward::app::Deps;
use doorward::domain::ledger::entry::{disclosure_digest, genesis_prev};
use doorward::domain::ledger::merkle::{Frontier, leaf_hash};
use doorward::domain::ledger::stored::StoredEntry;
use doorward::store::sql::ledger;
use serde_json::Value;

/// Every entry, oldest first.
pub fn entries(d: &Deps) -> Vec<StoredEntry> {
    d.store.read(|tx| ledger::scan(tx, 0, 1 << 40)).unwrap()
}

/// Every entry as a document.
pub fn documents(d: &Deps) -> Vec<Value> {
    entries(d).iter().map(|entry| serde_json::from_str(&entry.json).unwrap()).collect()
}

/// The types of the entries, oldest first.
pub fn types(d: &Deps) -> Vec<String> {
    documents(d).iter().map(|entry| entry["type"].as_str().unwrap().to_owned()).collect()
}

/// Holds the ledger against its own rules: contiguous, chained, its head over all of it, its
/// checkpoints over what they say, its personal values the ones that were sealed.
pub fn must_be_whole(d: &Deps) {
    let entries = entries(d);
    let origin = d.store.read(ledger::origin).unwrap();
    let checkpoints = d.store.read(ledger::checkpoints).unwrap();
    let disclosures = d.store.read(|tx| ledger::disclosures(tx, 0, 1 << 40)).unwrap();
    let mut sealed = BTreeSet::new();
    let (mut frontier, mut prev) = (Frontier::new(), genesis_prev(&origin));
    for (place, entry) in (0u64..).zip(&entries) {
        let document: Value = serde_json::from_str(&entry.json).unwrap();
        assert_eq!(entry.seq, place, "the ledger has a gap");
        assert_eq!(document["seq"], place);
        assert_eq!(document["prev"], hex::encode(prev), "entry {place} is not chained");
        assert_eq!(entry.leaf, leaf_hash(entry.json.as_bytes()), "entry {place}");
        for (name, digest) in document["sd"].as_object().into_iter().flatten() {
            sealed.insert((place, name.clone(), digest.as_str().unwrap().to_owned()));
        }
        prev = entry.leaf;
        frontier.push(entry.leaf);
        for checkpoint in checkpoints.iter().filter(|one| one.size == place + 1) {
            assert_eq!(checkpoint.root, frontier.root(), "checkpoint {}", checkpoint.size);
        }
    }
    let kept = disclosures.into_iter().map(|one| {
        let digest = disclosure_digest(&one.encoded);
        (one.seq, one.name, digest)
    });
    assert_eq!(kept.collect::<BTreeSet<_>>(), sealed, "personal values and their digests");
    let (size, root, _) = d.store.read(ledger::size_and_root).unwrap();
    assert_eq!((size, root), (frontier.size(), frontier.root()), "the head of the ledger");
}
