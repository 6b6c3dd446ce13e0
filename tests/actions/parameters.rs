//! Parameters as the charm checks them itself: types, defaults, limits, and what YAML makes of them.

use doorward::actions::definitions;
use doorward::actions::params::Params;
use serde_json::{Map, Value, json};

fn check(action: &str, given: &Value) -> Result<Params, String> {
    let given: Map<String, Value> = given.as_object().cloned().unwrap();
    Params::check(definitions().get(action).unwrap(), given).map_err(|failure| failure.0)
}

fn refused(action: &str, given: &Value) -> String {
    check(action, given).err().unwrap_or_else(|| panic!("{action} was accepted"))
}

#[test]
fn a_number_for_a_text_is_its_digits_and_the_operator_is_told() {
    let given =
        &json!({"username": 7, "email": "a@b.c", "phone-number": 6_912_345_678_u64, "name": 12.0});
    let params = check("create-admin-account", given).unwrap();
    assert_eq!(params.text("username"), Some("7"));
    assert_eq!(params.text("phone-number"), Some("6912345678"));
    assert_eq!(params.text("name"), Some("12"));
    assert_eq!(params.notices().len(), 3);
    assert!(params.notices()[0].contains("--string-args"), "{:?}", params.notices());
}

#[test]
fn a_text_of_digits_stays_as_it_was_typed() {
    let params =
        check("create-admin-account", &json!({"username": "007", "email": "a@b.c"})).unwrap();
    assert_eq!(params.text("username"), Some("007"));
    assert_eq!(params.notices(), &[] as &[String]);
}

#[test]
fn a_word_that_yaml_made_a_boolean_is_refused_because_its_text_is_lost() {
    assert_eq!(
        refused("create-admin-account", &json!({"username": true, "email": "a@b.c"})),
        "Parameter 'username' arrived as a boolean, because YAML reads words such as yes, no, on and off so; \
         use --string-args to pass the word itself"
    );
}

#[test]
fn texts_are_taken_for_numbers_booleans_and_maps_when_they_read_as_such() {
    let params = check("list-identities", &json!({"page-size": "25"})).unwrap();
    assert_eq!(params.count("page-size"), Some(25));
    let params = check("run-migration", &json!({"timeout": "1.5"})).unwrap();
    assert_eq!(params.number("timeout"), Some(1.5));
    let params =
        check("update-identity", &json!({"traits": "{\"a\": [1]}", "replace-traits": "yes"}))
            .unwrap();
    assert_eq!(params.map("traits").map(|map| Value::from(map.clone())), Some(json!({"a": [1]})));
    assert!(params.flag("replace-traits"));
}

#[test]
fn defaults_are_filled_in_and_null_is_not_given() {
    let params = check("run-migration", &json!({"timeout": null})).unwrap();
    assert_eq!(params.number("timeout"), Some(120.0));
    let params = check("list-identities", &json!({})).unwrap();
    assert_eq!(params.count("page-size"), Some(50));
    let params = check("lock-identity", &json!({"email": "a@b.c"})).unwrap();
    assert_eq!(params.text("reason"), Some("other"));
}

#[test]
fn every_refusal_is_one_sentence_that_names_the_parameter() {
    let long = "x".repeat(10 * 1024 * 1024);
    let cases = [
        (
            "get-identity",
            json!({"user": "x"}),
            "Unknown parameter 'user'; get-identity takes: identity-id, email",
        ),
        (
            "audit-checkpoint",
            json!({"x": 1}),
            "Unknown parameter 'x'; audit-checkpoint takes: none",
        ),
        ("create-admin-account", json!({"email": "a@b.c"}), "Parameter 'username' is required"),
        (
            "create-admin-account",
            json!({"username": null, "email": "a@b.c"}),
            "Parameter 'username' is required",
        ),
        ("get-identity", json!({"email": ["a"]}), "Parameter 'email' must be a text"),
        ("get-identity", json!({"email": {"a": 1}}), "Parameter 'email' must be a text"),
        ("get-identity", json!({"email": long}), "Parameter 'email' is longer than 8192 bytes"),
        (
            "get-identity",
            json!({"email": "a\u{1b}[31m@b"}),
            "Parameter 'email' contains a control character",
        ),
        (
            "get-identity",
            json!({"email": "a\u{202e}@b"}),
            "Parameter 'email' contains a control character",
        ),
        (
            "get-identity",
            json!({"email": "a\n@b"}),
            "Parameter 'email' contains a control character",
        ),
        (
            "lock-identity",
            json!({"note": "é".repeat(513)}),
            "Parameter 'note' is longer than 512 characters",
        ),
    ];
    assert_refused(cases);
}

fn assert_refused<const N: usize>(cases: [(&str, Value, &str); N]) {
    for (action, given, sentence) in cases {
        assert_eq!(refused(action, &given), sentence);
    }
}

#[test]
fn a_value_out_of_bounds_is_one_sentence_that_names_them() {
    let deep = (0..200).fold(json!(1), |inner, _| json!({"a": inner}));
    let cases = [
        (
            "lock-identity",
            json!({"reason": "spite"}),
            "Parameter 'reason' must be one of offboarding, compromise, policy, request, other",
        ),
        ("list-identities", json!({"page-size": 0}), "Parameter 'page-size' must be from 1 to 250"),
        (
            "list-identities",
            json!({"page-size": 2.5}),
            "Parameter 'page-size' must be a whole number",
        ),
        (
            "list-identities",
            json!({"page-size": "many"}),
            "Parameter 'page-size' must be a whole number",
        ),
        ("run-migration", json!({"timeout": true}), "Parameter 'timeout' must be a number"),
        ("update-identity", json!({"traits": "[1]"}), "Parameter 'traits' must be a map"),
        (
            "update-identity",
            json!({"traits": deep}),
            "Parameter 'traits' is nested deeper than 32 levels",
        ),
        (
            "update-identity",
            json!({"traits": {"a": "\u{0}"}}),
            "Parameter 'traits' contains a control character",
        ),
        (
            "update-identity",
            json!({"traits": {"a": "x".repeat(70_000)}}),
            "Parameter 'traits' is larger than 65536 bytes",
        ),
        (
            "update-identity",
            json!({"replace-traits": "maybe"}),
            "Parameter 'replace-traits' must be true or false",
        ),
        (
            "reset-identity-mfa",
            json!({"mfa-type": "sms"}),
            "Unsupported MFA credential type sms, allowed types include: ('totp', 'lookup_secret', 'webauthn')",
        ),
    ];
    assert_refused(cases);
}

#[test]
fn crypto_04_a_password_is_not_among_what_the_ledger_keeps_nor_in_any_sentence() {
    let given = json!({"username": "admin", "email": "a@b.c", "password": "marker-4711"});
    let params = check("create-admin-account", &given).unwrap();
    assert!(!Value::Object(params.recorded()).to_string().contains("marker-4711"));
    assert!(!format!("{params:?}").contains("marker-4711"));
    assert!(params.password().is_some());
    let sentence = refused(
        "create-admin-account",
        &json!({"username": "a", "email": "b", "password": ["marker-4711"]}),
    );
    assert_eq!(sentence, "Parameter 'password' must be a text or a whole number");
    let params =
        check("create-admin-account", &json!({"username": "a", "email": "b", "password": 471_147}))
            .unwrap();
    assert!(!params.notices().join("").contains("471147"));
}
