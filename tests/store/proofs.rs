//! Proofs from the database, and inspecting an entry.

use doorward::domain::ledger::merkle::leaf_hash;
use doorward::domain::ledger::proof::{proves_consistency, proves_inclusion};
use doorward::domain::ledger::{Event, EventType};
use doorward::error::{Error, ErrorCode};
use doorward::service::{ledger, proofs};
use doorward::store::Change;

use crate::support::{Realm, with_password};

crate::on_both_engines! {
    al_11_every_entry_is_proved_in_trees_of_many_sizes,
    al_11_the_ledger_is_proved_to_have_grown_from_any_size,
    al_11_what_is_not_there_has_no_proof,
    al_18_an_entry_is_shown_with_its_exact_text_its_values_and_a_proof,
    a_tree_that_was_meddled_with_proves_nothing,
}

/// Adds entries until there are `size`.
fn grow(realm: &Realm, size: u64) {
    let there = realm.d.store.read(doorward::store::sql::ledger::size_and_root).unwrap().0;
    let event = || Event::new(EventType::AdminConfigChanged).data("source", "test");
    let more = (there + 1..size).map(move |_| event());
    realm
        .d
        .store
        .write(&realm.by.author(), |_| Ok::<_, Error>(Change::of((), event(), more)))
        .unwrap();
}

fn must_prove(realm: &Realm, seq: u64, size: u64) {
    let proof = proofs::inclusion(&realm.d, seq, Some(size)).unwrap();
    assert_eq!((proof.seq, proof.size), (seq, size));
    assert!(proves_inclusion(&proof.leaf, seq, size, &proof.path, &proof.root), "{seq} in {size}");
    let json = proofs::entry(&realm.d, seq).unwrap().json;
    assert_eq!(proof.leaf, leaf_hash(json.as_bytes()));
}

fn al_11_every_entry_is_proved_in_trees_of_many_sizes(realm: &Realm) {
    grow(realm, 700);
    for size in [1, 2, 255, 256, 257, 511, 512, 513, 699, 700] {
        for seq in [0, 1, 127, 254, 255, 256, 257, 510, 511, 512, 600, 698, 699] {
            if seq < size {
                must_prove(realm, seq, size);
            }
        }
    }
    let signed = ledger::checkpoint(&realm.d, &realm.by).unwrap();
    let proof = proofs::inclusion(&realm.d, 3, None).unwrap();
    assert_eq!(proof.size, signed.size, "the newest checkpoint is what people hold");
    assert_eq!(proof.checkpoint.unwrap().note, signed.note);
    realm.person("late@example.com");
    let late = proofs::inclusion(&realm.d, signed.size, None).unwrap();
    assert_eq!((late.size, late.checkpoint), (signed.size + 1, None));
}

fn al_11_the_ledger_is_proved_to_have_grown_from_any_size(realm: &Realm) {
    grow(realm, 700);
    for from in [1, 2, 3, 255, 256, 257, 511, 512, 513, 650, 700] {
        for to in [1, 2, 256, 300, 512, 700] {
            if from <= to {
                let proof = proofs::consistency(&realm.d, from, Some(to)).unwrap();
                let roots = (&proof.from_root, &proof.to_root);
                assert!(proves_consistency(from, to, roots.0, roots.1, &proof.path));
            }
        }
    }
    let early = ledger::checkpoint(&realm.d, &realm.by).unwrap();
    grow(realm, 1100);
    let late = ledger::checkpoint(&realm.d, &realm.by).unwrap();
    let proof = proofs::consistency(&realm.d, early.size, None).unwrap();
    assert_eq!((proof.from, proof.to), (early.size, late.size));
    assert_eq!(hex::encode(proof.from_root), early.root, "the root that was signed");
    assert_eq!(hex::encode(proof.to_root), late.root);
}

