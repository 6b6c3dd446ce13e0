//! Row E15: who signs up with the address of an account that waits for its owner.

use doorward::service::identities::{self, Selector};
use serde_json::{Value, json};

use super::{Browser, Place, node, said, submit_path, token};

const EVE: &str = "eve@example.com";
const PASSWORD: &str = "a long way to the sea";
const OPEN: &str = "{login_style: unified, registration: open}";
const INVITED: &str = "{login_style: unified, registration: invitation}";

fn invite(place: &Place, more: &Value) -> Value {
    let mut body = json!({"email": EVE});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let url = format!("{}/admin/doorward/invitations", place.server.admin);
    place.server.ask("POST", &url, &[], &body.to_string()).must(201).json()
}

fn found(place: &Place, made: &Value) -> doorward::domain::identity::Identity {
    let id = made["identity_id"].as_str().unwrap().parse().unwrap();
    identities::find(&place.d, &Selector::Id(id)).unwrap()
}

/// Signs up as a page's script does.
fn sign_up(browser: &mut Browser<'_>, email: &str) -> super::Answer {
    let flow = browser.begin("registration", "?return_to=/ui/sessions");
    let body = json!({
        "method": "password", "traits": {"email": email, "name": "Mallory"},
        "password": PASSWORD, "csrf_token": token(&flow)
    });
    browser.send(&submit_path(&flow), &body)
}

/// The flow in which the address is proven, and its id.
fn proof(browser: &mut Browser<'_>, signed_up: super::Answer) -> (String, Value) {
    let to = signed_up.must(422).json()["redirect_browser_to"].as_str().unwrap().to_owned();
    assert!(to.contains("/ui/verification?flow="), "{to}");
    let id = to.split("flow=").nth(1).unwrap().to_owned();
    let read = format!("/self-service/verification/flows?id={id}");
    (id, browser.json(&read).must(200).json())
}

fn type_code(browser: &mut Browser<'_>, flow: &Value, code: &Value) -> super::Answer {
    let body = json!({"method": "code", "code": code, "csrf_token": token(flow)});
    browser.send(&submit_path(flow), &body)
}

#[test]
fn e15_an_invited_address_completes_the_invitation_once_it_is_proven_and_not_before() {
    let place = Place::with(OPEN);
    let more = json!({"traits": {"name": "Eve"}, "authorities": ["ROLE_DEVELOPER"]});
    let made = invite(&place, &more);
    let mut browser = place.browser();
    let signed_up = sign_up(&mut browser, "Eve@Example.com");
    let (id, flow) = proof(&mut browser, signed_up);
    let waits = found(&place, &made);
    assert_eq!((waits.status.as_str(), waits.first_factors()), ("invited", 0));
    assert!(waits.authorities.is_empty() && !waits.verifiable_addresses[0].verified);
    browser.whoami().must(401);
    assert_eq!(said(&place.browser().sign_in(EVE, PASSWORD).must(400).json()), [4_000_006]);

    // The code of a stranger's password is taken in the stranger's browser alone.
    let mail = place.mail(EVE);
    let code = &mail["VerificationCode"];
    let mut other = place.browser();
    other.begin("login", "");
    let read = format!("/self-service/verification/flows?id={id}");
    other.json(&read).must(403);
    type_code(&mut other, &flow, code).must(403);
    let link = mail["VerificationURL"].as_str().unwrap();
    let refused = other.get(link).must(303);
    assert!(refused.header("location").contains("/ui/error"), "{refused:?}");
    assert_eq!(found(&place, &made).status.as_str(), "invited");

    let wrong = type_code(&mut browser, &flow, &json!("000000")).must(200).json();
    assert_eq!(said(&wrong), [4_070_006]);
    let done = type_code(&mut browser, &flow, code).must(200).json();
    assert_eq!((&done["state"], said(&done)), (&json!("passed_challenge"), vec![1_080_002]));
    assert!(done["ui"]["action"].as_str().unwrap().ends_with("/ui/sessions"));
    let owner = found(&place, &made);
    assert_eq!((owner.status.as_str(), owner.authorities.len()), ("active", 1));
    assert!(owner.verifiable_addresses[0].verified);
    assert_eq!(
        owner.traits,
        json!({"email": EVE, "name": "Eve"}),
        "who invited her knows her name"
    );
    browser.whoami().must(401);
    place.browser().sign_in(EVE, PASSWORD).must(200);
    let secret = made["link"].as_str().unwrap().split("token=").nth(1).unwrap();
    let dead = place.browser().post("/self-service/activation", &[("token", secret)]).must(303);
    assert!(dead.header("location").contains("/ui/error"), "{dead:?}");
    let history = place.history();
    for event in [
        "user.invited",
        "credential.added",
        "user.activated",
        "verification.completed",
        "authority.granted",
    ] {
        assert_eq!(history.iter().filter(|one| *one == event).count(), 1, "{event} in {history:?}");
    }
}

