//! What the ledger knows of actions afterwards.

use serde_json::json;

use super::place::{NOBODY, Place, Secret};

#[test]
fn audit_01_every_run_is_in_the_ledger_once() {
    let mut place = Place::new();
    place.secret("secret:abc", Secret::Holds("password", "a long password"));
    let id = place.person("ada@example.com");
    let runs = [
        ("get-identity", json!({"identity-id": id}), "success"),
        ("get-identity", json!({"identity-id": NOBODY}), "failure"),
        ("get-identity", json!({"unknown": 1}), "failure"),
        ("list-identities", json!({}), "success"),
        (
            "reset-password",
            json!({"identity-id": id, "password-secret-id": "secret:abc"}),
            "success",
        ),
        (
            "reset-password",
            json!({"identity-id": id, "password-secret-id": "secret:no"}),
            "failure",
        ),
        ("reset-password", json!({"identity-id": id}), "success"),
        ("invalidate-identity-sessions", json!({"identity-id": id}), "success"),
        ("reset-identity-mfa", json!({"identity-id": id, "mfa-type": "totp"}), "success"),
        ("update-identity", json!({"identity-id": id, "traits": {"name": "A"}}), "success"),
        ("update-identity", json!({"identity-id": id, "traits": {"name": "A"}}), "success"),
        ("lock-identity", json!({"identity-id": id}), "success"),
        ("lock-identity", json!({"identity-id": id}), "success"),
        ("unlock-identity", json!({"identity-id": id}), "success"),
        ("set-authorities", json!({"identity-id": id, "authorities": "ROLE_DEVELOPER"}), "success"),
        ("set-authorities", json!({"identity-id": id, "authorities": "ROLE_DEVELOPER"}), "success"),
        ("list-identity-sessions", json!({"identity-id": id}), "success"),
        ("backup", json!({}), "success"),
        ("export-identities", json!({}), "success"),
        ("audit-export", json!({}), "success"),
        ("audit-checkpoint", json!({}), "success"),
        ("audit-verify", json!({}), "success"),
        ("run-migration", json!({}), "success"),
        ("delete-identity", json!({"identity-id": id}), "success"),
    ];
    let before = place.entries().len();
    for (action, given, _) in &runs {
        place.run(action, given.clone());
    }
    let entries = place.entries();
    let recorded: Vec<(&str, &str)> = entries[before..]
        .iter()
        .filter(|entry| entry["type"] == "admin.action.run")
        .map(|entry| {
            (entry["data"]["action"].as_str().unwrap(), entry["outcome"].as_str().unwrap())
        })
        // The listing that counted `before` records itself after it has counted.
        .skip(1)
        .collect();
    let expected: Vec<(&str, &str)> =
        runs.iter().map(|(action, _, outcome)| (*action, *outcome)).collect();
    assert_eq!(recorded, expected);
    assert!(
        entries[before..].iter().all(|entry| entry["actor"]["id"] == "doorward/0"),
        "{entries:?}"
    );
}

#[test]
fn audit_07_no_password_and_no_code_is_in_the_database() {
    let mut place = Place::new();
    place.secret("secret:abc", Secret::Holds("password", "marker-in-a-secret"));
    place
        .run(
            "create-admin-account",
            json!({"username": "a", "email": "a@b.c", "password": "marker-in-clear-text"}),
        )
        .results();
    let given = json!({"username": "b", "email": "b@b.c", "password-secret-id": "secret:abc"});
    place.run("create-admin-account", given).results();
    place
        .run("create-admin-account", json!({"email": 1, "password": "marker-in-a-failure"}))
        .failure();
    for entry in std::fs::read_dir(&place.settings.state_dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let marked = bytes.windows(10).any(|window| window == b"marker-in-");
            assert!(!marked, "{path:?}");
        }
    }
}

