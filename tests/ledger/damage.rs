//! Any damage, anywhere: none goes unnoticed where a checkpoint covers it, and none does harm.

use std::sync::LazyLock;

use doorward::audit::check::{Candidate, Checker};
use doorward::audit::{Reason, Report};
use doorward::crypto::sign::{SigningKey, VerifierKey};
use doorward::domain::ledger::merkle::{Frontier, Hash, leaf_hash};
use doorward::domain::ledger::{
    Actor, ActorKind, Event, EventType, Frame, StoredCheckpoint, genesis_prev, seal,
};
use jiff::Timestamp;
use proptest::prelude::*;

const ORIGIN: &str = "idp.example.com/ledger/1";
const SIZE: usize = 24;

/// A whole ledger in memory; its last entry is covered by its last checkpoint.
struct Sample {
    entries: Vec<String>,
    leaves: Vec<Hash>,
    checkpoints: Vec<StoredCheckpoint>,
    keys: Vec<VerifierKey>,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let key = SigningKey::generate().unwrap();
    let actor = Actor::new(ActorKind::System, "doorward/0");
    let (mut tree, mut prev) = (Frontier::new(), genesis_prev(ORIGIN));
    let (mut entries, mut leaves, mut checkpoints) = (Vec::new(), Vec::new(), Vec::new());
    for seq in 0..SIZE as u64 {
        let event = Event::new(EventType::UserUpdated).data("reason", format!("{seq}"));
        let time = Timestamp::from_second(seq as i64).unwrap();
        let frame = Frame::new(&actor, "default", None, time).unwrap();
        let sealed = seal(&event, &frame, seq, &prev, &mut || [0; 16]).unwrap();
        tree.push(sealed.leaf);
        prev = sealed.leaf;
        entries.push(sealed.json);
        leaves.push(sealed.leaf);
        if (seq + 1) % 8 == 0 {
            let (size, root) = (tree.size(), tree.root());
            let note = key.sign_checkpoint(ORIGIN, size, &root).unwrap();
            checkpoints.push(StoredCheckpoint { size, root, note });
        }
    }
    let keys = vec![VerifierKey::parse(&key.verifier_key(ORIGIN).unwrap()).unwrap()];
    Sample { entries, leaves, checkpoints, keys }
});

fn judge(entries: &[String], leaves: Option<&[Hash]>, checkpoints: &[StoredCheckpoint]) -> Report {
    let mut checker = Checker::new(ORIGIN, &SAMPLE.keys, checkpoints, None, Default::default());
    for (at, json) in entries.iter().enumerate() {
        let stored = leaves.map(|leaves| (at as u64, &leaves[at]));
        if !checker
            .take(Candidate { json, hash: leaf_hash(json.as_bytes()), stored, filed: None }, &[])
        {
            break;
        }
    }
    checker.finish(None)
}

#[derive(Clone, Debug)]
enum Damage {
    Flip { at: usize, byte: usize, bit: u8 },
    Insert { at: usize, byte: usize, text: String },
    Remove { at: usize },
    Double { at: usize, to: usize },
    Swap { a: usize, b: usize },
    CutOff { to: usize },
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = 0..SIZE;
    prop_oneof![
        (place.clone(), any::<usize>(), 0u8..7).prop_map(|(at, byte, bit)| Damage::Flip {
            at,
            byte,
            bit
        }),
        (place.clone(), any::<usize>(), "[ -~]{1,3}").prop_map(|(at, byte, text)| Damage::Insert {
            at,
            byte,
            text
        }),
        place.clone().prop_map(|at| Damage::Remove { at }),
        (place.clone(), place.clone()).prop_map(|(at, to)| Damage::Double { at, to }),
        (place.clone(), place.clone()).prop_map(|(a, b)| Damage::Swap { a, b }),
        place.prop_map(|to| Damage::CutOff { to }),
    ]
}

