//! Signing in with a password.

use doorward::service::identities;
use doorward::service::status::{self, StatusChange};
use serde_json::{Value, json};

use super::{PASSWORD, Place, node, said, said_about, submit_path, token};
use crate::support;

#[test]
fn a_browser_without_script_signs_in_in_two_steps() {
    let place = Place::new();
    let mut browser = place.browser();
    let begun = browser.get("/self-service/login/browser").must(303);
    let page = begun.header("location").to_owned();
    assert!(page.contains("/ui/login?flow="), "{page}");
    let id = page.split("flow=").nth(1).unwrap().to_owned();
    let read = format!("/self-service/login/flows?id={id}");
    let flow = browser.json(&read).must(200).json();
    assert_eq!(flow["type"], "browser");
    assert_eq!(flow["state"], "choose_method");
    assert_eq!(node(&flow, "identifier")["group"], "identifier_first");
    assert!(node(&flow, "password").is_null());
    let path = submit_path(&flow);
    let fields = [("method", "identifier_first"), ("identifier", "Ada@Example.com")];
    let named = [fields[0], fields[1], ("csrf_token", &token(&flow))];
    let again = browser.post(&path, &named).must(303);
    assert_eq!(again.header("location"), page);
    let flow = browser.json(&read).must(200).json();
    assert_eq!(node(&flow, "identifier")["attributes"]["type"], "hidden");
    assert_eq!(node(&flow, "password")["meta"]["label"]["id"], 1_070_001);
    let wrong = [("method", "password"), ("password", "wrong"), ("csrf_token", &token(&flow))];
    assert_eq!(browser.post(&path, &wrong).must(303).header("location"), page);
    let flow = browser.json(&read).must(200).json();
    assert_eq!(said(&flow), [4_000_006]);
    assert!(!flow.to_string().contains("wrong\""), "what was typed is not shown again");
    let right = [("method", "password"), ("password", PASSWORD), ("csrf_token", &token(&flow))];
    let done = browser.post(&path, &right).must(303);
    assert!(done.header("location").ends_with("/ui/welcome"), "{done:?}");
    let session = browser.whoami().must(200).json();
    assert_eq!(session["identity"]["id"], place.ada.as_str());
    assert_eq!(session["authentication_methods"][0]["method"], "password");
    browser.json(&read).must(404);
    browser.get("/self-service/login/browser").must(303);
    assert_eq!(
        browser.json("/self-service/login/browser").must(400).json()["error"]["id"],
        "session_already_available"
    );
}

#[test]
fn a_program_signs_in_at_once() {
    let place = Place::with("login_style: unified");
    let flow = place.program("GET", "/self-service/login/api", &Value::Null).must(200).json();
    assert_eq!(flow["type"], "api");
    assert_eq!(token(&flow), "");
    let path = submit_path(&flow);
    let empty = place.program("POST", &path, &json!({"method": "password"})).must(400).json();
    assert_eq!(said_about(&empty, "identifier"), [4_000_002]);
    assert_eq!(said_about(&empty, "password"), [4_000_002]);
    let body = json!({"method": "password", "identifier": "ada@example.com", "password": PASSWORD});
    let signed = place.program("POST", &path, &body).must(200).json();
    let held = signed["session_token"].as_str().unwrap();
    assert!(held.starts_with("ory_st_"));
    assert_eq!(signed["continue_with"][0]["action"], "set_ory_session_token");
    assert_eq!(signed["session"]["identity"]["id"], place.ada.as_str());
    let url = format!("{}/sessions/whoami", place.server.public);
    place.server.ask("GET", &url, &[("x-session-token", held)], "").must(200);
    place.program("POST", &path, &body).must(404);
}

