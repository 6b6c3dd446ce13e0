//! Making an account for oneself.

use serde_json::{Value, json};

use super::super::server::Server;
use super::{Browser, Place, node, said, said_about, submit_path, token};

const PASSWORD: &str = "a long way to the sea";
const OPEN: &str = "{login_style: unified, registration: open}";

fn send(browser: &mut Browser<'_>, flow: &Value, fields: Value) -> super::Answer {
    let mut body = fields;
    body["csrf_token"] = token(flow).into();
    browser.send(&submit_path(flow), &body)
}

/// Hands the form in as a page without script does; where that leads.
fn post(browser: &mut Browser<'_>, flow: &Value, fields: &[(&str, &str)]) -> String {
    let token = token(flow);
    let all = [fields, &[("csrf_token", token.as_str())]].concat();
    browser.post(&submit_path(flow), &all).must(303).header("location").to_owned()
}

/// A schema with a field of every type, as an option.
fn with_schema(traits: &Value) -> String {
    let schema = json!({"type": "object", "properties": {"traits": traits}});
    let schemas = json!({"person": schema}).to_string();
    json!({
        "registration": "open", "login_style": "unified",
        "identity_schemas": schemas, "default_identity_schema_id": "person"
    })
    .to_string()
}

#[test]
fn registration_is_closed_unless_it_is_opened() {
    for options in ["{}", "registration: closed"] {
        let place = Place::with(options);
        let mut browser = place.browser();
        let refused = browser.json("/self-service/registration/browser").must(400).json();
        assert_eq!(refused["error"]["id"], "self_service_flow_disabled");
        place.program("GET", "/self-service/registration/api", &Value::Null).must(400);
    }
    let mut place = Place::with(OPEN);
    let mut browser = place.browser();
    let flow = browser.begin("registration", "");
    let cookies = browser.cookies.clone();
    place.server.reconfigure("registration: closed");
    let mut browser = place.browser();
    browser.cookies = cookies;
    let read = format!("/self-service/registration/flows?id={}", flow["id"].as_str().unwrap());
    let refused = browser.json(&read).must(400).json();
    assert_eq!(refused["error"]["id"], "self_service_flow_disabled");
    let fields =
        json!({"method": "password", "traits": {"email": "new@example.com"}, "password": PASSWORD});
    send(&mut browser, &flow, fields).must(400);
    let made = place.history().into_iter().filter(|one| one == "user.registered").count();
    assert_eq!(made, 1, "nobody but Ada");
}

#[test]
fn a_browser_without_script_signs_up_in_two_steps() {
    let place = Place::with(OPEN);
    let mut browser = place.browser();
    let to = browser.get("/self-service/registration/browser?return_to=/ui/sessions").must(303);
    let page = to.header("location").to_owned();
    assert!(page.contains("/ui/registration?flow="), "{page}");
    let read =
        format!("/self-service/registration/flows?id={}", page.split("flow=").nth(1).unwrap());
    let flow = browser.json(&read).must(200).json();
    assert_eq!((&flow["state"], &flow["organization_id"]), (&json!("choose_method"), &Value::Null));
    let email = node(&flow, "traits.email");
    assert_eq!(email["attributes"]["type"], "email");
    assert_eq!(email["meta"]["label"]["id"], 1_070_002);
    assert_eq!(email["attributes"]["required"], true);
    assert!(node(&flow, "password").is_null());
    assert_eq!(
        post(
            &mut browser,
            &flow,
            &[("method", "profile"), ("traits.email", "nobody"), ("traits.name", "N")]
        ),
        page
    );
    let wrong = browser.json(&read).must(200).json();
    assert_eq!(said_about(&wrong, "traits.email"), [4_000_040]);
    assert_eq!(node(&wrong, "traits.name")["attributes"]["value"], "N");
    let traits = [("traits.email", "New@example.com"), ("traits.name", "")];
    post(&mut browser, &flow, &[&[("method", "profile")], &traits[..]].concat());
    let second = browser.json(&read).must(200).json();
    assert_eq!(said(&second), [1_040_009]);
    assert_eq!(node(&second, "traits.email")["attributes"]["type"], "hidden");
    assert_eq!(node(&second, "password")["attributes"]["autocomplete"], "new-password");
    assert_eq!(node(&second, "screen")["meta"]["label"]["id"], 1_040_008);
    post(&mut browser, &flow, &[&[("screen", "previous")], &traits[..1]].concat());
    let first = browser.json(&read).must(200).json();
    assert_eq!(node(&first, "traits.email")["attributes"]["value"], "New@example.com");
    assert_eq!(node(&first, "traits.email")["attributes"]["type"], "email");
    post(&mut browser, &flow, &[&[("method", "profile")], &traits[..]].concat());
    let done = post(
        &mut browser,
        &flow,
        &[&[("method", "password"), ("password", PASSWORD)], &traits[..1]].concat(),
    );
    assert!(done.contains("/ui/verification?flow="), "{done}");
    let session = browser.whoami().must(200).json();
    assert_eq!(session["identity"]["traits"], json!({"email": "New@example.com"}));
    let read =
        format!("/self-service/verification/flows?id={}", done.split("flow=").nth(1).unwrap());
    let flow = browser.json(&read).must(200).json();
    let code = place.mail("new@example.com")["VerificationCode"].clone();
    let done = send(&mut browser, &flow, json!({"method": "code", "code": code})).must(200).json();
    assert!(done["ui"]["action"].as_str().unwrap().ends_with("/ui/sessions"));
    let mut again = place.browser();
    again.sign_in(" new@EXAMPLE.com", PASSWORD).must(200);
    let history = place.history();
    for event in ["user.registered", "verification.requested", "session.created"] {
        assert!(history.iter().any(|one| one == event), "{event}");
    }
}

