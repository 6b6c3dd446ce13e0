//! The terms of service: nothing works before they are accepted, however somebody got in.

use std::collections::BTreeMap;

use doorward::crypto::totp::Generator;
use doorward::domain::session::{Aal, MethodKind};
use doorward::domain::terms::Standing;
use doorward::service::sessions::Carrier;
use doorward::service::terms;
use serde_json::{Value, json};

use super::{Answer, Browser, PASSWORD, Place, node, said, submit_path, token};
use crate::http::sessions::held;
use crate::support::authenticator::Authenticator;
use crate::support::ledger;

const ADA: &str = "ada@example.com";
const ASKED: &str = "login_style: unified, terms_url: https://example.com/terms";

fn asking(more: &str) -> Place {
    Place::with(&format!("{{{ASKED}, {more}}}"))
}

/// Hands an answer in, as a page's script does.
fn send(browser: &mut Browser<'_>, flow: &Value, fields: Value) -> Answer {
    let mut body = fields;
    body["csrf_token"] = token(flow).into();
    browser.send(&submit_path(flow), &body)
}

fn accept(browser: &mut Browser<'_>, flow: &Value) -> Answer {
    send(browser, flow, json!({"terms": "accept"}))
}

/// The names of what a form offers.
fn offered(flow: &Value) -> Vec<&str> {
    let nodes = flow["ui"]["nodes"].as_array().unwrap().iter();
    nodes
        .map(|node| {
            let attributes = &node["attributes"];
            attributes["name"].as_str().or(attributes["id"].as_str()).unwrap()
        })
        .collect()
}

/// What the store knows of somebody.
fn standing(place: &Place) -> Standing {
    terms::of(&place.d, place.ada.parse().unwrap()).unwrap()
}

/// The fields of the first form on a page.
fn form(page: &str) -> BTreeMap<String, String> {
    let form = page.split("<form").nth(1).unwrap().split("</form>").next().unwrap();
    form.split("<input type=\"hidden\" name=\"")
        .skip(1)
        .map(|part| {
            let (name, rest) = part.split_once("\" value=\"").unwrap();
            (name.to_owned(), rest.split('"').next().unwrap().to_owned())
        })
        .collect()
}

#[test]
fn nobody_is_asked_where_there_are_no_terms() {
    let place = Place::with("{login_style: unified, terms_version: '7'}");
    let mut browser = place.browser();
    browser.sign_in(ADA, PASSWORD).must(200);
    browser.whoami().must(200);
    let flow = browser.begin("settings", "");
    assert!(node(&flow, "terms").is_null() && !node(&flow, "password").is_null());
    let page = place.browser().get("/ui/nothing").must(404).text;
    assert!(!page.contains("Terms of service"), "{page}");
    // Nor can anybody answer.
    send(&mut browser, &flow, json!({"terms": "reject", "terms_version": "7"})).must(400);
    browser.whoami().must(200);
    assert_eq!(standing(&place).last, None);
}

