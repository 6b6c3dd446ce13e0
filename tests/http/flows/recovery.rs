//! Recovering an account by a code that was mailed or handed over.

use doorward::app::Deps;
use doorward::domain::session::{Aal, MethodKind};
use doorward::error::Error;
use doorward::service::Caller;
use doorward::service::identities::{self, Selector};
use doorward::service::recovery::issue_code;
use doorward::service::sessions::Carrier;
use doorward::service::status::{self, StatusChange};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Browser, PASSWORD, Place, node, said, said_about, submit_path, token};
use crate::support;

const ADA: &str = "ada@example.com";

/// Hands the form of a recovery in, as a page's script does.
fn send(browser: &mut Browser<'_>, flow: &Value, fields: Value) -> super::Answer {
    let mut body = fields;
    body["csrf_token"] = token(flow).into();
    browser.send(&submit_path(flow), &body)
}

/// Begins and asks for a code for an address.
fn ask(browser: &mut Browser<'_>, email: &str) -> Value {
    let flow = browser.begin("recovery", "");
    send(browser, &flow, json!({"method": "code", "email": email})).must(200).json()
}

fn mailed_code(place: &Place) -> String {
    place.mail(ADA)["RecoveryCode"].as_str().unwrap().to_owned()
}

/// A code of six digits that is not this one.
fn another(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// What an operator does to an account.
type Act = fn(&Deps, &Caller, Uuid, &StatusChange) -> Result<status::Receipt, Error>;

/// What a flow looks like, whosever it is.
fn shape(flow: &Value) -> Value {
    let text = flow.to_string();
    let id = flow["id"].as_str().unwrap();
    let mut same: Value = serde_json::from_str(&text.replace(id, "")).unwrap();
    for key in ["issued_at", "expires_at", "request_url"] {
        same[key] = Value::Null;
    }
    let nodes = same["ui"]["nodes"].as_array_mut().unwrap();
    for node in nodes.iter_mut() {
        if node["attributes"]["name"] == "csrf_token" || node["attributes"]["name"] == "email" {
            node["attributes"]["value"] = Value::Null;
        }
    }
    same
}

#[test]
fn a_browser_without_script_gets_back_in_by_a_mailed_code() {
    let place = Place::new();
    let mut browser = place.browser();
    let to = browser.get("/self-service/recovery/browser?return_to=/ui/sessions").must(303);
    let page = to.header("location").to_owned();
    assert!(page.contains("/ui/recovery?flow="), "{page}");
    let id = page.split("flow=").nth(1).unwrap().to_owned();
    let read = format!("/self-service/recovery/flows?id={id}");
    let flow = browser.json(&read).must(200).json();
    assert_eq!((&flow["type"], &flow["state"]), (&json!("browser"), &json!("choose_method")));
    assert_eq!(node(&flow, "email")["meta"]["label"]["id"], 1_070_007);
    let path = submit_path(&flow);
    let fields =
        [("method", "code"), ("email", " Ada@Example.com "), ("csrf_token", &token(&flow))];
    assert_eq!(browser.post(&path, &fields).must(303).header("location"), page);
    let flow = browser.json(&read).must(200).json();
    assert_eq!((&flow["state"], &flow["active"]), (&json!("sent_email"), &json!("code")));
    assert_eq!(said(&flow), [1_060_003]);
    let field = &node(&flow, "code")["attributes"];
    assert_eq!((&field["pattern"], &field["maxlength"]), (&json!("[0-9]+"), &json!(6)));
    assert_eq!(node(&flow, "code")["meta"]["label"]["id"], 1_070_010);
    assert_eq!(node(&flow, "email")["attributes"]["type"], "submit");
    assert_eq!(node(&flow, "email")["meta"]["label"]["id"], 1_070_008);
    let mail = place.mail(ADA);
    assert_eq!(mail["template"], "recovery_code_valid");
    assert_eq!(mail["ExpiresInMinutes"], 10);
    let code = mailed_code(&place);
    let wrong = [("method", "code"), ("code", &another(&code)), ("csrf_token", &token(&flow))];
    assert_eq!(browser.post(&path, &wrong).must(303).header("location"), page);
    assert_eq!(said(&browser.json(&read).must(200).json()), [4_060_006]);
    let before = browser.cookies.clone();
    let right = [("method", "code"), ("code", code.as_str()), ("csrf_token", &token(&flow))];
    let done = browser.post(&path, &right).must(303);
    assert!(done.header("location").contains("/ui/settings?flow="), "{done:?}");
    assert_ne!(before, browser.cookies, "another secret binds forms from now on");
    let session = browser.whoami().must(200).json();
    assert_eq!(session["authenticator_assurance_level"], "aal1");
    assert_eq!(session["authentication_methods"][0]["method"], "code_recovery");
    let id = done.header("location").split("flow=").nth(1).unwrap().to_owned();
    let settings = browser.json(&format!("/self-service/settings/flows?id={id}")).must(200).json();
    assert_eq!(said(&settings), [1_060_001]);
    assert!(settings["return_to"].as_str().unwrap().ends_with("/ui/sessions"));
    let context = &settings["ui"]["messages"][0]["context"];
    assert!(context["privileged_session_expires_at_unix"].is_i64());
    let body = json!({
        "method": "password", "password": "a new way in 1", "csrf_token": token(&settings)
    });
    browser.send(&submit_path(&settings), &body).must(200);
    let mut again = place.browser();
    again.sign_in(ADA, PASSWORD).must(400);
    browser.json(&read).must(404);
    let history = place.history();
    for event in [
        "recovery.requested",
        "recovery.failed",
        "recovery.completed",
        "verification.completed",
        "auth.login.success",
        "session.created",
    ] {
        assert!(history.iter().any(|one| one == event), "{event} in {history:?}");
    }
}

#[test]
fn a_script_is_told_where_to_go_and_a_program_what_comes_next() {
    let place = Place::new();
    let mut browser = place.browser();
    let flow = ask(&mut browser, ADA);
    let code = mailed_code(&place);
    let moved = send(&mut browser, &flow, json!({"method": "code", "code": code})).must(422).json();
    assert_eq!(moved["error"]["id"], "browser_location_change_required");
    assert!(moved["redirect_browser_to"].as_str().unwrap().contains("/ui/settings?flow="));
    browser.whoami().must(200);

    let flow = place.program("GET", "/self-service/recovery/api", &Value::Null).must(200).json();
    let path = submit_path(&flow);
    let body = json!({"method": "code", "email": ADA});
    assert_eq!(place.program("POST", &path, &body).must(200).json()["state"], "sent_email");
    let body = json!({"method": "code", "code": mailed_code(&place)});
    let done = place.program("POST", &path, &body).must(200).json();
    assert_eq!(done["continue_with"][0]["action"], "set_ory_session_token");
    assert_eq!(done["continue_with"][1]["action"], "show_settings_ui");
    let held = done["continue_with"][0]["ory_session_token"].as_str().unwrap();
    let id = done["continue_with"][1]["flow"]["id"].as_str().unwrap();
    let url = format!("{}/self-service/settings/flows?id={id}", place.server.public);
    let headers = [("x-session-token", held), ("accept", "application/json")];
    assert_eq!(said(&place.server.ask("GET", &url, &headers, "").must(200).json()), [1_060_001]);
    browser.whoami().must(401);
    place.program("POST", &path, &body).must(404);
}

#[test]
fn abuse_04_unknown_locked_and_blocked_are_answered_alike_and_get_no_mail() {
    let place = Place::new();
    let by = support::operator();
    let why = StatusChange::default();
    let acts: [(&str, Act); 2] = [("locked", status::lock), ("blocked", status::block)];
    for (name, act) in acts {
        let email = format!("{name}@example.com");
        let id = crate::http::sessions::person(&place.d, &email);
        act(&place.d, &by, id, &why).unwrap();
    }
    let mut browser = place.browser();
    let known = ask(&mut browser, ADA);
    let tried =
        send(&mut browser, &known, json!({"method": "code", "code": "no"})).must(200).json();
    for email in ["nobody@example.com", "locked@example.com", "blocked@example.com"] {
        let mut other = place.browser();
        let flow = ask(&mut other, email);
        assert_eq!(shape(&flow), shape(&known), "{email}");
        let wrong =
            send(&mut other, &flow, json!({"method": "code", "code": "no"})).must(200).json();
        assert_eq!(shape(&wrong), shape(&tried), "{email}");
        assert!(place.mails(email).is_empty(), "{email}");
    }
    assert_eq!(place.mails(ADA).len(), 1);
}

#[test]
fn a_missing_or_malformed_address_and_an_unknown_method_are_refused() {
    let place = Place::new();
    let mut browser = place.browser();
    let flow = browser.begin("recovery", "");
    for (fields, number) in [
        (json!({"method": "code"}), 4_000_002),
        (json!({"method": "code", "email": "  "}), 4_000_002),
        (json!({"method": "code", "email": "nobody"}), 4_000_040),
        (json!({"method": "code", "email": "a@b.example\r\nBcc: c@d.example"}), 4_000_040),
        (json!({"email": "a\u{0}@b.example"}), 4_000_040),
    ] {
        let again = send(&mut browser, &flow, fields.clone()).must(400).json();
        assert_eq!(said_about(&again, "email"), [number], "{fields}");
        assert_eq!(again["state"], "choose_method");
    }
    for fields in
        [json!({}), json!({"method": "link", "email": ADA}), json!({"method": "password"})]
    {
        let again = send(&mut browser, &flow, fields).must(400).json();
        assert_eq!(said(&again), [4_010_005]);
    }
    assert!(place.mails(ADA).is_empty());
}

#[test]
fn abuse_03_five_wrong_codes_end_the_flow_and_a_code_fits_its_own_flow_only() {
    let place = Place::new();
    let (mut browser, mut other) = (place.browser(), place.browser());
    let flow = ask(&mut browser, ADA);
    let code = mailed_code(&place);
    let foreign = ask(&mut other, "nobody@example.com");
    let tried = send(&mut other, &foreign, json!({"method": "code", "code": code}));
    assert_eq!(said(&tried.must(200).json()), [4_060_006]);
    for _ in 0..5 {
        let fields = json!({"method": "code", "code": another(&code)});
        let wrong = send(&mut browser, &flow, fields).must(200).json();
        assert_eq!((said(&wrong), &wrong["id"]), (vec![4_060_006], &flow["id"]));
    }
    let next = send(&mut browser, &flow, json!({"method": "code", "code": code})).must(200).json();
    assert_ne!(next["id"], flow["id"]);
    assert_eq!((&next["state"], said(&next)), (&json!("choose_method"), vec![4_000_001]));
    assert_eq!(node(&next, "email")["attributes"]["type"], "email");
    send(&mut browser, &flow, json!({"method": "code", "code": code})).must(404);
    browser.whoami().must(401);
    let fields = json!({"method": "code", "email": ADA});
    assert_eq!(send(&mut browser, &next, fields).must(200).json()["state"], "sent_email");
}

#[test]
fn asking_again_kills_the_code_of_this_flow_and_of_no_other() {
    let place = Place::new();
    let (mut browser, mut other) = (place.browser(), place.browser());
    let flow = ask(&mut browser, ADA);
    let first = mailed_code(&place);
    let theirs = ask(&mut other, ADA);
    let second = mailed_code(&place);
    send(&mut browser, &flow, json!({"email": ADA})).must(200);
    let third = mailed_code(&place);
    assert_eq!(place.mails(ADA).len(), 3);
    let old = send(&mut browser, &flow, json!({"method": "code", "code": first})).must(200).json();
    assert_eq!(said(&old), [4_060_006]);
    send(&mut browser, &flow, json!({"method": "code", "code": third})).must(422);
    // Whoever is in again needs no other code.
    let late = send(&mut other, &theirs, json!({"method": "code", "code": second}));
    assert_eq!(said(&late.must(200).json()), [4_060_006]);
}

#[test]
fn abuse_05_a_hundred_requests_send_five_mails_and_leave_the_first_code_alone() {
    let place = Place::new();
    let mut browser = place.browser();
    let flow = ask(&mut browser, ADA);
    let first = mailed_code(&place);
    for _ in 0..99 {
        let mut stranger = place.browser();
        assert_eq!(ask(&mut stranger, ADA)["state"], "sent_email");
    }
    assert_eq!(place.mails(ADA).len(), 5);
    send(&mut browser, &flow, json!({"method": "code", "code": first})).must(422);
}

#[test]
fn a_code_that_has_expired_is_wrong() {
    let place = Place::new();
    let mut browser = place.browser();
    let flow = ask(&mut browser, ADA);
    place.meddle("UPDATE codes SET expires_at = 1");
    let fields = json!({"method": "code", "code": mailed_code(&place)});
    assert_eq!(said(&send(&mut browser, &flow, fields).must(200).json()), [4_060_006]);
    browser.whoami().must(401);
    place.meddle("UPDATE flows SET expires_at = 1");
    let fields = json!({"method": "code", "code": mailed_code(&place)});
    let gone = send(&mut browser, &flow, fields).must(410).json();
    assert_eq!(gone["error"]["id"], "self_service_flow_expired");
    let next = gone["use_flow_id"].as_str().unwrap();
    let next = browser.json(&format!("/self-service/recovery/flows?id={next}")).must(200).json();
    assert_eq!((&next["state"], said(&next)), (&json!("choose_method"), vec![4_060_005]));
}

#[test]
fn sess_06_getting_back_in_ends_every_other_session() {
    let place = Place::new();
    let held = crate::http::sessions::held(
        &place.d,
        place.ada.parse().unwrap(),
        Carrier::Token,
        &[(MethodKind::Password, Aal::One)],
        None,
    );
    let url = format!("{}/sessions/whoami", place.server.public);
    let whoami =
        || place.server.ask("GET", &url, &[("x-session-token", held.secret.as_str())], "").code;
    assert_eq!(whoami(), 200);
    let mut browser = place.browser();
    let flow = ask(&mut browser, ADA);
    let fields = json!({"method": "code", "code": mailed_code(&place)});
    send(&mut browser, &flow, fields).must(422);
    assert_eq!(whoami(), 401);
    let again = browser.json("/self-service/recovery/browser").must(400).json();
    assert_eq!(again["error"]["id"], "session_already_available");
    browser.get("/self-service/recovery/browser").must(303);
}

#[test]
fn a_mailed_code_verifies_its_address_and_a_handed_over_one_does_not() {
    let place = Place::new();
    let verified = || {
        let ada = identities::find(&place.d, &Selector::Id(place.ada.parse().unwrap())).unwrap();
        ada.verifiable_addresses[0].verified
    };
    let code = issue_code(&place.d, &support::operator(), place.ada.parse().unwrap()).unwrap();
    let id = code.link.split("flow=").nth(1).unwrap();
    let mut browser = place.browser();
    let read = format!("/self-service/recovery/flows?id={id}");
    let flow = browser.json(&read).must(200).json();
    assert_eq!(flow["state"], "sent_email");
    assert!(node(&flow, "email").is_null(), "there is nothing to send again");
    assert_eq!(node(&flow, "code")["group"], "code");
    let path = submit_path(&flow);
    assert_eq!(
        said_about(&browser.send(&path, &json!({"method": "code"})).must(400).json(), "code"),
        [4_000_002]
    );
    browser.send(&path, &json!({"method": "code", "email": ADA})).must(400);
    let body = json!({"method": "code", "code": code.code.expose_secret()});
    browser.send(&path, &body).must(422);
    browser.whoami().must(200);
    assert!(!verified());
    let mut browser = place.browser();
    let flow = ask(&mut browser, ADA);
    send(&mut browser, &flow, json!({"method": "code", "code": mailed_code(&place)})).must(422);
    assert!(verified());
}

#[test]
fn somebody_without_any_way_to_sign_in_comes_in_by_a_code_that_is_handed_over() {
    let place = Place::new();
    let request = json!({"schema_id": "admin_v0", "traits": {"username": "root"}});
    let url = format!("{}/admin/identities", place.server.admin);
    let root = place.server.ask("POST", &url, &[], &request.to_string()).must(201).json();
    let body = json!({"identity_id": root["id"], "flow_type": "api"});
    let url = format!("{}/admin/recovery/code", place.server.admin);
    let code = place.server.ask("POST", &url, &[], &body.to_string()).must(201).json();
    let id = code["recovery_link"].as_str().unwrap().split("flow=").nth(1).unwrap().to_owned();
    let path = format!("/self-service/recovery?flow={id}");
    let body = json!({"method": "code", "code": code["recovery_code"]});
    let done = place.program("POST", &path, &body).must(200).json();
    let held = done["continue_with"][0]["ory_session_token"].as_str().unwrap();
    let url = format!("{}/sessions/whoami", place.server.public);
    let session = place.server.ask("GET", &url, &[("x-session-token", held)], "").must(200).json();
    assert_eq!(session["identity"]["traits"]["username"], "root");
    assert!(place.history().contains(&"user.activated".to_owned()));
    // An operator's code unlocks nobody.
    let by = support::operator();
    let ada = place.ada.parse().unwrap();
    let code = issue_code(&place.d, &by, ada).unwrap();
    status::lock(&place.d, &by, ada, &StatusChange::default()).unwrap();
    let id = code.link.split("flow=").nth(1).unwrap();
    let body = json!({"method": "code", "code": code.code.expose_secret()});
    let mut browser = place.browser();
    let wrong = browser.send(&format!("/self-service/recovery?flow={id}"), &body).must(200).json();
    assert_eq!(said(&wrong), [4_060_006]);
    browser.whoami().must(401);
}

#[test]
fn authz_05_a_recovery_is_taken_only_from_the_browser_it_was_made_for() {
    let place = Place::new();
    let (mut mine, mut other) = (place.browser(), place.browser());
    let flow = ask(&mut mine, ADA);
    other.begin("recovery", "");
    let code = mailed_code(&place);
    let body = json!({"method": "code", "code": code, "csrf_token": token(&flow)});
    let refused = other.send(&submit_path(&flow), &body).must(403).json();
    assert_eq!(refused["error"]["id"], "security_csrf_violation");
    mine.send(&submit_path(&flow), &json!({"method": "code", "code": code})).must(403);
    mine.send(&submit_path(&flow), &body).must(422);
}

#[test]
fn sess_02_recovery_leaves_whoever_knew_the_cookies_before_behind() {
    let place = Place::new();
    let mut browser = place.browser();
    browser.cookies.insert("ory_kratos_session".into(), format!("{}.1", "a".repeat(43)));
    let flow = ask(&mut browser, ADA);
    let before = browser.cookies.clone();
    let fields = json!({"method": "code", "code": mailed_code(&place)});
    let done = send(&mut browser, &flow, fields).must(422).json();
    let settings = done["redirect_browser_to"].as_str().unwrap().split("flow=").nth(1).unwrap();
    let mut old = place.browser();
    old.cookies = before;
    old.whoami().must(401);
    old.json(&format!("/self-service/settings/flows?id={settings}")).must(403);
}