fn apply(entries: &mut Vec<String>, damage: &Damage) {
    match damage {
        Damage::Flip { at, byte, bit } if *at < entries.len() => {
            let mut bytes = entries[*at].clone().into_bytes();
            let byte = byte % bytes.len();
            bytes[byte] ^= 1 << bit;
            entries[*at] = String::from_utf8(bytes).unwrap();
        }
        Damage::Insert { at, byte, text } if *at < entries.len() => {
            let byte = byte % entries[*at].len();
            entries[*at].insert_str(byte, text);
        }
        Damage::Remove { at } if *at < entries.len() => drop(entries.remove(*at)),
        Damage::Double { at, to } if (*at).max(*to) < entries.len() => {
            entries.insert(*to, entries[*at].clone());
        }
        Damage::Swap { a, b } if (*a).max(*b) < entries.len() => entries.swap(*a, *b),
        Damage::CutOff { to } => entries.truncate(*to),
        _ => {}
    }
}

#[test]
fn the_sample_itself_is_intact() {
    let report = judge(&SAMPLE.entries, Some(&SAMPLE.leaves), &SAMPLE.checkpoints);
    assert_eq!((report.first_bad, report.last_good_checkpoint), (None, SIZE as u64));
    assert!(report.warnings.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn audit_03_any_damage_to_an_export_is_found_and_none_before_it_is_blamed(
        damages in proptest::collection::vec(damage(), 1..4),
    ) {
        let mut entries = SAMPLE.entries.clone();
        damages.iter().for_each(|one| apply(&mut entries, one));
        let report = judge(&entries, None, &SAMPLE.checkpoints);
        let same = entries.iter().zip(&SAMPLE.entries).take_while(|(a, b)| a == b).count();
        if entries == SAMPLE.entries {
            prop_assert_eq!(report.first_bad, None);
        } else {
            let bad = report.first_bad.expect("damage goes unnoticed");
            // A copy is named by the entry it copies, a checkpoint by the range it covers, and a
            // link that only the last entry bears witness to by the entry before it.
            let slack = u64::from(bad.reason == Reason::Chain && bad.seq + 2 == entries.len() as u64);
            let exact = !matches!(bad.reason, Reason::Checkpoint | Reason::Sequence);
            prop_assert!(!exact || bad.seq + slack >= same as u64, "{:?} before {}", bad, same);
            prop_assert!(report.last_good_checkpoint <= same as u64);
        }
    }

    #[test]
    fn audit_03_one_changed_entry_is_named_exactly_when_its_hash_was_left(
        at in 0..SIZE, byte in any::<usize>(), bit in 0u8..7,
    ) {
        let mut entries = SAMPLE.entries.clone();
        apply(&mut entries, &Damage::Flip { at, byte, bit });
        let report = judge(&entries, Some(&SAMPLE.leaves), &SAMPLE.checkpoints);
        let bad = report.first_bad.unwrap();
        prop_assert_eq!((bad.seq, bad.reason), (at as u64, Reason::Content));
    }

    #[test]
    fn any_note_in_place_of_a_checkpoint_is_a_bad_signature(
        which in 0usize..3, byte in any::<usize>(), with in "[ -~\n\u{2014}]{0,2}",
    ) {
        let mut checkpoints = SAMPLE.checkpoints.clone();
        let note = &mut checkpoints[which].note;
        let at = note.char_indices().map(|(at, _)| at).nth(byte % note.chars().count()).unwrap();
        let end = at + note[at..].chars().next().unwrap().len_utf8();
        let genuine = note.clone();
        note.replace_range(at..end, &with);
        prop_assume!(*note != genuine);
        let size = checkpoints[which].size;
        let report = judge(&SAMPLE.entries, Some(&SAMPLE.leaves), &checkpoints);
        let bad = report.first_bad.expect("a changed note goes unnoticed");
        prop_assert_eq!((bad.seq, bad.reason), (size, Reason::Signature));
    }

    #[test]
    fn random_text_in_place_of_a_ledger_does_no_harm(lines in proptest::collection::vec(".*", 0..8)) {
        let report = judge(&lines, None, &SAMPLE.checkpoints);
        prop_assert!(report.first_bad.is_some());
        let leaves: Vec<Hash> = lines.iter().map(|line| leaf_hash(line.as_bytes())).collect();
        let report = judge(&lines, Some(&leaves), &[]);
        prop_assert!(lines.is_empty() || report.first_bad.is_some());
    }
}