#[test]
fn a_pages_script_is_led_to_the_terms_and_on_to_where_it_was_going() {
    let place = asking("terms_version: '2026-05'");
    let mut browser = place.browser();
    let login = browser.begin("login", "?return_to=/ui/activity");
    let body = json!({
        "method": "password", "identifier": ADA, "password": PASSWORD, "csrf_token": token(&login)
    });
    let led = browser.send(&submit_path(&login), &body).must(422).json();
    assert_eq!(led["error"]["id"], "browser_location_change_required");
    let to = led["redirect_browser_to"].as_str().unwrap().to_owned();
    assert!(to.contains("/self-service/settings/browser?return_to="), "{to}");

    let refused = browser.whoami().must(403).json();
    assert_eq!(refused["error"]["id"], "session_terms_required");
    assert!(refused["redirect_browser_to"].as_str().unwrap().ends_with("/settings/browser"));
    let elsewhere = browser.json("/sessions/whoami?return_to=/ui/sessions").must(403).json();
    assert!(
        elsewhere["redirect_browser_to"].as_str().unwrap().ends_with("?return_to=%2Fui%2Fsessions")
    );
    browser.json("/sessions").must(403);
    browser.remove("/sessions").must(403);
    // Signing in once more leads nowhere either, as with pages that take any refusal for a second factor.
    for query in ["", "?aal=aal2"] {
        let asked = browser.json(&format!("/self-service/login/browser{query}")).must(403).json();
        assert_eq!(asked["error"]["id"], "session_terms_required");
    }

    let flow = browser.json(&to).must(200).json();
    let names = ["csrf_token", "method", "terms_version", "terms_link", "terms", "terms"];
    assert_eq!(offered(&flow), names);
    assert_eq!((&flow["active"], said(&flow)), (&json!("terms"), vec![1_059_002]));
    let link = node(&flow, "terms_link");
    assert_eq!(link["attributes"]["href"], "https://example.com/terms");
    assert_eq!(link["attributes"]["title"]["context"]["version"], "2026-05");
    // Clients with types know only the groups of Kratos.
    let nodes = flow["ui"]["nodes"].as_array().unwrap().iter();
    assert!(nodes.skip(1).all(|node| node["group"] == "profile"), "{flow}");

    for nothing in [
        json!({"method": "password", "password": "a walk along the river"}),
        json!({"method": "profile", "traits": {"email": "other@example.com"}}),
        json!({"terms": "perhaps"}),
        json!({"method": "terms"}),
    ] {
        let same = send(&mut browser, &flow, nothing).must(400).json();
        assert_eq!((offered(&same), said(&same)), (names.to_vec(), vec![1_059_002, 4_010_004]));
    }
    let old = json!({"terms": "accept", "terms_version": "2026-04"});
    assert_eq!(said(&send(&mut browser, &flow, old).must(400).json()), [1_059_002, 4_059_001]);
    let forged = browser.send(&submit_path(&flow), &json!({"terms": "accept", "csrf_token": "x"}));
    assert_eq!(forged.must(403).json()["error"]["id"], "security_csrf_violation");
    assert_eq!(standing(&place).last, None);

    let done = accept(&mut browser, &flow).must(200).json();
    assert_eq!((&done["state"], said(&done)), (&json!("success"), vec![1_050_001]));
    assert!(node(&done, "terms").is_null() && !node(&done, "password").is_null());
    let next = done["continue_with"].as_array().unwrap().last().unwrap();
    assert!(next["redirect_browser_to"].as_str().unwrap().ends_with("/ui/activity"), "{next}");
    browser.whoami().must(200);
    let last = standing(&place).last.unwrap();
    assert_eq!((last.answer.as_str(), last.version.as_str()), ("accepted", "2026-05"));
    let entry = ledger::documents(&place.d).pop().unwrap();
    assert_eq!(entry["type"], "terms.accepted");
    assert_eq!(entry["data"], json!({"version": "2026-05"}));
    assert_eq!((&entry["principal"], &entry["actor"]["kind"]), (&json!(place.ada), &json!("user")));
    // Whoever has accepted cannot take it back by an old form.
    send(&mut browser, &flow, json!({"terms": "reject"})).must(400);
    browser.whoami().must(200);
    place.browser().sign_in(ADA, PASSWORD).must(200);
}