#[test]
fn a_program_signs_up_at_once_and_is_told_what_comes_next() {
    let place = Place::with(OPEN);
    let flow =
        place.program("GET", "/self-service/registration/api", &Value::Null).must(200).json();
    let path = submit_path(&flow);
    let body = json!({
        "method": "password", "traits": {"email": "new@example.com", "name": "New"},
        "password": PASSWORD, "transient_payload": {"from": "a test"}
    });
    let made = place.program("POST", &path, &body).must(200).json();
    assert_eq!(made["identity"]["traits"]["name"], "New");
    assert_eq!(made["identity"]["state"], "active");
    assert!(made["identity"].get("metadata_admin").is_none());
    let held = made["session_token"].as_str().unwrap();
    let steps: Vec<&Value> =
        made["continue_with"].as_array().unwrap().iter().map(|one| &one["action"]).collect();
    assert_eq!(steps, ["set_ory_session_token", "show_verification_ui"]);
    assert_eq!(made["continue_with"][1]["flow"]["verifiable_address"], "new@example.com");
    let url = format!("{}/sessions/whoami", place.server.public);
    place.server.ask("GET", &url, &[("x-session-token", held)], "").must(200);
    place.program("POST", &path, &body).must(404);
    let mut browser = place.browser();
    let flow = browser.begin("registration", "");
    let fields = json!({
        "method": "password", "traits": {"email": "other@example.com"}, "password": PASSWORD
    });
    let made = send(&mut browser, &flow, fields).must(200).json();
    let last = made["continue_with"].as_array().unwrap().last().unwrap();
    assert_eq!(last["action"], "redirect_browser_to");
    browser.whoami().must(200);
    let refused = browser.json("/self-service/registration/browser").must(400).json();
    assert_eq!(refused["error"]["id"], "session_already_available");
}

#[test]
fn duplicates_and_bad_passwords_are_told_where_they_belong() {
    let place = Place::with(OPEN);
    let mut browser = place.browser();
    let flow = browser.begin("registration", "");
    for email in ["ada@example.com", " ADA@Example.com ", "\u{ff41}da@example.com"] {
        let fields =
            json!({"method": "password", "traits": {"email": email}, "password": PASSWORD});
        let again = send(&mut browser, &flow, fields).must(400).json();
        assert_eq!(said(&again), [4_000_007], "{email}");
        assert!(!again.to_string().contains(PASSWORD));
    }
    for (password, number) in [
        (Value::Null, 4_000_002),
        (json!("short"), 4_000_032),
        (json!("new-person@example.com"), 4_000_031),
        (json!("password1"), 4_000_034),
        (json!("x".repeat(5000)), 4_000_033),
    ] {
        let traits = json!({"email": "new-person@example.com"});
        let fields = json!({"method": "password", "traits": traits, "password": password});
        let again = send(&mut browser, &flow, fields).must(400).json();
        assert_eq!(said_about(&again, "password"), [number]);
        assert_eq!(node(&again, "traits.email")["attributes"]["value"], "new-person@example.com");
    }
    for fields in [json!({}), json!({"method": "oidc", "traits": {"email": "a@b.example"}})] {
        assert_eq!(said(&send(&mut browser, &flow, fields).must(400).json()), [4_010_003]);
    }
    let fields = json!({"method": "password", "traits": {"email": "n@example.com"}, "password": "918273645546372819"});
    send(&mut browser, &flow, fields).must(200);
}

