//! Creating identities.

use serde_json::{Value, json};

use super::{Place, reason, text};

#[test]
fn created_is_201_with_its_place_and_an_id_of_ours() {
    let place = Place::new();
    let body = json!({"schema_id": "social_user_v0", "traits": {"email": "Ada@Example.org"}});
    let made = place.send("POST", "/admin/identities", &body).must(201);
    let id = text(&made.json()["id"]);
    assert_eq!(made.header("location"), format!("/admin/identities/{id}"));
    assert_eq!(made.json()["state"], "active");
    assert!(made.json().get("metadata_admin").is_none(), "omitted when it is not set");
    assert_eq!(made.json()["metadata_public"], Value::Null);
    assert_eq!(place.read(&id, &[])["metadata_admin"], Value::Null, "and null when it is read");
    let url = text(&made.json()["schema_url"]);
    assert!(url.ends_with("/schemas/c29jaWFsX3VzZXJfdjA"), "{url}");
}

#[test]
fn unknown_keys_are_400_and_named_wherever_they_are() {
    let place = Place::new();
    let email = json!({"email": "ada@example.org"});
    let cases = [
        ("id", json!({"traits": email, "id": "9f425a8d-7efc-4768-8f23-7647a74fdf13"})),
        ("schema_url", json!({"traits": email, "schema_url": "x"})),
        ("trait", json!({"trait": email})),
        ("passwort", json!({"traits": email, "credentials": {"passwort": {}}})),
        ("hash", json!({"traits": email, "credentials": {"password": {"config": {"hash": "x"}}}})),
        ("mail", json!({"traits": email, "verifiable_addresses": [{"mail": "x"}]})),
    ];
    for (key, body) in cases {
        let refused = place.send("POST", "/admin/identities", &body).must(400);
        assert!(reason(&refused).contains(&format!("`{key}`")), "{refused:?}");
        let batch = json!({"identities": [{"create": body}]});
        let refused = place.send("PATCH", "/admin/identities", &batch).must(400);
        assert!(reason(&refused).contains(&format!("`{key}`")), "{refused:?}");
    }
    assert_eq!(place.get("/admin/identities").text, "[]\n");
}

#[test]
fn what_breaks_the_schema_or_is_no_json_is_400() {
    let place = Place::new();
    let cases = [
        json!({"schema_id": "none", "traits": {"email": "ada@example.org"}}),
        json!({"traits": {"email": 7}}),
        json!({"traits": {"email": "no address"}}),
        json!({"traits": {}}),
        json!({}),
        json!({"traits": "text"}),
        json!({"traits": null}),
        json!({"traits": {"email": "ada@example.org"}, "external_id": "x".repeat(65)}),
        json!({"traits": {"email": "ada@example.org"}, "external_id": 7}),
        json!({"traits": {"email": "ada@example.org"}, "organization_id": "acme"}),
        json!({"traits": {"email": "ada@example.org"}, "credentials": {"saml": {"config": {}}}}),
        json!([]),
    ];
    for body in cases {
        let refused = place.send("POST", "/admin/identities", &body).must(400);
        assert!(!reason(&refused).is_empty(), "{body}");
    }
    for raw in ["{", "{\"traits\": {\"email\": \"a@example.org\",}}", "nonsense", "\u{feff}{}"] {
        place.raw("POST", "/admin/identities", raw).must(400);
    }
    let url = format!("{}/admin/identities", place.server.admin);
    let empty = place.server.ask("POST", &url, &[("content-type", "application/json")], "");
    empty.must(400);
    assert_eq!(place.get("/admin/identities").text, "[]\n");
}

#[test]
fn a_state_that_is_given_is_kept_and_another_word_is_400() {
    let place = Place::new();
    let with = |state: &str, n: u32| json!({"traits": {"email": format!("p{n}@example.org")}, "state": state});
    for (n, state) in (0..).zip(["active", "inactive"]) {
        let made = place.post(&with(state, n));
        assert_eq!(made["state"], state);
        assert!(made["state_changed_at"].is_string());
        assert_eq!(place.read(&text(&made["id"]), &[])["state"], state);
    }
    let refused = place.send("POST", "/admin/identities", &with("StateActive", 9)).must(400);
    assert!(reason(&refused).contains("`active` or `inactive`"));
}

