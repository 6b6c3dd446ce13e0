//! Second factors and accounts at other providers.

use doorward::domain::credential::{Credential, CredentialType};
use doorward::error::ErrorCode;
use doorward::service::identities::{Selector, find};
use doorward::service::listing::{ListIdentities, list};
use doorward::service::{links, mfa};
use doorward::store::sql::credentials;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Realm, ledger, noon, with_password};

crate::on_both_engines! {
    a_reset_takes_one_kind_of_factor_and_says_whether_there_was_one,
    passwordless_keys_survive_a_reset_of_security_keys,
    what_is_no_second_factor_cannot_be_reset,
    links_are_listed_and_unlinked_one_by_one,
    the_last_way_to_sign_in_cannot_be_unlinked,
    an_unknown_id_is_not_found,
}

fn give(realm: &Realm, id: Uuid, kind: CredentialType, identifiers: &[&str], config: Value) {
    let n = realm.row_of(id);
    let known = realm.get(id).credential(kind).is_some();
    realm.plant(|tx| {
        if known {
            credentials::delete(tx, n, kind).unwrap();
        }
        let credential = Credential {
            kind,
            identifiers: identifiers.iter().map(|&text| text.to_owned()).collect(),
            config,
            created_at: noon(),
            updated_at: noon(),
        };
        credentials::insert(tx, n, &credential).unwrap();
    });
}

fn a_reset_takes_one_kind_of_factor_and_says_whether_there_was_one(realm: &Realm) {
    let id = realm.create(with_password("ada@example.com", "correct horse")).unwrap().id;
    give(realm, id, CredentialType::Totp, &[], json!({"totp_url": "otpauth://totp/x"}));
    give(realm, id, CredentialType::LookupSecret, &[], json!({"recovery_codes": [{"code": "x"}]}));
    for (kind, other) in [
        (CredentialType::Totp, CredentialType::LookupSecret),
        (CredentialType::LookupSecret, CredentialType::Password),
    ] {
        assert!(mfa::reset(&realm.d, &realm.by, id, kind).unwrap());
        let read = realm.get(id);
        assert!(read.credential(kind).is_none() && read.credential(other).is_some());
        let entry = ledger::documents(&realm.d).pop().unwrap();
        assert_eq!(entry["type"], "credential.reset");
        assert_eq!(entry["data"]["credential"], kind.as_str());
        let before = realm.dump();
        assert!(!mfa::reset(&realm.d, &realm.by, id, kind).unwrap());
        assert_eq!(realm.dump(), before);
    }
    assert_eq!(realm.get(id).first_factors(), 1);
}

fn passwordless_keys_survive_a_reset_of_security_keys(realm: &Realm) {
    let id = realm.create(with_password("ada@example.com", "correct horse")).unwrap().id;
    let key = |id: &str, passwordless: bool| json!({"id": id, "is_passwordless": passwordless});
    let kind = CredentialType::Webauthn;
    assert!(!mfa::reset(&realm.d, &realm.by, id, kind).unwrap(), "no key yet");
    let config = json!({
        "credentials": [key("a", false), key("b", true), json!({"id": "c"})],
        "user_handle": "h",
    });
    give(realm, id, kind, &["ada@example.com"], config);
    assert!(mfa::reset(&realm.d, &realm.by, id, kind).unwrap());
    let read = realm.get(id);
    let left = read.credential(kind).unwrap();
    assert_eq!(left.config, json!({"credentials": [key("b", true)], "user_handle": "h"}));
    assert_eq!(left.identifiers, ["ada@example.com"]);
    assert!(!mfa::reset(&realm.d, &realm.by, id, kind).unwrap(), "only the passwordless is left");
    give(realm, id, kind, &["ada@example.com"], json!({"credentials": [key("a", false)]}));
    assert!(mfa::reset(&realm.d, &realm.by, id, kind).unwrap());
    assert_eq!(realm.get(id).credential(kind).unwrap().config, json!({"credentials": []}));
}

fn what_is_no_second_factor_cannot_be_reset(realm: &Realm) {
    let id = realm.create(with_password("ada@example.com", "correct horse")).unwrap().id;
    give(realm, id, CredentialType::Oidc, &["google:1"], json!({"providers": []}));
    let before = realm.dump();
    let kinds = [
        CredentialType::Password,
        CredentialType::Oidc,
        CredentialType::Code,
        CredentialType::Passkey,
    ];
    for kind in kinds {
        let error = mfa::reset(&realm.d, &realm.by, id, kind).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Invalid, "{kind:?}");
    }
    assert_eq!(realm.dump(), before);
}

fn linked(realm: &Realm, id: Uuid) {
    let providers = json!({"providers": [
        {"provider": "google", "subject": "Sub:1"},
        {"provider": "github", "subject": "2"},
    ]});
    give(realm, id, CredentialType::Oidc, &["google:Sub:1", "github:2"], providers);
}

fn links_are_listed_and_unlinked_one_by_one(realm: &Realm) {
    let id = realm.create(with_password("ada@example.com", "correct horse")).unwrap().id;
    assert!(links::list(&realm.d, id).unwrap().is_empty());
    linked(realm, id);
    assert_eq!(links::list(&realm.d, id).unwrap(), ["github:2", "google:Sub:1"]);
    assert!(!links::unlink(&realm.d, &realm.by, id, "google:sub:1").unwrap());
    assert!(!links::unlink(&realm.d, &realm.by, id, "google").unwrap());
    assert!(links::unlink(&realm.d, &realm.by, id, "google:Sub:1").unwrap());
    let read = realm.get(id);
    let left = read.credential(CredentialType::Oidc).unwrap();
    assert_eq!(left.config, json!({"providers": [{"provider": "github", "subject": "2"}]}));
    let entry = ledger::documents(&realm.d).pop().unwrap();
    assert_eq!(
        (&entry["type"], &entry["provider"]),
        (&json!("account.unlinked"), &json!("google"))
    );
    assert!(!entry.to_string().contains("Sub:1"));
    assert!(links::unlink(&realm.d, &realm.by, id, "github:2").unwrap());
    assert!(realm.get(id).credential(CredentialType::Oidc).is_none());
    let gone = find(&realm.d, &Selector::Identifier("github:2".into())).unwrap_err();
    assert_eq!(gone.code(), ErrorCode::NotFound);
    let search = ListIdentities { search: Some("github:2".into()), ..ListIdentities::default() };
    assert!(list(&realm.d, &search).unwrap().items.is_empty(), "found by what was unlinked");
}

fn the_last_way_to_sign_in_cannot_be_unlinked(realm: &Realm) {
    let id = realm.person("ada@example.com").id;
    linked(realm, id);
    assert!(links::unlink(&realm.d, &realm.by, id, "google:Sub:1").unwrap());
    let before = realm.dump();
    let error = links::unlink(&realm.d, &realm.by, id, "github:2").unwrap_err();
    assert_eq!(error.code(), ErrorCode::LastCredential);
    assert_eq!(realm.dump(), before);
}

fn an_unknown_id_is_not_found(realm: &Realm) {
    let nobody = Uuid::nil();
    let not_found = |error: doorward::error::Error| assert_eq!(error.code(), ErrorCode::NotFound);
    not_found(links::list(&realm.d, nobody).unwrap_err());
    not_found(links::unlink(&realm.d, &realm.by, nobody, "a:b").unwrap_err());
    not_found(mfa::reset(&realm.d, &realm.by, nobody, CredentialType::Totp).unwrap_err());
}
