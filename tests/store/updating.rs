//! Changing identities: what is given changes, what is not given stays.

use doorward::domain::credential::CredentialType;
use doorward::error::ErrorCode;
use doorward::service::identities::{
    CreateIdentity, Patch, Selector, UpdateIdentity, find, update,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Realm, addresses_proven, ledger, noon, with_password};

crate::on_both_engines! {
    merging_keeps_what_is_not_named_and_null_removes,
    replacing_replaces_the_whole_document,
    an_address_that_stays_keeps_its_id_and_proof_and_a_new_one_needs_proof,
    what_is_taken_is_refused_and_leaves_nothing_behind,
    a_password_survives_a_change_of_address,
    an_external_id_can_be_set_moved_and_removed,
    another_schema_must_be_satisfied,
    the_history_names_the_fields_and_hides_the_values,
    an_unknown_id_is_not_found,
}

fn admin(realm: &Realm, name: &str) -> Uuid {
    let request = CreateIdentity {
        schema_id: Some("admin_v0".into()),
        traits: json!({"username": name, "email": format!("{name}@example.com"), "name": "N"}),
        metadata_public: json!({"a": 1, "b": {"c": 2, "d": 3}}),
        metadata_admin: json!({"keep": true}),
        external_id: Some(format!("ext-{name}")),
        ..CreateIdentity::default()
    };
    realm.create(request).unwrap().id
}

fn traits(patch: Patch) -> UpdateIdentity {
    UpdateIdentity { traits: Some(patch), ..UpdateIdentity::default() }
}

fn merging_keeps_what_is_not_named_and_null_removes(realm: &Realm) {
    let id = admin(realm, "ada");
    realm.at("2026-07-02T12:00:00Z");
    let request = UpdateIdentity {
        traits: Some(Patch::Merge(json!({"name": null, "phone_number": "123"}))),
        metadata_public: Some(Patch::Merge(json!({"b": {"c": null, "e": [1]}}))),
        ..UpdateIdentity::default()
    };
    let answered = update(&realm.d, &realm.by, id, request).unwrap();
    let read = realm.get(id);
    assert_eq!(answered, read, "what is answered is what is stored");
    let expected = json!({"username": "ada", "email": "ada@example.com", "phone_number": "123"});
    assert_eq!(read.traits, expected);
    assert_eq!(read.metadata_public, json!({"a": 1, "b": {"d": 3, "e": [1]}}));
    assert_eq!(read.metadata_admin, json!({"keep": true}));
    assert_eq!(read.external_id.as_deref(), Some("ext-ada"));
    assert_eq!(read.created_at, noon());
    assert_eq!(read.updated_at, "2026-07-02T12:00:00Z".parse().unwrap());
}

fn replacing_replaces_the_whole_document(realm: &Realm) {
    let id = admin(realm, "ada");
    let request = UpdateIdentity {
        traits: Some(Patch::Replace(json!({"username": "eve"}))),
        metadata_public: Some(Patch::Replace(json!(null))),
        ..UpdateIdentity::default()
    };
    update(&realm.d, &realm.by, id, request).unwrap();
    let read = realm.get(id);
    assert_eq!(read.traits, json!({"username": "eve"}));
    assert!(read.metadata_public.is_null());
    assert!(read.verifiable_addresses.is_empty() && read.recovery_addresses.is_empty());
    assert_eq!(read.credential(CredentialType::Password).unwrap().identifiers, ["eve"]);
    let old = find(&realm.d, &Selector::Identifier("ada".into())).unwrap_err();
    assert_eq!(old.code(), ErrorCode::NotFound);
    admin(realm, "other");
}

fn an_address_that_stays_keeps_its_id_and_proof_and_a_new_one_needs_proof(realm: &Realm) {
    let id = admin(realm, "ada");
    let first = realm.get(id).verifiable_addresses[0].clone();
    realm.meddle(&addresses_proven(noon())).unwrap();
    update(&realm.d, &realm.by, id, traits(Patch::Merge(json!({"name": "New"})))).unwrap();
    let kept = realm.get(id).verifiable_addresses[0].clone();
    assert_eq!((kept.id, kept.verified_at), (first.id, Some(noon())));
    let request = traits(Patch::Merge(json!({"email": "eve@example.com"})));
    update(&realm.d, &realm.by, id, request).unwrap();
    let moved = realm.get(id).verifiable_addresses[0].clone();
    assert!(!moved.verified && moved.id != first.id, "{moved:?}");
}

