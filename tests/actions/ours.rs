//! The actions that Charmed Kratos does not have.

use std::path::PathBuf;

use doorward::service::verification::{self, Proof, Verdict};
use serde_json::{Value, json};

use super::place::Place;

#[test]
fn create_identity_takes_any_trait_and_shows_the_exact_document() {
    let mut place = Place::new();
    let traits = json!({"email": "ada@example.com", "firstName": "Ada", "given_name": "Ada", "tags": ["a"], "ok": true});
    let told = place.run("create-identity", json!({"traits": traits, "external-id": 7}));
    let id = told.at("identity-id").to_owned();
    assert_eq!(told.log, [format!("Successfully created the identity: {id}")]);
    assert_eq!(told.at("recovery-code").len(), 6);
    let shown = place.run("get-identity", json!({"identity-id": id}));
    assert_eq!(shown.at("status"), "invited");
    assert_eq!(shown.at("external-id"), "7");
    assert_eq!(shown.at("traits.first-name"), "Ada");
    assert_eq!(shown.at("traits.given-name"), "Ada");
    assert_eq!(shown.at("traits.tags"), r#"["a"]"#);
    assert_eq!(shown.at("traits.ok"), "true");
    assert_eq!(serde_json::from_str::<Value>(shown.at("traits-json")).unwrap(), traits);
}

#[test]
fn create_identity_with_a_password_is_active_at_once() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    assert_eq!(place.run("get-identity", json!({"identity-id": id})).at("status"), "active");
}

#[test]
fn create_identity_says_why_it_was_refused() {
    let mut place = Place::new();
    place.person("ada@example.com");
    for (given, start, word) in [
        (json!({"traits": {"email": "ADA@example.com"}}), "The identity already exists", ""),
        (json!({"traits": {}}), "Failed to create the identity: ", "email"),
        (json!({"traits": {"email": "x"}}), "Failed to create the identity: ", "email"),
        (
            json!({"traits": {"email": "b@b.c"}, "schema-id": "nope"}),
            "Failed to create the identity: ",
            "nope",
        ),
        (
            json!({"traits": {"email": "b@b.c"}, "password-secret-id": "secret:none"}),
            "Juju secret not found",
            "",
        ),
    ] {
        let told = place.run("create-identity", given.clone());
        assert!(
            told.failure().starts_with(start) && told.failure().contains(word),
            "{given} {told:?}"
        );
        assert!(!told.failure().contains('\n'));
    }
    assert_eq!(place.run("list-identities", json!({})).at("count"), "1");
}

#[test]
fn update_identity_merges_by_default_and_leaves_the_rest() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    let told = place.run(
        "update-identity",
        json!({"identity-id": id, "traits": {"name": "Ada", "nickname": "A"}, "metadata-public": {"a": 1, "b": 2}}),
    );
    assert_eq!(told.log, [format!("Successfully updated the identity: {id}")]);
    let told = place.run(
        "update-identity",
        json!({"email": "ada@example.com", "traits": {"nickname": null}, "metadata-public": {"a": null}}),
    );
    let traits: Value = serde_json::from_str(told.at("traits-json")).unwrap();
    assert_eq!(traits, json!({"email": "ada@example.com", "name": "Ada"}));
    assert_eq!(told.at("metadata-public.b"), "2");
    assert_eq!(told.at("credentials.password.type"), "password");
    let told = place.run(
        "update-identity",
        json!({"identity-id": id, "replace-traits": true, "traits": {"email": "lovelace@example.com"}}),
    );
    assert_eq!(told.at("traits-json"), r#"{"email":"lovelace@example.com"}"#);
    assert_eq!(told.at("credentials.password.identifiers"), r#"["lovelace@example.com"]"#);
}

#[test]
fn update_identity_sets_and_removes_the_external_id() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    assert_eq!(
        place
            .run("update-identity", json!({"identity-id": id, "external-id": "e1"}))
            .at("external-id"),
        "e1"
    );
    let told = place.run("update-identity", json!({"identity-id": id, "traits": {"name": "A"}}));
    assert_eq!(told.at("external-id"), "e1");
    let told = place.run("update-identity", json!({"identity-id": id, "external-id": ""}));
    assert!(told.results().get("external-id").is_none());
}

#[test]
fn update_identity_says_why_it_was_refused() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    place.person("bob@example.com");
    for more in [
        json!({"traits": {"email": null}}),
        json!({"traits": {"email": "bob@example.com"}}),
        json!({"schema-id": "nope"}),
    ] {
        let mut given = more;
        given["identity-id"] = json!(id);
        let told = place.run("update-identity", given);
        assert!(
            told.failure().starts_with(&format!("Failed to update the identity {id}: ")),
            "{told:?}"
        );
    }
    let told = place.run("update-identity", json!({"identity-id": id, "replace-traits": true}));
    assert_eq!(told.failure(), "Parameter 'replace-traits' needs 'traits'");
}

