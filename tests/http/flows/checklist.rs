//! Rows of the security checklist that cut across the kinds of flows.

use std::sync::{Barrier, Mutex};

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
fn authz_05_browsers_flows_know_no_token_and_programs_flows_no_cookie() {
    let place = Place::with("login_style: unified");
    let mut browser = place.browser();
    browser.sign_in("ada@example.com", PASSWORD).must(200);
    let cookie = format!("ory_kratos_session={}", browser.cookies["ory_kratos_session"]);
    let flow = place.program("GET", "/self-service/login/api", &Value::Null).must(200).json();
    let body = json!({"method": "password", "identifier": "ada@example.com", "password": PASSWORD});
    let signed = place.program("POST", &submit_path(&flow), &body).must(200).json();
    let token_of_ada = signed["session_token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token_of_ada}");
    let json = ("accept", "application/json");
    let by_token = [
        vec![json, ("x-session-token", token_of_ada.as_str())],
        vec![json, ("authorization", bearer.as_str())],
    ];
    let by_cookie = vec![json, ("cookie", cookie.as_str())];
    let get = |kind: &str, client: &str, query: &str, headers: &[(&str, &str)]| {
        let path = format!("/self-service/{kind}/{client}{query}");
        place.server.public("GET", &path, headers)
    };
    // What is shown in the other way is as nothing, where a flow begins ...
    for (own, headers) in by_token.iter().map(|one| ("api", one)).chain([("browser", &by_cookie)]) {
        let other = if own == "api" { "browser" } else { "api" };
        let refused = get("settings", other, "", headers).must(401).json();
        assert_eq!(refused["error"]["id"], "session_inactive", "{own}");
        get("settings", own, "", headers).must(200);
        for kind in ["login", "recovery"] {
            let taken = get(kind, own, "", headers).must(400).json();
            assert_eq!(taken["error"]["id"], "session_already_available", "{kind} {own}");
            get(kind, other, "", headers).must(200);
        }
        let upgraded = get("login", other, "?aal=aal2", headers).must(401).json();
        assert_eq!(upgraded["error"]["id"], "session_aal1_required");
        assert_eq!(
            get("login", other, "?refresh=true", headers).must(200).json()["refresh"],
            false
        );
    }
    // ... where its form is shown and handed in ...
    let settings = browser.begin("settings", "");
    let read = format!("/self-service/settings/flows?id={}", settings["id"].as_str().unwrap());
    let crumb = format!("csrf_token_doorward={}", browser.cookies["csrf_token_doorward"]);
    for headers in &by_token {
        let headers = [headers.as_slice(), &[("cookie", crumb.as_str())]].concat();
        place.server.public("GET", &read, &headers).must(401);
        let url = format!("{}{}", place.server.public, submit_path(&settings));
        let change = json!({
            "method": "password", "password": "a walk along the river",
            "csrf_token": token(&settings)
        });
        place.server.ask("POST", &url, &headers, &change.to_string()).must(401);
    }
    let native = get("settings", "api", "", &by_token[0]).must(200).json();
    let read = format!("/self-service/settings/flows?id={}", native["id"].as_str().unwrap());
    place.server.public("GET", &read, &by_cookie).must(401);
    place.server.public("GET", &read, &by_token[1]).must(200);
    // ... and where somebody signs in: the session that the other way shows stays.
    let mut fresh = place.browser();
    let flow = fresh.begin("login", "");
    let crumb = format!("csrf_token_doorward={}", fresh.cookies["csrf_token_doorward"]);
    let headers = [json, ("cookie", crumb.as_str()), ("x-session-token", token_of_ada.as_str())];
    let mut with_token = body;
    with_token["csrf_token"] = token(&flow).into();
    let url = format!("{}{}", place.server.public, submit_path(&flow));
    place.server.ask("POST", &url, &headers, &with_token.to_string()).must(200);
    place.server.public("GET", "/sessions/whoami", &by_token[0]).must(200);
    browser.whoami().must(200);
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
    // Far more than as many cores take on and let wait.
    let cores = std::thread::available_parallelism().unwrap().get();
    let storm = (cores * 10).max(60);
    let (codes, begun) = (Mutex::new(Vec::new()), Barrier::new(storm));
    std::thread::scope(|scope| {
        for number in 0..storm {
            let (place, codes, begun) = (&place, &codes, &begun);
            scope.spawn(move || {
                let flow = place.program("GET", "/self-service/login/api", &Value::Null);
                let path = submit_path(&flow.must(200).json());
                let body = json!({
                    "method": "password", "identifier": format!("{number}@example.com"),
                    "password": "a guess"
                });
                begun.wait();
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
    // Each takes 19 MiB, but only one a core is let on.
    let (kib, bound) = (place.server.anonymous_kib(), cores as u64 * 30 + 340);
    assert!(kib < bound * 1024 && bound < storm as u64 * 19, "{kib} KiB of {bound} MiB");
    assert!(node(&signed_in.begin("settings", ""), "password")["group"] == "password");
}