#[test]
fn auth_09_unknown_wrong_locked_and_without_password_are_answered_alike() {
    let place = Place::with("login_style: unified");
    let d = &place.d;
    let locked = crate::http::sessions::person(d, "locked@example.com");
    let by = support::operator();
    status::lock(d, &by, locked, &StatusChange::default()).unwrap();
    identities::create(d, &by, support::person("without@example.com")).unwrap();
    let answer = |identifier: &str, password: &str| {
        let flow = place.program("GET", "/self-service/login/api", &Value::Null).must(200).json();
        let body = json!({"method": "password", "identifier": identifier, "password": password});
        let answer = place.program("POST", &submit_path(&flow), &body).must(400).json();
        let id = flow["id"].as_str().unwrap();
        let mut answer: Value =
            serde_json::from_str(&answer.to_string().replace(id, "").replace(identifier, ""))
                .unwrap();
        for key in ["issued_at", "expires_at", "created_at", "updated_at"] {
            answer[key] = Value::Null;
        }
        answer
    };
    let wrong = answer("ada@example.com", "wrong");
    assert_eq!(said(&wrong), [4_000_006]);
    assert_eq!(wrong, answer("nobody@example.com", "wrong"));
    assert_eq!(wrong, answer("locked@example.com", PASSWORD));
    assert_eq!(wrong, answer("without@example.com", "wrong"));
    assert_eq!(said(&answer("\u{0}", "wrong")), [4_000_006]);
}

#[test]
fn authz_05_a_form_is_taken_only_from_the_browser_it_was_made_for() {
    let place = Place::with("login_style: unified");
    let (mut mine, mut other) = (place.browser(), place.browser());
    let flow = mine.begin("login", "");
    let path = submit_path(&flow);
    let read = format!("/self-service/login/flows?id={}", flow["id"].as_str().unwrap());
    let foreign = other.begin("login", "");
    let mut body = json!({
        "method": "password", "identifier": "ada@example.com", "password": PASSWORD,
        "csrf_token": token(&flow)
    });
    let violation = |answer: super::Answer| {
        assert_eq!(answer.must(403).json()["error"]["id"], "security_csrf_violation");
    };
    violation(other.json(&read));
    violation(other.send(&path, &body));
    body["csrf_token"] = token(&foreign).into();
    violation(mine.send(&path, &body));
    body.as_object_mut().unwrap().remove("csrf_token");
    violation(mine.send(&path, &body));
    violation(place.program("POST", &path, &body));
    let native = place.program("GET", "/self-service/login/api", &Value::Null).json();
    mine.send(&submit_path(&native), &body).must(400);
    body["csrf_token"] = token(&flow).into();
    mine.send(&path, &body).must(200);
}

#[test]
fn sess_02_signing_in_gives_another_cookie_and_ends_the_session_that_was_there() {
    let place = Place::with("login_style: unified");
    let mut browser = place.browser();
    browser.cookies.insert("ory_kratos_session".into(), format!("{}.1", "a".repeat(43)));
    browser.sign_in("ada@example.com", PASSWORD).must(200);
    let before = browser.cookies.clone();
    assert_ne!(before["ory_kratos_session"], format!("{}.1", "a".repeat(43)));
    let flow = browser.begin("login", "?refresh=true");
    assert_eq!((&flow["refresh"], said(&flow)), (&json!(true), vec![1_010_003]));
    assert_eq!(node(&flow, "identifier")["attributes"]["value"], "ada@example.com");
    let body = json!({
        "method": "password", "identifier": "ada@example.com", "password": PASSWORD,
        "csrf_token": token(&flow)
    });
    let id = browser.whoami().json()["id"].clone();
    let signed = browser.send(&submit_path(&flow), &body).must(200).json();
    assert_eq!(signed["session"]["id"], id, "showing it once more keeps the session");
    assert_eq!(browser.whoami().must(200).json()["id"], id);
    let mut old = place.browser();
    old.cookies = before;
    old.whoami().must(401);
}

