//! What each status of an account does to sessions, changed by actions in another process.

use doorward::domain::session::{Aal, MethodKind};
use doorward::error::ErrorCode;
use doorward::service::sessions::{self, Carrier, SignIn};

use super::{Place, browser};
use crate::support::person;

#[test]
fn e3_e4_block_identity_by_action_ends_a_whoami_session_within_one_request() {
    let place = Place::new();
    let held = [place.token(), place.cookie()];
    let id = format!("identity-id={}", place.ada);
    for one in &held {
        assert_eq!(place.whoami(one), 200);
    }
    let done = place.action(&["block-identity", &id]);
    assert_eq!(done["sessions-revoked"], "2");
    for one in &held {
        assert_eq!(place.whoami(one), 401, "the very next request");
    }
    place.action(&["unblock-identity", &id]);
    for one in &held {
        assert_eq!(place.whoami(one), 401, "nothing that was ended comes back");
    }
    assert_eq!(place.whoami(&place.token()), 200);
}

#[test]
fn e3_e4_lock_identity_by_action_keeps_sessions_until_their_old_end_and_grants_none() {
    let place = Place::new();
    let held = place.token();
    let end = |place: &Place| {
        let path = format!("/admin/sessions/{}", held.id);
        place.server.admin("GET", &path).must(200).json()["expires_at"].clone()
    };
    let before = end(&place);
    let id = format!("identity-id={}", place.ada);
    place.action(&["lock-identity", &id]);
    assert_eq!(place.whoami(&held), 200);
    let refused = issue(&place, place.ada);
    assert_eq!(refused, Some(ErrorCode::Forbidden));
    place.server.admin("PATCH", &format!("/admin/sessions/{}/extend", held.id)).must(409);
    assert_eq!(end(&place), before);
    place.action(&["unlock-identity", &id]);
    assert_eq!(place.whoami(&held), 200);
    assert_eq!(issue(&place, place.ada), None);
}

#[test]
fn e3_e4_invited_and_expired_people_have_no_session() {
    let place = Place::new();
    let create = doorward::service::identities::create;
    let request = person("eve@example.com");
    let eve = create(&place.d, &crate::support::operator(), request).unwrap().identity.id;
    assert_eq!(issue(&place, eve), Some(ErrorCode::Forbidden), "invited");
    let held = place.token();
    // As if an account with a session were invited again.
    place.meddle(&format!("UPDATE identities SET status = 'invited' WHERE id = '{}'", place.ada));
    assert_eq!(place.whoami(&held), 401);
    place.meddle(&format!(
        "UPDATE identities SET status = 'active', expires_at = 1 WHERE id = '{}'",
        place.ada
    ));
    assert_eq!(place.whoami(&held), 401);
    assert_eq!(issue(&place, place.ada), Some(ErrorCode::Forbidden), "expired");
}

#[test]
fn e17_a_password_set_by_an_operator_changes_no_status_and_brings_nothing_back() {
    let place = Place::new();
    let secret = place.server.laptop.file("password", "another horse battery");
    let id = format!("identity-id={}", place.ada);
    let reset = format!("password-secret-id=file:{secret}");
    for (action, status) in [("lock-identity", "locked"), ("block-identity", "blocked")] {
        place.action(&[action, &id]);
        place.action(&["reset-password", &id, &reset]);
        assert_eq!(issue(&place, place.ada), Some(ErrorCode::Forbidden), "{status}");
        let shown = place.action(&["get-identity", &id]);
        assert_eq!(shown["status"], status);
    }
}

#[test]
fn e18_an_extension_needs_an_active_account() {
    let place = Place::new();
    let held = place.token();
    let path = format!("/admin/sessions/{}/extend", held.id);
    place.server.admin("PATCH", &path).must(200);
    place.meddle("UPDATE identities SET status = 'locked'");
    let error = place.server.admin("PATCH", &path).must(409).json();
    assert!(error["error"]["reason"].as_str().unwrap().contains("locked"), "{error}");
    place.meddle("UPDATE identities SET status = 'blocked'");
    place.server.admin("PATCH", &path).must(409);
}

#[test]
fn sess_05_deleting_the_identity_takes_effect_on_the_next_request() {
    let place = Place::new();
    let held = place.cookie();
    assert_eq!(place.whoami(&held), 200);
    place.action(&["delete-identity", &format!("identity-id={}", place.ada)]);
    assert_eq!(place.whoami(&held), 401);
}

fn issue(place: &Place, who: uuid::Uuid) -> Option<ErrorCode> {
    let methods = vec![doorward::domain::session::Method::new(
        MethodKind::Password,
        Aal::One,
        place.d.clock.now(),
    )];
    let sign_in = SignIn { identity_id: who, methods, carrier: Carrier::Token, lifespan: None };
    sessions::issue(&place.d, &browser(), &sign_in).err().map(|error| error.code())
}
