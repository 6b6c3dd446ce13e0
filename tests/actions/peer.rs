//! The nine actions of Charmed Kratos: its results, log lines and sentences, and where we differ.

use serde_json::{Value, json};

use super::place::{NOBODY, Place, START, Secret};

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn create_admin_account_without_a_password_hands_out_a_recovery_code() {
    let mut place = Place::new();
    let told = place
        .run("create-admin-account", json!({"username": "admin", "email": "admin@example.com"}));
    assert_eq!(
        keys(&Value::Object(told.results().clone())),
        ["expires-at", "identity-id", "recovery-code", "recovery-link"]
    );
    let id = told.at("identity-id");
    assert_eq!(told.log, [format!("Successfully created the admin account: {id}")]);
    assert_eq!(told.at("expires-at"), "2026-09-01T09:00:00Z");
    assert_eq!(told.at("recovery-code").len(), 6);
    assert!(told.at("recovery-link").starts_with("https://id.example.com/"), "{told:?}");
}

#[test]
fn create_admin_account_with_a_secret_answers_with_the_id_only() {
    let mut place = Place::new();
    // The integration test of Charmed Kratos sets this very password.
    place.secret("secret:abc", Secret::Holds("password", "admin"));
    let told = place.run(
        "create-admin-account",
        json!({
            "username": "admin", "email": "admin@example.com", "name": "Admin Admin",
            "phone-number": 6_912_345_678_u64, "password-secret-id": "secret:abc"
        }),
    );
    assert_eq!(keys(&Value::Object(told.results().clone())), ["identity-id"]);
    assert!(told.warnings.join(" ").contains("People may not choose such a password"), "{told:?}");
    let shown = place.run("get-identity", json!({"email": "admin@example.com"}));
    assert_eq!(shown.at("id"), told.at("identity-id"));
    assert_eq!(shown.at("traits.phone-number"), "6912345678");
    assert_eq!(shown.at("traits.name"), "Admin Admin");
    assert_eq!(shown.at("status"), "active");
    assert_eq!(shown.at("authorities"), r#"["ROLE_USER","ROLE_ADMINISTRATOR"]"#);
}

#[test]
fn the_published_how_to_works_as_printed_and_warns() {
    let mut place = Place::new();
    let given =
        json!({"email": "admin@example.com", "password": "a long password", "username": "admin"});
    let told = place.run("create-admin-account", given);
    assert_eq!(keys(&Value::Object(told.results().clone())), ["identity-id"]);
    assert!(told.warnings[0].contains("password-secret-id"), "{:?}", told.warnings);
    assert!(!told.warnings[0].contains("a long password"));
    let shown = place.run("get-identity", json!({"email": "admin"}));
    assert_eq!(shown.at("credentials.password.type"), "password");
}

#[test]
fn phone_number_with_an_underscore_is_accepted() {
    let mut place = Place::new();
    let given = json!({"username": "a", "email": "a@b.c", "phone_number": "123"});
    place.run("create-admin-account", given).results();
    assert_eq!(place.run("get-identity", json!({"email": "a"})).at("traits.phone-number"), "123");
    let given =
        json!({"username": "b", "email": "b@b.c", "phone_number": "1", "phone-number": "2"});
    assert_eq!(
        place.run("create-admin-account", given).failure(),
        "Provide only one of 'phone-number' or 'phone_number', not both"
    );
}

#[test]
fn create_admin_account_fails_with_one_sentence_and_leaves_nothing_behind() {
    let mut place = Place::new();
    place.admin("admin");
    place.secret("secret:denied", Secret::Denied("permission denied"));
    place.secret("secret:broken", Secret::Broken("secret URI \"x\"\nnot valid"));
    place.secret("secret:other", Secret::Holds("passwort", "a long password"));
    place.secret("secret:empty", Secret::Holds("password", ""));
    let ok = json!({"username": "new", "email": "new@example.com"});
    let with = |key: &str, value: &str| {
        let mut given = ok.clone();
        given[key] = json!(value);
        given
    };
    for (given, sentence) in [
        (with("username", "admin"), "The account already exists"),
        (with("email", "ADMIN@example.com"), "The account already exists"),
        (with("password-secret-id", "secret:none"), "Juju secret not found"),
        (
            with("password-secret-id", "secret:denied"),
            "An error occurred when fetching the juju secret: permission denied",
        ),
        (
            with("password-secret-id", "secret:broken"),
            "An error occurred when fetching the juju secret: secret URI \"x\" not valid",
        ),
        (with("password-secret-id", "secret:other"), "The juju secret has no key 'password'"),
        (with("password-secret-id", "secret:empty"), "The password in the juju secret is empty"),
    ] {
        assert_eq!(place.run("create-admin-account", given).failure(), sentence);
    }
    let told = place.run("create-admin-account", with("email", "foo"));
    assert!(told.failure().starts_with("Failed to create the admin account: "), "{told:?}");
    assert!(told.failure().contains("email"), "{told:?}");
    let both =
        json!({"username": "n", "email": "n@b.c", "password": "x", "password-secret-id": "y"});
    assert_eq!(
        place.run("create-admin-account", both).failure(),
        "Provide only one of 'password-secret-id' or 'password', not both"
    );
    assert_eq!(place.run("list-identities", json!({})).at("count"), "1");
}

#[test]
fn get_identity_shows_everything_but_secrets() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    let told = place.run("get-identity", json!({"identity-id": id}));
    assert_eq!(told.log, ["Successfully fetched the identity."]);
    for (key, text) in [
        ("id", id.as_str()),
        ("schema-id", "social_user_v0"),
        ("schema-url", "https://id.example.com/schemas/c29jaWFsX3VzZXJfdjA"),
        ("state", "active"),
        ("status", "active"),
        ("traits.email", "ada@example.com"),
        ("traits-json", r#"{"email":"ada@example.com"}"#),
        ("metadata-public", "null"),
        ("metadata-admin", "null"),
        ("created-at", START),
        ("updated-at", START),
        ("credentials.password.type", "password"),
        ("credentials.password.identifiers", r#"["ada@example.com"]"#),
        ("credentials.password.version", "0"),
        ("credentials.password.created-at", START),
        ("credentials.password.updated-at", START),
        ("authorities", r#"["ROLE_USER"]"#),
    ] {
        assert_eq!(told.at(key), text, "{key}");
    }
    let addresses: Value = serde_json::from_str(told.at("verifiable-addresses")).unwrap();
    assert_eq!(addresses[0]["value"], "ada@example.com");
    assert_eq!(addresses[0]["verified"], false);
    let addresses: Value = serde_json::from_str(told.at("recovery-addresses")).unwrap();
    assert_eq!(addresses[0]["via"], "email");
    assert!(!Value::Object(told.results().clone()).to_string().contains("argon2"));
}

#[test]
fn reset_password_makes_a_code_or_sets_the_password() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    place.at("2026-09-01T08:10:00Z");
    let told = place.run("reset-password", json!({"email": "ada@example.com"}));
    assert_eq!(
        keys(&Value::Object(told.results().clone())),
        ["expires-at", "recovery-code", "recovery-link"]
    );
    assert_eq!(told.at("expires-at"), "2026-09-01T09:10:00Z");
    assert_eq!(
        told.log,
        [
            "Recovery code created successfully. Use the returned link to reset the identity's password"
        ]
    );
    place.secret("secret:new", Secret::Holds("password", "another long password"));
    let told =
        place.run("reset-password", json!({"identity-id": id, "password-secret-id": "secret:new"}));
    assert_eq!(told.log, ["Password was changed successfully"]);
    assert_eq!(told.at("traits.email"), "ada@example.com");
    assert_eq!(told.at("credentials.password.updated-at"), "2026-09-01T08:10:00Z");
}

#[test]
fn a_password_reset_keeps_metadata_and_external_id() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    place.run(
        "update-identity",
        json!({
            "identity-id": id, "external-id": "hr-7", "metadata-public": {"team": "a"},
            "metadata-admin": {"cost_centre": 12}
        }),
    );
    let told = place
        .run("reset-password", json!({"identity-id": id, "password-secret-id": "secret:person"}));
    assert_eq!(told.at("external-id"), "hr-7");
    assert_eq!(told.at("metadata-public.team"), "a");
    assert_eq!(told.at("metadata-admin.cost-centre"), "12");
}

#[test]
fn passwords_longer_than_bcrypt_takes_work() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    let long: &'static str = Box::leak("é".repeat(100).into_boxed_str());
    place.secret("secret:long", Secret::Holds("password", long));
    let told = place
        .run("reset-password", json!({"identity-id": id, "password-secret-id": "secret:long"}));
    assert_eq!(told.log, ["Password was changed successfully"]);
}

