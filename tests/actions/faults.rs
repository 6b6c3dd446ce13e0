//! A store that fails: the contract's sentence, the cause in the log, and nothing half done.

use serde_json::{Value, json};

use super::place::{Place, Secret};

/// Every action whose sentence the contract gives for a store that fails, with that sentence.
fn sentences(id: &str) -> Vec<(&'static str, Value, String)> {
    vec![
        (
            "get-identity",
            json!({"identity-id": id}),
            format!("Failed to fetch the identity for {id}."),
        ),
        (
            "get-identity",
            json!({"email": "ada@example.com"}),
            "Failed to fetch the identity for ada@example.com.".to_owned(),
        ),
        (
            "create-admin-account",
            json!({"username": "a", "email": "a@b.c"}),
            "Failed to create the admin account".to_owned(),
        ),
        (
            "create-identity",
            json!({"traits": {"email": "a@b.c"}}),
            "Failed to create the identity".to_owned(),
        ),
        ("reset-password", json!({"identity-id": id}), "Failed to request Kratos API".to_owned()),
        (
            "delete-identity",
            json!({"identity-id": id}),
            format!("Failed to delete the identity for {id}"),
        ),
        (
            "delete-identity",
            json!({"email": "ada@example.com"}),
            "Couldn't retrieve the identity id from email".to_owned(),
        ),
        (
            "invalidate-identity-sessions",
            json!({"identity-id": id}),
            format!("Failed to invalidate and delete sessions for identity {id}"),
        ),
        (
            "reset-identity-mfa",
            json!({"identity-id": id, "mfa-type": "totp"}),
            "Failed to reset the totp credentials".to_owned(),
        ),
        (
            "list-oidc-accounts",
            json!({"identity-id": id}),
            format!("Failed to fetch the identity OIDC credentials for {id}"),
        ),
        (
            "unlink-oidc-account",
            json!({"identity-id": id, "credential-id": "github:1"}),
            "Failed to delete the oidc credentials".to_owned(),
        ),
        ("lock-identity", json!({"identity-id": id}), format!("Failed to lock the identity {id}")),
        ("list-identities", json!({}), "Failed to list the identities".to_owned()),
    ]
}

#[test]
fn a_broken_database_fails_each_action_with_its_sentence_and_logs_the_cause() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    place.sql("ALTER TABLE credential_identifiers RENAME TO gone");
    for (action, given, sentence) in sentences(&id) {
        let told = place.run(action, given.clone());
        assert_eq!(told.failure(), sentence, "{action} {given}");
        assert_eq!(told.log, [] as [&str; 0], "{action}");
        assert!(told.warnings.join(" ").contains("credential_identifiers"), "{action} {told:?}");
    }
}

#[test]
fn f_04_without_a_writable_ledger_nothing_changes_and_reads_still_work() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    place.secret("secret:new", Secret::Holds("password", "a long password"));
    place.sql(
        "CREATE TRIGGER full BEFORE INSERT ON ledger_entries BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
    for (action, given) in [
        ("create-admin-account", json!({"username": "a", "email": "a@b.c"})),
        ("reset-password", json!({"identity-id": id})),
        ("reset-password", json!({"identity-id": id, "password-secret-id": "secret:new"})),
        ("update-identity", json!({"identity-id": id, "traits": {"name": "Ada"}})),
        ("lock-identity", json!({"identity-id": id})),
        ("set-authorities", json!({"identity-id": id, "authorities": "ROLE_DEVELOPER"})),
        ("delete-identity", json!({"identity-id": id})),
        ("backup", json!({})),
        ("export-identities", json!({})),
        ("audit-export", json!({})),
    ] {
        let told = place.run(action, given);
        assert!(told.failure().starts_with("Failed to "), "{action} {told:?}");
        assert_eq!(told.log, [] as [&str; 0], "{action}");
    }
    let told = place.run("get-identity", json!({"identity-id": id}));
    assert_eq!(told.at("status"), "active");
    assert_eq!(told.at("updated-at"), super::place::START);
    assert!(told.results().get("traits").unwrap().get("name").is_none());
    assert!(told.warnings[0].starts_with("This run is not in the audit ledger: "), "{told:?}");
    for directory in ["backups", "exports"] {
        let left =
            std::fs::read_dir(place.settings.state_dir.join(directory)).into_iter().flatten();
        assert_eq!(left.count(), 0, "{directory}");
    }
    place.sql("DROP TRIGGER full");
    assert_eq!(place.run("audit-verify", json!({})).at("ok"), "true");
}

#[test]
fn f_11_a_writer_that_waited_too_long_says_so() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    let other = place.database();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let told = place.run("lock-identity", json!({"identity-id": id}));
    assert!(told.failure().starts_with(&format!("Failed to lock the identity {id}: ")), "{told:?}");
    assert!(told.failure().contains("busy"), "{told:?}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(place.run("lock-identity", json!({"identity-id": id})).at("changed"), "true");
}
