//! Verifying an address by a code that was mailed to it.

use doorward::service::identities::{self, Selector};
use doorward::service::status::{self, StatusChange};
use serde_json::{Value, json};

use super::{Browser, PASSWORD, Place, node, said, said_about, submit_path, token};
use crate::support;

const ADA: &str = "ada@example.com";

fn send(browser: &mut Browser<'_>, flow: &Value, fields: Value) -> super::Answer {
    let mut body = fields;
    body["csrf_token"] = token(flow).into();
    browser.send(&submit_path(flow), &body)
}

fn ask(browser: &mut Browser<'_>, email: &str) -> Value {
    let flow = browser.begin("verification", "");
    send(browser, &flow, json!({"method": "code", "email": email})).must(200).json()
}

fn mailed_code(place: &Place) -> String {
    place.mail(ADA)["VerificationCode"].as_str().unwrap().to_owned()
}

fn verified(place: &Place) -> bool {
    let ada = identities::find(&place.d, &Selector::Id(place.ada.parse().unwrap())).unwrap();
    ada.verifiable_addresses[0].verified
}

#[test]
fn a_code_verifies_the_address_and_leads_on() {
    let place = Place::new();
    let mut browser = place.browser();
    let flow = browser.begin("verification", "?return_to=/ui/sessions");
    assert_eq!((&flow["type"], &flow["state"]), (&json!("browser"), &json!("choose_method")));
    let fields = json!({"method": "code", "email": "ADA@example.com"});
    let flow = send(&mut browser, &flow, fields).must(200).json();
    assert_eq!((&flow["state"], said(&flow)), (&json!("sent_email"), vec![1_080_003]));
    assert_eq!(node(&flow, "code")["meta"]["label"]["id"], 1_070_011);
    assert_eq!(node(&flow, "email")["meta"]["label"]["id"], 1_070_008);
    let mail = place.mail(ADA);
    assert_eq!(mail["template"], "verification_code_valid");
    let wrong = send(&mut browser, &flow, json!({"method": "code", "code": "x"})).must(200).json();
    assert_eq!((said(&wrong), &wrong["state"]), (vec![4_070_006], &json!("sent_email")));
    assert!(!verified(&place));
    let fields = json!({"method": "code", "code": mailed_code(&place)});
    let done = send(&mut browser, &flow, fields.clone()).must(200).json();
    assert_eq!((&done["state"], said(&done)), (&json!("passed_challenge"), vec![1_080_002]));
    assert_eq!(done["ui"]["method"], "GET");
    assert!(done["ui"]["action"].as_str().unwrap().ends_with("/ui/sessions"));
    let nodes = done["ui"]["nodes"].as_array().unwrap();
    let onward = node(&done, "continue");
    assert_eq!((nodes.len(), &onward["type"]), (1, &json!("a")));
    assert_eq!(onward["attributes"]["href"], done["ui"]["action"]);
    assert_eq!(onward["attributes"]["title"]["id"], 1_070_009);
    assert!(verified(&place));
    assert!(place.history().contains(&"verification.completed".to_owned()));
    let again = browser.send(&submit_path(&flow), &fields).must(410).json();
    assert_eq!(again["error"]["id"], "self_service_flow_replaced");
    let next = again["use_flow_id"].as_str().unwrap();
    let read = format!("/self-service/verification/flows?id={next}");
    assert_eq!(said(&browser.json(&read).must(200).json()), [4_070_002]);
    // Verifying it once more is no harm.
    let flow = ask(&mut browser, ADA);
    let fields = json!({"method": "code", "code": mailed_code(&place)});
    let done = send(&mut browser, &flow, fields).must(200).json();
    assert_eq!(done["state"], "passed_challenge");
}

#[test]
fn the_link_of_a_mail_fills_the_code_in_and_works_in_another_browser() {
    let place = Place::new();
    let (mut mine, mut other) = (place.browser(), place.browser());
    other.begin("verification", "");
    let flow = ask(&mut mine, ADA);
    let link = place.mail(ADA)["VerificationURL"].as_str().unwrap().to_owned();
    let link = link[link.find("/self-service").unwrap()..].to_owned();
    let to = other.get(&link).must(303);
    assert!(to.header("location").contains("/ui/verification?flow="), "{to:?}");
    assert!(!verified(&place), "opening a link verifies nothing");
    let read = format!("/self-service/verification/flows?id={}", flow["id"].as_str().unwrap());
    let filled = other.json(&read).must(200).json();
    assert_eq!(node(&filled, "code")["attributes"]["value"], mailed_code(&place).as_str());
    let stored = support::dump_file(&place.server.laptop.home().join("state/doorward.db"));
    assert!(!stored.contains(&mailed_code(&place)), "the code is not kept in clear");
    let path = submit_path(&filled);
    let code = mailed_code(&place);
    let refused = other.send(&path, &json!({"email": ADA})).must(403).json();
    assert_eq!(refused["error"]["id"], "security_csrf_violation");
    let done = other.post(&path, &[("method", "code"), ("code", &code)]).must(303);
    assert!(done.header("location").contains("/ui/verification?flow="), "{done:?}");
    assert_eq!(mine.json(&read).must(200).json()["state"], "passed_challenge");
    assert!(verified(&place));
    other.whoami().must(401);
}

