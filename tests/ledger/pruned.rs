//! The attacks V1 to V12 on a ledger of which the beginning was pruned and somebody erased.

use doorward::audit::{Finding, Reason, Report, Verdict};
use doorward::crypto::sign::{SigningKey, VerifierKey};
use doorward::domain::ledger::merkle::{Frontier, leaf_hash};
use doorward::domain::ledger::{Event, EventType};
use doorward::store::sql::personal;
use doorward::store::sql::pruning::{self, Base};
use doorward::store::{Change, StoreError};
use uuid::Uuid;

use super::ledgers::{Bed, Intruder, author};

/// The first entry that is kept.
const BEGIN: u64 = 5;
const SIZE: u64 = 14;

/// Twelve entries of which the first five are pruned, and the eighth's person erased: entry 12 is
/// the record of the one, entry 13 of the other.
fn bed() -> Bed {
    let bed = Bed::with(12, &[5, 8, 10]);
    bed.store
        .write(&author(), |tx| {
            let frontier = pruning::signed_edge(tx, BEGIN)?.unwrap();
            let leaf = doorward::store::sql::ledger::leaves(tx, BEGIN - 1, 1)?[0];
            let root = hex::encode(frontier.root());
            pruning::set_base(tx, &Base { frontier, leaf })?;
            let event =
                Event::new(EventType::LedgerPruned).data("before", BEGIN).data("root", root);
            Ok::<_, StoreError>(Change::of((), event, []))
        })
        .unwrap();
    bed.store.scratch(|tx| pruning::remove(tx, 100)).unwrap();
    let erased = Uuid::from_u128(7);
    bed.store
        .write(&author(), |tx| {
            for place in personal::of(tx, erased, 100)? {
                assert!(personal::remove(tx, &place)?);
            }
            let event = Event::new(EventType::UserErased).principal(erased).data("count", 1);
            Ok::<_, StoreError>(Change::of((), event, []))
        })
        .unwrap();
    assert_eq!(bed.size(), SIZE);
    bed
}

fn first_bad(report: &Report) -> (u64, Reason) {
    let bad = report.first_bad.as_ref().expect("something is wrong");
    assert_eq!(report.verdict(), Verdict::Altered);
    (bad.seq, bad.reason)
}

fn after(damage: impl FnOnce(&Intruder)) -> Report {
    let bed = bed();
    damage(&bed.intrude());
    bed.verify()
}

#[test]
fn al_24_a_pruned_ledger_is_intact() {
    let report = bed().verify();
    assert_eq!(report.first_bad, None, "{}", report.to_json());
    assert_eq!((report.size, report.pruned, report.checked), (SIZE, BEGIN, SIZE));
    assert_eq!(report.warnings, vec![Finding::at(10, Reason::UnsignedTail)]);
}

#[test]
fn v1_changed_bytes_are_found() {
    for seq in BEGIN..SIZE {
        let report = after(|intruder| intruder.set_entry(seq, &intruder.forged(seq)));
        assert_eq!(first_bad(&report), (seq, Reason::Content));
    }
}

#[test]
fn v2_changed_bytes_with_their_hash_break_a_link() {
    for seq in BEGIN..SIZE - 1 {
        let report = after(|intruder| intruder.set_both(seq, &intruder.forged(seq)));
        assert_eq!(first_bad(&report), (seq, Reason::Chain), "entry {seq}");
    }
}

#[test]
fn v3_a_mended_chain_does_not_fit_the_next_checkpoint() {
    for seq in BEGIN..10 {
        let report = after(|intruder| {
            intruder.set_both(seq, &intruder.forged(seq));
            intruder.mend_after(seq, SIZE);
        });
        let good = if seq < 8 { 5 } else { 8 };
        assert_eq!(first_bad(&report), (good, Reason::Checkpoint), "entry {seq}");
    }
}

#[test]
fn v4_a_removed_entry_is_found() {
    for seq in BEGIN..SIZE - 1 {
        let report = after(|intruder| {
            intruder.run(&format!("DELETE FROM ledger_entries WHERE seq = {seq}"));
        });
        assert_eq!(first_bad(&report), (seq, Reason::Sequence), "entry {seq}");
    }
}

#[test]
fn v5_removed_newest_entries_are_missed() {
    let report = after(|intruder| {
        intruder.run("DELETE FROM ledger_disclosures WHERE seq >= 9");
        intruder.run("DELETE FROM ledger_entries WHERE seq >= 9");
    });
    assert_eq!(first_bad(&report).1, Reason::Truncated);
}

#[test]
fn v5_pruning_more_than_the_record_says_is_found() {
    // With all the care in the world: the tree of a later checkpoint, and the right last leaf.
    let report = after(|intruder| {
        let row = "SELECT c.size, c.frontier, e.leaf FROM ledger_checkpoints c
            JOIN ledger_entries e ON e.seq = c.size - 1 WHERE c.size = 8";
        intruder.run("DELETE FROM ledger_base");
        intruder.run(&format!("INSERT INTO ledger_base (before, frontier, leaf) {row}"));
        intruder.run("DELETE FROM ledger_disclosures WHERE seq < 8");
        intruder.run("DELETE FROM ledger_entries WHERE seq < 8");
    });
    assert_eq!(first_bad(&report), (0, Reason::Sequence));
}

#[test]
fn v5_another_tree_in_place_of_what_was_pruned_is_found() {
    let report = after(|intruder| {
        let mut tree = Frontier::new();
        (0..BEGIN).for_each(|at| tree.push(leaf_hash(&at.to_be_bytes())));
        intruder.0.execute("UPDATE ledger_base SET frontier = ?1", [tree.to_bytes()]).unwrap();
    });
    // No checkpoint vouches for it, so that it begins at the beginning.
    assert_eq!(first_bad(&report), (0, Reason::Checkpoint));
    let report = after(|intruder| {
        intruder.0.execute("UPDATE ledger_base SET leaf = ?1", [[7u8; 32].as_slice()]).unwrap();
    });
    assert_eq!(first_bad(&report).1, Reason::Chain);
}

