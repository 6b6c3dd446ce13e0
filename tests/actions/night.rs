//! What an operator needs at night: addresses, expiry, several people at once, a code by mail.

use serde_json::{Value, json};

use super::place::{NOBODY, Place};

#[test]
fn an_address_is_confirmed_and_unconfirmed() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    let confirmed = |place: &mut Place| {
        let shown = place.run("get-identity", json!({"identity-id": id}));
        let all: Value = serde_json::from_str(shown.at("verifiable-addresses")).unwrap();
        all[0]["verified"].as_bool().unwrap()
    };
    assert!(!confirmed(&mut place));
    let told = place.run("confirm-address", json!({"email": "ada@example.com"}));
    assert_eq!((told.at("changed"), told.at("confirmed")), ("true", r#"["ada@example.com"]"#));
    assert_eq!(told.log, [format!("Successfully confirmed the address of identity {id}")]);
    assert!(confirmed(&mut place));
    let again =
        place.run("confirm-address", json!({"identity-id": id, "address": "ADA@example.com"}));
    assert_eq!(again.at("changed"), "false");
    let told = place.run("unconfirm-address", json!({"identity-id": id}));
    assert_eq!((told.at("changed"), told.at("confirmed")), ("true", "[]"));
    assert!(!confirmed(&mut place));
    let kinds: Vec<Value> = place.entries().iter().map(|entry| entry["type"].clone()).collect();
    for kind in ["account.confirmed", "account.unconfirmed"] {
        assert_eq!(kinds.iter().filter(|one| *one == kind).count(), 1, "{kind}: {kinds:?}");
    }
    let other = json!({"identity-id": id, "address": "eve@example.com"});
    let told = place.run("confirm-address", other);
    assert_eq!(told.failure(), format!("Identity {id} has no such address"));
    let given = json!({"traits": {"username": "root", "email": "root@example.com"}, "schema-id": "admin_v0"});
    place.run("create-identity", given);
    let told = place.run("confirm-address", json!({"identity-id": NOBODY}));
    assert_eq!(told.failure(), format!("Identity {NOBODY} does not exist"));
}

#[test]
fn an_account_ends_when_it_is_said_to_and_goes_on_when_that_is_taken_back() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    let told = place.run("set-expiry", json!({"identity-id": id, "expires-at": "2026-09-02"}));
    assert_eq!((told.at("status"), told.at("changed")), ("active", "true"));
    assert_eq!(told.at("expires-at"), "2026-09-02T00:00:00Z");
    let again = place.run("set-expiry", json!({"identity-id": id, "expires-at": "2026-09-02"}));
    assert_eq!(again.at("changed"), "false");
    place.at("2026-09-02T00:00:00Z");
    let shown = place.run("get-identity", json!({"identity-id": id}));
    assert_eq!((shown.at("status"), shown.at("state")), ("expired", "inactive"));
    let past = json!({"identity-id": id, "expires-at": "2026-09-01"});
    assert!(place.run("set-expiry", past).failure().contains("has passed"));
    let told = place.run("set-expiry", json!({"identity-id": id, "expires-at": "never"}));
    assert_eq!((told.at("status"), told.results().get("expires-at")), ("active", None));
    let wrong = json!({"identity-id": id, "expires-at": "tomorrow"});
    assert!(place.run("set-expiry", wrong).failure().contains("'expires-at' must be a time"));
    let empty = json!({"identity-id": id, "expires-at": ""});
    assert_eq!(
        place.run("set-expiry", empty).failure(),
        "Parameter 'expires-at' is a time, or never"
    );
}

