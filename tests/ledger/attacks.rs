//! What verification must say about every kind of alteration, V1 to V12.

use doorward::audit::verify::{Evidence, verify};
use doorward::audit::{AuditError, Finding, Reason, Report, Verdict};
use doorward::crypto::sign::{SigningKey, VerifierKey};
use doorward::domain::ledger::merkle::leaf_hash;
use doorward::domain::ledger::{Event, EventType};
use doorward::store::StoreError;
use serde_json::json;
use uuid::Uuid;

use super::ledgers::{Bed, Intruder};

const SIZE: u64 = 12;
const SIGNED: [u64; 3] = [5, 8, 10];

fn bed() -> Bed {
    Bed::with(SIZE, &SIGNED)
}

fn first_bad(report: &Report) -> (u64, Reason) {
    let bad = report.first_bad.as_ref().expect("something is wrong");
    assert_eq!(report.verdict().exit_code(), 1);
    (bad.seq, bad.reason)
}

/// Damages a fresh ledger and verifies it.
fn after(damage: impl FnOnce(&Intruder)) -> Report {
    let bed = bed();
    damage(&bed.intrude());
    bed.verify()
}

#[test]
fn an_untouched_ledger_is_intact() {
    let report = bed().verify();
    assert_eq!(report.first_bad, None);
    assert_eq!((report.size, report.checked, report.last_good_checkpoint), (12, 12, 10));
    assert_eq!(report.warnings, vec![Finding::at(10, Reason::UnsignedTail)]);
    assert_eq!(report.verdict(), Verdict::Intact);
}

#[test]
fn audit_03_v1_changed_bytes_are_found_wherever_they_are() {
    for seq in 0..SIZE {
        let report = after(|intruder| intruder.set_entry(seq, &intruder.forged(seq)));
        assert_eq!(first_bad(&report), (seq, Reason::Content));
        assert_eq!(report.checked, seq);
    }
}

#[test]
fn audit_03_v1_a_single_changed_bit_anywhere_is_found() {
    let bed = bed();
    let intruder = bed.intrude();
    let genuine = intruder.entry(6);
    for at in (0..genuine.len()).step_by(7) {
        let mut bytes = genuine.clone().into_bytes();
        bytes[at] ^= 1;
        intruder.set_entry(6, &String::from_utf8(bytes).unwrap());
        assert_eq!(first_bad(&bed.verify()), (6, Reason::Content), "byte {at}");
    }
    intruder.set_entry(6, &genuine);
    assert_eq!(bed.verify().first_bad, None);
}

#[test]
fn audit_03_v1_a_changed_leaf_hash_is_found() {
    let report = after(|intruder| intruder.set_leaf(6, &[0; 32]));
    assert_eq!(first_bad(&report), (6, Reason::Content));
}

#[test]
fn audit_03_v1_an_entry_filed_as_something_else_is_found() {
    for set in ["type = 'user.updated'", "principal = 'nobody'"] {
        let report = after(|intruder| {
            intruder.run(&format!("UPDATE ledger_entries SET {set} WHERE seq = 6"));
        });
        assert_eq!(first_bad(&report), (6, Reason::Content), "{set}");
    }
}

#[test]
fn audit_03_v2_changed_bytes_with_their_hash_break_the_next_link() {
    for seq in 0..SIZE - 1 {
        let report = after(|intruder| intruder.set_both(seq, &intruder.forged(seq)));
        assert_eq!(first_bad(&report), (seq, Reason::Chain), "entry {seq}");
        assert_eq!(report.checked, seq);
    }
}

#[test]
fn audit_03_v2_a_changed_predecessor_breaks_both_links_and_names_the_entry_itself() {
    for seq in 0..SIZE - 1 {
        let report = after(|intruder| {
            let mut entry: serde_json::Value = serde_json::from_str(&intruder.entry(seq)).unwrap();
            entry["prev"] = "00".repeat(32).into();
            intruder.set_both(seq, &entry.to_string());
        });
        assert_eq!(first_bad(&report), (seq, Reason::Chain), "entry {seq}");
    }
}

#[test]
fn audit_03_v2_the_newest_entry_is_vouched_for_by_its_checkpoint() {
    let bed = Bed::with(8, &[5, 8]);
    let intruder = bed.intrude();
    intruder.set_both(7, &intruder.forged(7));
    let report = bed.verify();
    assert_eq!(first_bad(&report), (5, Reason::Checkpoint));
    assert_eq!(report.last_good_checkpoint, 5);
}