#[test]
fn metadata_make_the_round_trip_whatever_json_they_are() {
    let place = Place::new();
    let documents =
        [json!({"a": {"b": [1, 2.5, null]}}), json!(["x"]), json!("text"), json!(false)];
    for (n, document) in documents.iter().enumerate() {
        let body = json!({
            "traits": {"email": format!("p{n}@example.org")},
            "metadata_public": document, "metadata_admin": document,
        });
        let id = text(&place.post(&body)["id"]);
        let read = place.read(&id, &[]);
        assert_eq!((&read["metadata_public"], &read["metadata_admin"]), (document, document));
    }
}

#[test]
fn what_only_one_can_have_is_409() {
    let place = Place::new();
    place.admin("ada");
    let cases = [
        json!({"traits": {"email": "new@example.org"}, "external_id": "emp-ada"}),
        json!({"traits": {"email": "ADA@example.org"}}),
        json!({"schema_id": "admin_v0", "traits": {"username": "AdA"}}),
    ];
    for body in cases {
        let refused = place.send("POST", "/admin/identities", &body).must(409);
        assert_eq!(refused.json()["error"]["code"], 409);
        assert!(refused.json()["error"].get("id").is_none());
    }
    assert_eq!(place.get("/admin/identities").json().as_array().unwrap().len(), 1);
}

#[test]
fn an_address_in_capitals_is_lower_case_in_identifiers_and_addresses_and_kept_in_traits() {
    let place = Place::new();
    let made = place.post(&json!({"traits": {"email": "Ada.Lovelace@Example.ORG"}}));
    assert_eq!(made["traits"]["email"], "Ada.Lovelace@Example.ORG");
    assert_eq!(made["credentials"]["password"]["identifiers"], json!(["ada.lovelace@example.org"]));
    assert_eq!(made["verifiable_addresses"][0]["value"], "ada.lovelace@example.org");
    assert_eq!(made["recovery_addresses"][0]["value"], "ada.lovelace@example.org");
    assert_eq!(made["verifiable_addresses"][0]["status"], "pending");
    assert!(made["verifiable_addresses"][0].get("verified_at").is_none());
}

#[test]
fn a_verified_address_is_imported_as_such_and_one_the_traits_do_not_hold_is_dropped() {
    let place = Place::new();
    let at = "2026-01-02T03:04:05Z";
    let body = |email: &str, more: Value| {
        let mut address =
            json!({"value": email.to_uppercase(), "via": "email", "status": "completed"});
        address.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({
            "traits": {"email": email},
            "verifiable_addresses": [address, {"value": "x@example.org", "via": "email", "verified": true}],
            "recovery_addresses": [{"value": email, "via": "email"}],
        })
    };
    let first = place.post(&body("ada@example.org", json!({"verified": true, "verified_at": at})));
    let addresses = first["verifiable_addresses"].as_array().unwrap();
    assert_eq!(addresses.len(), 1);
    assert_eq!(addresses[0]["verified"], true);
    assert_eq!(addresses[0]["status"], "completed");
    assert_eq!(addresses[0]["verified_at"], at);
    let second = place.post(&body("eve@example.org", json!({"verified": true})));
    assert!(
        second["verifiable_addresses"][0]["verified_at"].is_string(),
        "now, if nothing is said"
    );
    let third = place.post(&body("joe@example.org", json!({"verified": false, "verified_at": at})));
    assert!(third["verifiable_addresses"][0].get("verified_at").is_none());
}

#[test]
fn input_05_nothing_of_a_refused_request_is_quoted() {
    let place = Place::new();
    let body = json!({
        "traits": {"email": "ada@example.org"},
        "credentials": {"password": {"config": "correct horse battery"}},
    });
    let refused = place.send("POST", "/admin/identities", &body).must(400);
    assert!(!refused.text.contains("horse"), "{refused:?}");
    let body = json!({"traits": {"email": "secret-in-here"}});
    let refused = place.send("POST", "/admin/identities", &body).must(400);
    assert!(!refused.text.contains("secret-in-here"), "{refused:?}");
}
