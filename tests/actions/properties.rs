//! Parameters and results for any input at all.

use doorward::actions::params::Params;
use doorward::actions::{definitions, results};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Any JSON document, with names and texts that are hard to carry.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("stdout")),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z_.-]{0,12}",
        ".{0,12}",
        prop::sample::select(vec![
            "stdout",
            "stderr-encoding",
            "return-code",
            "firstName",
            "first_name"
        ])
        .prop_map(str::to_owned),
    ]
}

fn leaves(document: &Value) -> usize {
    match document {
        Value::Object(map) => map.values().map(leaves).sum(),
        _ => 1,
    }
}

/// The rule of Juju for one segment of a result's key.
fn juju_takes(segment: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    segment.starts_with(edge)
        && segment.ends_with(edge)
        && segment.chars().all(|c| edge(c) || c == '-')
        && !["stdout", "stdout-encoding", "stderr", "stderr-encoding"].contains(&segment)
}

proptest! {
    #[test]
    fn any_document_becomes_keys_that_juju_takes_and_loses_no_leaf(document in document()) {
        let document = json!({"document": document});
        let flat = results::flatten(&results::from_document(document.as_object().unwrap()));
        prop_assert_eq!(flat.len(), leaves(&document));
        for (key, text) in flat {
            prop_assert!(key.split('.').all(juju_takes), "{}", key);
            prop_assert!(!text.contains('\0'));
        }
    }

    #[test]
    fn bounded_results_are_the_same_when_nothing_is_too_long(document in document()) {
        let results = results::from_document(json!({"document": document}).as_object().unwrap());
        prop_assert_eq!(results::flatten(&results::bounded(&results)), results::flatten(&results));
    }

    #[test]
    fn any_parameters_are_taken_or_refused_in_one_line(
        action in prop::sample::select(definitions().iter().map(|d| d.name.as_str()).collect::<Vec<_>>()),
        chosen in prop::collection::vec((any::<prop::sample::Index>(), document()), 0..4),
        stray in prop::option::of((name(), document())),
    ) {
        let definition = definitions().get(action).unwrap();
        let mut given = Map::new();
        for (index, value) in chosen {
            if !definition.parameters.is_empty() {
                given.insert(index.get(&definition.parameters).name.clone(), value);
            }
        }
        given.extend(stray);
        match Params::check(definition, given) {
            Ok(params) => {
                prop_assert!(!params.recorded().contains_key("password"));
                let row = doorward::actions::table::find(action).unwrap();
                if let Err(failure) = (row.parse)(&params) {
                    prop_assert!(one_line(&failure.0), "{}", failure);
                }
            }
            Err(failure) => prop_assert!(one_line(&failure.0), "{}", failure),
        }
    }

    #[test]
    fn a_refusal_never_repeats_a_value(secret in "[a-z]{4}marker[a-z]{4}") {
        for definition in definitions().iter() {
            for parameter in &definition.parameters {
                // The contract wants the wrong type of factor named.
                if parameter.name == "mfa-type" {
                    continue;
                }
                let wrong = json!({parameter.name.as_str(): [[secret.as_str()]]});
                if let Err(failure) = Params::check(definition, wrong.as_object().unwrap().clone()) {
                    prop_assert!(!failure.0.contains("marker"), "{}", failure);
                }
            }
        }
    }
}

fn one_line(sentence: &str) -> bool {
    !sentence.is_empty() && !sentence.chars().any(char::is_control)
}
