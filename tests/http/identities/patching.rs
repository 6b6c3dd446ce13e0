//! JSON Patch.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Place, reason};

struct Ada {
    place: Place,
    id: String,
}

impl Ada {
    fn new() -> Self {
        let place = Place::new();
        let id = place.admin("ada");
        Self { place, id }
    }

    fn path(&self) -> String {
        format!("/admin/identities/{}", self.id)
    }

    fn patch(&self, patch: Value) -> Value {
        self.place.send("PATCH", &self.path(), &patch).must(200).json()
    }

    fn refused(&self, patch: Value) -> String {
        let before = self.place.read(&self.id, &["password", "totp"]);
        let answer = self.place.send("PATCH", &self.path(), &patch).must(400);
        assert_eq!(self.place.read(&self.id, &["password", "totp"]), before, "{patch}");
        reason(&answer)
    }
}

fn replace(path: &str, value: Value) -> Value {
    json!([{"op": "replace", "path": path, "value": value}])
}

fn add(path: &str, value: Value) -> Value {
    json!([{"op": "add", "path": path, "value": value}])
}

#[test]
fn a_nested_trait_and_metadata_whole_and_nested() {
    let ada = Ada::new();
    let seen = ada.patch(replace("/traits/username", json!("Countess")));
    assert_eq!(seen["traits"]["username"], "Countess");
    assert_eq!(
        seen["credentials"]["password"]["identifiers"],
        json!(["ada@example.org", "countess"])
    );
    assert!(seen["credentials"]["password"].get("config").is_none());
    assert!(ada.place.fits(&ada.id, "correct horse"), "the password stays");
    let seen = ada.patch(add("/metadata_admin/flag", json!(true)));
    assert_eq!(seen["metadata_admin"], json!({"ticket": 42, "flag": true}));
    assert_eq!(ada.patch(replace("/metadata_admin", json!(["x"])))["metadata_admin"], json!(["x"]));
    assert_eq!(ada.patch(replace("/metadata_admin", Value::Null))["metadata_admin"], Value::Null);
    let seen = ada.patch(add("/metadata_admin/deep", json!({"a": 1})));
    assert_eq!(seen["metadata_admin"], json!({"deep": {"a": 1}}), "even where there was nothing");
    let seen = ada.patch(json!([{"op": "remove", "path": "/metadata_public"}]));
    assert_eq!(seen["metadata_public"], Value::Null);
}

#[test]
fn an_external_id_is_set_cleared_and_set() {
    let ada = Ada::new();
    assert!(ada.patch(replace("/external_id", json!(""))).get("external_id").is_none());
    assert_eq!(ada.patch(replace("/external_id", json!("a")))["external_id"], "a");
    assert!(
        ada.patch(json!([{"op": "remove", "path": "/external_id"}])).get("external_id").is_none()
    );
    assert_eq!(ada.patch(add("/external_id", json!("b")))["external_id"], "b");
    let other = ada.place.admin("eve");
    assert_ne!(other, ada.id);
    let taken = replace("/external_id", json!("emp-eve"));
    ada.place.send("PATCH", &ada.path(), &taken).must(409);
    assert_eq!(ada.place.read(&ada.id, &[])["external_id"], "b");
}

#[test]
fn verified_fills_and_clears_its_time() {
    let ada = Ada::new();
    let address = |seen: &Value| seen["verifiable_addresses"][0].clone();
    let before = address(&ada.place.read(&ada.id, &[]));
    let seen = address(&ada.patch(replace("/verifiable_addresses/0/verified", json!(true))));
    assert_eq!((&seen["verified"], &seen["status"]), (&json!(true), &json!("completed")));
    assert!(seen["verified_at"].is_string());
    assert_eq!(seen["id"], before["id"]);
    let both = json!([
        {"op": "replace", "path": "/verifiable_addresses/0/verified", "value": false},
        {"op": "replace", "path": "/verifiable_addresses/0/status", "value": "pending"},
    ]);
    let seen = address(&ada.patch(both));
    assert_eq!((&seen["verified"], &seen["status"]), (&json!(false), &json!("pending")));
    assert!(seen.get("verified_at").is_none());
    let entries = ada.place.history(&ada.id);
    assert_eq!(&entries[entries.len() - 2..], ["account.confirmed", "account.unconfirmed"]);
    ada.refused(replace("/verifiable_addresses/0/verified", json!("yes")));
    ada.refused(replace("/verifiable_addresses/0/value", json!("x@example.org")));
    ada.refused(replace("/verifiable_addresses/0/status", json!("completed")));
}

