//! Invitations: an account that waits for its owner.

use doorward::service::identities::{self, Selector};
use doorward::service::passwords;
use serde_json::{Value, json};

use super::{Browser, Place, node, said, submit_path, token};
use crate::support;
use crate::support::smtp::Smtp;

const EVE: &str = "eve@example.com";

fn admin(place: &Place, method: &str, path: &str, body: &Value) -> super::Answer {
    let url = format!("{}/admin/doorward/invitations{path}", place.server.admin);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    place.server.ask(method, &url, &[], &body)
}

fn invite(place: &Place, more: &Value) -> Value {
    let mut body = json!({"email": "Eve@Example.com"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    admin(place, "POST", "", &body).must(201).json()
}

fn secret(made: &Value) -> String {
    made["link"].as_str().unwrap().split("token=").nth(1).unwrap().to_owned()
}

/// A service that mails, and the file in which it finds out how.
fn with_mail(smtp: &Smtp) -> (Place, tempfile::NamedTempFile) {
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), smtp.secret()).unwrap();
    let options = json!({"smtp_secret_id": format!("file:{}", secret.path().display())});
    (Place::with(&options.to_string()), secret)
}

/// The secret of the link in the mail with this number.
fn mailed_secret(smtp: &Smtp, number: usize) -> String {
    let text = smtp.wait_for(number).remove(number - 1).plain();
    let rest = text.split("/ui/activation?token=").nth(1).unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

fn activate(browser: &mut Browser<'_>, token: &str) -> super::Answer {
    browser.post("/self-service/activation", &[("token", token)])
}

fn status(place: &Place, made: &Value) -> String {
    let id = made["identity_id"].as_str().unwrap().parse().unwrap();
    let identity = identities::find(&place.d, &Selector::Id(id)).unwrap();
    identity.status.as_str().to_owned()
}

#[test]
fn somebody_who_is_invited_takes_their_account_over_by_the_link() {
    let place = Place::new();
    let more =
        json!({"traits": {"name": "Eve"}, "authorities": ["ROLE_DEVELOPER"], "locale": "fr"});
    let made = invite(&place, &more);
    assert_eq!((&made["email"], &made["delivery"]), (&json!(EVE), &json!("manual")));
    assert_eq!((&made["expired"], &made["locale"]), (&json!(false), &json!("fr")));
    let path = format!("/{}", made["identity_id"].as_str().unwrap());
    let seen = admin(&place, "GET", &path, &Value::Null).must(200).json();
    assert!(seen.get("link").is_none(), "the link is shown once");
    let id = made["identity_id"].as_str().unwrap();
    let found = || identities::find(&place.d, &Selector::Id(id.parse().unwrap())).unwrap();
    assert!(found().authorities.is_empty(), "nothing takes effect before they come");
    let stored = support::dump_file(&place.server.laptop.home().join("state/doorward.db"));
    assert!(!stored.contains(&secret(&made)), "only a digest of the secret is kept");

    let mut browser = place.browser();
    let link = made["link"].as_str().unwrap();
    let page = browser.get(&link[link.find("/ui/").unwrap()..]).must(200).text;
    assert!(page.contains(EVE) && page.contains("activation"), "{page}");
    assert_eq!(status(&place, &made), "invited", "looking at the page changes nothing");
    let to = activate(&mut browser, &secret(&made)).must(303).header("location").to_owned();
    assert!(to.contains("/ui/settings?flow="), "{to}");
    let identity = found();
    assert_eq!(identity.status.as_str(), "active");
    assert!(identity.verifiable_addresses[0].verified);
    assert_eq!(identity.authorities.len(), 1);
    let read = format!("/self-service/settings/flows?id={}", to.split("flow=").nth(1).unwrap());
    let settings = browser.json(&read).must(200).json();
    assert_eq!(said(&settings), [1_060_001]);
    assert_eq!(node(&settings, "password")["group"], "password");
    let body = json!({
        "method": "password", "password": "a long way to the sea", "csrf_token": token(&settings)
    });
    browser.send(&submit_path(&settings), &body).must(200);
    let history = place.history();
    for event in ["user.invited", "user.activated", "authority.granted", "verification.completed"] {
        assert!(history.iter().any(|one| one == event), "{event} in {history:?}");
    }
    let mut late = place.browser();
    late.begin("login", "");
    let dead = activate(&mut late, &secret(&made)).must(303);
    assert!(dead.header("location").contains("/ui/error"), "{dead:?}");
    late.get(&link[link.find("/ui/").unwrap()..]).must(404);
    admin(&place, "POST", &format!("{path}/resend"), &Value::Null).must(409);
    admin(&place, "DELETE", &path, &Value::Null).must(409);
    admin(&place, "GET", &path, &Value::Null).must(404);
}

#[test]
fn a_program_and_a_script_take_an_account_over_too() {
    let place = Place::new();
    let made = invite(&place, &json!({}));
    let body = json!({"token": secret(&made)});
    place.program("POST", "/self-service/activation", &json!({})).must(400);
    place.program("POST", "/self-service/activation", &json!({"token": "x"})).must(404);
    let done = place.program("POST", "/self-service/activation", &body).must(200).json();
    assert_eq!(done["continue_with"][0]["action"], "set_ory_session_token");
    assert_eq!(done["continue_with"][1]["action"], "show_settings_ui");
    place.program("POST", "/self-service/activation", &body).must(404);
    let body = json!({"email": "mallory@example.com"});
    let made = admin(&place, "POST", "", &body).must(201).json();
    let mut browser = place.browser();
    browser.begin("login", "");
    let body = json!({"token": secret(&made)});
    let moved = browser.send("/self-service/activation", &body).must(422).json();
    assert!(moved["redirect_browser_to"].as_str().unwrap().contains("/ui/settings?flow="));
    browser.whoami().must(200);
}

#[test]
fn authz_05_no_page_from_elsewhere_signs_anybody_in_by_a_link_of_its_own() {
    let place = Place::new();
    let made = invite(&place, &json!({}));
    let url = format!("{}/self-service/activation", place.server.public);
    let form = format!("token={}", secret(&made));
    let kind = ("content-type", "application/x-www-form-urlencoded");
    for foreign in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let answer = place.server.ask_plainly("POST", &url, &[kind, foreign], &form).must(303);
        assert!(answer.header("location").contains("/ui/error"), "{answer:?}");
        assert!(answer.header("set-cookie").is_empty(), "{answer:?}");
        let json = [kind, foreign, ("accept", "application/json")];
        let refused = place.server.ask_plainly("POST", &url, &json, &form).must(403).json();
        assert_eq!(refused["error"]["id"], "security_csrf_violation");
    }
    assert_eq!(status(&place, &made), "invited");
    let port = place.server.public.rsplit(':').next().unwrap();
    let own = format!("http://localhost:{port}");
    let own = [kind, ("origin", own.as_str()), ("sec-fetch-site", "same-origin")];
    let answer = place.server.ask_plainly("POST", &url, &own, &form).must(303);
    assert!(answer.header("location").contains("/ui/settings"), "{answer:?}");
    assert_eq!(status(&place, &made), "active");
}

