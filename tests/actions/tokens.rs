//! Tokens for the admin port.

use serde_json::json;

use super::place::{NOBODY, Place, Secret};

const OWN: &str = "dw_admin_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

#[test]
fn a_token_is_shown_once_and_the_log_says_who_else_may_read_it() {
    let mut place = Place::new();
    let told = place.run(
        "create-admin-token",
        json!({"name": " dashboard ", "scope": "metrics", "expires-at": "2026-10-01"}),
    );
    let id = told.at("token-id").to_owned();
    let token = told.at("token").to_owned();
    assert!(token.starts_with("dw_admin_") && token.len() == 52, "{token}");
    assert_eq!(told.at("scope"), "metrics");
    assert_eq!(told.at("name"), "dashboard");
    assert_eq!(told.at("expires-at"), "2026-10-01T00:00:00Z");
    assert_eq!(told.log, [format!("Successfully created the admin token: {id}")]);
    assert_eq!(told.warnings.len(), 1);
    assert!(told.warnings[0].contains("history of operations"), "{told:?}");
    let listed = place.run("list-admin-tokens", json!({"all": true}));
    assert!(!format!("{listed:?}").contains(&token[9..]));
    assert_eq!(listed.at(&format!("tokens.{id}.state")), "active");
    assert!(listed.at("count") == "1");
    let again = place.run("create-admin-token", json!({"name": "dashboard"}));
    assert_ne!(again.at("token"), token, "a name is no key");
    assert_eq!(again.at("scope"), "read", "the least surprising one that is of use");
}

#[test]
fn a_token_of_the_operators_own_comes_from_a_secret_and_is_not_shown() {
    let mut place = Place::new();
    place.secret("secret:own", Secret::Holds("token", OWN));
    let given = json!({"name": "own", "token-secret-id": "secret:own"});
    let told = place.run("create-admin-token", given.clone());
    assert!(told.results().get("token").is_none());
    assert_eq!(told.warnings, Vec::<String>::new());
    let again = place.run("create-admin-token", given);
    assert_eq!(again.failure(), "Failed to create the admin token: This token exists already");
    for (id, key, value) in [
        ("secret:short", "token", "dw_admin_short"),
        ("secret:other", "token", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
        ("secret:key", "password", OWN),
        ("secret:empty", "token", ""),
    ] {
        place.secret(id, Secret::Holds(key, value));
        let told = place.run("create-admin-token", json!({"name": "x", "token-secret-id": id}));
        assert!(!told.failure().contains(value) || value.is_empty(), "{told:?}");
    }
    assert_eq!(place.run("list-admin-tokens", json!({})).at("count"), "1");
}

#[test]
fn what_cannot_be_a_token_is_refused_with_a_reason() {
    let mut place = Place::new();
    for (given, sentence) in [
        (json!({}), "Parameter 'name' is required"),
        (
            json!({"name": " "}),
            "Failed to create the admin token: A token's name has 1 to 64 characters",
        ),
        (json!({"name": "x".repeat(65)}), "Parameter 'name' is longer than 64 characters"),
        (
            json!({"name": "x", "scope": "admin"}),
            "Parameter 'scope' must be one of metrics, audit, read, write",
        ),
        (
            json!({"name": "x", "expires-at": "2020-01-01"}),
            "Failed to create the admin token: The token would have expired already",
        ),
        (
            json!({"name": "x", "expires-at": "tomorrow"}),
            "Parameter 'expires-at' must be a time such as 2030-01-31T08:00:00Z",
        ),
    ] {
        assert_eq!(place.run("create-admin-token", given).failure(), sentence);
    }
    assert_eq!(place.run("list-admin-tokens", json!({"all": true})).at("count"), "0");
}

#[test]
fn a_token_is_revoked_by_its_id_and_once() {
    let mut place = Place::new();
    let made = place.run("create-admin-token", json!({"name": "x", "scope": "write"}));
    let id = made.at("token-id").to_owned();
    let given = json!({"token-id": id});
    let told = place.run("revoke-admin-token", given.clone());
    assert_eq!(told.log, [format!("Successfully revoked the admin token: {id}")]);
    let told = place.run("revoke-admin-token", given);
    assert_eq!(told.log, [format!("Admin token {id} was revoked before")]);
    assert_eq!(place.run("list-admin-tokens", json!({})).at("count"), "0");
    let all = place.run("list-admin-tokens", json!({"all": true}));
    assert_eq!(all.at(&format!("tokens.{id}.state")), "revoked");
    assert_eq!(all.at(&format!("tokens.{id}.revoked-at")), super::place::START);
    let told = place.run("revoke-admin-token", json!({"token-id": NOBODY}));
    assert_eq!(told.failure(), format!("Admin token {NOBODY} does not exist"));
    // Whoever gives the token itself has put it into the history; the answer does not repeat it.
    let told = place.run("revoke-admin-token", json!({"token-id": OWN}));
    assert!(!told.failure().contains("AAEC"), "{told:?}");
}

#[test]
fn tokens_that_are_over_are_listed_only_when_asked_for() {
    let mut place = Place::new();
    place.run("create-admin-token", json!({"name": "x", "expires-at": "2026-09-02"}));
    assert_eq!(place.run("list-admin-tokens", json!({})).at("count"), "1");
    place.at("2026-09-02T00:00:00Z");
    assert_eq!(place.run("list-admin-tokens", json!({})).at("count"), "0");
    assert_eq!(place.run("list-admin-tokens", json!({"all": true})).at("count"), "1");
}
