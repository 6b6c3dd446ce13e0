//! Deleting identities and credentials.

use doorward::domain::credential::CredentialType;
use doorward::service::identities::{CreateIdentity, GivenCredential};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Place, reason};
use crate::support::{person, with_password};

fn given(kind: CredentialType, config: Value) -> GivenCredential {
    GivenCredential { kind, identifiers: Vec::new(), config }
}

fn accounts(all: &[(&str, &str)]) -> GivenCredential {
    let entries: Vec<Value> = all
        .iter()
        .map(|(provider, subject)| json!({"provider": provider, "subject": subject}))
        .collect();
    given(CredentialType::Oidc, json!({"providers": entries}))
}

fn remove(place: &Place, id: &str, what: &str) -> (u16, String) {
    let answer = place.raw("DELETE", &format!("/admin/identities/{id}/credentials/{what}"), "");
    if answer.code == 204 {
        assert_eq!(answer.text, "");
        return (204, String::new());
    }
    let reason = answer.json()["error"]["reason"].as_str().unwrap_or_default().to_owned();
    (answer.code, reason)
}

#[test]
fn deleted_is_204_then_404() {
    let place = Place::new();
    let id = place.admin("ada");
    let path = format!("/admin/identities/{id}");
    assert_eq!(place.raw("DELETE", &path, "").must(204).text, "");
    place.get(&path).must(404);
    place.raw("DELETE", &path, "").must(404);
    place.raw("DELETE", "/admin/identities/nonsense", "").must(404);
    assert_eq!(place.history(&id).last().unwrap(), "user.deleted");
    place.admin("ada");
}

#[test]
fn an_unknown_identity_or_kind_is_404_before_anything_else() {
    let place = Place::new();
    let id = place.person("ada@example.org");
    for missing in [Uuid::nil().to_string(), "nonsense".to_owned()] {
        assert_eq!(remove(&place, &missing, "totp"), (404, String::new()));
    }
    for kind in ["totp", "lookup_secret", "oidc", "passkey", "code", "profile", "smoke"] {
        let (code, why) = remove(&place, &id, kind);
        assert_eq!(code, 404, "{kind}");
        let expected = format!("You tried to remove a {kind} but this user have no {kind} set up.");
        assert_eq!(why, expected);
    }
    // No key yet, only the identifier that the schema gives.
    assert_eq!(remove(&place, &id, "webauthn").0, 404);
}

#[test]
fn second_factors_go_and_passwordless_keys_stay() {
    let place = Place::new();
    let key = |id: &str, passwordless| json!({"id": id, "is_passwordless": passwordless});
    let mut request = with_password("ada@example.org", "correct horse");
    request.credentials = vec![
        given(
            CredentialType::Totp,
            json!({"totp_url": "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"}),
        ),
        given(CredentialType::LookupSecret, json!({"recovery_codes": [{"code": "a"}]})),
        given(CredentialType::Webauthn, json!({"credentials": [key("a", true), key("b", false)]})),
    ];
    let id = place.make(request);
    for kind in ["totp", "lookup_secret", "webauthn"] {
        assert_eq!(remove(&place, &id, kind), (204, String::new()), "{kind}");
        assert_eq!(remove(&place, &id, kind).0, 404, "{kind} again");
    }
    let read = place.read(&id, &["webauthn"]);
    assert_eq!(read["credentials"]["webauthn"]["config"]["credentials"], json!([key("a", true)]));
    assert!(read["credentials"].get("totp").is_none());
}

#[test]
fn the_last_first_factor_is_protected_and_that_is_told_before_the_identifier() {
    let place = Place::new();
    let request = CreateIdentity {
        credentials: vec![accounts(&[("google", "1")])],
        ..person("ada@example.org")
    };
    let id = place.make(request);
    for what in ["oidc", "oidc?identifier=google:1", "oidc?identifier=google:2", "password"] {
        let (code, why) = remove(&place, &id, what);
        assert_eq!(
            (code, why.as_str()),
            (400, "You cannot remove the last first factor credential."),
            "{what}"
        );
    }
    let eve = place.make(with_password("eve@example.org", "correct horse"));
    assert_eq!(remove(&place, &eve, "password").0, 400);
}

#[test]
fn one_account_goes_by_its_identifier_and_the_others_stay() {
    let place = Place::new();
    let all = [("google", "1"), ("google", "2"), ("okta", "1")];
    let request = CreateIdentity { credentials: vec![accounts(&all)], ..person("ada@example.org") };
    let id = place.make(request);
    assert_eq!(remove(&place, &id, "oidc").0, 400, "which one?");
    assert_eq!(remove(&place, &id, "oidc?identifier=google:3").0, 404);
    assert_eq!(remove(&place, &id, "oidc?identifier=google:1").0, 204);
    assert_eq!(remove(&place, &id, "oidc?identifier=google:1").0, 404);
    let read = place.read(&id, &["oidc"]);
    assert_eq!(read["credentials"]["oidc"]["identifiers"], json!(["google:2", "okta:1"]));
    let left = read["credentials"]["oidc"]["config"]["providers"].as_array().unwrap().len();
    assert_eq!(left, 2);
}

#[test]
fn a_password_goes_when_there_is_another_way_in() {
    let place = Place::new();
    let mut request = with_password("ada@example.org", "correct horse");
    request.credentials = vec![accounts(&[("google", "1")])];
    let id = place.make(request);
    assert_eq!(remove(&place, &id, "password").0, 204);
    let read = place.read(&id, &["password"]);
    assert_eq!(read["credentials"]["password"]["config"], json!({}));
    assert_eq!(read["credentials"]["password"]["identifiers"], json!(["ada@example.org"]));
    assert_eq!(remove(&place, &id, "oidc?identifier=google:1").0, 400, "now it is the last");
    assert_eq!(place.history(&id).last().unwrap(), "credential.removed");
}

#[test]
fn kinds_that_cannot_be_removed_are_400() {
    let place = Place::new();
    let key = json!({"credentials": [{"id": "k"}], "user_handle": "h"});
    let mut request = with_password("ada@example.org", "correct horse");
    request.credentials = vec![given(CredentialType::Passkey, key)];
    let id = place.make(request);
    let answer = place.raw("DELETE", &format!("/admin/identities/{id}/credentials/passkey"), "");
    assert_eq!(reason(&answer.must(400)), "Credentials type passkey cannot be deleted.");
}
