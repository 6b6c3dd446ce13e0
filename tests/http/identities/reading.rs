//! Reading one identity.

use doorward::domain::credential::CredentialType;
use doorward::service::identities::GivenCredential;
use serde_json::json;
use uuid::Uuid;

use super::{Place, reason, text};
use crate::support::person;

#[test]
fn empty_store_lists_nothing_and_unknown_or_malformed_ids_are_404() {
    let place = Place::new();
    let empty = place.get("/admin/identities").must(200);
    assert_eq!(empty.text, "[]\n");
    assert_eq!(empty.header("content-type"), "application/json; charset=utf-8");
    let unknown = place.get(&format!("/admin/identities/{}", Uuid::nil())).must(404);
    assert_eq!(unknown.json()["error"]["message"], "Unable to locate the resource", "{unknown:?}");
    assert_eq!(unknown.header("content-type"), "application/json");
    assert!(unknown.json()["error"].get("id").is_none());
    place.get("/admin/identities/not-an-id").must(404);
}

#[test]
fn every_operation_works_with_and_without_the_prefix() {
    let place = Place::new();
    for prefix in ["/admin", ""] {
        let at = |path: &str| format!("{prefix}{path}");
        let body = json!({"traits": {"email": "ada@example.org"}, "external_id": "emp-1"});
        let made = place.send("POST", &at("/identities"), &body).must(201);
        let id = text(&made.json()["id"]);
        assert_eq!(made.header("location"), at(&format!("/identities/{id}")));
        place.get(&at("/identities")).must(200);
        place.get(&at(&format!("/identities/{id}"))).must(200);
        place.get(&at("/identities/by/external/emp-1")).must(200);
        let traits = json!({"traits": {"email": "ada@example.org"}});
        place.send("PUT", &at(&format!("/identities/{id}")), &traits).must(200);
        let patch = json!([{"op": "add", "path": "/metadata_public", "value": {"a": 1}}]);
        place.send("PATCH", &at(&format!("/identities/{id}")), &patch).must(200);
        place.send("PATCH", &at("/identities"), &json!({"identities": []})).must(200);
        place.send("POST", &at("/recovery/code"), &json!({"identity_id": id})).must(201);
        place.raw("POST", &at("/recovery/link"), "{}").must(404);
        let credential = format!("/identities/{id}/credentials/totp");
        place.raw("DELETE", &at(&credential), "").must(404);
        place.get(&at("/schemas")).must(200);
        place.get(&at("/schemas/admin_v0")).must(200);
        place.raw("DELETE", &at(&format!("/identities/{id}")), "").must(204);
    }
}

#[test]
fn list_items_have_no_credentials_and_one_has_them_without_config() {
    let place = Place::new();
    let id = place.admin("ada");
    let listed = place.get("/admin/identities").must(200).json();
    assert_eq!(listed[0]["id"], id.as_str());
    assert!(listed[0].get("credentials").is_none());
    assert_eq!(listed[0]["metadata_admin"], json!({"ticket": 42}));
    let one = place.read(&id, &[]);
    let password = &one["credentials"]["password"];
    assert_eq!(password["identifiers"], json!(["ada", "ada@example.org"]));
    assert_eq!(
        (password["type"].as_str(), password["version"].as_i64()),
        (Some("password"), Some(0))
    );
    assert!(password.get("config").is_none());
    let keys: Vec<&String> = one.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "id",
            "external_id",
            "credentials",
            "schema_id",
            "schema_url",
            "state",
            "state_changed_at",
            "traits",
            "verifiable_addresses",
            "recovery_addresses",
            "metadata_public",
            "metadata_admin",
            "created_at",
            "updated_at",
            "organization_id"
        ]
    );
}

#[test]
fn include_credential_reveals_only_what_is_named_and_several_combine() {
    let place = Place::new();
    let given = |kind, config| GivenCredential { kind, identifiers: Vec::new(), config };
    let mut request = person("ada@example.org");
    request.credentials = vec![
        given(CredentialType::Oidc, json!({"providers": [{"provider": "google", "subject": "1"}]})),
        given(
            CredentialType::Totp,
            json!({"totp_url": "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"}),
        ),
        given(CredentialType::LookupSecret, json!({"recovery_codes": [{"code": "a1b2c3d4"}]})),
        given(
            CredentialType::Webauthn,
            json!({"credentials": [{"id": "k", "is_passwordless": false}]}),
        ),
    ];
    let id = place.make(request);
    let all = ["password", "oidc", "totp", "lookup_secret", "webauthn"];
    for named in all {
        let read = place.read(&id, &[named]);
        for kind in all {
            let config = read["credentials"][kind].get("config");
            assert_eq!(config.is_some(), kind == named, "{kind} when {named} is named: {read}");
        }
        let listed = place.get(&format!("/admin/identities?include_credential={named}")).must(200);
        assert_eq!(listed.json()[0]["credentials"], read["credentials"]);
    }
    let both = place.read(&id, &["totp", "lookup_secret"]);
    assert_eq!(both["credentials"]["totp"]["config"], json!({"totp_url": ""}), "seeds stay");
    assert_eq!(both["credentials"]["totp"]["identifiers"], json!([id]));
    let codes = &both["credentials"]["lookup_secret"]["config"];
    assert_eq!(*codes, json!({"recovery_codes": [{}]}), "codes are not kept");
    assert!(both["credentials"]["oidc"].get("config").is_none());
    for path in [format!("/admin/identities/{id}"), "/admin/identities".to_owned()] {
        let wrong = place.get(&format!("{path}?include_credential=smoke")).must(400);
        assert_eq!(reason(&wrong), "Invalid value `smoke` for parameter `include_credential`.");
    }
}

#[test]
fn oidc_tokens_that_are_not_there_are_empty_text_and_without_oidc_it_is_still_200() {
    let place = Place::new();
    let accounts = json!({"config": {"providers": [{"provider": "google", "subject": "1"}]}});
    let body = json!({"traits": {"email": "ada@example.org"}, "credentials": {"oidc": accounts}});
    let id = text(&place.post(&body)["id"]);
    let read = place.read(&id, &["oidc"]);
    assert_eq!(
        read["credentials"]["oidc"]["config"]["providers"],
        json!([{
            "initial_id_token": "", "initial_access_token": "", "initial_refresh_token": "",
            "subject": "1", "provider": "google"
        }])
    );
    let other = place.person("eve@example.org");
    assert!(place.read(&other, &["oidc"])["credentials"].get("oidc").is_none());
}

#[test]
fn external_id_lookup_is_200_or_404() {
    let place = Place::new();
    let id = place.admin("ada");
    let found = place.get("/admin/identities/by/external/emp-ada").must(200).json();
    assert_eq!(found["id"], id.as_str());
    assert!(found["credentials"]["password"].get("config").is_none());
    let shown = place.get("/admin/identities/by/external/emp-ada?include_credential=password");
    assert!(shown.must(200).json()["credentials"]["password"].get("config").is_some());
    place.get("/admin/identities/by/external/emp-eve").must(404);
    place.get("/admin/identities/by/external/%00").must(404);
}
