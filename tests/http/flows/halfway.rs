//! Forms that were half filled in when their owner lost the account: whoever sends them is told in a
//! sentence, is led on, and learns nothing of why, nor of accounts that are not theirs.

use doorward::service::identities;
use doorward::service::status::{self, StatusChange};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Browser, PASSWORD, Place, submit_path, token};
use crate::http::server::Answer;
use crate::support;

const EMAIL: &str = "ada@example.com";
/// What somebody may read who is not let on.
const WRONG_PASSWORD: &str = "These details are not right.";
const WRONG_CODE: &str = "This code is not right";
const SIGNED_OUT: &str = "You are not signed in any more, so nothing was changed.";
const LOST: &str = "This form is not valid any more:";
const ONCE_MORE: &str = "Please confirm";

/// What happens to somebody meanwhile.
#[derive(Clone, Copy, Debug)]
enum Blow {
    Locked,
    Blocked,
    Expired,
    Deleted,
}

impl Blow {
    const ALL: [Self; 4] = [Self::Locked, Self::Blocked, Self::Expired, Self::Deleted];

    fn falls(self, place: &Place) {
        let who = Uuid::parse_str(&place.ada).unwrap();
        let (d, by, change) = (&place.d, support::operator(), StatusChange::default());
        match self {
            Self::Locked => drop(status::lock(d, &by, who, &change).unwrap()),
            Self::Blocked => drop(status::block(d, &by, who, &change).unwrap()),
            Self::Deleted => identities::delete(d, &by, who).unwrap(),
            Self::Expired => place.meddle("UPDATE identities SET expires_at = 1"),
        }
    }
}

/// Follows where a browser is sent, to the page it ends on.
fn lands(browser: &mut Browser<'_>, mut answer: Answer) -> Answer {
    let mut way = Vec::new();
    while answer.code == 303 {
        let to = answer.header("location").to_owned();
        assert!(way.len() < 8, "in circles: {way:?}");
        answer = browser.get(&to);
        way.push(to);
    }
    answer
}