#[test]
fn audit_03_v3_a_mended_chain_does_not_fit_the_next_checkpoint() {
    for seq in 0..10 {
        let report = after(|intruder| {
            intruder.set_both(seq, &intruder.forged(seq));
            intruder.mend_after(seq, SIZE);
            intruder.mend_head(SIZE);
        });
        let good = SIGNED.iter().copied().rfind(|size| *size <= seq).unwrap_or(0);
        let bad = SIGNED.iter().copied().find(|size| *size > seq).unwrap();
        assert_eq!(first_bad(&report), (good, Reason::Checkpoint), "entry {seq}");
        assert_eq!(report.first_bad.as_ref().unwrap().sizes, vec![bad]);
        assert_eq!(report.last_good_checkpoint, good);
        assert_eq!(report.checked, SIZE);
    }
}

#[test]
fn audit_03_v4_a_removed_entry_is_found() {
    for seq in 0..SIZE - 1 {
        let report = after(|intruder| {
            intruder.run(&format!("DELETE FROM ledger_entries WHERE seq = {seq}"));
        });
        assert_eq!(first_bad(&report), (seq, Reason::Sequence), "entry {seq}");
    }
}

#[test]
fn audit_03_v4_a_removed_entry_with_the_rest_moved_up_is_found() {
    let report = after(|intruder| {
        intruder.run("DELETE FROM ledger_entries WHERE seq = 6");
        for seq in 7..SIZE {
            let to = seq - 1;
            intruder.run(&format!("UPDATE ledger_entries SET seq = {to} WHERE seq = {seq}"));
        }
    });
    assert_eq!(first_bad(&report), (6, Reason::Sequence));
}

#[test]
fn audit_03_v4_a_duplicated_entry_is_found() {
    let report = after(|intruder| {
        intruder.run(
            "INSERT INTO ledger_entries (seq, entry, leaf, time, type, principal)
             SELECT 12, entry, leaf, time, type, principal FROM ledger_entries WHERE seq = 6",
        );
    });
    assert_eq!(first_bad(&report), (12, Reason::Sequence));
}

#[test]
fn audit_03_v4_swapped_entries_are_found() {
    let report = after(|intruder| {
        let (a, b) = (intruder.entry(6), intruder.entry(9));
        intruder.set_both(6, &b);
        intruder.set_both(9, &a);
    });
    assert_eq!(first_bad(&report), (6, Reason::Sequence));
}

#[test]
fn audit_03_v5_removed_newest_entries_are_missed_by_the_checkpoints() {
    let report = after(|intruder| {
        intruder.run("DELETE FROM ledger_disclosures WHERE seq >= 9");
        intruder.run("DELETE FROM ledger_entries WHERE seq >= 9");
        intruder.mend_head(9);
    });
    assert_eq!(first_bad(&report), (9, Reason::Truncated));
    assert_eq!(report.last_good_checkpoint, 8);
}

#[test]
fn audit_03_v5_removed_unsigned_entries_are_missed_by_the_head() {
    let report = after(|intruder| {
        intruder.run("DELETE FROM ledger_disclosures WHERE seq >= 11");
        intruder.run("DELETE FROM ledger_entries WHERE seq >= 11");
    });
    assert_eq!(first_bad(&report), (11, Reason::Truncated));
    assert_eq!(report.size, 12);
}

/// Removes the end of a ledger without leaving a trace in the database.
fn roll_back(intruder: &Intruder, to: u64) {
    for table in ["ledger_disclosures", "ledger_entries"] {
        intruder.run(&format!("DELETE FROM {table} WHERE seq >= {to}"));
    }
    intruder.run(&format!("DELETE FROM ledger_checkpoints WHERE size > {to}"));
    intruder.mend_head(to);
}

#[test]
fn audit_04_v6_a_rollback_is_found_only_with_a_checkpoint_kept_elsewhere() {
    let bed = bed();
    let kept = bed.newest_note();
    assert_eq!(bed.verify_since(&kept).first_bad, None);
    roll_back(&bed.intrude(), 8);
    assert_eq!(bed.verify().first_bad, None);
    let report = bed.verify_since(&kept);
    assert_eq!(first_bad(&report), (10, Reason::Rollback));
    assert_eq!(report.size, 8);
}

