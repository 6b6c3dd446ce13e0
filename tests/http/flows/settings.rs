//! Settings: another password, second factors, and who may change them.

use doorward::crypto::totp::Generator;
use serde_json::{Value, json};

use super::{Browser, PASSWORD, Place, node, said, said_about, submit_path, token};

/// Hands a part of the settings in.
fn save(browser: &mut Browser<'_>, flow: &Value, fields: Value) -> super::Answer {
    let mut body = fields;
    body["csrf_token"] = token(flow).into();
    browser.send(&submit_path(flow), &body)
}

/// The person's authenticator app.
pub fn app(flow: &Value) -> Generator {
    let secret = node(flow, "totp_secret_key")["attributes"]["text"]["context"]["secret"].clone();
    let secret = secret.as_str().unwrap().replace(' ', "");
    Generator::parse(&format!("otpauth://totp/x:y?secret={secret}&issuer=x")).unwrap()
}

pub fn code(app: &Generator, steps: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    app.code(now / 30 + steps).to_string()
}

#[test]
fn a_person_sets_a_second_factor_up_and_signs_in_with_it() {
    let place = Place::with("login_style: unified");
    let mut browser = place.browser();
    browser.sign_in("ada@example.com", PASSWORD).must(200);
    let flow = browser.begin("settings", "");
    assert_eq!(flow["identity"]["id"], place.ada.as_str());
    let picture = node(&flow, "totp_qr")["attributes"]["src"].as_str().unwrap();
    assert!(picture.starts_with("data:image/png;base64,"));
    let app = app(&flow);
    let wrong = save(&mut browser, &flow, json!({"method": "totp", "totp_code": "000000"}));
    assert_eq!(said_about(&wrong.must(400).json(), "totp_code"), [4_000_008]);
    // Of this half minute and the next, whenever they are typed: another may begin at any time.
    let step = jiff::Timestamp::now().as_second() / 30;
    let [used, later] = [0, 1].map(|more| app.code(step + more).to_string());
    let done = save(&mut browser, &flow, json!({"method": "totp", "totp_code": used}));
    let done = done.must(200).json();
    assert_eq!((&done["state"], said(&done)), (&json!("success"), vec![1_050_001]));
    assert_eq!(node(&done, "totp_unlink")["attributes"]["value"], "true");
    let session = browser.whoami().must(200).json();
    assert_eq!(session["authenticator_assurance_level"], "aal2");

    let mut other = place.browser();
    let half = other.sign_in("ada@example.com", PASSWORD).must(422).json();
    let to = half["redirect_browser_to"].as_str().unwrap().to_owned();
    assert!(to.contains("aal=aal2"), "{to}");
    assert_eq!(other.whoami().must(403).json()["error"]["id"], "session_aal2_required");
    other.json("/self-service/settings/browser").must(403);
    let flow = other.json(&to).must(200).json();
    assert_eq!((&flow["requested_aal"], said(&flow)), (&json!("aal2"), vec![1_010_004]));
    let mut try_code = |code: &str| {
        let body = json!({"method": "totp", "totp_code": code, "csrf_token": token(&flow)});
        other.send(&submit_path(&flow), &body)
    };
    assert_eq!(said(&try_code("123").must(400).json()), [4_000_008]);
    // The code that enrolled the app was its first use.
    assert_eq!(said(&try_code(&used).must(400).json()), [4_000_008]);
    let signed = try_code(&later).must(200).json();
    assert_eq!(signed["session"]["authenticator_assurance_level"], "aal2");
    assert_eq!(signed["session"]["authentication_methods"][1]["method"], "totp");
    other.whoami().must(200);
    assert_eq!(
        other.json("/self-service/login/browser?aal=aal2").must(400).json()["error"]["id"],
        "session_already_available"
    );
}