#[test]
fn a_browser_without_script_answers_on_a_page_of_ours() {
    let place = Place::with(
        "{terms_url: /legal/terms.html, settings_ui_url: 'https://pages.example.com/settings'}",
    );
    let mut browser = place.browser();
    let cookie = held(
        &place.d,
        place.ada.parse().unwrap(),
        Carrier::Cookie,
        &[(MethodKind::Password, Aal::One)],
        None,
    );
    // Whoever only wants to read them finds them on every page.
    let foot = browser.get("/ui/nothing").must(404).text.replace("&#x2f;", "/");
    assert!(foot.contains("<a href=\"/legal/terms.html\">Terms of service</a>"), "{foot}");
    let (name, value) = cookie.secret.split_once('=').unwrap();
    browser.cookies.insert(name.to_owned(), value.to_owned());
    let answer = |browser: &mut Browser<'_>, answer: &str| {
        let to = browser.get("/ui/sessions").must(303).header("location").to_owned();
        assert!(to.contains("/self-service/settings/browser?return_to="), "{to}");
        // Pages of the options ask for the session first, and that is refused.
        let page = browser.get(&to).must(303).header("location").to_owned();
        assert!(page.contains("/ui/terms?flow="), "{page}");
        let shown = browser.get(&page).must(200).text.replace("&#x2f;", "/");
        assert!(shown.contains("/legal/terms.html\">Read the terms"), "{shown}");
        assert!(shown.contains("(version 1)") && shown.contains("/self-service/logout?"));
        let id = page.split("flow=").nth(1).unwrap();
        let other = browser.get(&format!("/ui/settings?flow={id}")).must(303);
        assert!(other.header("location").ends_with(&format!("/ui/terms?flow={id}")));
        let fields = form(&shown);
        let mut pairs: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        pairs.push(("terms", answer));
        browser.post(&format!("/self-service/settings?flow={id}"), &pairs).must(303)
    };

    let left = answer(&mut browser, "reject").header("location").to_owned();
    assert!(left.contains("/ui/terms/rejected?return_to="), "{left}");
    assert!(!browser.cookies.contains_key(name), "the cookie is gone");
    let page = browser.get(&left).must(200).text.replace("&#x2f;", "/");
    assert!(page.contains("You have not accepted"), "{page}");
    assert!(page.contains("/self-service/login/browser?return_to="), "{page}");
    assert_eq!(standing(&place).as_str(), "rejected");
    assert_eq!(place.history()[place.history().len() - 2..], ["terms.rejected", "session.revoked"]);
    let entry = ledger::documents(&place.d).pop().unwrap();
    assert_eq!(entry["data"]["reason"], "terms");

    // What was kept of the cookie is good for nothing.
    browser.cookies.insert(name.to_owned(), value.to_owned());
    browser.whoami().must(401);
    let again = held(
        &place.d,
        place.ada.parse().unwrap(),
        Carrier::Cookie,
        &[(MethodKind::Password, Aal::One)],
        None,
    );
    let (_, value) = again.secret.split_once('=').unwrap();
    browser.cookies.insert(name.to_owned(), value.to_owned());
    let on = answer(&mut browser, "accept").header("location").to_owned();
    assert!(on.ends_with("/ui/sessions"), "{on}");
    browser.get(&on).must(200);
    assert_eq!(standing(&place).as_str(), "accepted");
    // There is nothing more to answer.
    let to = browser.get("/ui/terms").must(303).header("location").to_owned();
    let settings = browser.get(&to).must(303).header("location").to_owned();
    assert!(settings.starts_with("https://pages.example.com/settings?flow="), "{settings}");
}

#[test]
fn a_program_answers_with_its_token_and_is_signed_out_by_a_no() {
    let place = asking("terms_version: '1'");
    let typed = json!({"method": "password", "identifier": ADA, "password": PASSWORD});
    let sign_in = || {
        let flow = place.program("GET", "/self-service/login/api", &Value::Null).must(200).json();
        let signed = place.program("POST", &submit_path(&flow), &typed).must(200).json();
        signed["session_token"].as_str().unwrap().to_owned()
    };
    let ask = |token: &str, method: &str, path: &str, body: &Value| {
        let url = format!("{}{path}", place.server.public);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("accept", "application/json"), ("x-session-token", token)];
        place.server.ask(method, &url, &headers, &body)
    };
    let token = sign_in();
    let refused = ask(&token, "GET", "/sessions/whoami", &Value::Null).must(403).json();
    assert_eq!(refused["error"]["id"], "session_terms_required");
    let settings = |token: &str| {
        ask(token, "GET", "/self-service/settings/api", &Value::Null).must(200).json()
    };
    let flow = settings(&token);
    let no = ask(&token, "POST", &submit_path(&flow), &json!({"terms": "reject"})).must(422);
    assert!(no.json()["redirect_browser_to"].as_str().unwrap().ends_with("/ui/terms/rejected"));
    ask(&token, "GET", "/sessions/whoami", &Value::Null).must(401);

    let token = sign_in();
    let flow = settings(&token);
    // Clients with types can name only methods of Kratos.
    let body = json!({"method": "profile", "traits": {}, "terms": "accept", "terms_version": "1"});
    let done = ask(&token, "POST", &submit_path(&flow), &body).must(200).json();
    assert_eq!(done["state"], "success");
    ask(&token, "GET", "/sessions/whoami", &Value::Null).must(200);
}