#[test]
fn what_cannot_be_used_is_refused_and_a_taken_address_is_409() {
    let place = Place::new();
    let taken = admin(&place, "POST", "", &json!({"email": "ADA@example.com"})).must(409).json();
    assert_eq!(taken["error"]["id"], "address_taken");
    for body in [
        json!({}),
        json!({"email": "nobody"}),
        json!({"email": EVE, "expires_in": "59m"}),
        json!({"email": EVE, "expires_in": "721h"}),
        json!({"email": EVE, "expires_in": "soon"}),
        json!({"email": EVE, "authorities": ["ROLE_KING"]}),
        json!({"email": EVE, "traits": {"email": "other@example.com"}}),
        json!({"email": EVE, "schema_id": "none"}),
        json!({"email": EVE, "status": "active"}),
    ] {
        admin(&place, "POST", "", &body).must(400);
    }
    let listed = admin(&place, "GET", "", &Value::Null).must(200).json();
    assert_eq!(listed["invitations"], json!([]));
}

#[test]
fn inviting_again_kills_the_old_link_and_cancelling_removes_the_account() {
    let place = Place::new();
    let made = invite(&place, &json!({"authorities": ["ROLE_ADMINISTRATOR"]}));
    let path = format!("/{}", made["identity_id"].as_str().unwrap());
    let again = admin(&place, "POST", &format!("{path}/resend"), &json!({"expires_in": "48h"}));
    let again = again.must(200).json();
    assert_eq!(again["authorities"], json!(["ROLE_ADMINISTRATOR"]));
    let body = json!({"token": secret(&made)});
    place.program("POST", "/self-service/activation", &body).must(404);
    admin(&place, "DELETE", &path, &Value::Null).must(204);
    admin(&place, "DELETE", &path, &Value::Null).must(404);
    let body = json!({"token": secret(&again)});
    place.program("POST", "/self-service/activation", &body).must(404);
    let made = invite(&place, &json!({}));
    place.meddle("UPDATE invitations SET expires_at = 1");
    let body = json!({"token": secret(&made)});
    place.program("POST", "/self-service/activation", &body).must(404);
    let listed = admin(&place, "GET", "?page_size=1", &Value::Null).must(200).json();
    assert_eq!(listed["invitations"][0]["expired"], true);
    assert_eq!(status(&place, &made), "invited", "an invitation that is over stays listed");
    let history = place.history();
    for event in ["user.invitation.resent", "user.invitation.cancelled"] {
        assert!(history.iter().any(|one| one == event), "{event}");
    }
}