#[test]
fn e15_what_they_say_fills_in_what_nobody_said_and_programs_go_the_same_way() {
    let place = Place::with(INVITED);
    let made = invite(&place, &json!({}));
    let flow = place.program("GET", "/self-service/registration/api", &Value::Null).must(200);
    let body = json!({
        "method": "password", "traits": {"email": EVE, "name": "Eve"}, "password": PASSWORD
    });
    let next = place.program("POST", &submit_path(&flow.json()), &body).must(200).json();
    assert!(next.get("session_token").is_none() && next.get("identity").is_none(), "{next}");
    let next = &next["continue_with"][0];
    assert_eq!(next["action"], "show_verification_ui");
    let id = next["flow"]["id"].as_str().unwrap();
    let body = json!({"method": "code", "code": place.mail(EVE)["VerificationCode"]});
    let path = format!("/self-service/verification?flow={id}");
    let done = place.program("POST", &path, &body).must(200).json();
    assert_eq!(done["state"], "passed_challenge");
    assert_eq!(found(&place, &made).traits, json!({"email": EVE, "name": "Eve"}));
    place.browser().sign_in(EVE, PASSWORD).must(200);
    // The code was good once.
    assert_eq!(place.program("POST", &path, &body).code, 410);
}

#[test]
fn e15_by_invitation_only_nobody_learns_who_is_invited() {
    let place = Place::with(INVITED);
    invite(&place, &json!({}));
    let mut seen = Vec::new();
    for email in [EVE, "nobody@example.com", "ada@example.com"] {
        let mut browser = place.browser();
        let signed_up = sign_up(&mut browser, email);
        let (id, flow) = proof(&mut browser, signed_up);
        browser.whoami().must(401);
        let text = flow.to_string().replace(email, "EMAIL").replace(&id, "ID");
        let text = text.replace(&token(&flow), "TOKEN");
        let mut shape: Value = serde_json::from_str(&text).unwrap();
        for time in ["issued_at", "expires_at", "created_at", "updated_at"] {
            shape[time].take();
        }
        let mut other = place.browser();
        other.begin("login", "");
        let elsewhere = type_code(&mut other, &flow, &json!("000000")).code;
        let wrong = type_code(&mut browser, &flow, &json!("000000")).must(200).json();
        seen.push((shape, elsewhere, said(&wrong)));
        assert_eq!(place.mails(email).len(), usize::from(email == EVE), "{email}");
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    assert_eq!((seen[0].1, &seen[0].2), (403, &vec![4_070_006]));
    place.browser().sign_in("ada@example.com", PASSWORD).must(400);
    // Nobody else gets an account by proving an address.
    let history = place.history();
    assert_eq!(history.iter().filter(|one| *one == "user.registered").count(), 1, "Ada");
    assert!(place.browser().get("/ui/login").code == 303);
}

#[test]
fn e15_whichever_way_comes_first_ends_the_other() {
    let place = Place::with(OPEN);
    let made = invite(&place, &json!({}));
    let mut browser = place.browser();
    let signed_up = sign_up(&mut browser, EVE);
    let (_, flow) = proof(&mut browser, signed_up);
    let code = place.mail(EVE)["VerificationCode"].clone();
    let secret = made["link"].as_str().unwrap().split("token=").nth(1).unwrap();
    place.browser().post("/self-service/activation", &[("token", secret)]).must(303);
    let late = type_code(&mut browser, &flow, &code).must(200).json();
    assert_eq!(said(&late), [4_070_006]);
    place.browser().sign_in(EVE, PASSWORD).must(400);
    assert!(node(&late, "code").is_object());

    // Nor does an invitation that is over make an account.
    let body = json!({"email": "max@example.com"});
    let url = format!("{}/admin/doorward/invitations", place.server.admin);
    place.server.ask("POST", &url, &[], &body.to_string()).must(201);
    place.meddle("UPDATE invitations SET expires_at = 1");
    let taken = sign_up(&mut place.browser(), "max@example.com").must(400).json();
    assert_eq!(said(&taken), [4_000_007]);
}