#[test]
fn audit_04_v6_an_old_state_that_was_continued_is_found_too() {
    let bed = bed();
    let kept = bed.newest_note();
    roll_back(&bed.intrude(), 8);
    (8..14).for_each(|number| bed.append(number + 100, number == 13));
    assert_eq!(bed.verify().first_bad, None);
    assert_eq!(first_bad(&bed.verify_since(&kept)), (10, Reason::Rollback));
}

#[test]
fn al_14_a_kept_checkpoint_proves_growth() {
    let bed = bed();
    let kept = bed.newest_note();
    (12..20).for_each(|number| bed.append(number, number == 19));
    assert_eq!(bed.verify_since(&kept).first_bad, None);
}

#[test]
fn al_14_a_forged_kept_checkpoint_is_refused() {
    let bed = bed();
    let forged = bed.newest_note().replace("\n10\n", "\n11\n");
    let evidence = Evidence { since: Some(forged), ..bed.evidence() };
    let result = verify(&bed.store, &evidence, &mut |_, _| {});
    assert!(matches!(result, Err(AuditError::Since(_))));
}

#[test]
fn audit_03_v7_an_inserted_entry_is_an_unsigned_tail_until_the_next_checkpoint() {
    let bed = Bed::with(10, &[5, 10]);
    let intruder = bed.intrude();
    let prev = hex::encode(leaf_hash(intruder.entry(9).as_bytes()));
    let forged = json!({
        "actor": {"id": "doorward/0", "kind": "action"}, "data": {"reason": "policy"},
        "outcome": "success", "prev": prev, "realm": "default", "seq": 10,
        "time": "2026-01-01T00:00:00.000Z", "type": "user.locked", "v": 1,
    });
    let insert = "INSERT INTO ledger_entries (seq, entry, leaf, time, type) VALUES (10, ?1, ?2, 0, 'user.locked')";
    let json = forged.to_string();
    let leaf = leaf_hash(json.as_bytes());
    intruder.0.execute(insert, (&json, &leaf[..])).unwrap();
    // Whoever forgets the index is found out by that.
    assert_eq!(first_bad(&bed.verify()), (10, Reason::Index));
    let mark = "INSERT INTO ledger_marks (what, value, first, past) VALUES ('actor', 'doorward/0', 10, 11)";
    intruder.run(mark);
    let report = bed.verify();
    assert_eq!(report.first_bad, None);
    assert!(report.warnings.contains(&Finding::at(10, Reason::UnsignedTail)));
    assert!(report.warnings.contains(&Finding::at(11, Reason::Head)));
}

#[test]
fn audit_03_v8_a_bad_or_foreign_signature_is_found() {
    let bed = bed();
    let intruder = bed.intrude();
    let stranger = SigningKey::generate().unwrap();
    let foreign = stranger.sign_checkpoint(&bed.origin(), 8, &intruder.root(8)).unwrap();
    let elsewhere = bed.key.sign_checkpoint("elsewhere/1", 8, &intruder.root(8)).unwrap();
    let query = "SELECT note FROM ledger_checkpoints WHERE size = 8";
    let genuine: String = intruder.0.query_row(query, [], |row| row.get(0)).unwrap();
    let mut flipped = genuine.clone().into_bytes();
    let end = flipped.len() - 10;
    flipped[end] = if flipped[end] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    for note in [foreign, elsewhere, flipped, "nonsense".to_owned(), String::new()] {
        let update = "UPDATE ledger_checkpoints SET note = ?1 WHERE size = 8";
        intruder.0.execute(update, [&note]).unwrap();
        let report = bed.verify();
        assert_eq!(first_bad(&report), (8, Reason::Signature), "{note}");
        assert_eq!(report.last_good_checkpoint, 10);
    }
}

#[test]
fn audit_03_v8_a_checkpoint_row_must_say_what_its_note_says() {
    let report = after(|intruder| {
        intruder.run("UPDATE ledger_checkpoints SET root = zeroblob(32) WHERE size = 8");
    });
    assert_eq!(first_bad(&report), (8, Reason::Signature));
}

#[test]
fn audit_03_v9_two_signed_checkpoints_that_do_not_agree_are_a_fork() {
    // The ledger was rewritten from entry 6 on and then signed again, with the key but past the
    // product, which refuses.
    let bed = bed();
    let intruder = bed.intrude();
    intruder.set_both(6, &intruder.forged(6));
    intruder.mend_after(6, SIZE);
    intruder.mend_head(SIZE);
    intruder.sign(SIZE, &bed.origin(), &bed.key);
    let report = bed.verify();
    assert_eq!(first_bad(&report), (8, Reason::Fork));
    assert_eq!(report.first_bad.as_ref().unwrap().sizes, vec![8, SIZE]);
}