#[test]
fn the_link_of_a_mail_that_a_program_asked_for_works_in_a_browser() {
    let place = Place::new();
    let flow =
        place.program("GET", "/self-service/verification/api", &Value::Null).must(200).json();
    let path = submit_path(&flow);
    place.program("POST", &path, &json!({"method": "code", "email": ADA})).must(200);
    let link = place.mail(ADA)["VerificationURL"].as_str().unwrap().to_owned();
    let mut browser = place.browser();
    browser.begin("login", "");
    let to = browser.get(&link).must(303);
    let page = browser.get(to.header("location")).must(200).text;
    let code = mailed_code(&place);
    assert!(page.contains(&format!("value=\"{code}\"")), "{page}");
    assert!(!verified(&place));
    let done = browser.post(&path, &[("method", "code"), ("code", &code)]).must(303);
    let page = browser.get(done.header("location")).must(200).text;
    assert!(page.contains("Address confirmed"), "{page}");
    assert!(verified(&place));
    // Anything else in it is for programs alone.
    let ask = [("method", "code"), ("email", ADA)];
    let refused = browser.post(&path, &ask).must(303);
    assert!(refused.header("location").contains("/ui/error"), "{refused:?}");
}

#[test]
fn abuse_04_whether_anybody_has_the_address_is_not_told() {
    let place = Place::new();
    let by = support::operator();
    let locked = crate::http::sessions::person(&place.d, "locked@example.com");
    status::lock(&place.d, &by, locked, &StatusChange::default()).unwrap();
    let looks = |flow: &Value| {
        let nodes = flow["ui"]["nodes"].as_array().unwrap().iter();
        let names: Vec<String> = nodes.map(|node| node["attributes"]["name"].to_string()).collect();
        (names, said(flow), flow["state"].clone())
    };
    let mut browser = place.browser();
    let known = ask(&mut browser, ADA);
    for email in ["nobody@example.com", "locked@example.com"] {
        let flow = ask(&mut place.browser(), email);
        assert_eq!(looks(&flow), looks(&known), "{email}");
        assert!(place.mails(email).is_empty());
    }
    let flow = browser.begin("verification", "");
    let again = send(&mut browser, &flow, json!({"method": "code"})).must(400).json();
    assert_eq!(said_about(&again, "email"), [4_000_002]);
    let again = send(&mut browser, &flow, json!({"method": "link"})).must(400).json();
    assert_eq!(said(&again), [4_010_006]);
}

#[test]
fn abuse_03_five_wrong_codes_end_a_verification_and_old_codes_die() {
    let place = Place::new();
    let mut browser = place.browser();
    let flow = ask(&mut browser, ADA);
    let first = mailed_code(&place);
    send(&mut browser, &flow, json!({"email": ADA})).must(200);
    for code in [first.as_str(), "1", "2", "3", "4"] {
        let fields = json!({"method": "code", "code": code});
        assert_eq!(said(&send(&mut browser, &flow, fields).must(200).json()), [4_070_006]);
    }
    let fields = json!({"method": "code", "code": mailed_code(&place)});
    let next = send(&mut browser, &flow, fields).must(200).json();
    assert_ne!(next["id"], flow["id"]);
    assert_eq!((&next["state"], said(&next)), (&json!("choose_method"), vec![4_000_001]));
    assert!(!verified(&place));
    let flow = ask(&mut browser, ADA);
    place.meddle("UPDATE codes SET expires_at = 1");
    let fields = json!({"method": "code", "code": mailed_code(&place)});
    assert_eq!(said(&send(&mut browser, &flow, fields).must(200).json()), [4_070_006]);
    place.meddle("UPDATE flows SET expires_at = 1");
    let gone = send(&mut browser, &flow, json!({"method": "code", "code": "1"})).must(410).json();
    let next = gone["use_flow_id"].as_str().unwrap();
    let read = format!("/self-service/verification/flows?id={next}");
    assert_eq!(said(&browser.json(&read).must(200).json()), [4_070_005]);
}

#[test]
fn nobody_signs_in_before_their_address_is_verified_where_that_is_required() {
    let place = Place::with("{login_style: unified, require_verified_address: true}");
    let mut browser = place.browser();
    browser.sign_in(ADA, "wrong").must(400);
    assert!(place.mails(ADA).is_empty());
    let refused = browser.sign_in(ADA, PASSWORD).must(403).json();
    assert_eq!(refused["error"]["id"], "session_verified_address_required");
    let next = &refused["error"]["details"]["continue_with"][0];
    assert_eq!(next["action"], "show_verification_ui");
    assert_eq!(next["flow"]["verifiable_address"], ADA);
    browser.whoami().must(401);
    let flow = browser.begin("login", "");
    let fields = [
        ("method", "password"),
        ("identifier", ADA),
        ("password", PASSWORD),
        ("csrf_token", &token(&flow)),
    ];
    let to = browser.post(&submit_path(&flow), &fields).must(303).header("location").to_owned();
    assert!(to.contains("/ui/verification?flow="), "{to}");
    let id = to.split("flow=").nth(1).unwrap();
    let read = format!("/self-service/verification/flows?id={id}");
    let flow = browser.json(&read).must(200).json();
    let fields = json!({"method": "code", "code": mailed_code(&place)});
    send(&mut browser, &flow, fields).must(200);
    browser.sign_in(ADA, PASSWORD).must(200);
}