#[test]
fn list_identities_pages_and_filters() {
    let mut place = Place::new();
    place.admin("root");
    for name in ["ada", "bob", "cyd"] {
        place.person(&format!("{name}@example.com"));
    }
    let mut seen = 0;
    let mut given = json!({"page-size": 3});
    loop {
        let told = place.run("list-identities", given.clone());
        seen += told.at("count").parse::<usize>().unwrap();
        match told.results().get("next-page-token") {
            Some(token) => given["page-token"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(seen, 4);
    for (given, count) in [
        (json!({"search": "ada"}), "1"),
        (json!({"search": "nobody"}), "0"),
        (json!({"state": "active"}), "3"),
        (json!({"state": "invited"}), "1"),
        (json!({"state": "blocked"}), "0"),
        (json!({"schema-id": "admin_v0"}), "1"),
        (json!({"provider": "github"}), "0"),
    ] {
        assert_eq!(place.run("list-identities", given.clone()).at("count"), count, "{given}");
    }
    let told = place.run("list-identities", json!({"page-token": "x"}));
    assert!(told.failure().starts_with("Failed to list the identities: "), "{told:?}");
}

#[test]
fn list_identities_shows_who_they_are() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    let told = place.run("list-identities", json!({"search": "ada"}));
    assert_eq!(told.at(&format!("identities.{id}.email")), "ada@example.com");
    assert_eq!(told.at(&format!("identities.{id}.status")), "active");
}

#[test]
fn list_identity_sessions_of_somebody_without_sessions_is_empty() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    let told = place.run("list-identity-sessions", json!({"identity-id": id}));
    assert_eq!((told.at("count"), told.at("identity-id")), ("0", id.as_str()));
}

#[test]
fn a_status_goes_through_its_states() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    for (action, status, changed, line) in [
        ("lock-identity", "locked", "true", format!("Successfully locked the identity: {id}")),
        ("lock-identity", "locked", "false", format!("Identity {id} is locked already")),
        ("unlock-identity", "active", "true", format!("Successfully unlocked the identity: {id}")),
        ("block-identity", "blocked", "true", format!("Successfully blocked the identity: {id}")),
        ("block-identity", "blocked", "false", format!("Identity {id} is blocked already")),
        (
            "unblock-identity",
            "active",
            "true",
            format!("Successfully unblocked the identity: {id}"),
        ),
        ("unblock-identity", "active", "false", format!("Identity {id} is active already")),
    ] {
        let told = place.run(action, json!({"identity-id": id}));
        assert_eq!((told.at("status"), told.at("changed")), (status, changed), "{action}");
        assert_eq!(told.log, [line], "{action}");
        assert_eq!(place.run("get-identity", json!({"identity-id": id})).at("status"), status);
    }
}

#[test]
fn a_status_that_may_not_follow_is_refused_with_the_reason() {
    let mut place = Place::new();
    let invited = place.run("create-identity", json!({"traits": {"email": "new@example.com"}}));
    let invited = invited.at("identity-id").to_owned();
    let blocked = place.person("ada@example.com");
    place.run("block-identity", json!({"identity-id": blocked})).results();
    for (action, verb, id) in [
        ("lock-identity", "lock", &invited),
        ("block-identity", "block", &invited),
        ("lock-identity", "lock", &blocked),
        ("unlock-identity", "unlock", &blocked),
    ] {
        let told = place.run(action, json!({"identity-id": id}));
        assert!(
            told.failure().starts_with(&format!("Failed to {verb} the identity {id}: ")),
            "{told:?}"
        );
    }
}

#[test]
fn a_lock_with_an_end_undoes_itself() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    let given = json!({"identity-id": id, "until": "2026-09-02", "reason": "policy", "note": 42});
    place.run("lock-identity", given).results();
    assert_eq!(place.run("get-identity", json!({"identity-id": id})).at("status"), "locked");
    place.at("2026-09-02T00:00:00Z");
    assert_eq!(place.run("get-identity", json!({"identity-id": id})).at("status"), "active");
    let told = place.run("lock-identity", json!({"identity-id": id, "until": "soon"}));
    assert_eq!(told.failure(), "Parameter 'until' must be a time such as 2030-01-31T08:00:00Z");
}