fn al_11_what_is_not_there_has_no_proof(realm: &Realm) {
    grow(realm, 5);
    let code = |result: Result<proofs::Inclusion, Error>| result.unwrap_err().code();
    assert_eq!(code(proofs::inclusion(&realm.d, 5, None)), ErrorCode::NotFound);
    assert_eq!(code(proofs::inclusion(&realm.d, 4, Some(4))), ErrorCode::NotFound);
    assert_eq!(code(proofs::inclusion(&realm.d, 0, Some(6))), ErrorCode::NotFound);
    assert_eq!(code(proofs::inclusion(&realm.d, u64::MAX, Some(u64::MAX))), ErrorCode::NotFound);
    let code = |result: Result<proofs::Consistency, Error>| result.unwrap_err().code();
    assert_eq!(code(proofs::consistency(&realm.d, 0, Some(5))), ErrorCode::Invalid);
    assert_eq!(code(proofs::consistency(&realm.d, 4, Some(3))), ErrorCode::Invalid);
    assert_eq!(code(proofs::consistency(&realm.d, 1, Some(6))), ErrorCode::NotFound);
    assert_eq!(code(proofs::consistency(&realm.d, 6, None)), ErrorCode::NotFound);
    assert_eq!(proofs::entry(&realm.d, 5).unwrap_err().code(), ErrorCode::NotFound);
    assert_eq!(proofs::entry(&realm.d, u64::MAX).unwrap_err().code(), ErrorCode::NotFound);
}

fn al_18_an_entry_is_shown_with_its_exact_text_its_values_and_a_proof(realm: &Realm) {
    realm.create(with_password("ada@example.com", "correct horse")).unwrap();
    let young = proofs::entry(&realm.d, 1).unwrap();
    assert_eq!(young.proof, None, "nothing is signed yet");
    assert_eq!(young.leaf, leaf_hash(young.json.as_bytes()));
    assert!(young.disclosures.iter().any(|one| one.name == "email"));
    let signed = ledger::checkpoint(&realm.d, &realm.by).unwrap();
    let proof = proofs::entry(&realm.d, 1).unwrap().proof.unwrap();
    let head = "c2sp.org/tlog-proof@v1\nindex 1\n";
    let hashes = proof.strip_prefix(head).unwrap().strip_suffix(&signed.note).unwrap();
    let hashes = hashes.strip_suffix("\n\n").unwrap();
    assert_eq!(hashes.lines().count(), 2, "three leaves, the one in the middle: {proof}");
    assert!(hashes.lines().all(|line| line.len() == 44), "base64 of 32 bytes");
}

fn a_tree_that_was_meddled_with_proves_nothing(realm: &Realm) {
    grow(realm, 600);
    let altered = "UPDATE ledger_nodes SET hash = (SELECT leaf FROM ledger_entries WHERE seq = 9)";
    realm.meddle(altered).unwrap();
    let code = |result: Result<proofs::Inclusion, Error>| result.unwrap_err().code();
    assert_eq!(code(proofs::inclusion(&realm.d, 599, Some(600))), ErrorCode::Corrupt);
    realm.meddle("DELETE FROM ledger_nodes").unwrap();
    assert_eq!(code(proofs::inclusion(&realm.d, 599, Some(600))), ErrorCode::Corrupt);
}

#[test]
fn al_11_a_tree_with_subtrees_of_every_kept_height_is_proved() {
    let realm = Realm::sqlite();
    let size = 65_536 * 2 + 300;
    grow(&realm, size);
    for seq in [0, 255, 256, 65_535, 65_536, 131_071, 131_072, 131_327, 131_328, size - 1] {
        must_prove(&realm, seq, size);
    }
    for from in [1, 256, 65_536, 65_537, 131_072, 131_329] {
        let proof = proofs::consistency(&realm.d, from, Some(size)).unwrap();
        let (old, new) = (&proof.from_root, &proof.to_root);
        assert!(proves_consistency(from, size, old, new, &proof.path), "{from}");
    }
}
