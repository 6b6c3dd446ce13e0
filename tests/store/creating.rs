//! Creating identities: all of one or nothing of it.

use doorward::domain::authority::Authority;
use doorward::domain::credential::CredentialType;
use doorward::domain::status::Status;
use doorward::error::ErrorCode;
use doorward::service::identities::{self, CreateIdentity, Selector};
use doorward::store::sql::codes;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Realm, ledger, noon, person, with_password};

crate::on_both_engines! {
    an_identity_without_password_is_invited_and_keeps_every_field,
    an_identity_with_password_is_active,
    a_recovery_code_is_made_in_the_same_transaction_and_only_its_digest_kept,
    what_is_taken_is_refused_and_leaves_nothing_behind,
    traits_that_break_the_schema_leave_nothing_behind,
    a_given_id_is_used_once,
    documents_have_a_limit,
    deleting_takes_everything_but_the_history,
    creation_is_in_the_history_without_its_address_in_clear,
}

fn an_identity_without_password_is_invited_and_keeps_every_field(realm: &Realm) {
    let traits = json!({"username": "Ada", "email": "Ada@Example.com", "name": "Ada 💥 \"L\""});
    let made = realm
        .create(CreateIdentity {
            schema_id: Some("admin_v0".into()),
            traits: traits.clone(),
            external_id: Some("payroll-7".into()),
            metadata_public: json!({"team": ["x", null, 1.5]}),
            metadata_admin: json!("just text"),
            authorities: [Authority::Administrator, Authority::Developer].into(),
            ..CreateIdentity::default()
        })
        .unwrap();
    let read = realm.get(made.id);
    assert_eq!(read.status, Status::Invited);
    assert_eq!(read.traits, traits, "traits are kept as they were given");
    assert_eq!(read.external_id.as_deref(), Some("payroll-7"));
    assert_eq!(read.metadata_public, json!({"team": ["x", null, 1.5]}));
    assert_eq!(read.metadata_admin, json!("just text"));
    assert_eq!(read.authorities.len(), 2);
    assert_eq!((read.created_at, read.updated_at), (noon(), noon()));
    assert_eq!(read.first_factors(), 0);
    let password = read.credential(CredentialType::Password).unwrap();
    assert_eq!(password.identifiers, ["ada", "ada@example.com"]);
    assert_eq!(read.verifiable_addresses, made.verifiable_addresses);
    assert_eq!(read.recovery_addresses, made.recovery_addresses);
    assert_eq!(read.verifiable_addresses[0].value, "ada@example.com");
    assert!(!read.verifiable_addresses[0].verified);
}

fn an_identity_with_password_is_active(realm: &Realm) {
    let made = realm.create(with_password("ada@example.com", "correct horse")).unwrap();
    let read = realm.get(made.id);
    assert_eq!(read.status, Status::Active);
    let hash = read.credential(CredentialType::Password).unwrap().password_hash().unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=8192,t=1,p=1$"), "{hash}");
    ledger::must_be_whole(&realm.d);
}

fn a_recovery_code_is_made_in_the_same_transaction_and_only_its_digest_kept(realm: &Realm) {
    let request = CreateIdentity { recovery: true, ..person("ada@example.com") };
    let made = identities::create(&realm.d, &realm.by, request).unwrap();
    let code = made.recovery.unwrap();
    let shown = code.code.expose_secret();
    assert!(shown.len() == 6 && shown.bytes().all(|b| b.is_ascii_digit()), "six digits");
    assert_eq!(code.expires_at, "2026-07-01T13:00:00Z".parse().unwrap());
    let flow: Uuid = code.link.rsplit('=').next().unwrap().parse().unwrap();
    let kept = realm.d.store.read(|tx| codes::find(tx, flow, "recovery")).unwrap().unwrap();
    assert_eq!((kept.identity_id, kept.attempts), (made.identity.id, 0));
    let digest = realm.d.keyed_digest(&format!("recovery:{flow}"), shown).unwrap();
    assert_eq!(kept.digest, digest);
    assert_eq!(realm.history()[1..], ["user.invited", "recovery.requested"]);
}

