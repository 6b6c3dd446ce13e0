//! Which identity is meant: every action that is about one follows the same rules.

use serde_json::{Value, json};

use super::place::{NOBODY, Place};

/// Every action that takes `identity-id` or `email`, with what else it needs.
fn actions() -> Vec<(&'static str, Value)> {
    vec![
        ("reset-password", json!({})),
        ("delete-identity", json!({})),
        ("invalidate-identity-sessions", json!({})),
        ("reset-identity-mfa", json!({"mfa-type": "totp"})),
        ("list-oidc-accounts", json!({})),
        ("unlink-oidc-account", json!({"credential-id": "github:1"})),
        ("update-identity", json!({"traits": {"name": "x"}})),
        ("list-identity-sessions", json!({})),
        ("lock-identity", json!({})),
        ("unlock-identity", json!({})),
        ("block-identity", json!({})),
        ("unblock-identity", json!({})),
        ("set-authorities", json!({"authorities": ""})),
    ]
}

fn with(rest: &Value, more: &Value) -> Value {
    let mut all = rest.clone();
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

#[test]
fn each_action_refuses_a_wrong_selection_with_the_contract_sentence() {
    let mut place = Place::new();
    place.admin("admin");
    let cases = [
        (
            json!({"identity-id": NOBODY, "email": "a@b.c"}),
            "Provide only one of 'identity-id' or 'email', not both".to_owned(),
        ),
        (json!({}), "You must provide either 'identity-id' or 'email'".to_owned()),
        (json!({"identity-id": "42"}), "The identity-id must be a valid UUID".to_owned()),
        (json!({"identity-id": ""}), "The identity-id must be a valid UUID".to_owned()),
        (json!({"identity-id": NOBODY}), format!("Identity {NOBODY} does not exist")),
        (
            json!({"email": "nobody@example.com"}),
            "Identity not found for email 'nobody@example.com'".to_owned(),
        ),
        (
            json!({"email": "admin"}),
            "value is not a valid email address: An email address must have an @-sign.".to_owned(),
        ),
    ];
    for (action, rest) in actions() {
        for (given, sentence) in &cases {
            let told = place.run(action, with(&rest, given));
            assert_eq!(told.failure(), sentence, "{action} {given}");
            assert_eq!(told.log, [] as [&str; 0], "{action}");
        }
    }
}

#[test]
fn get_identity_takes_what_it_gets_and_finds_it_or_does_not() {
    let mut place = Place::new();
    let id = place.admin("admin");
    for given in [
        json!({"identity-id": id}),
        json!({"identity-id": id.to_uppercase()}),
        json!({"identity-id": format!("{{{}}}", id.replace('-', ""))}),
        json!({"email": "admin@example.com"}),
        json!({"email": " ADMIN@Example.COM "}),
        json!({"email": "admin"}),
        json!({"email": "admin", "identity-id": ""}),
    ] {
        assert_eq!(place.run("get-identity", given.clone()).at("id"), id, "{given}");
    }
    for (given, sentence) in [
        (
            json!({"identity-id": id, "email": "admin"}),
            "Provide only one of 'identity-id' or 'email', not both",
        ),
        (json!({}), "You must provide either 'identity-id' or 'email'"),
        (json!({"email": ""}), "You must provide either 'identity-id' or 'email'"),
        (json!({"identity-id": "42"}), "Identity not found"),
        (json!({"identity-id": "../identities"}), "Identity not found"),
        (json!({"identity-id": NOBODY}), "Identity not found"),
        (json!({"email": "nobody@corp.local"}), "Identity not found"),
    ] {
        assert_eq!(place.run("get-identity", given.clone()).failure(), sentence, "{given}");
    }
}

#[test]
fn an_address_with_a_display_name_finds_its_owner() {
    let mut place = Place::new();
    place.admin("admin");
    place.person("bob@corp.local");
    let told = place.run("lock-identity", json!({"email": "Bob <bob@CORP.local>"}));
    assert_eq!(told.at("status"), "locked");
}

#[test]
fn a_unit_that_is_not_set_up_says_so_before_anything_else() {
    let mut place = Place::unprepared();
    for action in ["get-identity", "create-admin-account", "list-identities", "backup"] {
        assert_eq!(
            place.run(action, json!({"nonsense": 1})).failure(),
            "Service is not ready. Please re-run the action when the charm is active"
        );
    }
    assert!(!place.settings.state_dir.exists());
}

#[test]
fn an_unknown_action_is_named() {
    let mut place = Place::new();
    assert_eq!(place.run("fly", json!({})).failure(), "There is no action called 'fly'");
}
