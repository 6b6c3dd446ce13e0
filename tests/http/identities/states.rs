//! The two-valued state, and what it does to the four statuses.

use doorward::domain::session::{Aal, Method, MethodKind};
use doorward::service::sessions::{self, Carrier, SignIn};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Place, text};
use crate::support;

fn state(place: &Place, id: &str, state: &str) -> Value {
    let patch = json!([{"op": "replace", "path": "/state", "value": state}]);
    place.send("PATCH", &format!("/admin/identities/{id}"), &patch).must(200).json()
}

#[test]
fn state_toggles_and_its_time_moves_only_then() {
    let place = Place::new();
    let id = place.admin("ada");
    let first = place.read(&id, &[]);
    let same = state(&place, &id, "active");
    assert_eq!(same["state_changed_at"], first["state_changed_at"]);
    let off = state(&place, &id, "inactive");
    assert_eq!(off["state"], "inactive");
    assert_ne!(off["state_changed_at"], first["state_changed_at"]);
    assert_eq!(place.read(&id, &[])["state"], "inactive");
    assert_eq!(state(&place, &id, "active")["state"], "active");
    let entries = place.history(&id);
    let changes: Vec<&str> =
        entries.iter().map(String::as_str).filter(|one| one.starts_with("user.")).collect();
    assert_eq!(changes, ["user.registered", "user.updated", "user.blocked", "user.unblocked"]);
}

#[test]
fn e3_e4_inactive_is_a_full_block_and_sessions_die_at_once() {
    let place = Place::new();
    for method in ["PATCH", "PUT"] {
        let name = method.to_lowercase();
        let id = place.admin(&name);
        let held = token(&place, &id);
        let whoami =
            || place.server.public("GET", "/sessions/whoami", &[("X-Session-Token", &held)]).code;
        assert_eq!(whoami(), 200);
        if method == "PATCH" {
            state(&place, &id, "inactive");
        } else {
            let traits = json!({"username": name, "email": format!("{name}@example.org")});
            let body = json!({"traits": traits, "state": "inactive"});
            place.send("PUT", &format!("/admin/identities/{id}"), &body).must(200);
        }
        assert_eq!(whoami(), 401);
        state(&place, &id, "active");
        assert_eq!(whoami(), 401, "nothing that was ended comes back");
        let entries = place.entries();
        let block = entries.iter().rfind(|one| one["type"] == "user.blocked").unwrap();
        assert_eq!(block["data"]["sessions_revoked"], 1, "{block}");
    }
}

#[test]
fn e3_e4_a_lock_is_active_and_active_leaves_it() {
    let place = Place::new();
    let id = place.admin("ada");
    let held = token(&place, &id);
    place.server.laptop.action(&["lock-identity", &format!("identity-id={id}")]);
    assert_eq!(place.read(&id, &[])["state"], "active");
    assert_eq!(state(&place, &id, "active")["state"], "active");
    let seen = place.server.laptop.action(&["get-identity", &format!("identity-id={id}")]);
    assert_eq!(seen["status"], "locked", "{seen}");
    let whoami = place.server.public("GET", "/sessions/whoami", &[("X-Session-Token", &held)]);
    assert_eq!(whoami.code, 200);
    assert_eq!(state(&place, &id, "inactive")["state"], "inactive");
}

#[test]
fn whoever_was_only_invited_can_be_shut_out_too() {
    let place = Place::new();
    let id = place.person("ada@example.org");
    assert_eq!(state(&place, &id, "inactive")["state"], "inactive");
    assert_eq!(state(&place, &id, "active")["state"], "active");
}

#[test]
fn e17_a_new_password_ends_sessions_and_does_not_unblock() {
    let place = Place::new();
    let id = place.admin("ada");
    let held = token(&place, &id);
    let traits = json!({"username": "ada", "email": "ada@example.org"});
    let put = |more: Value| {
        let mut body = json!({"traits": traits});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        place.send("PUT", &format!("/admin/identities/{id}"), &body).must(200).json()
    };
    let password = json!({"password": {"config": {"password": "battery staple"}}});
    put(json!({"credentials": password}));
    let whoami = place.server.public("GET", "/sessions/whoami", &[("X-Session-Token", &held)]);
    assert_eq!(whoami.code, 401);
    state(&place, &id, "inactive");
    let again = json!({"password": {"config": {"password": "another staple"}}});
    assert_eq!(put(json!({"credentials": again}))["state"], "inactive");
    assert!(place.fits(&id, "another staple"));
    let invited = place.person("eve@example.org");
    let body = json!({"traits": {"email": "eve@example.org"}, "credentials": password});
    place.send("PUT", &format!("/admin/identities/{invited}"), &body).must(200);
    assert!(place.history(&invited).contains(&"user.activated".to_owned()));
}

fn token(place: &Place, id: &str) -> String {
    let now = place.d.clock.now();
    let sign_in = SignIn {
        identity_id: id.parse().unwrap(),
        methods: vec![Method::new(MethodKind::Password, Aal::One, now)],
        carrier: Carrier::Token,
        lifespan: None,
    };
    let issued = sessions::issue(&place.d, &support::operator(), &sign_in).unwrap();
    text(&json!(issued.secret.expose_secret()))
}
