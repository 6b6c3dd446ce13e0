//! Accounts that begin with a passkey, and the choice of an identity schema.

use serde_json::{Value, json};

use super::{Browser, Place, node, said, submit_path, token};
use crate::support::authenticator::Authenticator;

const OPEN: &str = "{login_style: unified, registration: open}";

fn authenticator() -> Authenticator {
    Authenticator::at("http://localhost:4433", "localhost")
}

fn send(browser: &mut Browser<'_>, flow: &Value, fields: Value) -> super::Answer {
    let mut body = fields;
    body["csrf_token"] = token(flow).into();
    browser.send(&submit_path(flow), &body)
}

/// Goes to the second step.
fn chooses(browser: &mut Browser<'_>, email: &str) -> Value {
    let flow = browser.begin("registration", "");
    assert!(node(&flow, "passkey_create_data").is_null(), "nobody knows yet who it is for");
    let traits = json!({"email": email});
    let second = send(browser, &flow, json!({"method": "profile", "traits": traits}));
    second.must(400).json()
}

fn options(flow: &Value) -> Value {
    let data = node(flow, "passkey_create_data")["attributes"]["value"].as_str().unwrap();
    serde_json::from_str::<Value>(data).unwrap()["credentialOptions"].clone()
}

fn sign_up(browser: &mut Browser<'_>, flow: &Value, answer: &str) -> super::Answer {
    let email = node(flow, "traits.email")["attributes"]["value"].clone();
    // As the script sends the form: no button was pressed.
    send(browser, flow, json!({"traits": {"email": email}, "passkey_register": answer}))
}

/// Signs in with the passkey alone.
fn sign_in(browser: &mut Browser<'_>, key: &Authenticator) -> super::Answer {
    let flow = browser.begin("login", "");
    let asked = node(&flow, "passkey_challenge")["attributes"]["value"].as_str().unwrap();
    let answer = key.get(&serde_json::from_str(asked).unwrap(), true);
    send(browser, &flow, json!({"method": "passkey", "passkey_login": answer}))
}

#[test]
fn a_new_account_begins_with_a_passkey_and_nothing_else() {
    let place = Place::with("{login_style: unified, registration: open, enforce_mfa: true}");
    let mut browser = place.browser();
    let flow = chooses(&mut browser, "new@example.com");
    assert_eq!(said(&flow), [1_040_009]);
    let button = node(&flow, "passkey_register_trigger");
    assert_eq!(button["meta"]["label"]["id"], 1_040_007);
    assert_eq!(button["attributes"]["onclickTrigger"], "oryPasskeyRegistration");
    assert!(!node(&flow, "webauthn_script").is_null() && !node(&flow, "password").is_null());
    let asked = options(&flow);
    assert_eq!(asked["publicKey"]["user"]["name"], "new@example.com");

    let mut wrong = authenticator();
    wrong.origin = "https://evil.example".to_owned();
    let refused = sign_up(&mut browser, &flow, &wrong.create(&asked)).must(400).json();
    assert_eq!(said(&refused), [4_000_001]);
    // A challenge is good for one answer.
    let mut key = authenticator();
    let late = sign_up(&mut browser, &refused, &key.create(&asked)).must(400).json();
    assert_eq!(said(&late), [4_000_001]);
    let made = sign_up(&mut browser, &late, &key.create(&options(&late))).must(200).json();
    assert_eq!(made["identity"]["traits"], json!({"email": "new@example.com"}));
    assert_eq!(made["session"]["authenticator_assurance_level"], "aal2");
    let session = browser.whoami().must(200).json();
    assert_eq!(session["authentication_methods"][0]["method"], "passkey");

    let mut other = place.browser();
    sign_in(&mut other, &key).must(200);
    assert_eq!(other.whoami().must(200).json()["identity"]["id"], made["identity"]["id"]);
    // There is no password to guess, and the key is there to be removed once there is one.
    place.browser().sign_in("new@example.com", "").must(400);
    let settings = other.begin("settings", "");
    let removal = node(&settings, "passkey_remove");
    assert_eq!(removal["attributes"]["value"], key.name());
    assert_eq!(removal["meta"]["label"]["context"]["display_name"], "new@example.com");
    let history = place.history();
    assert_eq!(history.iter().filter(|one| *one == "user.registered").count(), 2);
}

