//! Attribute sets under `/admin/doorward`.

use doorward::service::identities;
use serde_json::{Value, json};

use super::admin::Admin;
use crate::support::{operator, with_password};

fn create(server: &Admin, email: &str) -> String {
    let d = server.library();
    let request = with_password(email, "correct horse");
    identities::create(&d, &operator(), request).unwrap().identity.id.to_string()
}

fn staff() -> Value {
    json!({"identifier": "staff", "name": "Staff", "attributes": [
        {"key": "desk", "type": "number"},
        {"key": "langs", "name": "Languages", "type": "string", "isMultiple": true},
        {"key": "since", "type": "date"},
    ]})
}

#[test]
fn a_set_is_defined_filled_and_removed() {
    let server = Admin::start();
    let (ada, eve) = (create(&server, "ada@example.com"), create(&server, "eve@example.com"));
    let made = server.send("POST", "/admin/doorward/attribute-sets", &staff()).says(201);
    assert_eq!(made["attributes"][0]["name"], "desk", "the key where there is no name");
    assert_eq!(server.send("POST", "/admin/doorward/attribute-sets", &staff()).code, 409);
    for (key, value) in [
        ("identifier", json!("aac.mine")),
        ("identifier", json!("a b")),
        ("attributes", json!([])),
        ("attributes", json!([{"key": "a", "type": "text"}])),
        ("attributes", json!([{"key": "a", "type": "string"}, {"key": "a", "type": "date"}])),
        ("attributes", json!([{"key": "", "type": "string"}])),
        ("other", json!(1)),
    ] {
        let mut wrong = staff();
        wrong[key] = value;
        let answer = server.send("POST", "/admin/doorward/attribute-sets", &wrong);
        assert!(!answer.refused(400).is_empty(), "{wrong}");
    }
    let path = format!("/admin/doorward/identities/{ada}/attributes/staff");
    let values = json!({"desk": 4, "langs": ["de", "en"], "since": null});
    let set = server.send("PUT", &path, &values).says(200);
    assert_eq!(set["values"], json!({"desk": 4, "langs": ["de", "en"]}));
    assert_eq!(server.send("PUT", &path, &values).says(200)["changed"], false);
    for wrong in [
        json!({"desk": "4"}),
        json!({"langs": "de"}),
        json!({"since": "yesterday"}),
        json!({"shoe": 42}),
    ] {
        let reason = server.send("PUT", &path, &wrong).refused(400);
        let key = wrong.as_object().unwrap().keys().next().unwrap();
        assert!(reason.contains(key.as_str()), "{reason}");
    }
    // The values stand in the administrators' metadata, and are guarded there too.
    let plain = format!("/admin/identities/{ada}");
    let shown = server.get(&plain).says(200);
    assert_eq!(shown["metadata_admin"]["attributes"]["staff"]["desk"], 4);
    let patch = |value: Value| {
        let operation = json!([{"op": "replace", "path": "/metadata_admin", "value": value}]);
        server.send("PATCH", &plain, &operation)
    };
    let wrong = patch(json!({"attributes": {"staff": {"desk": "x"}}}));
    assert!(wrong.refused(400).contains("desk"));
    patch(json!({"attributes": {"staff": {"desk": 5}, "anything": "else"}})).says(200);
    let views = server.get(&format!("/admin/doorward/identities/{ada}/attributes")).says(200);
    let of = |identifier: &str| {
        let sets = views["sets"].as_array().unwrap();
        sets.iter().find(|one| one["identifier"] == identifier).unwrap().clone()
    };
    assert_eq!(of("staff")["values"], json!({"desk": 5}));
    assert_eq!((&of("staff")["editable"], &of("staff")["source"]), (&json!(true), &json!("realm")));
    let email = of("aac.email");
    assert_eq!(email["values"], json!({"email": "ada@example.com", "email_verified": false}));
    assert_eq!(email["editable"], false);
    assert_eq!(of("aac.account")["values"]["user_id"], ada.as_str());

    // What does not fit any more is shown, not lost.
    let mut other = staff();
    other.as_object_mut().unwrap().remove("identifier");
    other["attributes"][0]["type"] = "string".into();
    other["updated_at"] = made["updated_at"].clone();
    let set_path = "/admin/doorward/attribute-sets/staff";
    server.send("PUT", set_path, &other).says(200);
    assert_eq!(server.send("PUT", set_path, &other).code, 409, "it was changed since");
    let views = server.get(&format!("/admin/doorward/identities/{ada}/attributes")).says(200);
    let sets = views["sets"].as_array().unwrap();
    let shown = sets.iter().find(|one| one["identifier"] == "staff").unwrap();
    assert_eq!(shown["problems"], json!([{"key": "desk", "problem": "must be text"}]));

    let path = format!("/admin/doorward/identities/{eve}/attributes/staff");
    server.send("PUT", &path, &json!({"desk": "7"})).says(200);
    let refused = server.ask("DELETE", set_path, None);
    assert!(refused.refused(409).contains("2 people"));
    assert_eq!(server.ask("DELETE", &format!("{set_path}?values=x"), None).code, 400);
    let gone = server.ask("DELETE", &format!("{set_path}?values=remove"), None).says(200);
    assert_eq!(gone, json!({"identifier": "staff", "removed": 2}));
    let shown = server.get(&plain).says(200);
    assert_eq!(shown["metadata_admin"], json!({"attributes": {"anything": "else"}}));
    let eve = server.get(&format!("/admin/identities/{eve}")).says(200);
    assert_eq!(eve["metadata_admin"], Value::Null);
    assert_eq!(server.get(set_path).code, 404);
    let events = server.get("/admin/doorward/audit/events?type=attribute.*").says(200);
    let types: Vec<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["type"].as_str().unwrap())
        .collect();
    let expected =
        ["removed", "removed", "set", "set", "set"].map(|word| format!("attribute.{word}"));
    assert_eq!(types, expected);
    let text = events.to_string();
    assert!(!text.contains("\"de\""), "values are personal");
    assert_eq!(events["events"][4]["data"]["changed"], json!(["desk", "langs"]));
}
