//! The session check.

use doorward::domain::session::{Aal, MethodKind};
use doorward::service::sessions::Carrier;
use jiff::SignedDuration;
use serde_json::Value;

use super::{Place, person};

#[test]
fn whoami_401_without_credentials_200_with_cookie_session_token_and_bearer() {
    let place = Place::new();
    let ask = |headers: &[(&str, &str)]| place.server.public("GET", "/sessions/whoami", headers);
    let nobody = ask(&[]).must(401);
    let error = nobody.json()["error"].clone();
    assert_eq!((&error["id"], &error["code"]), (&Value::Null, &401.into()));
    assert_eq!(error["reason"], "No valid session credentials found in the request.");
    let (token, cookie) = (place.token(), place.cookie());
    let bearer = format!("Bearer {}", token.secret);
    for (name, value, id) in [
        ("X-Session-Token", &token.secret, &token.id),
        ("Authorization", &bearer, &token.id),
        ("Cookie", &cookie.secret, &cookie.id),
    ] {
        let answer = ask(&[(name, value)]).must(200);
        assert_eq!(answer.json()["id"], id.as_str());
        assert_eq!(answer.header("x-kratos-authenticated-identity-id"), place.ada.to_string());
        assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
        assert!(answer.text.ends_with("}\n"));
    }
    for (name, value) in [
        ("X-Session-Token", "ory_st_0123456789abcdefABCDEFxyz0123456"),
        ("X-Session-Token", "nonsense"),
        ("Authorization", "Basic YTpi"),
        ("Cookie", "ory_kratos_session=MTY0; other=1"),
        ("Cookie", "ory_kratos_session=\"\"; ory_kratos_session"),
    ] {
        assert_eq!(ask(&[(name, value)]).must(401).json()["error"]["id"], Value::Null);
    }
}

#[test]
fn whoami_the_session_token_header_wins_over_cookie_and_bearer() {
    let place = Place::new();
    let [one, other] = [place.token(), place.token()];
    let cookie = place.cookie();
    let bearer = format!("Bearer {}", other.secret);
    let ask = |headers: &[(&str, &str)]| place.server.public("GET", "/sessions/whoami", headers);
    let all = [
        ("Authorization", bearer.as_str()),
        ("Cookie", cookie.secret.as_str()),
        ("X-Session-Token", one.secret.as_str()),
    ];
    assert_eq!(ask(&all).json()["id"], one.id.as_str());
    assert_eq!(ask(&all[..2]).json()["id"], cookie.id.as_str());
    assert_eq!(ask(&all[..1]).json()["id"], other.id.as_str());
    // What is meant for one place does not work in the other.
    let value = cookie.secret.split_once('=').unwrap().1;
    assert_eq!(ask(&[("X-Session-Token", value)]).code, 401);
    assert_eq!(ask(&[("Cookie", &format!("ory_kratos_session={}", one.secret))]).code, 401);
}

#[test]
fn whoami_answers_all_methods() {
    let place = Place::new();
    let token = place.token();
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let headers = [("X-Session-Token", token.secret.as_str())];
        let answer = place.server.public(method, "/sessions/whoami", &headers).must(200);
        assert_eq!(answer.header("x-kratos-authenticated-identity-id"), place.ada.to_string());
        assert_eq!(answer.text.is_empty(), method == "HEAD");
        assert_eq!(place.server.public(method, "/sessions/whoami", &[]).code, 401);
    }
}

#[test]
fn whoami_shows_the_session_as_kratos_does() {
    let place = Place::with("external_url: https://id.example.com");
    let steps = [(MethodKind::Password, Aal::One), (MethodKind::Totp, Aal::Two)];
    let held = place.sign_in(place.ada, Carrier::Token, &steps);
    place.meddle(
        "UPDATE identities SET metadata_admin = '{\"secret\":1}', metadata_public = '{\"p\":1}'",
    );
    let headers = [("X-Session-Token", held.secret.as_str())];
    let answer = place.server.public("GET", "/sessions/whoami", &headers).must(200).json();
    let keys: Vec<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "id",
            "active",
            "expires_at",
            "authenticated_at",
            "authenticator_assurance_level",
            "authentication_methods",
            "issued_at",
            "identity",
            "devices"
        ]
    );
    assert_eq!(answer["active"], true);
    assert_eq!(answer["authenticator_assurance_level"], "aal2");
    let methods = answer["authentication_methods"].as_array().unwrap();
    let words: Vec<_> = methods.iter().map(|used| (&used["method"], &used["aal"])).collect();
    assert_eq!(words, [(&"password".into(), &"aal1".into()), (&"totp".into(), &"aal2".into())]);
    assert!(methods.iter().all(|used| used["completed_at"].is_string()));
    assert_eq!(answer["devices"][0]["ip_address"], "192.0.2.7");
    assert_eq!(answer["devices"][0]["user_agent"], "Browser/1");
    assert_eq!(answer["devices"][0]["location"], Value::Null);
    let identity = &answer["identity"];
    assert_eq!(identity["traits"]["email"], "ada@example.com");
    assert_eq!(identity["metadata_public"]["p"], 1);
    assert_eq!(identity["verifiable_addresses"][0]["value"], "ada@example.com");
    assert!(
        identity["schema_url"].as_str().unwrap().starts_with("https://id.example.com/schemas/")
    );
    let path = format!("/admin/identities/{}", place.ada);
    let mut administrators = place.server.admin("GET", &path).must(200).json();
    for hidden in ["metadata_admin", "credentials"] {
        assert!(identity.get(hidden).is_none(), "{hidden}");
        assert!(administrators.as_object_mut().unwrap().remove(hidden).is_some());
    }
    assert_eq!(*identity, administrators, "the same person, but for what is hidden");
}