#[test]
fn several_are_changed_after_a_preview_and_the_run_is_recorded_once() {
    let mut place = Place::new();
    let [ada, bob] = ["ada", "bob"].map(|name| place.person(&format!("{name}@example.com")));
    place.person("eve@example.org");
    let given = |action: &str, dry_run: bool| {
        json!({
            "action": action, "query": "example.com", "reason": "policy", "note": "Case 7",
            "dry-run": dry_run
        })
    };
    place.run("block-identity", json!({"identity-id": bob}));
    let told = place.run("change-identities", given("lock", true));
    assert_eq!((told.at("changed"), told.at("refused")), ("1", "1"));
    assert_eq!(told.at(&format!("refusals.{bob}")), "status_transition");
    assert_eq!(told.log, ["Nothing was changed; 1 identities would be"]);
    let status = |place: &mut Place, id: &str| {
        place.run("get-identity", json!({"identity-id": id})).at("status").to_owned()
    };
    assert_eq!(status(&mut place, &ada), "active");
    let before = place.entries().len();
    let told = place.run("change-identities", given("lock", false));
    assert_eq!((told.at("changed"), told.at("more")), ("1", "false"));
    assert_eq!(status(&mut place, &ada), "locked");
    let entries = place.entries();
    let new: Vec<&str> =
        entries[before..].iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    let runs = new.iter().filter(|kind| **kind == "admin.action.run").count();
    assert_eq!(new.iter().filter(|kind| **kind == "user.locked").count(), 1, "{new:?}");
    assert!(runs >= 2, "the run, its sum, and those who looked: {new:?}");
    let told = place.run("change-identities", given("delete", false));
    assert_eq!(told.at("changed"), "2");
    assert_eq!(place.run("list-identities", json!({})).at("count"), "1");
    let none = place.run("change-identities", given("delete", false));
    assert_eq!(none.at("changed"), "0");
    for empty in ["", "  "] {
        let given = json!({"action": "delete", "query": empty});
        let told = place.run("change-identities", given);
        assert_eq!(told.failure(), "Parameter 'query' must not be empty");
    }
    let past = json!({"action": "lock", "query": "example", "until": "2001-01-01"});
    assert!(place.run("change-identities", past).failure().contains("has passed already"));
    assert_eq!(place.run("list-identities", json!({"state": "active"})).at("count"), "1");
}

#[test]
fn without_a_mail_server_a_code_is_not_promised() {
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    let told = place.run("send-recovery", json!({"identity-id": id}));
    assert_eq!(
        told.failure(),
        format!(
            "Failed to send a recovery code to identity {id}: There is no mail server; hand the code over"
        )
    );
}

#[test]
fn mail_that_waits_is_tried_at_once_or_given_up() {
    const MAIL: &str = "01955b7c-0000-7000-8000-00000000000a";
    let mut place = Place::new();
    let id = place.person("ada@example.com");
    place.sql(&format!(
        "INSERT INTO messages (id, status, kind, recipient, template, content, send_count, next_at,
             created_at, updated_at)
         VALUES ('{MAIL}', 'queued', 'email', 'ada@example.com', 'recovery_code_valid',
             'sealed', 2, 9000000000000000, 1, 1)"
    ));
    let told = place.run("list-messages", json!({"status": "queued"}));
    assert_eq!(told.at("count"), "1");
    let mail = |key: &str| told.at(&format!("messages.{MAIL}.{key}")).to_owned();
    assert_eq!((mail("status"), mail("attempts")), ("queued".to_owned(), "2".to_owned()));
    assert_eq!(mail("recipient"), "ada@example.com");
    assert!(!format!("{:?}", told.results()).contains("sealed"), "what it says is not shown");
    let none = place.run("list-messages", json!({"recipient": "eve@example.com"}));
    assert_eq!(none.at("count"), "0");

    let next = |place: &Place| {
        let text = "SELECT next_at FROM messages";
        place.database().query_row(text, [], |row| row.get::<_, Option<i64>>(0)).unwrap()
    };
    let told = place.run("retry-message", json!({"message-id": MAIL}));
    assert_eq!((told.at("id"), told.at("status")), (MAIL, "queued"));
    assert!(next(&place).unwrap() < 9_000_000_000_000_000);
    let told = place.run("give-up-message", json!({"message-id": MAIL}));
    assert_eq!(told.at("status"), "abandoned");
    assert_eq!(next(&place), None);
    let again = place.run("retry-message", json!({"message-id": MAIL}));
    assert_eq!(
        again.failure(),
        format!(
            "Failed to try the message again {MAIL}: This message does not wait: it was sent, given up, or is being sent"
        )
    );
    let unknown = place.run("give-up-message", json!({"message-id": id}));
    assert!(unknown.failure().contains("There is no such message"), "{}", unknown.failure());
    let wrong = place.run("retry-message", json!({"message-id": "1"}));
    assert_eq!(wrong.failure(), "Parameter 'message-id' must be an id, as list-messages shows it");
    let runs: Vec<Value> = place.entries();
    let of = |name: &str| {
        runs.iter().filter(|entry| entry["data"]["action"] == name).cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        of("retry-message").len() + of("give-up-message").len(),
        2 + failed(&runs),
        "{runs:#?}"
    );
    assert_eq!(of("give-up-message")[0]["data"]["parameters"], json!({"message": MAIL}));
}

/// Runs of actions that failed, which the ledger names too.
fn failed(entries: &[Value]) -> usize {
    let about = ["retry-message", "give-up-message"];
    let mail = |entry: &&Value| about.iter().any(|name| entry["data"]["action"] == *name);
    entries.iter().filter(mail).filter(|entry| entry["outcome"] != "success").count()
}
