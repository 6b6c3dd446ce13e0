//! Search, status and rights under `/admin/doorward`.

use serde_json::{Value, json};

use super::admin::Admin;
use crate::support::{operator, person, with_password};
use doorward::service::identities::{self, CreateIdentity};

fn create(server: &Admin, request: CreateIdentity) -> String {
    let d = server.library();
    identities::create(&d, &operator(), request).unwrap().identity.id.to_string()
}

fn ids(page: &Value) -> Vec<&str> {
    page["identities"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[test]
fn words_find_people_page_by_page_on_both_forms_of_the_path() {
    let server = Admin::start();
    let all: Vec<String> = (0..7)
        .map(|n| create(&server, with_password(&format!("ada{n}@example.com"), "correct horse")))
        .collect();
    create(&server, person("eve@example.org"));
    for base in ["/admin/doorward/identities/search", "/doorward/identities/search"] {
        let mut seen = Vec::new();
        let mut path = format!("{base}?q=EXAMPLE.com&page_size=3&total=true");
        loop {
            let page = server.get(&path).says(200);
            assert_eq!(page["total"], json!({"count": 7, "exact": true}));
            seen.extend(ids(&page).into_iter().map(str::to_owned));
            let Some(token) = page["next_page_token"].as_str() else { break };
            path = format!("{base}?q=EXAMPLE.com&page_size=3&total=true&page_token={token}");
        }
        assert_eq!(seen, all);
    }
    let page =
        server.get("/admin/doorward/identities/search?q=%22eve@%22&status=invited").says(200);
    assert_eq!(page["total"], Value::Null, "a total only when it is asked for");
    let eve = &page["identities"][0];
    assert_eq!((&eve["status"], &eve["state"]), (&json!("invited"), &json!("active")));
    assert_eq!((&eve["authorities"], &eve["expires_at"]), (&json!([]), &Value::Null));
    assert_eq!(eve.get("credentials"), None, "a list shows no credentials");
    let none = server.get("/admin/doorward/identities/search?q=nobody").says(200);
    assert_eq!(none, json!({"identities": [], "next_page_token": null}));
    for wrong in ["status=odd", "page_size=0", "page_size=501", "page_size=x", "page_token=x"] {
        let answer = server.get(&format!("/admin/doorward/identities/search?{wrong}"));
        assert!(!answer.refused(400).is_empty(), "{wrong}");
    }
    for wrong in ["authority=root", "total=maybe"] {
        server.get(&format!("/admin/doorward/identities/search?{wrong}")).refused(400);
    }
}

#[test]
fn a_status_is_changed_with_a_receipt_and_an_entry_that_says_who_asked() {
    let server = Admin::start();
    let id = create(&server, with_password("ada@example.com", "correct horse"));
    let path = |verb: &str| format!("/admin/doorward/identities/{id}/{verb}");
    let why = json!({"reason": "compromise", "note": "call 7", "until": "2999-01-01T00:00:00Z"});
    let receipt = server.send("POST", &path("block"), &why).says(200);
    assert_eq!(receipt["id"], id.as_str());
    assert_eq!((&receipt["status"], &receipt["changed"]), (&json!("blocked"), &json!(true)));
    assert_eq!(receipt["revoked"], json!({"sessions": 0}));
    assert_eq!(receipt["logout"], json!([]));
    let shown = server.get(&format!("/admin/doorward/identities/{id}")).says(200);
    assert_eq!(shown["status_changed_at"], Value::Null);
    assert_eq!(shown["state_changed_at"], receipt["status_changed_at"]);
    assert_eq!((&shown["status"], &shown["state"]), (&json!("blocked"), &json!("inactive")));
    let detail = &shown["status_detail"];
    assert_eq!(
        (&detail["by"], &detail["reason"], &detail["note"], &detail["until"]),
        (
            &json!("admin_api:local"),
            &json!("compromise"),
            &json!("call 7"),
            &json!("2999-01-01T00:00:00Z")
        )
    );
    let again = server.ask("POST", &path("block"), None).says(200);
    assert_eq!(again["changed"], false);
    assert_eq!(again["status_changed_at"], receipt["status_changed_at"]);
    let refused = server.ask("POST", &path("lock"), None);
    assert!(refused.refused(409).contains("unblock it first"));
    assert_eq!(refused.json()["error"]["id"], "status_transition");
    assert_eq!(refused.header("ory-error-id"), "status_transition");
    assert_eq!(server.ask("POST", &path("unblock"), Some("{}")).says(200)["status"], "active");
    assert_eq!(server.ask("POST", &path("lock"), Some(" ")).says(200)["status"], "locked");
    assert_eq!(server.ask("POST", &path("unlock"), None).says(200)["status"], "active");

    let events = server.get("/admin/doorward/audit/events?type=user.*&limit=10").says(200);
    let events = events["events"].as_array().unwrap();
    let types: Vec<&str> = events.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    let order =
        ["user.unlocked", "user.locked", "user.unblocked", "user.blocked", "user.registered"];
    assert_eq!(types, order);
    let blocked = &events[3];
    assert_eq!(blocked["actor"], json!({"kind": "admin_api", "id": "local"}));
    assert_eq!(blocked["data"]["reason"], "compromise");
    assert!(blocked["sd"]["note"].is_string(), "{blocked}");
    assert!(!blocked.to_string().contains("call 7"));
}

#[test]
fn what_cannot_be_understood_changes_nothing() {
    let server = Admin::start();
    let id = create(&server, with_password("ada@example.com", "correct horse"));
    let path = format!("/admin/doorward/identities/{id}/block");
    let long = json!({"note": "x".repeat(513)}).to_string();
    for body in [
        "{",
        "[]x",
        "[\"policy\", null, null]",
        "{\"reason\": \"whim\"}",
        "{\"reason\": 7}",
        "{\"why\": \"policy\"}",
        "{\"until\": \"tomorrow\"}",
        "{\"until\": \"2001-01-01T00:00:00Z\"}",
        &long,
    ] {
        assert!(!server.ask("POST", &path, Some(body)).refused(400).is_empty(), "{body}");
    }
    for nobody in ["0198c1d2-0000-7000-8000-000000000000", "x", "..%2f"] {
        let path = format!("/admin/doorward/identities/{nobody}/block");
        assert_eq!(server.ask("POST", &path, None).code, 404, "{nobody}");
    }
    let shown = server.get(&format!("/admin/doorward/identities/{id}")).says(200);
    assert_eq!(shown["status"], "active");
    assert_eq!(server.ask("GET", &path, None).code, 405);
}

#[test]
fn rights_are_set_as_a_whole() {
    let server = Admin::start();
    let id = create(&server, with_password("ada@example.com", "correct horse"));
    let path = format!("/admin/doorward/identities/{id}/authorities");
    let set = |words: Value| server.send("PUT", &path, &json!({"authorities": words}));
    let held = set(json!(["ROLE_USER", "ROLE_ADMINISTRATOR", "ROLE_ADMINISTRATOR"])).says(200);
    let admin = json!({"id": id, "authorities": ["ROLE_ADMINISTRATOR"], "changed": true});
    assert_eq!(held, admin);
    assert_eq!(set(json!(["ROLE_ADMINISTRATOR"])).says(200)["changed"], false);
    let page = server.get("/doorward/identities/search?authority=ROLE_ADMINISTRATOR").says(200);
    assert_eq!(ids(&page), [id.as_str()]);
    assert!(!set(json!(["ROLE_ROOT"])).refused(400).is_empty());
    assert!(!set(json!("ROLE_USER")).refused(400).is_empty());
    server.ask("PUT", &path, None).refused(400);
    assert_eq!(set(json!([])).says(200)["authorities"], json!([]));
    let events = server.get("/doorward/audit/events?type=authority.*").says(200);
    assert_eq!(events["events"].as_array().unwrap().len(), 2);
}