fn what_is_taken_is_refused_and_leaves_nothing_behind(realm: &Realm) {
    let id = realm
        .create(CreateIdentity {
            schema_id: Some("admin_v0".into()),
            traits: json!({"username": "ada", "email": "ada@example.com"}),
            external_id: Some("payroll-7".into()),
            ..CreateIdentity::default()
        })
        .unwrap()
        .id;
    let before = realm.dump();
    let admin = |traits| CreateIdentity {
        schema_id: Some("admin_v0".into()),
        traits,
        authorities: [Authority::Developer].into(),
        recovery: true,
        ..CreateIdentity::default()
    };
    let taken = [
        ("identifier", admin(json!({"username": "ADA", "email": "new@example.com"}))),
        ("identifier", admin(json!({"username": "new", "email": "ADA@example.com"}))),
        // A user name that is somebody's address: one string would sign two people in.
        ("identifier", admin(json!({"username": "ada@EXAMPLE.com"}))),
        (
            "id or external id",
            CreateIdentity {
                external_id: Some("payroll-7".into()),
                ..admin(json!({"username": "new"}))
            },
        ),
        ("id or external id", CreateIdentity { id: Some(id), ..admin(json!({"username": "new"})) }),
    ];
    for (what, request) in taken {
        let error = realm.create(request).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Conflict, "{what}");
        assert!(error.message().contains(what), "{what}: {error}");
        assert!(!error.message().contains("ada"), "the sentence names nobody: {error}");
        assert_eq!(realm.dump(), before, "{what}");
    }
    realm.create(admin(json!({"username": "new", "email": "new@example.com"}))).unwrap();
}

fn traits_that_break_the_schema_leave_nothing_behind(realm: &Realm) {
    let before = realm.dump();
    let bad = [
        person("no address"),
        person("a@b.c\u{0}"),
        CreateIdentity { traits: json!(["a"]), ..CreateIdentity::default() },
        CreateIdentity { schema_id: Some("none".into()), ..person("a@example.com") },
        CreateIdentity { external_id: Some(String::new()), ..person("a@example.com") },
        CreateIdentity { external_id: Some("x".repeat(65)), ..person("a@example.com") },
    ];
    for request in bad {
        assert_eq!(realm.create(request).unwrap_err().code(), ErrorCode::Invalid);
    }
    let too_long = CreateIdentity {
        password: Some(SecretString::from("x".repeat(1 << 20))),
        ..person("a@example.com")
    };
    assert_eq!(realm.create(too_long).unwrap_err().code(), ErrorCode::WeakPassword);
    assert_eq!(realm.dump(), before);
}

fn a_given_id_is_used_once(realm: &Realm) {
    let id = Uuid::from_u128(7);
    let made = realm.create(CreateIdentity { id: Some(id), ..person("a@example.com") }).unwrap();
    assert_eq!(made.id, id);
    assert_eq!(realm.get(id).traits["email"], "a@example.com");
}

fn documents_have_a_limit(realm: &Realm) {
    let big = |size: usize| CreateIdentity {
        metadata_admin: json!({"blob": "x".repeat(size)}),
        ..person("a@example.com")
    };
    assert_eq!(realm.create(big(64 * 1024)).unwrap_err().code(), ErrorCode::Invalid);
    let made = realm.create(big(60 * 1024)).unwrap();
    assert_eq!(realm.get(made.id).metadata_admin, made.metadata_admin);
}

fn deleting_takes_everything_but_the_history(realm: &Realm) {
    let request = CreateIdentity {
        recovery: true,
        authorities: [Authority::Developer].into(),
        ..with_password("ada@example.com", "correct horse")
    };
    let id = realm.create(request).unwrap().id;
    identities::delete(&realm.d, &realm.by, id).unwrap();
    for table in
        ["identities", "credentials", "credential_identifiers", "addresses", "codes", "authorities"]
    {
        assert_eq!(realm.number(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    assert!(!realm.dump().lines().any(|line| line == "identity_search Some(\"1\")"));
    let gone = identities::find(&realm.d, &Selector::Id(id)).unwrap_err();
    assert_eq!(gone.code(), ErrorCode::NotFound);
    let again = identities::delete(&realm.d, &realm.by, id).unwrap_err();
    assert_eq!(again.code(), ErrorCode::NotFound);
    assert_eq!(realm.history().last().unwrap(), "user.deleted");
    ledger::must_be_whole(&realm.d);
    realm.person("ada@example.com");
}

fn creation_is_in_the_history_without_its_address_in_clear(realm: &Realm) {
    realm.create(with_password("ada@example.com", "correct horse")).unwrap();
    let all = ledger::entries(&realm.d);
    assert_eq!(realm.history(), ["ledger.created", "user.registered"]);
    assert!(all.iter().all(|entry| !entry.json.contains("ada@") && !entry.json.contains("horse")));
    ledger::must_be_whole(&realm.d);
}