/// A form as it waits in a browser.
struct Form {
    path: String,
    fields: Vec<(&'static str, String)>,
}

impl Form {
    fn of(flow: &Value, fields: &[(&'static str, &str)]) -> Self {
        let mut fields: Vec<_> =
            fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        fields.push(("csrf_token", token(flow)));
        Self { path: submit_path(flow), fields }
    }

    fn sent(&self, browser: &mut Browser<'_>) -> Answer {
        let fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = browser.post(&self.path, &fields).must(303);
        lands(browser, answer)
    }
}

fn enrolled(place: &Place) {
    let mut browser = place.browser();
    browser.sign_in(EMAIL, PASSWORD).must(200);
    let flow = browser.begin("settings", "");
    let code = super::settings::code(&super::settings::app(&flow), 0);
    let body = json!({"method": "totp", "totp_code": code, "csrf_token": token(&flow)});
    browser.send(&submit_path(&flow), &body).must(200);
}

/// Fills a form in up to its last button.
fn filled_in(case: &str, place: &Place, browser: &mut Browser<'_>) -> Form {
    match case {
        "password" => {
            let flow = browser.begin("login", "");
            let fields = [("method", "password"), ("identifier", EMAIL), ("password", PASSWORD)];
            Form::of(&flow, &fields)
        }
        "second factor" => {
            enrolled(place);
            browser.sign_in(EMAIL, PASSWORD);
            let flow = browser.begin("login", "?aal=aal2");
            Form::of(&flow, &[("method", "totp"), ("totp_code", "123456")])
        }
        "recovery" | "verification" => {
            let flow = browser.begin(case, "");
            Form::of(&flow, &[("method", "code"), ("email", EMAIL)]).sent(browser).must(200);
            let mail = place.mail(EMAIL);
            let code = mail["RecoveryCode"].as_str().or(mail["VerificationCode"].as_str()).unwrap();
            Form::of(&flow, &[("method", "code"), ("code", code)])
        }
        _ => {
            browser.sign_in(EMAIL, PASSWORD).must(200);
            let flow = browser.begin("settings", "");
            Form::of(
                &flow,
                match case {
                    "profile" => {
                        &[("method", "profile"), ("traits.email", EMAIL), ("traits.name", "Ada L")]
                    }
                    "new password" => {
                        &[("method", "password"), ("password", "a walk by the river")]
                    }
                    _ => &[("method", "totp"), ("totp_code", "123456")],
                },
            )
        }
    }
}

#[test]
fn whoever_sends_a_form_that_came_too_late_is_told_so_and_led_on() {
    for (case, told) in [
        ("password", [WRONG_PASSWORD; 4]),
        ("second factor", [WRONG_CODE, LOST, WRONG_CODE, LOST]),
        ("profile", ["saved", LOST, SIGNED_OUT, LOST]),
        ("new password", [ONCE_MORE, LOST, SIGNED_OUT, LOST]),
        ("app", [ONCE_MORE, LOST, SIGNED_OUT, LOST]),
        ("recovery", [WRONG_CODE; 4]),
        ("verification", [WRONG_CODE; 4]),
    ] {
        for (blow, told) in Blow::ALL.into_iter().zip(told) {
            let place = Place::with("login_style: unified");
            let mut browser = place.browser();
            let form = filled_in(case, &place, &mut browser);
            blow.falls(&place);
            let page = form.sent(&mut browser).must(200).text;
            let which = format!("{case}, {blow:?}");
            assert!(page.contains(told), "{which}: {page}");
            assert!(!page.contains("Something went wrong"), "{which}: {page}");
            assert!(page.contains("<form "), "{which}: there is a way on: {page}");
            let [lock, block] =
                ["locked", "blocked"].map(|word| page.to_lowercase().contains(word));
            assert!(!lock && !block, "{which}: nobody is told why: {page}");
        }
    }
}

#[test]
fn what_a_person_reads_does_not_tell_a_deleted_account_from_one_that_never_was() {
    let place = Place::with("login_style: unified");
    let mut pages = Vec::new();
    for email in [EMAIL, "nobody@example.com"] {
        let mut browser = place.browser();
        let flow = browser.begin("login", "");
        let fields = [("method", "password"), ("identifier", email), ("password", PASSWORD)];
        let form = Form::of(&flow, &fields);
        if email == EMAIL {
            Blow::Deleted.falls(&place);
        }
        pages.push(words(&form.sent(&mut browser).must(200).text));
    }
    assert_eq!(pages[0], pages[1]);
    assert!(pages[0].contains(WRONG_PASSWORD), "{}", pages[0]);
}

/// What a page says, without what it is made of.
fn words(page: &str) -> String {
    let body = page.split("<main").nth(1).unwrap();
    let parts = body.split('<').filter_map(|part| part.split_once('>'));
    parts
        .map(|(_, text)| text.trim())
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_form_of_somebody_elses_and_a_dead_link_say_what_they_are() {
    let place = Place::with("login_style: unified");
    crate::http::sessions::person(&place.d, "bob@example.com");
    let mut browser = place.browser();
    let form = filled_in("profile", &place, &mut browser);
    let refresh = browser.json("/self-service/logout/browser").must(200).json();
    let out = refresh["logout_url"].as_str().unwrap().to_owned();
    browser.get(&out).must(303);
    let mut bob = place.browser();
    bob.cookies = browser.cookies.clone();
    bob.sign_in("bob@example.com", PASSWORD).must(200);
    // The secret of the browser changes with who signs in, so the form is none of this browser.
    let page = form.sent(&mut bob).must(200).text;
    assert!(page.contains("<h1>Please begin again</h1>"), "{page}");
    assert!(page.contains("This page was opened in another browser"), "{page}");
    let mut nobody = place.browser();
    let dead = nobody.post("/self-service/activation", &[("token", "gone")]).must(303);
    let page = lands(&mut nobody, dead).must(200).text;
    assert!(page.contains("<h1>This link works no more</h1>"), "{page}");
    assert!(page.contains("Ask whoever invited you for another."), "{page}");
    assert!(!page.contains("Something went wrong"), "{page}");
}