#[test]
fn a_flow_that_is_over_is_followed_by_another() {
    let place = Place::with("login_style: unified");
    let mut browser = place.browser();
    let flow = browser.begin("login", "?return_to=/ui/welcome");
    place.meddle("UPDATE flows SET expires_at = 1");
    let read = format!("/self-service/login/flows?id={}", flow["id"].as_str().unwrap());
    let gone = browser.json(&read).must(410).json();
    assert_eq!(gone["error"]["id"], "self_service_flow_expired");
    let place_to_go = gone["error"]["details"]["redirect_to"].as_str().unwrap();
    assert!(place_to_go.contains("/self-service/login/browser?return_to="), "{place_to_go}");
    let body = json!({"method": "password", "csrf_token": token(&flow)});
    let gone = browser.send(&submit_path(&flow), &body).must(410).json();
    let next = gone["use_flow_id"].as_str().unwrap();
    assert!(gone["since"].as_i64().unwrap() > 0);
    let read = format!("/self-service/login/flows?id={next}");
    assert_eq!(said(&browser.json(&read).must(200).json()), [4_010_001]);
    browser.json("/self-service/login/flows?id=0190c8a0-0000-7000-8000-000000000000").must(404);
}

#[test]
fn authz_06_nobody_is_sent_to_places_that_are_not_allowed() {
    let place =
        Place::with("{login_style: unified, allowed_return_urls: 'https://app.example.com/in'}");
    let mut browser = place.browser();
    let refused = browser.json("/self-service/login/browser?return_to=//evil.example/").must(400);
    assert_eq!(refused.json()["error"]["id"], "self_service_flow_return_to_forbidden");
    let flow = browser.begin("login", "?return_to=https://app.example.com/in/side?x=1");
    let body = [
        ("method", "password"),
        ("identifier", "ada@example.com"),
        ("password", PASSWORD),
        ("csrf_token", &token(&flow)),
    ];
    let done = browser.post(&submit_path(&flow), &body).must(303);
    assert_eq!(done.header("location"), "https://app.example.com/in/side?x=1");
}

#[test]
fn an_error_of_a_browser_is_kept_for_the_page_that_shows_it() {
    let place = Place::new();
    let mut browser = place.browser();
    let sent = browser.get("/self-service/login/browser?aal=aal7").must(303);
    let to = sent.header("location").to_owned();
    assert!(to.contains("/ui/error?id="), "{to}");
    let id = to.split("id=").nth(1).unwrap();
    let kept = browser.json(&format!("/self-service/errors?id={id}")).must(200).json();
    assert_eq!(kept["error"]["code"], 400);
}

#[test]
fn al_29_a_sign_in_says_when_who_from_where_by_what_and_in_which_language() {
    let place = Place::with("login_style: unified");
    let try_with = |password: &str, status: u16| {
        let flow = place.program("GET", "/self-service/login/api", &Value::Null).must(200).json();
        let url = format!("{}{}", place.server.public, submit_path(&flow));
        let body =
            json!({"method": "password", "identifier": "ada@example.com", "password": password});
        let headers = [
            ("accept", "application/json"),
            ("accept-language", "de-AT, en;q=0.3"),
            ("user-agent", "Browser/1"),
            ("x-request-id", "r-29"),
        ];
        place.server.ask("POST", &url, &headers, &body.to_string()).must(status).json()
    };
    try_with("not it", 400);
    let session = try_with(PASSWORD, 200)["session"]["id"].clone();
    let path = "/admin/doorward/audit/events?tx=r-29";
    let events = place.server.admin("GET", path).must(200).json();
    let events = events["events"].as_array().unwrap().clone();
    let one = |kind: &str| {
        let found = events.iter().find(|event| event["type"] == kind);
        found.unwrap_or_else(|| panic!("{kind} in {events:?}"))
    };
    let good = one("auth.login.success");
    assert_eq!(good["principal"], place.ada.as_str());
    assert_eq!(good["session"], session);
    assert_eq!(good["data"]["method"], "password");
    for event in [good, one("auth.login.failure")] {
        assert_eq!(event["data"]["lang"], "de");
        assert!(event["time"].as_str().unwrap().ends_with('Z'));
        let seq = &event["seq"];
        let whole = place.server.admin("GET", &format!("/admin/doorward/audit/events/{seq}"));
        let whole = whole.must(200).json();
        for (name, value) in [("ip", "127.0.0.1"), ("user_agent", "Browser/1")] {
            let all = whole["disclosures"].as_array().unwrap();
            let known = all.iter().find(|one| one["name"] == name).unwrap();
            assert_eq!(known["value"], value);
        }
    }
}
