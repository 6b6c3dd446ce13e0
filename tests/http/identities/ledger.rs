//! Every change over HTTP is in the ledger with who, from where, by what and in which request.

use serde_json::{Value, json};

use super::{Place, text};
use crate::support;

#[test]
fn al_02_each_change_has_its_entry_and_nothing_else_has() {
    let place = Place::new();
    let accounts = json!({"config": {"providers": [{"provider": "google", "subject": "1"}]}});
    let password = json!({"config": {"password": "correct horse"}});
    let create = json!({
        "traits": {"email": "ada@example.org"},
        "credentials": {"oidc": accounts, "password": password},
    });
    let ask = |request: &str, method: &str, path: &str, body: &Value| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("x-request-id", request), ("user-agent", "Checker/1")];
        place.server.ask(method, &format!("{}{path}", place.server.admin), &headers, &body)
    };
    let id = text(&ask("req-create", "POST", "/admin/identities", &create).must(201).json()["id"]);
    let one = format!("/admin/identities/{id}");
    let traits = json!({"traits": {"email": "ada@example.org"}, "metadata_public": {"a": 1}});
    ask("req-replace", "PUT", &one, &traits).must(200);
    let patch = json!([{"op": "replace", "path": "/state", "value": "inactive"}]);
    ask("req-patch", "PATCH", &one, &patch).must(200);
    let batch = json!({"identities": [{"create": {"traits": {"email": "eve@example.org"}}}]});
    ask("req-batch", "PATCH", "/admin/identities", &batch).must(200);
    ask("req-code", "POST", "/admin/recovery/code", &json!({"identity_id": id})).must(201);
    let account = format!("{one}/credentials/oidc?identifier=google:1");
    ask("req-unlink", "DELETE", &account, &Value::Null).must(204);
    ask("req-delete", "DELETE", &one, &Value::Null).must(204);
    // What only reads or is refused leaves nothing.
    ask("req-read", "GET", &one, &Value::Null).must(404);
    ask("req-refused", "POST", "/admin/identities", &json!({"traits": {}})).must(400);

    let expected = [
        ("req-create", "user.registered"),
        ("req-replace", "user.updated"),
        ("req-patch", "user.blocked"),
        ("req-batch", "user.invited"),
        ("req-code", "recovery.requested"),
        ("req-unlink", "account.unlinked"),
        ("req-delete", "user.deleted"),
    ];
    let entries = place.entries();
    let made: Vec<&Value> =
        entries.iter().filter(|entry| entry["actor"]["kind"] == "admin_api").collect();
    assert_eq!(made.len(), expected.len(), "{made:#?}");
    for (entry, (request, kind)) in made.iter().zip(expected) {
        assert_eq!(entry["type"], kind, "{request}");
        assert!(!entry.to_string().contains("example.org"), "{entry}");
        assert!(!entry.to_string().contains("horse"), "{entry}");
    }
    support::ledger::must_be_whole(&place.d);
}
