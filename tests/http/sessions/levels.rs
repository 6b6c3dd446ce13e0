//! Levels of assurance.

use doorward::domain::session::{Aal, MethodKind};
use doorward::service::sessions::Carrier;
use uuid::Uuid;

use super::{Place, person};

const ONE: [(MethodKind, Aal); 1] = [(MethodKind::Password, Aal::One)];
const TWO: [(MethodKind, Aal); 2] =
    [(MethodKind::Password, Aal::One), (MethodKind::Totp, Aal::Two)];

fn with_credential(place: &Place, who: Uuid, kind: &str, config: &str) {
    place.meddle(&format!(
        "INSERT OR REPLACE INTO credentials (identity, kind, config, second, created_at, updated_at)
         SELECT n, '{kind}', '{config}', 1, 1, 1 FROM identities WHERE id = '{who}'"
    ));
}

#[test]
fn aal_required_times_reached_times_second_factor_in_all_eight_cases() {
    for (required, asked) in [("highest_available", true), ("aal1", false)] {
        let place = Place::with(&format!("session_required_aal: {required}"));
        let eve = person(&place.d, "eve@example.com");
        with_credential(&place, eve, "totp", r#"{"totp_url":"otpauth://totp/x"}"#);
        for (who, steps, refused) in [
            (place.ada, &ONE[..], false),
            (place.ada, &TWO[..], false),
            (eve, &ONE[..], asked),
            (eve, &TWO[..], false),
        ] {
            let held = place.sign_in(who, Carrier::Token, steps);
            let expected = if refused { 403 } else { 200 };
            assert_eq!(place.whoami(&held), expected, "{required} {steps:?}");
            let headers = [("X-Session-Token", held.secret.as_str())];
            assert_eq!(place.server.public("GET", "/sessions", &headers).code, expected);
            assert_eq!(place.server.public("DELETE", "/sessions", &headers).code, expected);
        }
    }
}

#[test]
fn aal_403_says_where_to_go_and_preserves_return_to() {
    let place = Place::with("external_url: https://id.example.com");
    with_credential(&place, place.ada, "totp", "{}");
    let held = place.token();
    let headers = [("X-Session-Token", held.secret.as_str())];
    let answer = place.server.public("GET", "/sessions/whoami", &headers).must(403);
    assert_eq!(answer.header("ory-error-id"), "session_aal2_required");
    let body = answer.json();
    let place_to_go = "https://id.example.com/self-service/login/browser?aal=aal2";
    assert_eq!(body["error"]["id"], "session_aal2_required");
    assert_eq!(body["redirect_browser_to"], place_to_go);
    assert_eq!(body["error"]["details"]["redirect_browser_to"], place_to_go);
    assert!(body.get("identity").is_none() && body.get("id").is_none());
    let path = "/sessions/whoami?return_to=https%3A%2F%2Fapp.example.com%2Fx%3Fa%3Db%26c";
    let answer = place.server.public("GET", path, &headers).must(403);
    let expected = format!("{place_to_go}&return_to=https%3A%2F%2Fapp.example.com%2Fx%3Fa%3Db%26c");
    assert_eq!(answer.json()["redirect_browser_to"], expected);
}

#[test]
fn aal_only_a_second_factor_that_can_be_used_is_asked_for() {
    let place = Place::new();
    let key = |passwordless| {
        format!(r#"{{"credentials":[{{"id":"k","is_passwordless":{passwordless}}}]}}"#)
    };
    let used = r#"{"recovery_codes":[{"code":"a","used_at":"2026-01-01T00:00:00Z"}]}"#;
    let left = r#"{"recovery_codes":[{"code":"a","used_at":"2026-01-01T00:00:00Z"},{"code":"b"}]}"#;
    for (number, (kind, config, code)) in [
        ("lookup_secret", used, 200),
        ("lookup_secret", left, 403),
        ("webauthn", key(true).as_str(), 200),
        ("webauthn", key(false).as_str(), 403),
        ("passkey", key(true).as_str(), 200),
    ]
    .into_iter()
    .enumerate()
    {
        let who = person(&place.d, &format!("p{number}@example.com"));
        with_credential(&place, who, kind, config);
        let held = place.sign_in(who, Carrier::Token, &ONE);
        assert_eq!(place.whoami(&held), code, "{kind} {config}");
    }
}