#[test]
fn every_keyword_is_told_beside_its_field_and_forms_give_the_schemas_types() {
    let options = with_schema(&json!({
        "type": "object", "required": ["email", "name"],
        "properties": {
            "email": {"type": "string", "format": "email", "minLength": 6, "ory.sh/kratos": {
                "credentials": {"password": {"identifier": true}}}},
            "name": {"type": "object", "required": ["first"], "properties": {
                "first": {"type": "string", "maxLength": 5, "pattern": "^[A-Z][a-z]*$"}}},
            "age": {"type": "integer", "minimum": 18, "maximum": 120, "multipleOf": 1},
            "news": {"type": "boolean", "const": true},
            "born": {"type": "string", "format": "date"},
            "site": {"type": "string", "format": "uri"},
            "tags": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true}
        }
    }));
    let place = Place::with(&options);
    let mut browser = place.browser();
    let flow = browser.begin("registration", "");
    let kinds = ["traits.email", "traits.name.first", "traits.age", "traits.news", "traits.born"];
    let kinds = kinds.map(|name| node(&flow, name)["attributes"]["type"].clone());
    assert_eq!(kinds, ["email", "text", "number", "checkbox", "date"]);
    let fields = json!({"method": "profile", "traits": {
        "email": "a@b.x", "name": {"first": "lowercase"}, "age": "7", "news": "off",
        "born": "tomorrow", "tags": []
    }});
    let wrong = send(&mut browser, &flow, fields).must(400).json();
    assert_eq!(said_about(&wrong, "traits.email"), [4_000_003]);
    assert_eq!(said_about(&wrong, "traits.name.first").len(), 2);
    assert_eq!(said_about(&wrong, "traits.age"), [4_000_018]);
    assert_eq!(said_about(&wrong, "traits.news"), [4_000_029]);
    assert_eq!(said_about(&wrong, "traits.born"), [4_000_001]);
    assert_eq!(said(&wrong), [4_000_024], "a list has no field");
    let fields = json!({"method": "profile", "traits": {"age": "many"}});
    let wrong = send(&mut browser, &flow, fields).must(400).json();
    assert_eq!(said_about(&wrong, "traits.email"), [4_000_002]);
    assert_eq!(said_about(&wrong, "traits.age"), [4_000_026]);
    let path = submit_path(&flow);
    let fields = [
        ("method", "password"),
        ("password", PASSWORD),
        ("traits.email", "a@b.example"),
        ("traits.name.first", "Ada"),
        ("traits.age", "36"),
        ("traits.news", "false"),
        ("traits.news", "true"),
        ("traits.born", ""),
        ("csrf_token", &token(&flow)),
    ];
    browser.post(&path, &fields).must(303);
    let traits = browser.whoami().must(200).json()["identity"]["traits"].clone();
    let expected =
        json!({"email": "a@b.example", "name": {"first": "Ada"}, "age": 36, "news": true});
    assert_eq!(traits, expected);
}

#[test]
fn a_schema_without_identifier_lets_nobody_sign_up_with_a_password() {
    let traits = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let place = Server::with(&with_schema(&traits));
    let url = format!("{}/self-service/registration/api", place.public);
    let flow = place.ask("GET", &url, &[], "").must(200).json();
    let url = format!("{}{}", place.public, submit_path(&flow));
    let body = json!({"method": "password", "traits": {"name": "A"}, "password": PASSWORD});
    let again = place.ask("POST", &url, &[], &body.to_string()).must(400).json();
    assert_eq!(said(&again), [4_000_009]);
}

#[test]
fn authz_03_nothing_but_traits_can_be_set_by_signing_up() {
    let place = Place::with(OPEN);
    let flow =
        place.program("GET", "/self-service/registration/api", &Value::Null).must(200).json();
    let body = json!({
        "method": "password", "traits": {"email": "new@example.com"}, "password": PASSWORD,
        "state": "inactive", "schema_id": "admin_v0", "metadata_admin": {"a": 1},
        "metadata_public": {"a": 1}, "authorities": ["ROLE_ADMINISTRATOR"],
        "verifiable_addresses": [{"value": "new@example.com", "verified": true, "via": "email"}]
    });
    let made = place.program("POST", &submit_path(&flow), &body).must(200).json();
    let id = made["identity"]["id"].as_str().unwrap();
    let url = format!("{}/admin/identities/{id}", place.server.admin);
    let made = place.server.ask("GET", &url, &[], "").must(200).json();
    assert_eq!(made["schema_id"], "social_user_v0");
    assert_eq!((&made["metadata_admin"], &made["metadata_public"]), (&Value::Null, &Value::Null));
    assert_eq!(made["verifiable_addresses"][0]["verified"], false);
    let refused = "/self-service/registration/api?identity_schema=admin_v0";
    place.program("GET", refused, &Value::Null).must(400);
}

#[test]
fn there_is_no_session_before_the_address_is_verified_where_that_is_required() {
    let place =
        Place::with("{login_style: unified, registration: open, require_verified_address: true}");
    let mut browser = place.browser();
    let flow = browser.begin("registration", "");
    let fields = json!({
        "method": "password", "traits": {"email": "new@example.com"}, "password": PASSWORD
    });
    let made = send(&mut browser, &flow, fields).must(200).json();
    assert_eq!(made["identity"]["traits"]["email"], "new@example.com");
    assert!(made.get("session").is_none());
    browser.whoami().must(401);
    let id = made["continue_with"][0]["flow"]["id"].as_str().unwrap();
    let path = format!("/self-service/verification?flow={id}");
    let code = place.mail("new@example.com")["VerificationCode"].clone();
    browser.send(&path, &json!({"method": "code", "code": code})).must(200);
    browser.sign_in("new@example.com", PASSWORD).must(200);
}