#[test]
fn another_version_asks_again_without_a_restart_and_an_administrator_resets() {
    let mut place = asking("terms_version: '1'");
    let mut browser = place.browser();
    browser.sign_in(ADA, PASSWORD).must(422);
    let flow = browser.begin("settings", "");
    accept(&mut browser, &flow).must(200);
    browser.whoami().must(200);
    let cookies = browser.cookies;
    place.server.reconfigure(&format!("{{{ASKED}, terms_version: '2'}}"));
    let mut browser = place.browser();
    browser.cookies = cookies;
    browser.whoami().must(403);

    let show = |place: &Place| {
        let path = format!("/admin/doorward/identities/{}", place.ada);
        place.server.admin("GET", &path).must(200).json()["terms"].clone()
    };
    let shown = show(&place);
    assert_eq!((&shown["state"], &shown["required_version"]), (&json!("unset"), &json!("2")));
    assert_eq!((&shown["answer"], &shown["version"]), (&json!("accepted"), &json!("1")));
    // Lists of people that are taken along say the same.
    let export = |format: &str| {
        let path = format!("/admin/doorward/identities/export?q={ADA}&format={format}");
        place.server.admin("GET", &path).must(200).text
    };
    let line: Value = serde_json::from_str(export("jsonl").trim()).unwrap();
    assert_eq!((&line["terms"], &line["terms_version"]), (&json!("unset"), &json!("1")));
    assert_eq!(line["terms_answered_at"], shown["answered_at"]);
    let answered = shown["answered_at"].as_str().unwrap();
    let (head, row) = (",terms,terms_version,terms_answered_at", format!(",unset,1,{answered}"));
    let table = export("csv");
    let ends: Vec<&str> = table.lines().collect();
    assert!(ends[0].ends_with(head) && ends[1].ends_with(&row), "{table}");
    let flow = browser.begin("settings", "");
    accept(&mut browser, &flow).must(200);
    browser.whoami().must(200);
    assert_eq!(show(&place)["state"], "accepted");

    let reset = |place: &Place, id: &str| {
        let path = format!("/admin/doorward/identities/{id}/reset-terms");
        place.server.admin("POST", &path)
    };
    assert_eq!(reset(&place, &place.ada).must(200).json()["changed"], true);
    browser.whoami().must(403);
    let entry = ledger::documents(&place.d).pop().unwrap();
    assert_eq!(entry["type"], "terms.reset");
    assert_eq!(entry["data"], json!({"answer": "accepted", "version": "2"}));
    let entries = place.history().len();
    assert_eq!(reset(&place, &place.ada).must(200).json()["changed"], false);
    assert_eq!(place.history().len(), entries);
    reset(&place, "0190a0a0-0000-7000-8000-000000000000").must(404);
    let shown = show(&place);
    assert_eq!(
        shown,
        json!({"state": "unset", "required_version": "2", "answer": null, "version": null,
            "answered_at": null})
    );

    // By the action too.
    let flow = browser.begin("settings", "");
    accept(&mut browser, &flow).must(200);
    place.server.laptop.action(&["reset-terms", &format!("email={ADA}")]);
    browser.whoami().must(403);
    assert_eq!(place.history().last().unwrap(), "terms.reset");

    // Without terms everybody goes on, whatever they answered.
    let cookies = browser.cookies;
    place.server.reconfigure("{login_style: unified}");
    let mut browser = place.browser();
    browser.cookies = cookies;
    browser.whoami().must(200);
}

#[test]
fn whoever_is_new_accepts_the_terms_before_they_verify_their_address() {
    let place = asking("registration: open");
    let mut browser = place.browser();
    let flow = browser.begin("registration", "?return_to=/ui/activity");
    let body = json!({
        "method": "password", "password": "a walk along the river",
        "traits": {"email": "new@example.com"}, "csrf_token": token(&flow)
    });
    let led = browser.send(&submit_path(&flow), &body).must(422).json();
    browser.whoami().must(403);
    let flow = browser.json(led["redirect_browser_to"].as_str().unwrap()).must(200).json();
    let done = accept(&mut browser, &flow).must(200).json();
    let next = done["continue_with"].as_array().unwrap().last().unwrap();
    assert!(next["redirect_browser_to"].as_str().unwrap().contains("/ui/verification?flow="));
    browser.whoami().must(200);
}