#[test]
fn reset_password_reads_the_secret_first() {
    let mut place = Place::new();
    place.secret("secret:denied", Secret::Denied("permission denied"));
    for (secret, sentence) in [
        ("secret:none", "Juju secret not found"),
        ("secret:denied", "An error occurred when fetching the juju secret: permission denied"),
    ] {
        let given = json!({"identity-id": NOBODY, "password-secret-id": secret});
        assert_eq!(place.run("reset-password", given).failure(), sentence);
    }
}

#[test]
fn delete_identity_answers_with_the_id() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    let told = place.run("delete-identity", json!({"email": "ada@example.com"}));
    assert_eq!(told.at("id"), id);
    assert_eq!(told.log, [format!("Successfully deleted the identity: {id}")]);
    let again = place.run("delete-identity", json!({"identity-id": id}));
    assert_eq!(again.failure(), format!("Identity {id} does not exist"));
    assert_eq!(
        place.run("get-identity", json!({"identity-id": id})).failure(),
        "Identity not found"
    );
}

#[test]
fn an_operator_may_delete_the_last_administrator() {
    let mut place = Place::new();
    let id = place.admin("admin");
    place.run("delete-identity", json!({"identity-id": id})).results();
    place.admin("admin");
}

#[test]
fn nothing_to_do_completes_with_a_line_and_no_results() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    for (action, more, line) in [
        ("invalidate-identity-sessions", json!({}), format!("Identity {id} has no sessions")),
        (
            "reset-identity-mfa",
            json!({"mfa-type": "totp"}),
            format!("Identity {id} has no totp credentials."),
        ),
        (
            "reset-identity-mfa",
            json!({"mfa-type": "lookup_secret"}),
            format!("Identity {id} has no lookup_secret credentials."),
        ),
        (
            "reset-identity-mfa",
            json!({"mfa-type": "webauthn"}),
            format!("Identity {id} has no webauthn credentials."),
        ),
        ("list-oidc-accounts", json!({}), "Identity OIDC credentials not found".to_owned()),
        (
            "unlink-oidc-account",
            json!({"credential-id": "github:1"}),
            format!("Identity {id} has no oidc credentials"),
        ),
    ] {
        let mut given = more;
        given["identity-id"] = json!(id);
        let told = place.run(action, given);
        assert!(told.results().is_empty(), "{action}");
        assert_eq!(told.log, [line], "{action}");
    }
}

#[test]
fn run_migration_reports_the_version() {
    let mut place = Place::unprepared();
    let told = place.run("run-migration", json!({}));
    assert_eq!(
        told.log,
        [
            "Started migrating the database",
            "Successfully migrated the database",
            "Successfully updated migration version"
        ]
    );
    let version = told.at("schema-version").to_owned();
    assert!(version.parse::<u32>().is_ok_and(|version| version > 0));
    assert_eq!(place.run("run-migration", json!({"timeout": 5})).at("schema-version"), version);
}

#[test]
fn run_migration_is_for_the_leader() {
    let mut place = Place::unprepared();
    place.leader = false;
    let told = place.run("run-migration", json!({}));
    assert_eq!(told.failure(), "Only the leader unit can run the database migration");
    assert!(!place.settings.state_dir.exists());
}

#[test]
fn run_migration_refuses_a_newer_database_and_says_why() {
    let mut place = Place::new();
    let database = place.settings.state_dir.join("doorward.db");
    std::fs::write(
        &database,
        "this is not a database, and long enough to be read as one".repeat(100),
    )
    .unwrap();
    let told = place.run("run-migration", json!({}));
    assert!(told.failure().starts_with("Database migration failed: "), "{told:?}");
}
