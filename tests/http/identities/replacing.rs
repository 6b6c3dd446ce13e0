//! PUT.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Place, reason, text};

fn traits(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.org")})
}

#[test]
fn what_is_not_named_is_cleared_but_schema_state_and_credentials_stay() {
    let place = Place::new();
    let id = place.admin("ada");
    let before = place.read(&id, &["password"]);
    let path = format!("/admin/identities/{id}");
    let put = place.send("PUT", &path, &json!({"traits": traits("ada"), "unknown": 1})).must(200);
    let after = put.json();
    assert!(after.get("external_id").is_none());
    assert_eq!((&after["metadata_public"], &after["metadata_admin"]), (&Value::Null, &Value::Null));
    assert_eq!((&after["schema_id"], &after["state"]), (&json!("admin_v0"), &json!("active")));
    assert!(after["credentials"]["password"].get("config").is_none());
    assert_eq!(after["state_changed_at"], before["state_changed_at"]);
    let read = place.read(&id, &["password"]);
    assert_eq!(
        read["credentials"]["password"]["config"],
        before["credentials"]["password"]["config"]
    );
    assert_eq!(read["verifiable_addresses"], before["verifiable_addresses"]);
}

#[test]
fn unknown_identity_bad_state_and_empty_body_are_refused() {
    let place = Place::new();
    let id = place.admin("ada");
    let path = format!("/admin/identities/{id}");
    place
        .send("PUT", &format!("/admin/identities/{}", Uuid::nil()), &json!({"traits": {}}))
        .must(404);
    place.send("PUT", "/admin/identities/nonsense", &json!({"traits": {}})).must(404);
    let body = json!({"traits": traits("ada"), "state": "StateActive"});
    let refused = place.send("PUT", &path, &body).must(400);
    assert!(reason(&refused).contains("`active` or `inactive`"));
    let url = format!("{}{path}", place.server.admin);
    place.server.ask("PUT", &url, &[("content-type", "application/json")], "").must(400);
    place.server.ask("PUT", &url, &[], "").must(400);
    place.raw("PUT", &path, "{").must(400);
    assert_eq!(place.read(&id, &[])["external_id"], "emp-ada");
}

#[test]
fn a_body_that_does_not_call_itself_json_is_400() {
    let place = Place::new();
    let id = place.admin("ada");
    let body = json!({"traits": traits("ada")}).to_string();
    for (path, method) in
        [(format!("/admin/identities/{id}"), "PUT"), ("/admin/recovery/code".into(), "POST")]
    {
        let answer =
            super::super::server::plain(&place.server.admin, method, &path, "text/plain", &body);
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains("application/json"), "{answer}");
    }
}

#[test]
fn a_schema_that_the_traits_break_changes_nothing() {
    let place = Place::new();
    let id = place.admin("ada");
    let before = place.read(&id, &["password"]);
    let path = format!("/admin/identities/{id}");
    let cases = [
        json!({"schema_id": "social_user_v0", "traits": {"username": "ada"}}),
        json!({"schema_id": "none", "traits": traits("ada")}),
        json!({"traits": {"email": 7}}),
        json!({"traits": traits("ada"), "external_id": "x".repeat(65)}),
        json!({"traits": traits("ada"), "credentials": {"password": {"config": {"hashed_password": "x"}}}}),
    ];
    for body in cases {
        place.send("PUT", &path, &body).must(400);
        assert_eq!(place.read(&id, &["password"]), before, "{body}");
    }
    let body = json!({"schema_id": "social_user_v0", "traits": {"email": "ada@example.org"}});
    assert_eq!(place.send("PUT", &path, &body).must(200).json()["schema_id"], "social_user_v0");
}

#[test]
fn a_new_password_takes_the_place_of_the_old_and_accounts_are_added() {
    let place = Place::new();
    let id = place.admin("ada");
    let path = format!("/admin/identities/{id}");
    let put = |credentials: Value| {
        let body = json!({"traits": traits("ada"), "credentials": credentials});
        place.send("PUT", &path, &body).must(200).json()
    };
    put(json!({"password": {"config": {"password": "battery staple"}}}));
    assert!(place.fits(&id, "battery staple") && !place.fits(&id, "correct horse"));
    let bcrypt = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    put(json!({"password": {"config": {"hashed_password": bcrypt}}}));
    assert!(place.fits(&id, "correct horse") && !place.fits(&id, "battery staple"));
    let account = |provider: &str, subject: &str| json!({"oidc": {"config": {"providers": [{"provider": provider, "subject": subject}]}}});
    put(account("google", "1"));
    let both = put(account("okta", "2"));
    assert_eq!(both["credentials"]["oidc"]["identifiers"], json!(["google:1", "okta:2"]));
    assert!(place.fits(&id, "correct horse"), "others are left alone");
    let entries = place.history(&id);
    assert_eq!(entries.iter().filter(|one| *one == "account.linked").count(), 2, "{entries:?}");
    assert_eq!(entries.iter().filter(|one| *one == "credential.reset").count(), 2, "{entries:?}");
}

#[test]
fn changing_the_address_changes_identifiers_and_addresses_and_what_stays_keeps_its_proof() {
    let place = Place::new();
    let id = place.admin("ada");
    let path = format!("/admin/identities/{id}");
    let verify =
        json!([{"op": "replace", "path": "/verifiable_addresses/0/verified", "value": true}]);
    place.send("PATCH", &path, &verify).must(200);
    let body = json!({"traits": {"username": "countess", "email": "ADA@example.org"}});
    let kept = place.send("PUT", &path, &body).must(200).json();
    assert_eq!(kept["verifiable_addresses"][0]["verified"], true, "the same in another spelling");
    assert_eq!(
        kept["credentials"]["password"]["identifiers"],
        json!(["ada@example.org", "countess"])
    );
    let body = json!({"traits": {"username": "countess", "email": "new@example.org"}});
    let moved = place.send("PUT", &path, &body).must(200).json();
    assert_eq!(moved["verifiable_addresses"][0]["value"], "new@example.org");
    assert_eq!(moved["verifiable_addresses"][0]["verified"], false);
    assert_eq!(moved["recovery_addresses"][0]["value"], "new@example.org");
    let find =
        |text: &str| place.get(&format!("/admin/identities?credentials_identifier={text}")).json();
    assert_eq!(find("ada@example.org"), json!([]));
    assert_eq!(text(&find("new@example.org")[0]["id"]), id);
    assert!(place.fits(&id, "correct horse"), "the password stays");
}

#[test]
fn what_another_has_is_409_and_changes_nothing() {
    let place = Place::new();
    let (ada, eve) = (place.admin("ada"), place.admin("eve"));
    let before = place.read(&ada, &[]);
    let path = format!("/admin/identities/{ada}");
    for body in [
        json!({"traits": traits("eve")}),
        json!({"traits": traits("ada"), "external_id": "emp-eve"}),
    ] {
        place.send("PUT", &path, &body).must(409);
    }
    assert_eq!(place.read(&ada, &[]), before);
    assert_ne!(ada, eve);
}