#[test]
fn e12_recovery_sends_the_link_again_and_whichever_way_comes_first_wins() {
    let smtp = Smtp::new();
    let (place, _secret) = with_mail(&smtp);
    let made = invite(&place, &json!({"authorities": ["ROLE_DEVELOPER"]}));
    let first = mailed_secret(&smtp, 1);
    let mut browser = place.browser();
    let flow = browser.begin("recovery", "");
    let body = json!({"method": "code", "email": EVE, "csrf_token": token(&flow)});
    let asked = browser.send(&submit_path(&flow), &body).must(200).json();
    assert_eq!(said(&asked), [1_060_003]);
    assert!(place.history().contains(&"user.invitation.resent".to_owned()));
    place.program("POST", "/self-service/activation", &json!({"token": first})).must(404);
    let again = mailed_secret(&smtp, 2);
    // An operator's code is another way in; the link works no more after it.
    let url = format!("{}/admin/recovery/code", place.server.admin);
    let code = json!({"identity_id": made["identity_id"], "flow_type": "api"}).to_string();
    let code = place.server.ask("POST", &url, &[], &code).must(201).json();
    let flow = code["recovery_link"].as_str().unwrap().split("flow=").nth(1).unwrap();
    let body = json!({"method": "code", "code": code["recovery_code"]});
    let path = format!("/self-service/recovery?flow={flow}");
    place.program("POST", &path, &body).must(200);
    place.program("POST", "/self-service/activation", &json!({"token": again})).must(404);
    let id = made["identity_id"].as_str().unwrap().parse().unwrap();
    let identity = identities::find(&place.d, &Selector::Id(id)).unwrap();
    assert_eq!((identity.status.as_str(), identity.authorities.len()), ("active", 1));
}

#[test]
fn a_password_set_by_an_operator_completes_an_invitation_too() {
    let place = Place::new();
    let made = invite(&place, &json!({"authorities": ["ROLE_DEVELOPER"]}));
    let id = made["identity_id"].as_str().unwrap().parse().unwrap();
    let password = "set by an operator".into();
    passwords::set(&place.d, &support::operator(), id, &password).unwrap();
    let identity = identities::find(&place.d, &Selector::Id(id)).unwrap();
    assert_eq!((identity.status.as_str(), identity.authorities.len()), ("active", 1));
    let body = json!({"token": secret(&made)});
    place.program("POST", "/self-service/activation", &body).must(404);
    let listed = admin(&place, "GET", "", &Value::Null).must(200).json();
    assert_eq!(listed["invitations"], json!([]));
    support::ledger::must_be_whole(&place.d);
}

