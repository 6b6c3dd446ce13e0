//! Bringing identities in and out.

use std::path::{Path, PathBuf};

use doorward::app::key_path;
use doorward::domain::authority::Authority;
use doorward::domain::credential::CredentialType;
use doorward::domain::identity::Identity;
use doorward::error::{Error, ErrorCode};
use doorward::service::identities::CreateIdentity;
use doorward::service::listing::{ListIdentities, list};
use doorward::service::status::{StatusChange, block};
use doorward::service::transfer::{self, BATCH, Imported};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Engine, Realm, addresses_proven, ledger, noon, with_password};

crate::on_both_engines! {
    an_export_comes_back_on_either_engine_as_it_was,
    f_33_running_an_import_twice_changes_nothing,
    f_33_a_bad_line_is_named_and_nothing_is_imported,
    f_33_a_taken_identifier_is_named_by_its_line_and_nothing_is_imported,
    a_dry_run_changes_nothing,
    an_export_without_credentials_holds_none_and_is_private,
    an_export_never_overwrites,
    imported_people_are_found_by_search,
    a_line_of_kratos_is_understood,
    hostile_files_are_refused,
}

fn write(realm: &Realm, lines: &[Value]) -> PathBuf {
    let path = realm.beside(&format!("import-{}.jsonl", Uuid::now_v7()));
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&path, text).unwrap();
    path
}

fn import(realm: &Realm, path: &Path) -> Result<Imported, Error> {
    transfer::import(&realm.d, &realm.by, path, false)
}

fn everyone(realm: &Realm) -> Vec<Identity> {
    let all = ListIdentities { page_size: Some(500), ..ListIdentities::default() };
    list(&realm.d, &all).unwrap().items
}

fn line(id: u128, email: &str) -> Value {
    json!({"id": Uuid::from_u128(id), "schema_id": "social_user_v0", "traits": {"email": email}})
}

/// People with everything an identity can have.
fn furnish(realm: &Realm) {
    let full = CreateIdentity {
        schema_id: Some("admin_v0".into()),
        traits: json!({"username": "Ada", "email": "Ada@Example.com", "name": "A \u{1f4a5} \"L\""}),
        external_id: Some("payroll-7".into()),
        metadata_public: json!({"team": ["x", null, 1.5, -0.25]}),
        metadata_admin: json!("text"),
        authorities: [Authority::Administrator, Authority::Developer].into(),
        ..with_password("unused", "correct horse")
    };
    let ada = realm.create(full).unwrap().id;
    realm.meddle(&addresses_proven(noon())).unwrap();
    let why = StatusChange {
        note: Some("a note".into()),
        until: Some("2027-01-01T00:00:00Z".parse().unwrap()),
        ..StatusChange::default()
    };
    block(&realm.d, &realm.by, ada, &why).unwrap();
    realm.person("eve@example.com");
    let more = write(
        realm,
        &[json!({
            "id": Uuid::from_u128(9),
            "traits": {"email": "all@example.com"},
            "expires_at": "2027-01-01T00:00:00Z",
            "terms": {
                "answer": "accepted", "version": "2", "answered_at": "2025-03-01T08:00:00.5Z"
            },
            "created_at": "2020-01-01T00:00:00.123456Z",
            "credentials": {
                "totp": {"config": {"totp_url": "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"}},
                "lookup_secret": {"config": {"recovery_codes": [{"code": "a"}]}},
                "oidc": {"identifiers": ["google:AbC"],
                    "config": {"providers": [{"provider": "google", "subject": "AbC"}]}},
                "webauthn": {"config": {"credentials": [{"id": "k", "is_passwordless": true}]}},
                "passkey": {"identifiers": ["handle"], "config": {"credentials": [{"id": "p"}]}},
            },
        })],
    );
    import(realm, &more).unwrap();
}

fn an_export_comes_back_on_either_engine_as_it_was(realm: &Realm) {
    furnish(realm);
    let path = realm.beside("all.jsonl");
    assert_eq!(transfer::export(&realm.d, &realm.by, &path, true).unwrap(), 3);
    let other = match realm.database() {
        None => Realm::new(Engine::Postgres),
        Some(_) => Realm::new(Engine::Sqlite),
    };
    let Some(other) = other else { return };
    // Backup codes go along only with the key that made their digests.
    std::fs::copy(
        key_path(&realm.settings.state_dir, "data"),
        key_path(&other.settings.state_dir, "data"),
    )
    .unwrap();
    assert_eq!(import(&other, &path).unwrap(), Imported { created: 3, skipped: 0 });
    let settled = |mut identity: Identity| {
        // What an import makes anew, on purpose.
        for address in &mut identity.verifiable_addresses {
            (address.id, address.created_at, address.updated_at) = (Uuid::nil(), noon(), noon());
        }
        for address in &mut identity.recovery_addresses {
            (address.id, address.created_at, address.updated_at) = (Uuid::nil(), noon(), noon());
        }
        // A seed is sealed each time anew.
        for one in identity.credentials.iter_mut().filter(|one| one.kind == CredentialType::Totp) {
            assert!(one.config["totp_url_sealed"].as_str().unwrap().starts_with("s1."));
            one.config = Value::Null;
        }
        identity
    };
    let of = |realm: &Realm| everyone(realm).into_iter().map(settled).collect::<Vec<_>>();
    assert_eq!(of(&other), of(realm));
    ledger::must_be_whole(&other.d);
    let back = other.beside("back.jsonl");
    transfer::export(&other.d, &other.by, &back, true).unwrap();
    let read = |path| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(&back), read(&path));
}

