//! Second factors, linked accounts and sessions of somebody who has them all.

use serde_json::{Value, json};

use super::place::Place;

const ADA: &str = "0198c0de-0000-7000-8000-000000000001";
const EVE: &str = "0198c0de-0000-7000-8000-000000000002";

/// Ada has every kind of credential; Eve has one linked account and nothing else.
fn place() -> Place {
    let mut place = Place::new();
    let link = |subject: &str| json!({"provider": "github", "subject": subject});
    let ada = json!({
        "id": ADA, "traits": {"email": "ada@example.com"},
        "credentials": {
            "password": {"config": {"hashed_password": "$md5$4QrcOUm6Wau+VuBX8g+IPg=="}},
            "totp": {"config": {"totp_url": "otpauth://totp/x?secret=MARKERSEED234567"}},
            "lookup_secret": {"config": {"recovery_codes": [{"code": "marker-code"}]}},
            "webauthn": {"config": {"credentials": [
                {"id": "a", "is_passwordless": false}, {"id": "b", "is_passwordless": true}
            ]}},
            "oidc": {"config": {"providers": [link("1234567"), {"provider": "google", "subject": "aa11"}]}}
        }
    });
    let eve = json!({
        "id": EVE, "traits": {"email": "eve@example.com"},
        "credentials": {"oidc": {"config": {"providers": [link("7")]}}}
    });
    let path = place.directory.path().join("people.jsonl");
    std::fs::write(&path, format!("{ada}\n{eve}\n")).unwrap();
    let told = place.run("import-identities", json!({"path": path}));
    assert_eq!(told.at("created"), "2");
    place
}

const METHODS: &str =
    r#"[{"method":"password","aal":"aal1","completed_at":"2026-01-01T00:00:00Z"}]"#;

fn sign_in(place: &Place, times: u8) {
    for number in 0..times {
        place.sql(&format!(
            "INSERT INTO sessions (id, identity, token_digest, active, aal, methods, authenticated_at,
                issued_at, expires_at, devices, authorities)
             SELECT '0198c0de-0000-7000-8000-0000000001{number:02}', n, x'{number:064x}', 1, 'aal1',
                '{METHODS}',
                1, 1, 4102444800000000,
                '[{{\"id\":\"0198c0de-0000-7000-8000-000000000200\",\"ip_address\":\"192.0.2.1\",
                \"user_agent\":\"Browser/1\",\"location\":null}}]', '[]'
             FROM identities WHERE id = '{ADA}'"
        ));
    }
}

#[test]
fn a_second_factor_is_reset_once() {
    let mut place = place();
    for kind in ["totp", "lookup_secret", "webauthn"] {
        let given = json!({"email": "ada@example.com", "mfa-type": kind});
        let told = place.run("reset-identity-mfa", given.clone());
        assert!(told.results().is_empty());
        assert_eq!(
            told.log,
            [format!("Successfully reset the {kind} credentials for identity {ADA}")]
        );
        let told = place.run("reset-identity-mfa", given);
        assert_eq!(told.log, [format!("Identity {ADA} has no {kind} credentials.")]);
    }
    let told = place.run("get-identity", json!({"identity-id": ADA}));
    assert!(told.results()["credentials"].get("totp").is_none());
    assert_eq!(told.at("credentials.webauthn.type"), "webauthn", "the passwordless key stays");
}

#[test]
fn linked_accounts_are_listed_one_a_line() {
    let mut place = place();
    let told = place.run("list-oidc-accounts", json!({"identity-id": ADA}));
    assert_eq!(told.log, ["Successfully fetched the identity OIDC credentials"]);
    let mut lines: Vec<&str> = told.at("identifiers").lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["github:1234567", "google:aa11"]);
    let json: Vec<String> = serde_json::from_str(told.at("identifiers-json")).unwrap();
    assert_eq!(json.len(), 2);
}