#[test]
fn where_mail_goes_out_the_link_is_mailed_and_nobody_else_sees_it() {
    let smtp = Smtp::new();
    let (place, _secret) = with_mail(&smtp);
    let made = invite(&place, &json!({"locale": "de"}));
    assert_eq!(made["delivery"], "queued");
    assert!(made.get("link").is_none());
    let mail = smtp.wait_for(1).remove(0);
    assert_eq!(mail.to, [EVE]);
    assert!(mail.html().contains("<html lang=\"de\">"));
    let token = mailed_secret(&smtp, 1);
    let path = format!("/{}", made["identity_id"].as_str().unwrap());
    let begun = std::time::Instant::now();
    while admin(&place, "GET", &path, &Value::Null).json()["delivery"] != "sent" {
        assert!(begun.elapsed().as_secs() < 30);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let shown = admin_shows(&place, made["identity_id"].as_str().unwrap());
    assert_eq!(shown.unwrap()["delivery"], "sent");
    activate(&mut place.browser(), &token).must(303);
    assert_eq!(status(&place, &made), "active");
    assert!(admin_shows(&place, made["identity_id"].as_str().unwrap()).is_none());
    // A recovery through the same mail server, to the end.
    let mut browser = place.browser();
    let flow = browser.begin("recovery", "");
    let body = json!({"method": "code", "email": EVE, "csrf_token": super::token(&flow)});
    browser.send(&submit_path(&flow), &body).must(200);
    let mail = smtp.wait_for(2).remove(1);
    let code = mail.header("Subject").split(' ').next().unwrap().to_owned();
    let body = json!({"method": "code", "code": code, "csrf_token": super::token(&flow)});
    browser.send(&submit_path(&flow), &body).must(422);
    browser.whoami().must(200);
}

/// The invitation as the identity shows it, by itself and in a list.
fn admin_shows(place: &Place, id: &str) -> Option<Value> {
    let read = |path: &str| place.server.admin("GET", path).must(200).json();
    let one = read(&format!("/admin/doorward/identities/{id}"));
    let all = read("/admin/doorward/identities/search?total=true");
    let all = all["identities"].as_array().unwrap().clone();
    let listed = all.iter().find(|one| one["id"] == id).unwrap();
    assert_eq!(one.get("invitation"), listed.get("invitation"));
    one.get("invitation").cloned()
}

#[test]
fn a_link_that_was_handed_over_lives_on_when_somebody_asks_for_a_recovery() {
    let place = Place::new();
    let made = invite(&place, &json!({}));
    let mut stranger = place.browser();
    let flow = stranger.begin("recovery", "");
    let body = json!({"method": "code", "email": EVE, "csrf_token": super::token(&flow)});
    stranger.send(&submit_path(&flow), &body).must(200);
    assert!(place.mails(EVE).is_empty(), "there is no mail to send another");
    activate(&mut place.browser(), &secret(&made)).must(303);
    assert_eq!(status(&place, &made), "active");
}

#[test]
fn what_became_of_an_invitation_is_shown_with_the_identity() {
    let place = Place::new();
    let made = invite(&place, &json!({"expires_in": "48h"}));
    let id = made["identity_id"].as_str().unwrap();
    let shown = admin_shows(&place, id).unwrap();
    assert_eq!((&shown["delivery"], &shown["expired"]), (&json!("manual"), &json!(false)));
    assert_eq!(shown["expires_at"], made["expires_at"]);
    assert!(shown.get("link").is_none() && admin_shows(&place, &place.ada).is_none());
    place.meddle("UPDATE invitations SET expires_at = 1");
    assert_eq!(admin_shows(&place, id).unwrap()["expired"], true);
    // A mail that could not be sent is no secret.
    place.meddle(
        "INSERT INTO messages (id, status, kind, recipient, template, send_count, created_at,
             updated_at)
         VALUES ('f6b3c5a0-0000-7000-8000-000000000001', 'abandoned', 'email', 'r', 'invitation',
             9, 1, 1)",
    );
    place.meddle("UPDATE invitations SET message = 'f6b3c5a0-0000-7000-8000-000000000001'");
    assert_eq!(admin_shows(&place, id).unwrap()["delivery"], "failed");
    let url = format!("{}/admin/identities/{id}", place.server.admin);
    assert!(place.server.ask("GET", &url, &[], "").must(200).json().get("invitation").is_none());
}

#[test]
fn an_operator_invites_resends_and_cancels_by_action() {
    let place = Place::new();
    let laptop = &place.server.laptop;
    let made = laptop.action(&["invite-identity", "email=eve@example.com"]);
    assert_eq!(made["delivery"], "manual");
    let link = made["activation-link"].as_str().unwrap();
    let mut browser = place.browser();
    browser.get(&link[link.find("/ui/").unwrap()..]).must(200);
    let again = laptop.action(&["invite-identity", "email=eve@example.com", "resend=true"]);
    assert_eq!(again["identity-id"], made["identity-id"]);
    browser.get(&link[link.find("/ui/").unwrap()..]).must(404);
    laptop.action(&["cancel-invitation", "email=eve@example.com"]);
    let listed = admin(&place, "GET", "", &Value::Null).must(200).json();
    assert_eq!(listed["invitations"], json!([]));
}