#[test]
fn what_must_not_be_touched_is_denied_and_named() {
    let ada = Ada::new();
    for path in [
        "/id",
        "/credentials",
        "/credentials/oidc",
        "/credentials/oidc/config",
        "/stateChangedAt",
        "/credentials/saml/x",
        "",
    ] {
        let why = ada.refused(replace(path, json!({})));
        assert!(why.contains(&format!("patch includes denied path: {path}")), "{why}");
    }
    let why = ada.refused(json!([{"op": "move", "from": "/id", "path": "/traits/name"}]));
    assert!(why.contains("denied path: /id"), "{why}");
    for path in [
        "/created_at",
        "/updated_at",
        "/schema_url",
        "/state_changed_at",
        "/organization_id",
        "/recovery_addresses/0/value",
        "/credentials/password/identifiers",
        "/credentials/password/type",
    ] {
        ada.refused(replace(path, json!("x")));
    }
    ada.refused(json!([{"op": "remove", "path": "/credentials/password"}]));
    ada.refused(add("/credentials/totp", json!({"config": {"totp_url": "x"}})));
    ada.refused(add("/anything", json!(1)));
}

#[test]
fn a_password_hash_can_be_replaced() {
    let ada = Ada::new();
    let bcrypt = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    let set = ada.place.read(&ada.id, &["password"]);
    assert_ne!(set["credentials"]["password"]["config"]["hashed_password"], bcrypt);
    ada.patch(replace("/credentials/password/config/hashed_password", json!(bcrypt)));
    let read = ada.place.read(&ada.id, &["password"]);
    assert_eq!(read["credentials"]["password"]["config"]["hashed_password"], bcrypt);
    assert!(ada.place.fits(&ada.id, "correct horse"));
    let why = ada.refused(replace("/credentials/password/config/hashed_password", json!("foo")));
    assert!(why.contains("hash format"), "what nobody could ever sign in with: {why}");
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let ada = Ada::new();
    ada.refused(replace("/traits/nothing", json!(1)));
    ada.refused(json!([{"op": "explode", "path": "/traits"}]));
    ada.refused(json!([{"op": "test", "path": "/state", "value": "inactive"}]));
    ada.refused(json!({"op": "replace", "path": "/state", "value": "inactive"}));
    ada.refused(replace("/schema_id", json!("none")));
    ada.refused(replace("/schema_id", json!(7)));
    ada.refused(replace("/traits/email", json!("no address")));
    ada.refused(json!([
        {"op": "replace", "path": "/metadata_public", "value": {"changed": true}},
        {"op": "replace", "path": "/traits/email", "value": 7},
    ]));
    let why = ada.refused(replace("/state", json!("sleeping")));
    assert!(why.contains("`active` or `inactive`"), "{why}");
    let url = format!("{}{}", ada.place.server.admin, ada.path());
    ada.place.server.ask("PATCH", &url, &[], "").must(400);
    let unknown = format!("/admin/identities/{}", Uuid::nil());
    ada.place.send("PATCH", &unknown, &replace("/state", json!("active"))).must(404);
    ada.place.send("PATCH", "/admin/identities/nonsense", &json!([])).must(404);
}

#[test]
fn an_address_in_capitals_works() {
    let ada = Ada::new();
    let seen = ada.patch(replace("/traits/email", json!("NEW@Example.org")));
    assert_eq!(seen["traits"]["email"], "NEW@Example.org");
    assert_eq!(seen["verifiable_addresses"][0]["value"], "new@example.org");
    ada.place.admin("eve");
    let taken = replace("/traits/email", json!("EVE@example.org"));
    ada.place.send("PATCH", &ada.path(), &taken).must(409);
}

#[test]
fn patches_of_many_at_once_are_all_kept() {
    let ada = Ada::new();
    ada.patch(replace("/metadata_admin", json!({})));
    std::thread::scope(|threads| {
        for n in 0..8 {
            let ada = &ada;
            threads.spawn(move || ada.patch(add(&format!("/metadata_admin/k{n}"), json!(n))));
        }
    });
    let seen = ada.place.read(&ada.id, &[]);
    assert_eq!(seen["metadata_admin"].as_object().unwrap().len(), 8, "{seen}");
}
