//! Rows of the security checklist that cut across the kinds of flows.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::{Browser, PASSWORD, Place, node, submit_path, token};

/// Somebody with a second factor, signed in without it.
fn half_signed_in(place: &Place) -> Browser<'_> {
    let mut browser = place.browser();
    browser.sign_in("ada@example.com", PASSWORD).must(200);
    let flow = browser.begin("settings", "");
    let send = |browser: &mut Browser<'_>, name: &str| {
        let body = json!({"csrf_token": token(&flow), name: true});
        browser.send(&submit_path(&flow), &body).must(200)
    };
    send(&mut browser, "lookup_secret_regenerate");
    send(&mut browser, "lookup_secret_confirm");
    let mut half = place.browser();
    half.sign_in("ada@example.com", PASSWORD).must(422);
    half
}

#[test]
fn auth_10_a_session_that_lacks_its_second_factor_gets_nothing_but_that() {
    let place = Place::with("login_style: unified");
    let marker = "Marker Of Ada";
    let change = json!([{"op": "add", "path": "/traits/name", "value": marker}]).to_string();
    let url = format!("{}/admin/identities/{}", place.server.admin, place.ada);
    place.server.ask("PATCH", &url, &[], &change).must(200);
    let mut half = half_signed_in(&place);
    let document = half.json("/openapi.json").must(200).json();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", &place.ada);
        for method in methods.as_object().unwrap().keys() {
            let answer = match method.as_str() {
                // Signing out is all that may be done besides.
                _ if path.contains("/logout") => continue,
                "get" => half.json(&path),
                "delete" => half.remove(&path),
                _ => half.send(&path, &json!({})),
            };
            assert!(!answer.text.contains(marker), "{method} {path}: {}", answer.text);
            if path.starts_with("/sessions") || path.starts_with("/self-service/settings/b") {
                assert_eq!(answer.code, 403, "{method} {path}");
                assert_eq!(answer.json()["error"]["id"], "session_aal2_required");
            }
            asked += 1;
        }
    }
    assert!(asked > 25, "{asked}");
    for page in ["welcome", "settings", "sessions", "activity", "reset_password", "setup_secure"] {
        let answer = half.get(&format!("/ui/{page}"));
        assert!(!answer.text.contains(marker), "{page}");
        assert_ne!((answer.code, answer.text.contains("ada@example.com")), (200, true), "{page}");
    }
}

#[test]
fn authz_02_what_belongs_to_another_browser_or_person_looks_like_what_is_not_there() {
    let place = Place::with("{login_style: unified, registration: open}");
    crate::http::sessions::person(&place.d, "eve@example.com");
    let (mut ada, mut eve) = (place.browser(), place.browser());
    ada.sign_in("ada@example.com", PASSWORD).must(200);
    eve.sign_in("eve@example.com", PASSWORD).must(200);
    let session = ada.whoami().json()["id"].as_str().unwrap().to_owned();
    let nobody = "0190c8a0-0000-7000-8000-000000000000";
    let [other, unknown] = [&session, nobody].map(|id| eve.remove(&format!("/sessions/{id}")));
    assert_eq!((other.code, &other.text), (unknown.code, &unknown.text));
    ada.whoami().must(200);
    let flow = ada.begin("settings", "");
    let read = "/self-service/settings/flows?id=";
    eve.json(&format!("{read}{}", flow["id"].as_str().unwrap())).must(403);
    eve.json(&format!("{read}{nobody}")).must(404);
    eve.json(&format!("{read}nonsense")).must(404);
    let mut ada = place.browser();
    for kind in ["login", "recovery"] {
        let flow = ada.begin(kind, "");
        let id = flow["id"].as_str().unwrap();
        eve.json(&format!("/self-service/{kind}/flows?id={id}")).must(403);
        // Nor as a flow of another kind.
        ada.json(&format!("/self-service/settings/flows?id={id}")).must(404);
    }
}

#[test]
fn abuse_06_a_client_that_is_no_proxy_cannot_choose_its_address() {
    let place = Place::with("login_style: unified");
    let attempt = |number: usize| {
        let flow = place.program("GET", "/self-service/login/api", &Value::Null).must(200).json();
        let url = format!("{}{}", place.server.public, submit_path(&flow));
        let body =
            json!({"method": "password", "identifier": "ada@example.com", "password": "wrong"});
        let claimed = format!("203.0.113.{number}");
        let headers = [("accept", "application/json"), ("x-forwarded-for", claimed.as_str())];
        super::said(&place.server.ask("POST", &url, &headers, &body.to_string()).must(400).json())
    };
    let told: Vec<_> = (1..=8).map(attempt).collect();
    // All came from one place, so the limit of one place holds.
    assert_eq!(told[0], [4_000_006]);
    assert_eq!(told[7], [4_000_047]);
    let query = "/admin/doorward/audit/events?type=auth.login.failure&personal=true";
    let seen = place.server.admin("GET", query).must(200).text;
    assert!(!seen.contains("203.0.113"), "{seen}");
}

#[test]
fn auth_14_a_storm_of_sign_ins_is_refused_and_not_piled_up() {
    let place = Place::with("login_style: unified");
    let mut signed_in = place.browser();
    signed_in.sign_in("ada@example.com", PASSWORD).must(200);
    let codes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for number in 0..60 {
            let (place, codes) = (&place, &codes);
            scope.spawn(move || {
                let flow = place.program("GET", "/self-service/login/api", &Value::Null);
                let path = submit_path(&flow.must(200).json());
                let body = json!({
                    "method": "password", "identifier": format!("{number}@example.com"),
                    "password": "a guess"
                });
                let answer = place.program("POST", &path, &body);
                if answer.code == 503 {
                    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
                }
                codes.lock().unwrap().push(answer.code);
            });
        }
        // Whoever is signed in goes on.
        for _ in 0..20 {
            signed_in.whoami().must(200);
        }
    });
    let codes = codes.into_inner().unwrap();
    assert!(codes.iter().all(|code| [400, 503].contains(code)), "{codes:?}");
    assert!(codes.contains(&503) && codes.contains(&400), "{codes:?}");
    // All of them at once would take 1.1 GiB.
    let kib = place.server.anonymous_kib();
    assert!(kib < 400 * 1024, "{kib} KiB");
    assert!(node(&signed_in.begin("settings", ""), "password")["group"] == "password");
}