#[test]
fn an_account_is_unlinked_unless_it_is_the_last_way_in() {
    let mut place = place();
    let given = json!({"identity-id": ADA, "credential-id": "github:1234567"});
    let told = place.run("unlink-oidc-account", given.clone());
    assert!(told.results().is_empty());
    assert_eq!(told.log, [format!("Successfully unlink the oidc account for identity {ADA}")]);
    let told = place.run("unlink-oidc-account", given);
    assert_eq!(told.log, [format!("Identity {ADA} has no oidc credentials")]);
    let told =
        place.run("unlink-oidc-account", json!({"identity-id": EVE, "credential-id": "github:7"}));
    assert!(told.failure().starts_with("Failed to delete the oidc credentials: "), "{told:?}");
    assert_eq!(
        place.run("list-oidc-accounts", json!({"identity-id": EVE})).at("identifiers"),
        "github:7"
    );
}

#[test]
fn an_identifier_of_two_people_is_ambiguous() {
    let mut place = place();
    place
        .run("create-admin-account", json!({"username": "github:7", "email": "z@example.com"}))
        .results();
    assert_eq!(
        place.run("get-identity", json!({"email": "github:7"})).failure(),
        "Multiple identities found for email 'github:7'. Please provide an identity-id instead"
    );
    place.sql(&format!(
        "INSERT INTO credential_identifiers (value, kind, identity)
         SELECT 'z@example.com', 'oidc', n FROM identities WHERE id = '{ADA}'"
    ));
    assert_eq!(
        place.run("delete-identity", json!({"email": "z@example.com"})).failure(),
        "Multiple identities found for email 'z@example.com'. Please provide an identity-id instead"
    );
}

#[test]
fn sessions_are_listed_and_ended() {
    let mut place = place();
    sign_in(&place, 2);
    let told = place.run("list-identity-sessions", json!({"identity-id": ADA}));
    assert_eq!((told.at("count"), told.at("identity-id")), ("2", ADA));
    let session = "sessions.0198c0de-0000-7000-8000-000000000100";
    assert_eq!(told.at(&format!("{session}.active")), "true");
    assert_eq!(told.at(&format!("{session}.ip-address")), "192.0.2.1");
    assert_eq!(told.at(&format!("{session}.authentication-methods")), METHODS);
    let told = place.run("invalidate-identity-sessions", json!({"email": "ada@example.com"}));
    assert!(told.results().is_empty());
    assert_eq!(told.log, ["Successfully invalidated and deleted the sessions"]);
    let told = place.run("invalidate-identity-sessions", json!({"email": "ada@example.com"}));
    assert_eq!(told.log, [format!("Identity {ADA} has no sessions")]);
}

#[test]
fn a_password_reset_and_a_block_end_sessions_and_a_lock_does_not() {
    let mut place = place();
    let sessions = |place: &mut Place| {
        place.run("list-identity-sessions", json!({"identity-id": ADA})).at("count").to_owned()
    };
    place.secret("secret:new", super::place::Secret::Holds("password", "a long password"));
    sign_in(&place, 2);
    place.run("reset-password", json!({"identity-id": ADA})).results();
    place.run("lock-identity", json!({"identity-id": ADA})).results();
    place.run("unlock-identity", json!({"identity-id": ADA})).results();
    assert_eq!(sessions(&mut place), "2");
    place
        .run("reset-password", json!({"identity-id": ADA, "password-secret-id": "secret:new"}))
        .results();
    assert_eq!(sessions(&mut place), "0");
    sign_in(&place, 2);
    let told = place.run("block-identity", json!({"identity-id": ADA}));
    assert_eq!(told.at("sessions-revoked"), "2");
    assert_eq!(sessions(&mut place), "0");
}

#[test]
fn charm_04_no_action_shows_secret_material() {
    let mut place = place();
    for (action, given) in [
        ("get-identity", json!({"identity-id": ADA})),
        ("list-identities", json!({})),
        ("list-oidc-accounts", json!({"identity-id": ADA})),
        ("update-identity", json!({"identity-id": ADA, "traits": {"name": "Ada"}})),
        ("list-audit-events", json!({})),
    ] {
        let shown = Value::Object(place.run(action, given).results().clone()).to_string();
        assert!(
            !shown.contains("marker-") && !shown.contains("MARKERSEED") && !shown.contains("$md5$"),
            "{action}: {shown}"
        );
    }
}