fn f_33_running_an_import_twice_changes_nothing(realm: &Realm) {
    let path = write(realm, &[line(1, "a@example.com"), line(2, "b@example.com")]);
    assert_eq!(import(realm, &path).unwrap(), Imported { created: 2, skipped: 0 });
    let before = realm.dump();
    assert_eq!(import(realm, &path).unwrap(), Imported { created: 0, skipped: 2 });
    assert_eq!(realm.dump(), before);
    let longer = [line(1, "a@example.com"), line(2, "b@example.com"), line(3, "c@example.com")];
    let path = write(realm, &longer);
    assert_eq!(import(realm, &path).unwrap(), Imported { created: 1, skipped: 2 });
}

fn f_33_a_bad_line_is_named_and_nothing_is_imported(realm: &Realm) {
    let before = realm.dump();
    let good = line(1, "a@example.com");
    let with = |name: &str, value: Value| {
        let mut line = line(2, "b@example.com");
        line[name] = value;
        line
    };
    for bad in [
        json!("text"),
        json!({"traits": {"email": "none"}}),
        json!({"id": "7", "traits": {"email": "b@example.com"}}),
        with("schema_id", json!("nowhere")),
        with("authorities", json!(["ROLE_KING"])),
        with("status", json!("asleep")),
        with("created_at", json!("yesterday")),
        with("external_id", json!("x".repeat(65))),
        with("metadata_admin", json!("x".repeat(70_000))),
        with("credentials", json!({"password": {"config": {"hashed_password": "$what$"}}})),
    ] {
        let path = write(realm, &[good.clone(), bad.clone()]);
        let error = import(realm, &path).unwrap_err();
        assert!(error.message().starts_with("Line 2"), "{bad:.80}: {error}");
        assert_eq!(realm.dump(), before, "{bad:.80}");
    }
    let path = write(realm, &[good]);
    std::fs::write(&path, "{\"traits\": {\"email\": \"a@example.com\"}").unwrap();
    assert!(import(realm, &path).unwrap_err().message().starts_with("Line 1"), "cut in the middle");
    assert_eq!(realm.dump(), before);
}

fn f_33_a_taken_identifier_is_named_by_its_line_and_nothing_is_imported(realm: &Realm) {
    realm.person("taken@example.com");
    let before = realm.dump();
    for last in ["Taken@Example.com", "A@EXAMPLE.com"] {
        let lines = [line(1, "a@example.com"), line(2, "b@example.com"), line(3, last)];
        let path = write(realm, &lines);
        let error = import(realm, &path).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Conflict);
        assert!(error.message().starts_with("Line 3"), "{error}");
        assert_eq!(realm.dump(), before);
    }
}

fn a_dry_run_changes_nothing(realm: &Realm) {
    let before = realm.dump();
    let path = write(realm, &[line(1, "a@example.com"), line(2, "b@example.com")]);
    let seen = transfer::import(&realm.d, &realm.by, &path, true).unwrap();
    assert_eq!(seen.created, 2);
    assert_eq!(realm.dump(), before);
}