#[test]
fn v6_an_old_state_is_found_by_a_checkpoint_kept_elsewhere() {
    let bed = bed();
    bed.append(99, true);
    let kept = bed.newest_note();
    let size = bed.size();
    let intruder = bed.intrude();
    intruder.run(&format!("DELETE FROM ledger_entries WHERE seq >= {}", size - 1));
    intruder.run(&format!("DELETE FROM ledger_disclosures WHERE seq >= {}", size - 1));
    intruder.run(&format!("DELETE FROM ledger_checkpoints WHERE size >= {size}"));
    let base: Vec<u8> =
        intruder.0.query_row("SELECT frontier FROM ledger_base", [], |row| row.get(0)).unwrap();
    let mut tree = Frontier::from_bytes(BEGIN, &base).unwrap();
    (BEGIN..size - 1).for_each(|at| tree.push(leaf_hash(intruder.entry(at).as_bytes())));
    let head = "UPDATE ledger_head SET size = ?1, frontier = ?2, signed_size = 10";
    intruder.0.execute(head, ((size - 1) as i64, tree.to_bytes())).unwrap();
    assert_eq!(bed.verify().first_bad, None, "by itself it looks well");
    let report = bed.verify_since(&kept);
    assert_eq!(first_bad(&report), (size, Reason::Rollback), "{}", report.to_json());
}

#[test]
fn v6_a_checkpoint_over_what_was_pruned_cannot_be_proved_and_a_false_one_is_found() {
    let bed = Bed::with(12, &[3, 5, 8, 10]);
    let other = Bed::with(12, &[3]);
    let old = bed.store.read(doorward::store::sql::ledger::checkpoints).unwrap()[0].note.clone();
    bed.store
        .write(&author(), |tx| {
            let frontier = pruning::signed_edge(tx, BEGIN)?.unwrap();
            let leaf = doorward::store::sql::ledger::leaves(tx, BEGIN - 1, 1)?[0];
            let root = hex::encode(frontier.root());
            pruning::set_base(tx, &Base { frontier, leaf })?;
            let event =
                Event::new(EventType::LedgerPruned).data("before", BEGIN).data("root", root);
            Ok::<_, StoreError>(Change::of((), event, []))
        })
        .unwrap();
    let report = bed.verify_since(&old);
    assert_eq!(report.verdict(), Verdict::CannotTell, "{}", report.to_json());
    assert!(report.warnings.iter().any(|one| one.reason == Reason::SincePruned));
    let forged = bed.key.sign_checkpoint(&bed.origin(), 3, &other.intrude().root(3)).unwrap();
    assert_eq!(first_bad(&bed.verify_since(&forged)), (3, Reason::Rollback));
}

#[test]
fn v7_an_entry_that_no_checkpoint_covers_is_warned_of() {
    let bed = bed();
    bed.append(99, false);
    let report = bed.verify();
    assert_eq!(report.first_bad, None);
    assert!(report.warnings.iter().any(|one| one.reason == Reason::UnsignedTail));
}

#[test]
fn v8_a_bad_signature_is_found_before_and_after_the_beginning() {
    let other = SigningKey::generate().unwrap();
    for size in [5, 8, 10] {
        let bed = bed();
        let intruder = bed.intrude();
        let note = other.sign_checkpoint(&bed.origin(), size, &[0; 32]).unwrap();
        let statement = "UPDATE ledger_checkpoints SET note = ?1 WHERE size = ?2";
        intruder.0.execute(statement, (note, size as i64)).unwrap();
        assert_eq!(first_bad(&bed.verify()), (size, Reason::Signature), "checkpoint {size}");
    }
}

#[test]
fn v9_two_signed_states_that_do_not_agree_are_found() {
    let bed = bed();
    let note = bed.key.sign_checkpoint(&bed.origin(), 7, &[7; 32]).unwrap();
    let statement = "INSERT INTO ledger_checkpoints (size, root, frontier, note, time)
        VALUES (7, ?1, ?2, ?3, 0)";
    let row = ([7u8; 32].as_slice(), [[0u8; 32]; 3].concat(), note);
    bed.intrude().0.execute(statement, row).unwrap();
    let report = bed.verify();
    assert_eq!(first_bad(&report), (7, Reason::Fork));
    assert_eq!(report.first_bad.unwrap().sizes, [7, 8]);
}

#[test]
fn v10_and_v11_values_that_were_altered_or_are_missing() {
    let report = after(|intruder| {
        intruder.run("UPDATE ledger_disclosures SET encoded = 'x' WHERE seq = 9");
    });
    assert_eq!(first_bad(&report), (9, Reason::Disclosure));
    let report = after(|intruder| {
        intruder.run("DELETE FROM ledger_disclosures WHERE seq = 9");
    });
    assert_eq!(report.first_bad, None);
    let missing = report.warnings.iter().filter(|one| one.reason == Reason::DisclosureMissing);
    assert_eq!(missing.map(|one| one.seq).collect::<Vec<_>>(), [9], "not 7, which was erased");
}

#[test]
fn v12_another_key_is_found_only_with_the_one_kept_elsewhere() {
    let bed = bed();
    let other = SigningKey::generate().unwrap();
    let stranger = VerifierKey::parse(&other.verifier_key(&bed.origin()).unwrap()).unwrap();
    let evidence = doorward::audit::verify::Evidence { keys: vec![stranger], since: None };
    assert_eq!(bed.verify_with(&evidence).verdict(), Verdict::Altered);
}