#[test]
fn the_page_for_a_new_account_offers_a_passkey_and_a_taken_address_is_taken() {
    let place = Place::with(OPEN);
    let mut browser = place.browser();
    let flow = chooses(&mut browser, "ada@example.com");
    let page = browser.get(&format!("/ui/registration?flow={}", flow["id"].as_str().unwrap()));
    let page = page.must(200).text;
    assert!(page.contains("data-webauthn=\"oryPasskeyRegistration\""), "{page}");
    assert!(page.contains("name=\"passkey_register\"") && page.contains("Sign up with a passkey"));
    let mut key = authenticator();
    let taken = sign_up(&mut browser, &flow, &key.create(&options(&flow))).must(400).json();
    assert_eq!(said(&taken), [4_000_007]);
    let program = place.program("GET", "/self-service/registration/api", &Value::Null).json();
    let body = json!({"method": "profile", "traits": {"email": "new@example.com"}});
    let second = place.program("POST", &submit_path(&program), &body).must(400).json();
    assert!(node(&second, "passkey_create_data").is_null(), "programs have no browser to ask");
}

#[test]
fn whoever_must_verify_their_address_first_does_so_with_a_passkey_too() {
    let place =
        Place::with("{login_style: unified, registration: open, require_verified_address: true}");
    let mut browser = place.browser();
    let flow = chooses(&mut browser, "new@example.com");
    let mut key = authenticator();
    let made = sign_up(&mut browser, &flow, &key.create(&options(&flow))).must(200).json();
    assert!(made.get("session").is_none());
    browser.whoami().must(401);
    let refused = sign_in(&mut browser, &key).must(403).json();
    assert_eq!(refused["error"]["id"], "session_verified_address_required");
    let next = refused["error"]["details"]["continue_with"][0]["flow"]["id"].clone();
    let path = format!("/self-service/verification?flow={}", next.as_str().unwrap());
    let code = place.mail("new@example.com")["VerificationCode"].clone();
    browser.send(&path, &json!({"method": "code", "code": code})).must(200);
    sign_in(&mut browser, &key).must(200);
}

#[test]
fn e15_an_invitation_is_completed_with_a_passkey_too() {
    let place = Place::with("{login_style: unified, registration: invitation}");
    let url = format!("{}/admin/doorward/invitations", place.server.admin);
    let body = json!({"email": "eve@example.com"}).to_string();
    let made = place.server.ask("POST", &url, &[], &body).must(201).json();
    let mut browser = place.browser();
    let flow = chooses(&mut browser, "eve@example.com");
    let mut key = authenticator();
    let to = sign_up(&mut browser, &flow, &key.create(&options(&flow))).must(422).json();
    sign_in(&mut place.browser(), &key).must(400);
    let id = to["redirect_browser_to"].as_str().unwrap().split("flow=").nth(1).unwrap().to_owned();
    let read = format!("/self-service/verification/flows?id={id}");
    let flow = browser.json(&read).must(200).json();
    let code = place.mail("eve@example.com")["VerificationCode"].clone();
    let done = send(&mut browser, &flow, json!({"method": "code", "code": code})).must(200).json();
    assert_eq!(done["state"], "passed_challenge");
    sign_in(&mut browser, &key).must(200);
    let session = browser.whoami().must(200).json();
    assert_eq!(session["identity"]["id"], made["identity_id"]);
}

#[test]
fn people_choose_among_the_schemas_that_are_free_to_choose() {
    let schema = |trait_name: &str| {
        json!({"type": "object", "properties": {"traits": {
            "type": "object", "required": [trait_name], "additionalProperties": false,
            "properties": {trait_name: {
                "type": "string", "title": trait_name,
                "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}
            }}
        }}})
    };
    let schemas = json!({"person": schema("name"), "pet": schema("call"), "staff": schema("no")});
    let options = json!({
        "registration": "open", "login_style": "unified", "registration_schemas": "pet",
        "identity_schemas": schemas.to_string(), "default_identity_schema_id": "person"
    });
    let server = crate::http::server::Server::with(&options.to_string());
    let d = server.library();
    let place = Place { server, d, ada: String::new() };
    let mut browser = place.browser();
    for closed in ["staff", "nothing"] {
        let path = format!("/self-service/registration/browser?identity_schema={closed}");
        browser.json(&path).must(400);
    }
    let usual = browser.begin("registration", "?identity_schema=person");
    assert!(!node(&usual, "traits.name").is_null());
    let flow = browser.begin("registration", "?identity_schema=pet");
    assert_eq!(flow["identity_schema"], "pet");
    assert!(node(&flow, "traits.name").is_null() && !node(&flow, "traits.call").is_null());
    let body =
        json!({"method": "password", "traits": {"call": "Rex!"}, "password": "a bone to chew on"});
    let made = send(&mut browser, &flow, body).must(200).json();
    assert_eq!(made["identity"]["schema_id"], "pet");
    let page = place.browser().get("/ui/registration?identity_schema=pet").must(303);
    assert!(page.header("location").ends_with("/registration/browser?identity_schema=pet"));
}