#[test]
fn whoami_expired_revoked_and_inactive_identity_sessions_are_401() {
    let place = Place::new();
    let second = SignedDuration::from_secs(1);
    let steps = [(MethodKind::Password, Aal::One)];
    let short = place.sign_in_for(place.ada, Carrier::Token, &steps, Some(second));
    let [revoked, kept] = [place.token(), place.token()];
    place.server.admin("DELETE", &format!("/admin/sessions/{}", revoked.id)).must(204);
    assert_eq!((place.whoami(&revoked), place.whoami(&kept)), (401, 200));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(place.whoami(&short), 401);
    let eve = person(&place.d, "eve@example.com");
    let held = place.sign_in(eve, Carrier::Token, &steps);
    assert_eq!(place.whoami(&held), 200);
    place.meddle(&format!("UPDATE identities SET expires_at = 1 WHERE id = '{eve}'"));
    assert_eq!(place.whoami(&held), 401);
    for id in [&short.id, &revoked.id, &held.id] {
        let seen = place.server.admin("GET", &format!("/admin/sessions/{id}")).must(200);
        assert_eq!(seen.json()["active"], false);
    }
}

#[test]
fn cookie_is_reissued_only_when_outdated_and_never_for_tokens() {
    let place =
        Place::with("{session_cookie_same_site: strict, session_cookie_domain: example.com}");
    let (token, cookie) = (place.token(), place.cookie());
    let ask = |name: &str, value: &str| {
        let answer = place.server.public("GET", "/sessions/whoami", &[(name, value)]).must(200);
        answer.header("set-cookie").to_owned()
    };
    assert_eq!(ask("Cookie", &cookie.secret), "");
    assert_eq!(ask("X-Session-Token", &token.secret), "");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    for id in [&token.id, &cookie.id] {
        place.server.admin("PATCH", &format!("/admin/sessions/{id}/extend")).must(200);
    }
    assert_eq!(ask("X-Session-Token", &token.secret), "");
    let renewed = ask("Cookie", &cookie.secret);
    let (value, rest) = renewed.split_once("; ").unwrap();
    assert_ne!(value, cookie.secret);
    assert!(rest.starts_with("Path=/; Max-Age=8639") || rest.starts_with("Path=/; Max-Age=86400"));
    assert!(rest.ends_with("; HttpOnly; Domain=example.com; SameSite=Strict"), "{rest}");
    assert_eq!(ask("Cookie", value), "", "the new one is up to date");
    let other = place.server.public("GET", "/sessions/whoami", &[("Cookie", value)]).must(200);
    assert_eq!(other.json()["id"], cookie.id.as_str());
}

#[test]
fn cookie_sessions_survive_a_change_of_the_cookie_key() {
    let mut place = Place::new();
    let cookie = place.cookie();
    let key = place.server.laptop.home().join("state/keys/cookie");
    std::fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    place.server.reconfigure("{}");
    assert_eq!(place.whoami(&cookie), 200);
}

#[test]
fn sess_01_nothing_in_the_store_can_be_presented_as_a_session() {
    let place = Place::new();
    let held = [place.token(), place.cookie()];
    let file = place.server.laptop.home().join("state").join(doorward::app::DATABASE);
    let dump = crate::support::dump_file(&file);
    for one in &held {
        let secret = one.secret.trim_start_matches("ory_kratos_session=");
        let secret = secret.trim_start_matches("ory_st_").split('.').next().unwrap();
        assert!(!dump.contains(secret));
    }
    let rows = place.d.store.read(|tx| tx.all("SELECT token_digest FROM sessions", &[]));
    for row in rows.unwrap() {
        let hex = hex::encode(row.blob(0).unwrap());
        for token in [format!("ory_st_{}", &hex[..32]), hex.clone()] {
            let headers = [("X-Session-Token", token.as_str())];
            assert_eq!(place.server.public("GET", "/sessions/whoami", &headers).code, 401);
            let cookie = format!("ory_kratos_session={}.9", &hex[..43]);
            let answer = place.server.public("GET", "/sessions/whoami", &[("Cookie", &cookie)]);
            assert_eq!(answer.code, 401);
        }
    }
}
