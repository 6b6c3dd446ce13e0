//! Setting a password on behalf of a person, and what is kept of passwords.

use std::collections::BTreeSet;

use doorward::app::DATABASE;
use doorward::domain::credential::CredentialType;
use doorward::domain::session::{Aal, Device, Method, MethodKind, Session};
use doorward::domain::status::Status;
use doorward::error::ErrorCode;
use doorward::service::identities::CreateIdentity;
use doorward::service::{passwords, recovery, sessions};
use doorward::store::sql;
use jiff::ToSpan as _;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Realm, ledger, noon, person, with_password};

crate::on_both_engines! {
    a_new_password_keeps_everything_else_and_ends_sessions_and_codes,
    an_invited_person_becomes_active_and_a_locked_one_stays_locked,
    a_schema_without_identifiers_still_takes_a_password,
    sessions_are_listed_newest_first_and_revoked_once,
    auth_07_only_salted_argon2id_is_kept_and_no_password_lies_anywhere,
    an_unknown_id_and_an_endless_password_change_nothing,
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

/// Opens sessions that end after the given hours.
pub(super) fn sign_in(realm: &Realm, id: Uuid, hours: &[i64]) {
    let n = realm.row_of(id);
    let owner = realm.get(id).standing();
    realm.plant(|tx| {
        for (place, hours) in (0u8..).zip(hours) {
            let mut key = *id.as_bytes();
            key[15] ^= place;
            key[0] ^= 0xff;
            let session = Session {
                id: Uuid::from_bytes(key),
                identity_id: id,
                owner,
                active: true,
                aal: Aal::One,
                methods: vec![Method::new(MethodKind::Password, Aal::One, noon())],
                authenticated_at: noon(),
                issued_at: noon() + i64::from(place).seconds(),
                expires_at: noon() + hours.hours(),
                devices: vec![Device {
                    id: Uuid::from_bytes(key),
                    ip_address: Some("192.0.2.1".into()),
                    user_agent: None,
                    location: None,
                }],
                last_seen_at: None,
                authorities: BTreeSet::new(),
            };
            let mut digest = [0; 32];
            digest[..16].copy_from_slice(&key);
            sql::sessions::insert(tx, n, &session, &digest).unwrap();
        }
    });
}

fn a_new_password_keeps_everything_else_and_ends_sessions_and_codes(realm: &Realm) {
    let request = CreateIdentity {
        external_id: Some("payroll-7".into()),
        metadata_public: json!({"p": 1}),
        metadata_admin: json!({"a": [2]}),
        ..with_password("ada@example.com", "first password")
    };
    let before = realm.create(request).unwrap();
    sign_in(realm, before.id, &[1, 2, -1]);
    recovery::issue_code(&realm.d, &realm.by, before.id).unwrap();
    realm.at("2026-07-01T12:30:00Z");
    let answered = passwords::set(&realm.d, &realm.by, before.id, &secret("second one")).unwrap();
    let after = realm.get(before.id);
    assert_eq!(answered, after);
    assert_eq!(after.external_id, before.external_id);
    assert_eq!(after.metadata_public, before.metadata_public);
    assert_eq!(after.metadata_admin, before.metadata_admin);
    assert_eq!(after.traits, before.traits);
    assert_eq!(after.verifiable_addresses, before.verifiable_addresses);
    let hash = |identity: &doorward::domain::identity::Identity| {
        identity.credential(CredentialType::Password).unwrap().config.clone()
    };
    assert_ne!(hash(&after), hash(&before));
    assert!(sessions::list(&realm.d, before.id).unwrap().is_empty());
    assert_eq!(realm.number("SELECT count(*) FROM codes"), 0);
    let entry = ledger::documents(&realm.d).pop().unwrap();
    assert_eq!(entry["type"], "credential.reset");
    assert_eq!(entry["data"]["sessions_revoked"], 2, "one of three had ended by itself");
    ledger::must_be_whole(&realm.d);
}

fn an_invited_person_becomes_active_and_a_locked_one_stays_locked(realm: &Realm) {
    let (invited, locked) = (realm.person("a@example.com").id, realm.person("b@example.com").id);
    realm.meddle("UPDATE identities SET status = 'locked' WHERE n = 2").unwrap();
    for id in [invited, locked] {
        passwords::set(&realm.d, &realm.by, id, &secret("correct horse")).unwrap();
    }
    assert_eq!(realm.get(invited).status, Status::Active);
    assert_eq!(realm.get(locked).status, Status::Locked);
    assert_eq!(realm.history()[3..], ["credential.reset", "user.activated", "credential.reset"]);
}

fn a_schema_without_identifiers_still_takes_a_password(realm: &Realm) {
    let request = CreateIdentity {
        schema_id: Some("admin_v0".into()),
        traits: json!({"name": "nobody"}),
        ..CreateIdentity::default()
    };
    let id = realm.create(request).unwrap().id;
    passwords::set(&realm.d, &realm.by, id, &secret("correct horse")).unwrap();
    assert_eq!(realm.get(id).first_factors(), 1);
    passwords::set(&realm.d, &realm.by, id, &secret("another horse")).unwrap();
    assert_eq!(realm.get(id).first_factors(), 1);
}

fn sessions_are_listed_newest_first_and_revoked_once(realm: &Realm) {
    let (ada, eve) = (realm.person("a@example.com").id, realm.person("b@example.com").id);
    sign_in(realm, ada, &[1, 2, -1]);
    sign_in(realm, eve, &[1]);
    let listed = sessions::list(&realm.d, ada).unwrap();
    assert_eq!(listed.len(), 3);
    assert!(listed.windows(2).all(|pair| pair[0].issued_at > pair[1].issued_at));
    assert_eq!(listed[0].devices[0].ip_address.as_deref(), Some("192.0.2.1"));
    let ended = sessions::revoke_all(&realm.d, &realm.by, ada).unwrap();
    assert_eq!((ended.live, ended.removed), (2, 3));
    let entries = realm.history().len();
    assert_eq!(sessions::revoke_all(&realm.d, &realm.by, ada).unwrap().removed, 0);
    assert_eq!(realm.history().len(), entries, "nothing was done, nothing is recorded");
    assert_eq!(sessions::list(&realm.d, eve).unwrap().len(), 1);
    let unknown = sessions::list(&realm.d, Uuid::nil()).unwrap_err();
    assert_eq!(unknown.code(), ErrorCode::NotFound);
    let unknown = sessions::revoke_all(&realm.d, &realm.by, Uuid::nil()).unwrap_err();
    assert_eq!(unknown.code(), ErrorCode::NotFound);
}

fn auth_07_only_salted_argon2id_is_kept_and_no_password_lies_anywhere(realm: &Realm) {
    let markers = ["marker-first-4711", "marker-second-4712"];
    let same = realm.create(with_password("a@example.com", markers[0])).unwrap();
    let id = realm.create(with_password("b@example.com", markers[0])).unwrap().id;
    let hash = |id| {
        let identity = realm.get(id);
        identity.credential(CredentialType::Password).unwrap().password_hash().unwrap().to_owned()
    };
    assert_ne!(hash(same.id), hash(id), "each hash has a salt of its own");
    passwords::set(&realm.d, &realm.by, id, &secret(markers[1])).unwrap();
    let parts: Vec<String> = hash(id).split('$').map(str::to_owned).collect();
    assert_eq!(parts[1], "argon2id");
    assert!(parts[4].len() >= 22, "16 bytes of salt are 22 characters: {parts:?}");
    let in_files = files_below(&realm.settings.state_dir);
    assert!(in_files.len() >= 3, "keys at least");
    for marker in markers {
        assert!(!realm.dump().contains(marker));
        for (path, content) in &in_files {
            let found = content.windows(marker.len()).any(|part| part == marker.as_bytes());
            assert!(!found, "{} holds a password", path.display());
        }
    }
    if realm.settings.database_url.is_none() {
        assert!(in_files.iter().any(|(path, _)| path.ends_with(DATABASE)));
    }
}

fn files_below(dir: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files_below(&path)),
            false => all.push((path.clone(), std::fs::read(&path).unwrap())),
        }
    }
    all
}

fn an_unknown_id_and_an_endless_password_change_nothing(realm: &Realm) {
    let id = realm.create(person("ada@example.com")).unwrap().id;
    let before = realm.dump();
    let unknown = passwords::set(&realm.d, &realm.by, Uuid::nil(), &secret("correct horse"));
    assert_eq!(unknown.unwrap_err().code(), ErrorCode::NotFound);
    let endless = passwords::set(&realm.d, &realm.by, id, &secret(&"x".repeat(1 << 20)));
    assert_eq!(endless.unwrap_err().code(), ErrorCode::WeakPassword);
    assert_eq!(realm.dump(), before);
}