fn what_is_taken_is_refused_and_leaves_nothing_behind(realm: &Realm) {
    let (_, eve) = (admin(realm, "ada"), admin(realm, "eve"));
    let before = realm.dump();
    let bad = [
        (ErrorCode::Conflict, traits(Patch::Merge(json!({"username": "ADA"})))),
        (ErrorCode::Conflict, traits(Patch::Merge(json!({"email": "Ada@example.com"})))),
        (
            ErrorCode::Conflict,
            UpdateIdentity {
                external_id: Some(Some("ext-ada".into())),
                traits: Some(Patch::Merge(json!({"name": "other"}))),
                ..UpdateIdentity::default()
            },
        ),
        (ErrorCode::Invalid, traits(Patch::Merge(json!({"email": "none"})))),
        (ErrorCode::Invalid, traits(Patch::Replace(json!([1])))),
        (ErrorCode::Invalid, traits(Patch::Merge(json!({"name": "x".repeat(70_000)})))),
    ];
    for (code, request) in bad {
        let what = format!("{request:?}");
        let error = update(&realm.d, &realm.by, eve, request).unwrap_err();
        assert_eq!(error.code(), code, "{what:.200}");
        assert_eq!(realm.dump(), before, "{what:.200}");
    }
}

fn a_password_survives_a_change_of_address(realm: &Realm) {
    let id = realm.create(with_password("ada@example.com", "correct horse")).unwrap().id;
    let hash = realm.get(id).credential(CredentialType::Password).unwrap().config.clone();
    let request = traits(Patch::Merge(json!({"email": "eve@example.com"})));
    update(&realm.d, &realm.by, id, request).unwrap();
    let read = realm.get(id);
    let password = read.credential(CredentialType::Password).unwrap();
    assert_eq!(password.config, hash);
    assert_eq!(password.identifiers, ["eve@example.com"]);
}

fn an_external_id_can_be_set_moved_and_removed(realm: &Realm) {
    let (ada, eve) = (admin(realm, "ada"), admin(realm, "eve"));
    let set = |id, value: Option<&str>| {
        let external_id = Some(value.map(str::to_owned));
        let request = UpdateIdentity { external_id, ..UpdateIdentity::default() };
        update(&realm.d, &realm.by, id, request).map(|identity| identity.external_id)
    };
    assert_eq!(set(ada, None).unwrap(), None);
    assert_eq!(set(eve, Some("ext-ada")).unwrap().as_deref(), Some("ext-ada"));
    assert_eq!(realm.get(ada).external_id, None);
}

fn another_schema_must_be_satisfied(realm: &Realm) {
    let id = admin(realm, "ada");
    let to = |schema: &str, patch| UpdateIdentity {
        schema_id: Some(schema.to_owned()),
        traits: patch,
        ..UpdateIdentity::default()
    };
    let refused = update(&realm.d, &realm.by, id, to("nowhere", None)).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Invalid);
    let patch = Patch::Replace(json!({"email": "ada@example.com"}));
    update(&realm.d, &realm.by, id, to("social_user_v0", Some(patch))).unwrap();
    let read = realm.get(id);
    assert_eq!(read.schema_id, "social_user_v0");
    assert_eq!(read.credential(CredentialType::Password).unwrap().identifiers, ["ada@example.com"]);
}

fn the_history_names_the_fields_and_hides_the_values(realm: &Realm) {
    let id = admin(realm, "ada");
    let request = traits(Patch::Merge(json!({"name": "Lovelace", "email": "l@example.com"})));
    update(&realm.d, &realm.by, id, request).unwrap();
    let entry = ledger::documents(&realm.d).pop().unwrap();
    assert_eq!(entry["type"], "user.updated");
    assert_eq!(entry["principal"], id.to_string());
    assert_eq!(entry["data"]["changed"], json!(["traits.email", "traits.name"]));
    assert!(!entry.to_string().contains("Lovelace"));
    ledger::must_be_whole(&realm.d);
}

fn an_unknown_id_is_not_found(realm: &Realm) {
    let before = realm.dump();
    let request = traits(Patch::Merge(json!({"name": "x"})));
    let error = update(&realm.d, &realm.by, Uuid::nil(), request).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
    assert_eq!(realm.dump(), before);
}
