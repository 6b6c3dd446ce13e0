//! Locking one account of somebody, and proofs of addresses that an administrator gives and takes.

use doorward::service::status::StatusChange;
use doorward::service::{accounts, recovery};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{PASSWORD, Place, said, submit_path, token};
use crate::support;

const ADA: &str = "ada@example.com";

/// What a program is told, without what is different each time.
fn told(place: &Place, identifier: &str, password: &str) -> Value {
    let flow = place.program("GET", "/self-service/login/api", &Value::Null).must(200).json();
    let body = json!({"method": "password", "identifier": identifier, "password": password});
    let answer = place.program("POST", &submit_path(&flow), &body);
    let id = flow["id"].as_str().unwrap();
    let text = answer.text.replace(id, "").replace(identifier, "");
    let mut document: Value = serde_json::from_str(&text).unwrap();
    for key in ["issued_at", "expires_at", "created_at", "updated_at"] {
        document[key] = Value::Null;
    }
    json!([answer.code, document])
}

fn admin(place: &Place, method: &str, path: &str, body: &Value) -> super::Answer {
    let url = format!("{}/admin/doorward/identities/{}{path}", place.server.admin, place.ada);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    place.server.ask(method, &url, &[], &body)
}

fn reasons(place: &Place) -> Vec<String> {
    let documents = support::ledger::documents(&place.d);
    let failed = documents.iter().filter(|entry| entry["outcome"] == "failure");
    failed.filter_map(|entry| Some(entry["data"]["reason"].as_str()?.to_owned())).collect()
}

#[test]
fn a_locked_account_is_answered_as_a_wrong_password_and_sessions_go_on() {
    let place = Place::with("login_style: unified");
    let mut inside = place.browser();
    inside.sign_in(ADA, PASSWORD).must(200);
    assert_eq!(inside.json("/sessions/whoami").code, 200);
    let wrong = told(&place, ADA, "wrong");
    let locked = admin(&place, "PUT", "/accounts/internal/lock", &json!({"reason": "compromise"}));
    assert_eq!(locked.says(200)["changed"], true);
    assert_eq!(
        admin(&place, "PUT", "/accounts/internal/lock", &Value::Null).says(200)["changed"],
        false
    );
    assert_eq!(told(&place, ADA, PASSWORD), wrong);
    assert_eq!(reasons(&place).last().unwrap(), "account_locked");
    assert_eq!(inside.json("/sessions/whoami").code, 200);
    let shown = admin(&place, "GET", "/accounts", &Value::Null).says(200);
    let own = &shown["accounts"][0];
    assert_eq!((&own["type"], &own["status"]), (&json!("account:internal"), &json!("locked")));
    assert!(own["locked_at"].is_string(), "{own}");

    // Neither a mailed code nor one that was handed over before leads around it.
    let mut browser = place.browser();
    let flow = browser.begin("recovery", "");
    let ask = json!({"method": "code", "email": ADA, "csrf_token": token(&flow)});
    assert_eq!(browser.send(&submit_path(&flow), &ask).code, 200);
    assert!(place.mails(ADA).is_empty(), "no mail goes out");
    assert_eq!(reasons(&place).last().unwrap(), "account_locked");

    let opened = admin(&place, "DELETE", "/accounts/internal/lock", &Value::Null);
    assert_eq!(opened.says(200)["changed"], true);
    assert_eq!(told(&place, ADA, PASSWORD)[0], 200);
    let history = place.history();
    let about: Vec<&String> = history.iter().filter(|kind| kind.starts_with("account.")).collect();
    assert_eq!(about, ["account.locked", "account.unlocked"]);
    for path in ["/accounts/google:1/lock", "/accounts/nothing/lock"] {
        assert_eq!(admin(&place, "PUT", path, &Value::Null).code, 404, "{path}");
    }
}

#[test]
fn a_code_that_was_handed_over_opens_no_locked_account() {
    let place = Place::new();
    let id = place.ada.parse().unwrap();
    let by = support::operator();
    let code = recovery::issue_code(&place.d, &by, id).unwrap();
    let why = StatusChange::default();
    assert!(accounts::lock(&place.d, &by, id, "internal", &why).unwrap());
    let flow = code.link.split("flow=").nth(1).unwrap();
    let body = json!({"method": "code", "code": code.code.expose_secret()});
    let mut browser = place.browser();
    let path = format!("/self-service/recovery?flow={flow}");
    let wrong = browser.send(&path, &body).must(200).json();
    assert_eq!(said(&wrong), [4_060_006]);
    browser.whoami().must(401);
    assert_eq!(reasons(&place).last().unwrap(), "account_locked");
}

#[test]
fn an_address_is_confirmed_unconfirmed_and_verified_again() {
    let place = Place::new();
    let confirm =
        |method: &str, body: &Value| admin(&place, method, "/accounts/internal/confirm", body);
    let shown = || admin(&place, "GET", "/accounts", &Value::Null).says(200)["accounts"][0].clone();
    assert_eq!(shown()["confirmed"], false);
    assert_eq!(confirm("PUT", &Value::Null).says(200)["changed"], true);
    assert_eq!(confirm("PUT", &json!({"email": "ADA@example.com"})).says(200)["changed"], false);
    assert_eq!((&shown()["confirmed"], &shown()["email_verified"]), (&json!(true), &json!(true)));
    assert_eq!(confirm("DELETE", &Value::Null).says(200)["changed"], true);
    assert_eq!(confirm("PUT", &Value::Null).says(200)["changed"], true);
    assert_eq!(confirm("POST", &Value::Null).says(200)["changed"], true);
    assert_eq!(shown()["confirmed"], false, "until its owner proves it again");
    let mail = place.mail(ADA);
    assert_eq!(mail["template"], "verification_code_valid");
    // The link works in any browser.
    let link = mail["VerificationURL"].as_str().unwrap();
    let mut browser = place.browser();
    browser.begin("verification", "");
    let to = browser.get(&link[link.find("/self-service").unwrap()..]).must(303);
    let flow = to.header("location").split("flow=").nth(1).unwrap().to_owned();
    let path = format!("/self-service/verification?flow={flow}");
    let code = mail["VerificationCode"].as_str().unwrap();
    browser.post(&path, &[("method", "code"), ("code", code)]).must(303);
    assert_eq!(shown()["confirmed"], true);
    assert_eq!(confirm("PUT", &json!({"email": "eve@example.com"})).code, 404);
    assert_eq!(admin(&place, "PUT", "/accounts/google:1/confirm", &Value::Null).code, 400);
    let history = place.history();
    let about: Vec<&String> = history.iter().filter(|kind| kind.starts_with("account.")).collect();
    let expected = ["confirmed", "unconfirmed", "confirmed", "unconfirmed"];
    assert_eq!(about, expected.map(|word| format!("account.{word}")).iter().collect::<Vec<_>>());
}