#[test]
fn whoever_gets_back_in_by_a_code_accepts_the_terms_and_then_puts_the_account_right() {
    let place = asking("terms_version: '1'");
    let mut browser = place.browser();
    let flow = browser.begin("recovery", "");
    let asked = send(&mut browser, &flow, json!({"method": "code", "email": ADA})).must(200).json();
    let code = place.mail(ADA)["RecoveryCode"].as_str().unwrap().to_owned();
    let fields = [("method", "code"), ("code", code.as_str()), ("csrf_token", &token(&asked))];
    let page = browser.post(&submit_path(&asked), &fields).must(303).header("location").to_owned();
    assert!(page.contains("/ui/terms?flow="), "{page}");
    let shown = browser.get(&page).must(200).text;
    assert!(!shown.contains("name=\"password\""), "{shown}");
    browser.whoami().must(403);
    let fields = form(&shown);
    let mut pairs: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.push(("terms", "accept"));
    let id = page.split("flow=").nth(1).unwrap();
    let on = browser.post(&format!("/self-service/settings?flow={id}"), &pairs).must(303);
    let on = browser.get(on.header("location")).must(303).header("location").to_owned();
    assert!(on.contains("/ui/reset_password?flow="), "{on}");
    assert!(browser.get(&on).must(200).text.contains("name=\"password\""));
    browser.whoami().must(200);
}

#[test]
fn somebody_who_is_invited_accepts_the_terms_before_they_choose_how_to_sign_in() {
    let place = asking("terms_version: '1'");
    let url = format!("{}/admin/doorward/invitations", place.server.admin);
    let body = json!({"email": "eve@example.com"}).to_string();
    let made = place.server.ask("POST", &url, &[], &body).must(201).json();
    let secret = made["link"].as_str().unwrap().split("token=").nth(1).unwrap();
    let mut browser = place.browser();
    let to = browser.post("/self-service/activation", &[("token", secret)]).must(303);
    assert!(to.header("location").contains("/ui/terms?flow="));
    browser.whoami().must(403);
    let flow = browser.begin("settings", "");
    accept(&mut browser, &flow).must(200);
    browser.whoami().must(200);
}

#[test]
fn a_passkey_is_no_way_past_the_terms_and_a_second_factor_comes_before_them() {
    let place = asking("registration: open, enforce_mfa: true");
    let mut key = Authenticator::at("http://localhost:4433", "localhost");
    let mut browser = place.browser();
    let flow = browser.begin("registration", "");
    let traits = json!({"email": "new@example.com"});
    let second = send(&mut browser, &flow, json!({"method": "profile", "traits": traits}));
    let second = second.must(400).json();
    let data = node(&second, "passkey_create_data")["attributes"]["value"].as_str().unwrap();
    let options = serde_json::from_str::<Value>(data).unwrap()["credentialOptions"].clone();
    let made = key.create(&options);
    let body = json!({"traits": traits, "passkey_register": made});
    send(&mut browser, &second, body).must(422);
    // The key was both factors, and so only the terms are missing.
    let refused = browser.whoami().must(403).json();
    assert_eq!(refused["error"]["id"], "session_terms_required");

    let mut other = place.browser();
    other.sign_in(ADA, PASSWORD).must(422);
    assert_eq!(other.whoami().must(403).json()["error"]["id"], "session_aal2_required");
    let flow = other.begin("settings", "");
    assert!(node(&flow, "terms").is_null(), "{flow}");
    let secret = &node(&flow, "totp_secret_key")["attributes"]["text"]["context"]["secret"];
    let secret = secret.as_str().unwrap().replace(' ', "");
    let app = Generator::parse(&format!("otpauth://totp/x:y?secret={secret}&issuer=x")).unwrap();
    let code = app.code(jiff::Timestamp::now().as_second() / 30).to_string();
    let set_up = json!({"method": "totp", "totp_code": code});
    let next = send(&mut other, &flow, set_up).must(200).json();
    // What comes next is asked for in the same flow.
    assert!(!node(&next, "terms").is_null() && node(&next, "password").is_null(), "{next}");
    assert_eq!(other.whoami().must(403).json()["error"]["id"], "session_terms_required");
    accept(&mut other, &next).must(200);
    other.whoami().must(200);
}