#[test]
fn whoever_has_no_second_factor_is_led_to_set_one_up_and_can_do_nothing_else() {
    let place = Place::with("{login_style: unified, enforce_mfa: true}");
    let mut browser = place.browser();
    let led = browser.sign_in("ada@example.com", PASSWORD).must(422).json();
    let to = led["redirect_browser_to"].as_str().unwrap().to_owned();
    assert!(to.ends_with("/self-service/settings/browser"), "{to}");
    let refused = browser.whoami().must(403).json();
    assert_eq!(refused["redirect_browser_to"], to.as_str());
    browser.json("/sessions").must(403);
    let flow = browser.json(&to).must(200).json();
    assert!(node(&flow, "lookup_secret_regenerate").is_null());
    let codes = save(&mut browser, &flow, json!({"lookup_secret_regenerate": true}));
    assert_eq!(said(&codes.must(400).json()), [4_010_004]);
    let app = app(&flow);
    save(&mut browser, &flow, json!({"method": "totp", "totp_code": code(&app, 0)})).must(200);
    browser.whoami().must(200);
}

#[test]
fn another_flow_in_place_of_one_whose_time_is_over_offers_what_any_does() {
    let place = Place::with("login_style: unified");
    let mut browser = place.browser();
    browser.begin("login", "");
    let over = browser.begin("login", "?return_to=/ui/sessions");
    place.meddle("UPDATE flows SET expires_at = 1");
    let answer = browser.send(&submit_path(&over), &json!({"csrf_token": token(&over)}));
    let next = answer.must(410).json()["use_flow_id"].as_str().unwrap().to_owned();
    let next = browser.json(&format!("/self-service/login/flows?id={next}")).must(200).json();
    assert_eq!(said(&next), [4_010_001]);
    assert!(!node(&next, "passkey_challenge").is_null(), "{next}");

    browser.sign_in("ada@example.com", PASSWORD).must(200);
    let over = browser.begin("settings", "");
    place.meddle("UPDATE flows SET expires_at = 1");
    let answer = save(&mut browser, &over, json!({"method": "password", "password": "x"}));
    let next = answer.must(410).json()["use_flow_id"].as_str().unwrap().to_owned();
    let next = browser.json(&format!("/self-service/settings/flows?id={next}")).must(200).json();
    assert_eq!(said(&next), [4_050_001]);
    for name in ["totp_qr", "webauthn_register_trigger", "passkey_register_trigger"] {
        assert!(!node(&next, name).is_null(), "{name} in {next}");
    }
    let (mine, other) = (app(&next), app(&over));
    assert_ne!(code(&mine, 0), code(&other, 0), "what was offered before is no good");
    let done = save(&mut browser, &next, json!({"method": "totp", "totp_code": code(&mine, 0)}));
    assert_eq!(said(&done.must(200).json()), [1_050_001]);
}