#[test]
fn a_failed_action_changes_nothing_but_the_ledger() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    let before = place.run("get-identity", json!({"identity-id": id}));
    place.at("2026-09-01T09:00:00Z");
    for (action, given) in [
        ("update-identity", json!({"identity-id": id, "traits": {"email": 7}})),
        ("unlock-identity", json!({"identity-id": id, "email": "x"})),
        ("reset-password", json!({"identity-id": id, "password-secret-id": "secret:none"})),
        ("create-identity", json!({"traits": {"email": "ada@example.com"}})),
    ] {
        place.run(action, given).failure();
    }
    assert_eq!(place.run("get-identity", json!({"identity-id": id})), before);
}

#[test]
fn list_audit_events_filters_and_pages() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    place.at("2026-09-01T10:00:00Z");
    place.run("lock-identity", json!({"identity-id": id})).results();
    for (given, count) in [
        (json!({"type": "user.locked"}), "1"),
        (json!({"type": "user.locked", "identity-id": id}), "1"),
        (json!({"type": "user.locked", "email": "ada@example.com"}), "1"),
        (json!({"type": "user.locked", "identity-id": NOBODY}), "0"),
        (json!({"type": "user.locked", "since": "2026-09-01T11:00:00Z"}), "0"),
        (json!({"type": "user.locked", "until": "2026-09-01T10:00:00Z"}), "0"),
        (json!({"type": "user.*", "since": "2026-09-01T09:00:00Z"}), "1"),
    ] {
        let told = place.run("list-audit-events", given.clone());
        assert_eq!(told.at("count"), count, "{given}");
        assert_eq!(told.log, ["Successfully listed the audit events"]);
    }
    let told = place.run("list-audit-events", json!({"page-size": 1}));
    let token = told.at("next-page-token").to_owned();
    let next = place.run("list-audit-events", json!({"page-size": 1, "page-token": token}));
    assert_ne!(told.results().get("events"), next.results().get("events"));
    let told = place.run("list-audit-events", json!({"type": "user.flew"}));
    assert!(told.failure().starts_with("Failed to list the audit events: "), "{told:?}");
    let told = place.run("list-audit-events", json!({"since": "yesterday"}));
    assert_eq!(told.failure(), "Parameter 'since' must be a time such as 2030-01-31T08:00:00Z");
}

#[test]
fn audit_verify_and_checkpoint_work_together() {
    let mut place = Place::new();
    place.person("ada@example.com");
    let told = place.run("audit-checkpoint", json!({}));
    let note = told.at("checkpoint").to_owned();
    assert!(told.at("verifier-key").contains('+'), "{told:?}");
    place.person("bob@example.com");
    let told = place.run("audit-verify", json!({"checkpoint": note}));
    assert_eq!(told.at("ok"), "true");
    assert_eq!(told.log, ["Successfully verified the audit ledger"]);
    let told = place.run("audit-verify", json!({"checkpoint": "nonsense"}));
    assert!(told.failure().starts_with("Failed to verify the audit ledger: "), "{told:?}");
}

#[test]
fn audit_verify_names_the_first_bad_entry() {
    let mut place = Place::new();
    place.person("ada@example.com");
    place.run("audit-checkpoint", json!({})).results();
    tamper(&place.database());
    let told = place.run("audit-verify", json!({}));
    assert!(
        told.failure().starts_with("The audit ledger does not verify: altered: entry 1, content ("),
        "{told:?}"
    );
}

/// Alters an entry, as someone with the database in their hands would.
fn tamper(database: &rusqlite::Connection) {
    let triggers: Vec<String> = database
        .prepare(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ledger_entries'",
        )
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for trigger in triggers {
        database.execute(&format!("DROP TRIGGER {trigger}"), []).unwrap();
    }
    let changed = database
        .execute(
            "UPDATE ledger_entries SET entry = replace(entry, 'success', 'failure') WHERE seq = 1",
            [],
        )
        .unwrap();
    assert_eq!(changed, 1);
}
