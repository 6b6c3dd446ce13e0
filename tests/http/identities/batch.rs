//! Many identities at once.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Place, reason};

fn item(n: usize, create: Value) -> Value {
    json!({"patch_id": Uuid::from_u128(n as u128 + 1), "create": create})
}

fn person(n: usize) -> Value {
    json!({"traits": {"email": format!("p{n}@example.org")}})
}

fn send(place: &Place, items: Vec<Value>) -> Vec<Value> {
    let answer = place.send("PATCH", "/admin/identities", &json!({"identities": items}));
    answer.must(200).json()["identities"].as_array().unwrap().clone()
}

fn count(place: &Place) -> usize {
    place.get("/admin/identities?page_size=500").json().as_array().unwrap().len()
}

#[test]
fn ten_creates_succeed_in_order_and_patch_ids_echo() {
    let place = Place::new();
    let results = send(&place, (0..10).map(|n| item(n, person(n))).collect());
    assert_eq!(results.len(), 10);
    for (n, result) in results.iter().enumerate() {
        assert_eq!(result["action"], "create");
        assert_eq!(result["patch_id"], Uuid::from_u128(n as u128 + 1).to_string());
        let read = place.read(result["identity"].as_str().unwrap(), &[]);
        assert_eq!(read["traits"]["email"], format!("p{n}@example.org"));
    }
    let same = vec![item(1, person(20)), item(1, person(21))];
    let results = send(&place, same);
    assert_eq!(results[0]["patch_id"], results[1]["patch_id"]);
}

#[test]
fn an_entry_without_create_is_null_at_its_place() {
    let place = Place::new();
    let results = send(
        &place,
        vec![item(0, person(0)), item(1, Value::Null), Value::Null, json!({}), item(2, person(2))],
    );
    let kinds: Vec<bool> = results.iter().map(Value::is_null).collect();
    assert_eq!(kinds, [false, true, true, true, false]);
    assert_eq!(count(&place), 2);
    place.raw("PATCH", "/admin/identities", "{}").must(200);
}

#[test]
fn limit_01_more_than_a_thousand_or_two_hundred_hashes_are_400() {
    let place = Place::new();
    let many = |count, create: fn(usize) -> Value| -> Value {
        json!({"identities": (0..count).map(|n| item(n, create(n))).collect::<Vec<_>>()})
    };
    place.send("PATCH", "/admin/identities", &many(1001, person)).must(400);
    let with_password = |n| {
        let password = json!({"password": {"config": {"password": "correct horse"}}});
        json!({"traits": {"email": format!("p{n}@example.org")}, "credentials": password})
    };
    place.send("PATCH", "/admin/identities", &many(201, with_password)).must(400);
    assert_eq!(count(&place), 0);
    place.send("PATCH", "/admin/identities", &many(1000, person)).must(200);
    assert_eq!(count(&place), 500, "a page of them");
}

#[test]
fn a_request_that_makes_no_sense_fails_all_of_it() {
    let place = Place::new();
    let bad_state = json!({"traits": {"email": "a@example.org"}, "state": "asleep"});
    let bad_hash = json!({
        "traits": {"email": "a@example.org"},
        "credentials": {"password": {"config": {"hashed_password": "what"}}},
    });
    for bad in [bad_state, bad_hash] {
        let body = json!({"identities": [item(0, person(0)), item(1, bad)]});
        let refused = place.send("PATCH", "/admin/identities", &body).must(400);
        assert!(!reason(&refused).is_empty());
    }
    place.raw("PATCH", "/admin/identities", "[]").must(400);
    place.raw("PATCH", "/admin/identities", "{\"identity\": []}").must(400);
    place.raw("PATCH", "/admin/identities", "{\"identities\": [{\"patch_id\": \"x\"}]}").must(400);
    assert_eq!(count(&place), 0);
}

#[test]
fn what_breaks_the_schema_or_is_taken_is_told_at_its_place_and_the_rest_is_created() {
    let place = Place::new();
    place.person("taken@example.org");
    let external =
        |n: usize| json!({"traits": {"email": format!("e{n}@example.org")}, "external_id": "one"});
    let results = send(
        &place,
        vec![
            item(0, person(0)),
            item(1, json!({"traits": {"email": 7}})),
            item(2, json!({"traits": {"email": "TAKEN@example.org"}})),
            item(3, person(0)),
            item(4, external(1)),
            item(5, external(2)),
            item(6, person(6)),
        ],
    );
    let codes: Vec<i64> =
        results.iter().map(|one| one["error"]["code"].as_i64().unwrap_or(201)).collect();
    assert_eq!(codes, [201, 400, 409, 409, 201, 409, 201]);
    for (n, result) in results.iter().enumerate() {
        let action = if codes[n] == 201 { "create" } else { "error" };
        assert_eq!(result["action"], action);
        assert_eq!(result["patch_id"], Uuid::from_u128(n as u128 + 1).to_string());
        assert_eq!(result.get("identity").is_some(), codes[n] == 201);
    }
    assert_eq!(results[2]["error"]["status"], "Conflict");
    assert_eq!(count(&place), 4);
    let none = send(&place, vec![item(0, person(0)), item(1, person(6))]);
    assert!(none.iter().all(|one| one["action"] == "error"), "200 even when all fail");
    let created = place.entries().iter().filter(|one| one["type"] == "user.invited").count();
    assert_eq!(created, 4, "one entry for each identity");
}
