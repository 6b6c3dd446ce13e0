//! Canonical entries, for any content.

use doorward::domain::ledger::canonical::{MAX_INTEGER, canonical};
use doorward::domain::ledger::entry::{decode_disclosure, disclosure_digest};
use doorward::domain::ledger::merkle::leaf_hash;
use doorward::domain::ledger::{
    Actor, ActorKind, Event, EventType, Frame, PERSONAL_NAMES, Sealed, genesis_prev, seal,
};
use jiff::Timestamp;
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Text with what breaks naive encoders: control characters, quotes, surrogate pairs, bidi marks.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\x00-\\x1f\"\\\\/\u{7f}\u{2028}\u{202e}\u{fffe}\u{1f600}a]{0,12}",
    ]
}

/// Any JSON that entries may hold.
fn entry_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            hash_map(text(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Any JSON at all, as a hostile caller sends it.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(30, 64, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            hash_map(text(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn reversed(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(reversed).collect(),
        Value::Object(members) => {
            let backwards = members.iter().rev();
            Value::Object(backwards.map(|(key, one)| (key.clone(), reversed(one))).collect())
        }
        other => other.clone(),
    }
}

fn sealed(event: &Event, seq: u64) -> Sealed {
    let actor = Actor::new(ActorKind::Action, "doorward/0");
    let prev = genesis_prev("idp.example.com/ledger/1");
    let mut counter = 0u8;
    let mut salts = || {
        counter += 1;
        [counter; 16]
    };
    let time = Timestamp::UNIX_EPOCH;
    let frame = Frame::new(&actor, "default", Some("task-7"), time).unwrap();
    seal(event, &frame, seq, &prev, &mut salts).unwrap()
}

proptest! {
    #[test]
    fn al_05_canonical_text_reads_back_and_is_written_again_byte_for_byte(value in entry_value()) {
        let written = canonical(&value).unwrap();
        let read: Value = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(&read, &value);
        prop_assert_eq!(canonical(&read).unwrap(), written);
    }

    #[test]
    fn al_05_the_order_in_which_members_were_added_does_not_matter(value in entry_value()) {
        prop_assert_eq!(canonical(&reversed(&value)).unwrap(), canonical(&value).unwrap());
    }

    #[test]
    fn al_05_members_come_in_the_order_of_their_utf16_code_units(
        members in hash_map(text(), Just(1), 0..12),
    ) {
        let object: Map<String, Value> =
            members.into_iter().map(|(key, one)| (key, Value::from(one))).collect();
        let written = canonical(&Value::Object(object)).unwrap();
        let read: Map<String, Value> = serde_json::from_str(&written).unwrap();
        let units: Vec<Vec<u16>> = read.keys().map(|key| key.encode_utf16().collect()).collect();
        prop_assert!(units.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn al_20_no_text_breaks_out_of_its_line(value in entry_value()) {
        let written = canonical(&value).unwrap();
        prop_assert!(written.chars().all(|c| c >= ' '), "{written:?}");
    }

    #[test]
    fn input_05_any_input_can_be_recorded(data in any_value(), personal in any_value()) {
        let event = Event::new(EventType::UserUpdated)
            .principal(Uuid::nil())
            .data("changed", data)
            .personal("changes", personal.clone());
        let sealed = sealed(&event, 3);
        let read: Value = serde_json::from_str(&sealed.json).unwrap();
        prop_assert_eq!(canonical(&read).unwrap(), sealed.json.clone());
        prop_assert_eq!(leaf_hash(sealed.json.as_bytes()), sealed.leaf);
        for one in &sealed.disclosures {
            let digest = disclosure_digest(&one.encoded);
            prop_assert_eq!(read["sd"][&one.name].as_str(), Some(digest.as_str()));
            let (name, value) = decode_disclosure(&one.encoded).unwrap();
            prop_assert_eq!(name.as_str(), "changes");
            // What an entry can hold is kept exactly.
            if canonical(&personal).is_ok() && one.encoded.len() < 4000 && depth(&personal) < 8
                && !has_null(&personal)
            {
                prop_assert_eq!(&value, &personal);
            }
        }
    }

    #[test]
    fn audit_07_a_personal_value_is_nowhere_in_the_leaf(
        name in 0..PERSONAL_NAMES.len(),
        marker in "[a-z]{24}",
    ) {
        let event = Event::new(EventType::UserLocked)
            .personal(PERSONAL_NAMES[name], json!({"was": marker.clone()}));
        let sealed = sealed(&event, 0);
        prop_assert!(!sealed.json.contains(&marker));
        prop_assert_eq!(sealed.disclosures.len(), 1);
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

#[test]
fn al_29_every_type_can_be_sealed_with_all_its_keys() {
    for kind in EventType::ALL {
        let event =
            kind.data_keys().iter().fold(Event::new(*kind), |event, key| event.data(key, 1));
        let event = event.principal(Uuid::nil()).session("s").client("c").provider("p");
        let read: Value = serde_json::from_str(&sealed(&event, 9).json).unwrap();
        let required = ["actor", "data", "outcome", "prev", "realm", "seq", "time", "type", "v"];
        assert!(required.iter().all(|field| read.get(field).is_some()), "{}", kind.as_str());
    }
}
