//! Creating identities with credentials from elsewhere.

use serde_json::{Value, json};

use super::{Place, reason, text};

/// One of each format; all of `correct horse`. The formats themselves are tested where they are
/// compared.
const HASHES: &[&str] = &[
    "$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$BBs+1+PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzM",
    "$scrypt$ln=16384,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA==$1idRgu6ns74sljt005o5BblTKV7Jul0HPGT6aXWnXKY=",
    "$md5$PLTnMmMfR+brlh80VUt83g==",
    "$sha256$pf=e1NBTFR9JCR7UEFTU1dPUkR9$YWJj$3wySOVtVLzH4s8rmGTNxTmZWDrhvTK8bJUbG+UjPtys=",
    "{SSHA}LhKrkM9Fy+zlstjdD7Kv2s6QvhBzYWx0",
    "{SSHA256}n+NyCAC8BTzorAU7AQEsEfh4qDAh0HpRtPLX0dsQdApzYWx0",
    "$hmac-sha1$YjM2Yjk0NGY1MDMzZjBmYTk3NjdiNmJiMjBiZjlmN2IwNzVmNGViYQ==$a2V5",
    "$md5-crypt$saltsalt$NuzA7WTAelpl95xgBGWN60",
    "$sha256-crypt$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/",
];

fn with(n: usize, credentials: Value) -> Value {
    json!({"traits": {"email": format!("p{n}@example.org")}, "credentials": credentials})
}

fn hashed(n: usize, hash: &str) -> Value {
    with(n, json!({"password": {"config": {"hashed_password": hash}}}))
}

#[test]
fn a_password_in_clear_is_hashed_by_us_whatever_the_policy_for_people() {
    let place = Place::new();
    let made = place.post(&with(1, json!({"password": {"config": {"password": "short"}}})));
    let id = text(&made["id"]);
    assert!(place.fits(&id, "short") && !place.fits(&id, "longer"));
    let kept = &place.read(&id, &["password"])["credentials"]["password"]["config"];
    assert!(text(&kept["hashed_password"]).starts_with("$argon2id$v=19$"), "{kept}");
    assert!(!made.to_string().contains("hashed_password"));
    let long = "x".repeat(5000);
    let body = with(2, json!({"password": {"config": {"password": long}}}));
    place.send("POST", "/admin/identities", &body).must(400);
}

#[test]
fn each_hash_format_is_imported_and_the_right_password_fits() {
    let place = Place::new();
    for (n, hash) in HASHES.iter().enumerate() {
        let id = text(&place.post(&hashed(n, hash))["id"]);
        assert!(place.fits(&id, "correct horse"), "{hash}");
        assert!(!place.fits(&id, "wrong horse"), "{hash}");
    }
}

#[test]
fn an_unknown_malformed_or_too_expensive_hash_is_400() {
    let place = Place::new();
    let refused = place.send("POST", "/admin/identities", &hashed(1, "hello")).must(400);
    assert_eq!(reason(&refused), "The imported password does not match any known hash format.");
    for hash in [
        "$2b$16$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "$argon2id$v=19$m=1048577,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
        "$argon2id$v=19$m=65536,t=11,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA",
        "$scrypt$ln=262144,r=8,p=1$c2FsdA==$c2FsdHNhbHRzYWx0c2FsdA==",
        "$pbkdf2-sha256$i=10000001,l=32$c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
        "$md5$",
    ] {
        place.send("POST", "/admin/identities", &hashed(1, hash)).must(400);
    }
    assert_eq!(place.get("/admin/identities").text, "[]\n");
}

#[test]
fn provider_accounts_are_identifiers_and_the_linking_marker_is_kept_only_when_set() {
    let place = Place::new();
    let accounts = json!({"oidc": {"config": {"providers": [
        {"provider": "google", "subject": "12", "use_auto_link": true},
        {"provider": "okta", "subject": "a:b", "use_auto_link": false, "organization": "acme"},
    ]}}});
    let made = place.post(&with(1, accounts));
    assert_eq!(made["credentials"]["oidc"]["identifiers"], json!(["google:12", "okta:a:b"]));
    let read = place.read(&text(&made["id"]), &["oidc"]);
    let providers = &read["credentials"]["oidc"]["config"]["providers"];
    assert_eq!(providers[0]["use_auto_link"], true);
    assert!(providers[1].get("use_auto_link").is_none());
    assert_eq!(providers[1]["organization"], "acme");
    let again = with(
        2,
        json!({"oidc": {"config": {"providers": [{"provider": "google", "subject": "12"}]}}}),
    );
    place.send("POST", "/admin/identities", &again).must(409);
    for (provider, subject) in [("", "1"), ("google", ""), ("a:b", "c"), ("google", "a\u{0}b")] {
        let account = json!({"provider": provider, "subject": subject});
        let body = with(3, json!({"oidc": {"config": {"providers": [account]}}}));
        place.send("POST", "/admin/identities", &body).must(400);
    }
}

#[test]
fn the_marker_for_a_migration_hook_is_accepted_without_a_hash() {
    let place = Place::new();
    let marker = json!({"password": {"config": {"use_password_migration_hook": true}}});
    let id = text(&place.post(&with(1, marker))["id"]);
    let read = place.read(&id, &["password"]);
    assert_eq!(
        read["credentials"]["password"]["config"],
        json!({"use_password_migration_hook": true})
    );
}

#[test]
fn second_factors_of_newer_clients_are_imported() {
    let place = Place::new();
    let factors = json!({
        "totp": {"config": {"totp_url": "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP"}},
        "lookup_secret": {"config": {"codes": [
            {"code": "aaaa1111"}, {"code": "bbbb2222", "used_at": "2026-01-02T03:04:05Z"}
        ]}},
        "webauthn": {"config": {"credentials": [{"id": "k1", "is_passwordless": false}], "user_handle": "h"}},
    });
    let id = text(&place.post(&with(1, factors))["id"]);
    let read = place.read(&id, &["totp", "lookup_secret", "webauthn"]);
    let kept = |kind: &str| read["credentials"][kind]["config"].clone();
    assert_eq!(kept("totp"), json!({"totp_url": ""}));
    assert_eq!(
        kept("lookup_secret")["recovery_codes"],
        json!([{}, {"used_at": "2026-01-02T03:04:05Z"}])
    );
    for bad in ["", "otpauth://totp/a?secret=1", "otpauth://hotp/a?secret=JBSWY3DPEHPK3PXP"] {
        let config = json!({"config": {"totp_url": format!("{bad}#")}});
        place.send("POST", "/admin/identities", &with(2, json!({"totp": config}))).must(400);
    }
    assert_eq!(kept("webauthn")["credentials"][0]["id"], "k1");
    assert_eq!(read["credentials"]["lookup_secret"]["identifiers"], json!([id]));
    assert_eq!(read["credentials"]["webauthn"]["version"], 1);
}