#[test]
fn auth_12_backup_codes_are_shown_once_and_each_works_once() {
    let place = Place::with("login_style: unified");
    let mut browser = place.browser();
    browser.sign_in("ada@example.com", PASSWORD).must(200);
    let flow = browser.begin("settings", "");
    let early = save(&mut browser, &flow, json!({"lookup_secret_confirm": true}));
    early.must(400);
    let shown = save(&mut browser, &flow, json!({"lookup_secret_regenerate": true})).must(200);
    let shown = shown.json();
    let context = &node(&shown, "lookup_secret_codes")["attributes"]["text"]["context"];
    let codes: Vec<String> = context["secrets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|secret| secret["context"]["secret"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 12);
    save(&mut browser, &flow, json!({"lookup_secret_confirm": "true"})).must(200);
    let sign_in = |code: &str| {
        let mut other = place.browser();
        let to = other.sign_in("ada@example.com", PASSWORD).must(422).json();
        let flow = other.json(to["redirect_browser_to"].as_str().unwrap()).must(200).json();
        let body =
            json!({"method": "lookup_secret", "lookup_secret": code, "csrf_token": token(&flow)});
        other.send(&submit_path(&flow), &body)
    };
    sign_in(&codes[3]).must(200);
    assert_eq!(said(&sign_in(&codes[3]).must(400).json()), [4_000_012]);
    assert_eq!(said(&sign_in("nonsense").must(400).json()), [4_000_016]);
    // The session that set them up has not used one.
    let mut again = place.browser();
    let to = again.sign_in("ada@example.com", PASSWORD).must(422).json();
    let second = again.json(to["redirect_browser_to"].as_str().unwrap()).must(200).json();
    let body =
        json!({"method": "lookup_secret", "lookup_secret": codes[4], "csrf_token": token(&second)});
    again.send(&submit_path(&second), &body).must(200);
    let flow = again.begin("settings", "");
    let seen = save(&mut again, &flow, json!({"lookup_secret_reveal": true})).must(200).json();
    let text = node(&seen, "lookup_secret_codes").to_string();
    assert!(text.contains("used_at") && !text.contains(&codes[0]), "{text}");
    save(&mut again, &flow, json!({"lookup_secret_disable": true})).must(200);
    place.browser().sign_in("ada@example.com", PASSWORD).must(200);
}

#[test]
fn sess_06_another_password_ends_the_other_sessions_and_the_old_one_works_no_more() {
    let place = Place::with("login_style: unified");
    let (mut here, mut there) = (place.browser(), place.browser());
    here.sign_in("ada@example.com", PASSWORD).must(200);
    there.sign_in("ada@example.com", PASSWORD).must(200);
    let flow = here.begin("settings", "");
    let mut try_it = |password: &str| {
        let answer = save(&mut here, &flow, json!({"method": "password", "password": password}));
        let code = answer.code;
        (code, said_about(&answer.json(), "password"))
    };
    assert_eq!(try_it(""), (400, vec![4_000_002]));
    assert_eq!(try_it("short"), (400, vec![4_000_032]));
    assert_eq!(try_it("ada@example.co"), (400, vec![4_000_031]));
    assert_eq!(try_it("password123"), (400, vec![4_000_034]));
    assert_eq!(try_it(PASSWORD), (400, vec![4_000_039]));
    assert_eq!(try_it("a walk along the river"), (200, vec![]));
    here.whoami().must(200);
    there.whoami().must(401);
    place.browser().sign_in("ada@example.com", PASSWORD).must(400);
    place.browser().sign_in("ada@example.com", "a walk along the river").must(200);
}

#[test]
fn auth_06_sess_08_only_who_showed_a_short_while_ago_who_they_are_changes_what_protects_the_account()
 {
    let place = Place::with("{login_style: unified, privileged_session_minutes: 15}");
    let mut browser = place.browser();
    browser.sign_in("ada@example.com", PASSWORD).must(200);
    let flow = browser.begin("settings", "");
    place.meddle("UPDATE sessions SET authenticated_at = authenticated_at - 900000000");
    for fields in [
        json!({"method": "password", "password": "a walk along the river"}),
        json!({"method": "totp", "totp_code": "123456"}),
        json!({"lookup_secret_regenerate": true}),
    ] {
        let refused = save(&mut browser, &flow, fields).must(403).json();
        assert_eq!(refused["error"]["id"], "session_refresh_required");
        let to = refused["redirect_browser_to"].as_str().unwrap();
        assert!(to.contains("refresh=true") && to.contains("return_to="), "{to}");
    }
}

#[test]
fn settings_are_for_whoever_is_signed_in_and_for_nobody_else() {
    let place = Place::with("login_style: unified");
    let mut browser = place.browser();
    assert_eq!(
        browser.json("/self-service/settings/browser").must(401).json()["error"]["id"],
        "session_inactive"
    );
    let sent = browser.get("/self-service/settings/browser").must(303);
    assert!(sent.header("location").contains("/self-service/login/browser"));
    crate::http::sessions::person(&place.d, "eve@example.com");
    browser.sign_in("ada@example.com", PASSWORD).must(200);
    let flow = browser.begin("settings", "");
    let path = format!("/self-service/settings/flows?id={}", flow["id"].as_str().unwrap());
    let secret = browser.cookies["csrf_token_doorward"].clone();
    let mut eve = place.browser();
    eve.sign_in("eve@example.com", PASSWORD).must(200);
    eve.json(&path).must(403);
    // Even with the cookie that binds the flow, the settings are somebody else's.
    eve.cookies.insert("csrf_token_doorward".into(), secret);
    assert_eq!(eve.json(&path).must(403).json()["error"]["id"], "security_identity_mismatch");
    let stolen = save(&mut eve, &flow, json!({"method": "password", "password": "something else"}));
    assert_eq!(stolen.must(403).json()["error"]["id"], "security_identity_mismatch");
}

#[test]
fn authz_03_a_person_changes_what_they_say_about_themselves_and_nothing_else() {
    let place = Place::with("login_style: unified");
    crate::http::sessions::person(&place.d, "eve@example.com");
    let mut browser = place.browser();
    browser.sign_in("ada@example.com", PASSWORD).must(200);
    let flow = browser.begin("settings", "");
    assert_eq!(node(&flow, "traits.email")["attributes"]["value"], "ada@example.com");
    let mut traits = json!({"email": "ada@example.com", "name": "Ada"});
    let done = save(&mut browser, &flow, json!({"method": "profile", "traits": traits}));
    assert_eq!(done.must(200).json()["identity"]["traits"], traits);
    for (email, told) in [("no address", 4_000_040), ("", 4_000_002)] {
        traits["email"] = email.into();
        let wrong = save(&mut browser, &flow, json!({"method": "profile", "traits": traits}));
        assert_eq!(said_about(&wrong.must(400).json(), "traits.email"), [told]);
    }
    traits["email"] = "Eve@example.com".into();
    let taken = save(&mut browser, &flow, json!({"method": "profile", "traits": traits}));
    assert_eq!(said(&taken.must(400).json()), [4_000_007]);
    // AUTHZ-03: what only administrators may set is not taken.
    traits["email"] = "ada@example.com".into();
    let more = json!({
        "method": "profile", "traits": traits, "state": "inactive", "schema_id": "admin_v0",
        "metadata_public": {"a": 1}, "metadata_admin": {"a": 1}, "authorities": ["realm_admin"]
    });
    save(&mut browser, &flow, more).must(200);
    let kept = place.server.admin("GET", &format!("/admin/identities/{}", place.ada)).json();
    assert_eq!((&kept["state"], &kept["schema_id"]), (&json!("active"), &json!("social_user_v0")));
    assert!(kept["metadata_public"].is_null() && kept["metadata_admin"].is_null());
    // An address that is new is to be verified.
    traits["email"] = "ada@example.org".into();
    let moved = save(&mut browser, &flow, json!({"method": "profile", "traits": traits}));
    let next = moved.must(200).json()["continue_with"][0].clone();
    assert_eq!(next["action"], "show_verification_ui");
    assert_eq!(next["flow"]["verifiable_address"], "ada@example.org");
    let id = next["flow"]["id"].as_str().unwrap();
    let waiting = browser.json(&format!("/self-service/verification/flows?id={id}")).must(200);
    assert_eq!(waiting.json()["state"], "sent_email");
    // SESS-08: an address changes only shortly after signing in, a name at any time.
    place.meddle("UPDATE sessions SET authenticated_at = authenticated_at - 4000000000");
    traits["name"] = "Ada L.".into();
    save(&mut browser, &flow, json!({"method": "profile", "traits": traits})).must(200);
    traits["email"] = "new@example.com".into();
    let refused = save(&mut browser, &flow, json!({"method": "profile", "traits": traits}));
    assert_eq!(refused.must(403).json()["error"]["id"], "session_refresh_required");
}