#[test]
fn set_authorities_replaces_them() {
    let mut place = Place::new();
    place.admin("root");
    let id = place.person("ada@example.com");
    for (given, shown) in [
        (
            json!("ROLE_ADMIN, ROLE_DEVELOPER"),
            r#"["ROLE_USER","ROLE_DEVELOPER","ROLE_ADMINISTRATOR"]"#,
        ),
        (json!(["ROLE_DEVELOPER"]), r#"["ROLE_USER","ROLE_DEVELOPER"]"#),
        (json!(""), r#"["ROLE_USER"]"#),
    ] {
        let told = place.run("set-authorities", json!({"identity-id": id, "authorities": given}));
        assert_eq!(told.at("authorities"), shown);
        assert_eq!(told.log, [format!("Successfully set the authorities of identity {id}")]);
    }
    let told = place.run("set-authorities", json!({"identity-id": id, "authorities": "ROLE_KING"}));
    assert_eq!(
        told.failure(),
        "Parameter 'authorities' may hold ROLE_ADMINISTRATOR and ROLE_DEVELOPER"
    );
}

#[test]
fn a_backup_and_an_export_are_private_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut place = Place::new();
    place.person("ada@example.com");
    for (action, line) in [
        ("backup", "Successfully wrote the backup. It is as confidential as the database"),
        ("export-identities", "Successfully exported the identities. The file is confidential"),
    ] {
        let told = place.run(action, json!({}));
        assert_eq!(told.log, [line]);
        let path = std::path::Path::new(told.at("path"));
        assert!(path.starts_with(&place.settings.state_dir), "{path:?}");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0);
        let again = place.run(action, json!({"path": path}));
        assert!(
            again.failure().starts_with("Failed to "),
            "an existing file is not overwritten: {again:?}"
        );
        assert_eq!(
            place.run(action, json!({"path": "relative"})).failure(),
            "Parameter 'path' must be an absolute path"
        );
    }
}

#[test]
fn al_15_the_ledger_is_exported_by_night_and_proved_elsewhere() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut place = Place::new();
    place.person("ada@example.com");
    let told = place.run("audit-export", json!({}));
    assert_eq!(told.log, ["Successfully exported the audit ledger"]);
    let path = PathBuf::from(told.at("path"));
    assert!(path.starts_with(place.settings.state_dir.join("exports")), "{path:?}");
    assert_eq!(told.at("count"), told.at("size"));
    assert_eq!((told.at("covered"), told.at("disclosures")), (told.at("size"), "0"));
    let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
    for suffix in ["", ".checkpoint", ".checkpoints"] {
        let mode = beside(suffix).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{suffix}");
    }
    assert!(!beside(".disclosures").exists());
    let key = place.run("audit-checkpoint", json!({})).at("verifier-key").to_owned();
    let proof = Proof { keys: vec![key], since: None };
    let report = verification::verify_export(&path, &proof, &mut |_, _| {}).unwrap();
    assert_eq!(report.verdict(), Verdict::Intact, "{}", report.summary());

    let folder = place.directory.path().join("elsewhere");
    let other = folder.join("ledger.jsonl");
    let all = json!({"path": other, "include-disclosures": true});
    let told = place.run("audit-export", all.clone());
    assert_ne!(told.at("disclosures"), "0");
    assert_eq!(told.log, ["Successfully exported the audit ledger. The files are confidential"]);
    // What lies beside is not written over either, whichever it is.
    for suffix in ["", ".checkpoint", ".checkpoints", ".disclosures", ".pruned"] {
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
        let mine = folder.join(format!("ledger.jsonl{suffix}"));
        std::fs::write(&mine, "mine").unwrap();
        let told = place.run("audit-export", all.clone());
        assert!(told.failure().contains("exists already"), "{suffix}: {told:?}");
        assert_eq!(std::fs::read_to_string(&mine).unwrap(), "mine");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "{suffix}");
    }
    let entries = place.entries();
    let verified = |entries: &[serde_json::Value]| {
        entries.iter().filter(|entry| entry["type"] == "ledger.verified").count()
    };
    assert_eq!(verified(&entries), 0);
    place.run("audit-verify", json!({}));
    assert_eq!(verified(&place.entries()), 1, "a verification is in the history");
}

#[test]
fn what_one_deployment_exports_another_imports() {
    let mut from = Place::new();
    let id = from.person("ada@example.com");
    let path = from.directory.path().join("people.jsonl");
    let told = from.run("export-identities", json!({"path": path, "include-credentials": true}));
    assert_eq!(told.at("count"), "1");
    let mut to = Place::new();
    let told = to.run("import-identities", json!({"path": path, "dry-run": true}));
    assert_eq!((told.at("checked"), told.at("created"), told.at("dry-run")), ("1", "0", "true"));
    assert_eq!(told.log, ["Successfully checked the file. Nothing was created"]);
    assert_eq!(to.run("list-identities", json!({})).at("count"), "0");
    let told = to.run("import-identities", json!({"path": path}));
    assert_eq!(told.log, ["Successfully imported the identities"]);
    let shown = to.run("get-identity", json!({"email": "ada@example.com"}));
    assert_eq!(shown.at("id"), id);
    assert_eq!(shown.at("credentials.password.type"), "password");
    assert_eq!((told.at("created"), told.at("skipped")), ("1", "0"));
    let again = to.run("import-identities", json!({"path": path}));
    assert_eq!((again.at("created"), again.at("skipped")), ("0", "1"));
    let missing = to.run("import-identities", json!({"path": "/nowhere/people.jsonl"}));
    assert!(missing.failure().starts_with("Failed to import the identities: "), "{missing:?}");
}