#[test]
fn al_09_a_rewritten_ledger_is_never_signed_again() {
    let bed = bed();
    let intruder = bed.intrude();
    intruder.set_both(6, &intruder.forged(6));
    intruder.mend_after(6, SIZE);
    intruder.mend_head(SIZE);
    assert!(matches!(bed.store.checkpoint(), Err(StoreError::Corrupt(_))));
    assert_eq!(bed.signed(), SIGNED);
}

#[test]
fn audit_03_v10_an_altered_personal_value_is_found() {
    let report = after(|intruder| {
        intruder.run(
            "UPDATE ledger_disclosures SET encoded =
             (SELECT encoded FROM ledger_disclosures WHERE seq = 7) WHERE seq = 6",
        );
    });
    assert_eq!(first_bad(&report), (6, Reason::Disclosure));
    assert_eq!(report.first_bad.as_ref().unwrap().name.as_deref(), Some("note"));
    assert_eq!(report.checked, SIZE);
}

#[test]
fn audit_03_v10_an_added_or_moved_personal_value_is_found() {
    let report = after(|intruder| {
        intruder.run("UPDATE ledger_disclosures SET name = 'email' WHERE seq = 6");
    });
    assert_eq!(first_bad(&report), (6, Reason::Disclosure));
    let report = after(|intruder| {
        intruder.run("UPDATE ledger_disclosures SET seq = 99 WHERE seq = 6");
    });
    assert_eq!(first_bad(&report), (99, Reason::Disclosure));
}

#[test]
fn audit_03_v11_a_missing_personal_value_is_a_warning_unless_its_removal_is_recorded() {
    let bed = bed();
    let missing = |seq| Finding {
        name: Some("note".to_owned()),
        ..Finding::at(seq, Reason::DisclosureMissing)
    };
    bed.intrude().run("DELETE FROM ledger_disclosures WHERE seq IN (6, 7, 8)");
    let report = bed.verify();
    assert_eq!((&report.first_bad, report.verdict()), (&None, Verdict::Intact));
    assert!([6, 7, 8].iter().all(|seq| report.warnings.contains(&missing(*seq))));

    // Entry 6 is about the user of that number.
    bed.write(Event::new(EventType::UserErased).principal(Uuid::from_u128(6)).data("count", 1));
    let report = bed.verify();
    assert!(!report.warnings.contains(&missing(6)) && report.warnings.contains(&missing(7)));

    let redacted = Event::new(EventType::LedgerRedacted).data("from", 7).data("to", 8);
    bed.write(redacted.data("names", json!(["note"])));
    let report = bed.verify();
    assert!(!report.warnings.contains(&missing(7)) && report.warnings.contains(&missing(8)));
}

#[test]
fn v12_without_a_key_nothing_is_certain_and_with_a_foreign_one_nothing_is_said() {
    let bed = bed();
    let report = bed.verify_with(&Evidence::default());
    assert_eq!((&report.first_bad, report.verdict()), (&None, Verdict::CannotTell));
    assert_eq!(report.verdict().exit_code(), 2);
    let stranger = SigningKey::generate().unwrap();
    let key = VerifierKey::parse(&stranger.verifier_key("elsewhere/1").unwrap()).unwrap();
    let evidence = Evidence { keys: vec![key], since: None };
    let result = verify(&bed.store, &evidence, &mut |_, _| {});
    assert!(matches!(result, Err(AuditError::OtherLedger(_))));
    // A replaced key of the same name: nothing it did not sign is believed.
    let key = VerifierKey::parse(&stranger.verifier_key(&bed.origin()).unwrap()).unwrap();
    let report = bed.verify_with(&Evidence { keys: vec![key], since: None });
    assert_eq!(first_bad(&report), (5, Reason::Signature));
}

#[test]
fn the_earliest_of_several_faults_is_reported() {
    let report = after(|intruder| {
        intruder.set_entry(9, &intruder.forged(9));
        intruder.set_both(3, &intruder.forged(3));
        intruder.run("DELETE FROM ledger_entries WHERE seq = 7");
    });
    assert_eq!(first_bad(&report), (3, Reason::Chain));
}