fn an_export_without_credentials_holds_none_and_is_private(realm: &Realm) {
    use std::os::unix::fs::PermissionsExt as _;
    furnish(realm);
    let path = realm.beside("people.jsonl");
    transfer::export(&realm.d, &realm.by, &path, false).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    for secret in ["argon2", "otpauth", "recovery_codes", "credentials", "subject"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let entry = ledger::documents(&realm.d).pop().unwrap();
    assert_eq!(entry["type"], "admin.export");
    assert_eq!(
        (&entry["data"]["count"], &entry["data"]["credentials"]),
        (&json!(3), &json!(false))
    );
}

fn an_export_never_overwrites(realm: &Realm) {
    let path = realm.beside("there.jsonl");
    std::fs::write(&path, "mine").unwrap();
    let before = realm.dump();
    let error = transfer::export(&realm.d, &realm.by, &path, true).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    let nowhere = Path::new("/proc/doorward/x.jsonl");
    let error = transfer::export(&realm.d, &realm.by, nowhere, true).unwrap_err();
    assert_eq!(error.code(), ErrorCode::AuditUnavailable);
    assert_eq!(realm.dump(), before);
}

fn imported_people_are_found_by_search(realm: &Realm) {
    let first = realm.person("first@example.com").id;
    let lines: Vec<Value> =
        (1..30).map(|index| line(index, &format!("p{index}@corp.local"))).collect();
    import(realm, &write(realm, &lines)).unwrap();
    let search = |words: &str| {
        let search = Some(words.to_owned());
        let found = list(&realm.d, &ListIdentities { search, ..ListIdentities::default() });
        found.unwrap().items.iter().map(|identity| identity.id).collect::<Vec<_>>()
    };
    assert_eq!(search("p17@").len(), 1);
    assert_eq!(search("corp.local").len(), 29);
    assert_eq!(search("first"), [first]);
    assert_eq!(search("Example"), [first]);
}

fn a_line_of_kratos_is_understood(realm: &Realm) {
    let path = write(
        realm,
        &[json!({
            "id": Uuid::from_u128(1),
            "schema_id": "social_user_v0",
            "schema_url": "http://x/schemas/abc",
            "state": "inactive",
            "state_changed_at": "2024-01-01T00:00:00Z",
            "traits": {"email": "Ada@example.com"},
            "external_id": "",
            "metadata_public": null,
            "metadata_admin": null,
            "created_at": "2024-01-01T00:00:00.5Z",
            "updated_at": "2024-01-01T00:00:00.5Z",
            "organization_id": null,
            "recovery_addresses": [],
            "verifiable_addresses": [{
                "id": Uuid::from_u128(5), "value": "Ada@example.com", "verified": true, "via": "email",
                "status": "completed", "verified_at": "2024-02-01T00:00:00Z",
            }],
            "credentials": {
                "password": {"type": "password", "identifiers": ["ada@example.com"], "version": 0,
                    "config": {"hashed_password": "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq"}},
                "saml": {"identifiers": ["x"], "config": {"x": 1}},
            },
        })],
    );
    assert_eq!(import(realm, &path).unwrap().created, 1);
    let read = realm.get(Uuid::from_u128(1));
    assert_eq!(read.status.as_str(), "blocked");
    assert_eq!(read.external_id, None);
    assert_eq!(read.first_factors(), 1);
    let address = &read.verifiable_addresses[0];
    assert!(address.verified && address.value == "ada@example.com");
    assert_eq!(address.verified_at, Some("2024-02-01T00:00:00Z".parse().unwrap()));
    assert_eq!(read.created_at, "2024-01-01T00:00:00.5Z".parse().unwrap());
}

fn hostile_files_are_refused(realm: &Realm) {
    let before = realm.dump();
    let path = realm.beside("hostile.jsonl");
    let deep = format!("{{\"traits\": {}", "[".repeat(100_000));
    let long = format!("{{\"traits\": {{\"email\": \"{}\"}}}}", "x".repeat(2 << 20));
    for content in [&b"\xff\xfe\n"[..], deep.as_bytes(), long.as_bytes(), b"{}\0\n", b"\0\0\0"] {
        std::fs::write(&path, content).unwrap();
        let error = import(realm, &path).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Invalid);
        assert!(error.message().starts_with("Line 1") && error.message().len() < 200, "{error}");
    }
    for path in [realm.beside("nothing.jsonl"), realm.settings.state_dir.clone()] {
        assert_eq!(import(realm, &path).unwrap_err().code(), ErrorCode::Invalid);
    }
    std::fs::write(&path, "\n \n\r\n").unwrap();
    assert_eq!(import(realm, &path).unwrap(), Imported::default());
    assert_eq!(realm.dump(), before);
}

#[test]
fn f_33_an_import_that_stops_in_a_later_batch_says_what_stays_and_goes_on_when_mended() {
    let realm = Realm::sqlite();
    realm.person("taken@example.com");
    let batch = BATCH as u64;
    let mut lines: Vec<Value> = (1..=batch + 10)
        .map(|index| line(index.into(), &format!("p{index}@example.com")))
        .collect();
    // The fifth of the second batch.
    lines[BATCH + 4] = line(u128::from(batch) + 5, "taken@example.com");
    let error = import(&realm, &write(&realm, &lines)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert!(error.message().starts_with(&format!("Line {}", batch + 5)), "{error}");
    assert!(error.message().contains(&format!("{batch} identities of earlier lines")), "{error}");
    assert_eq!(realm.number("SELECT count(*) FROM identities"), batch as i64 + 1);
    lines[BATCH + 4] = line(u128::from(batch) + 5, "mended@example.com");
    let resumed = import(&realm, &write(&realm, &lines)).unwrap();
    assert_eq!(resumed, Imported { created: 10, skipped: batch });
    ledger::must_be_whole(&realm.d);
    let search = Some("mended@".to_owned());
    let found = list(&realm.d, &ListIdentities { search, ..ListIdentities::default() }).unwrap();
    assert_eq!(found.items.len(), 1);
}
