//! What each status does, row by row of the table of statuses, through the HTTP API. For each row
//! everybody is there at the same time: somebody active, locked, blocked, expired, and invited. What people
//! see of E1 to E4, E12 to E15 and E17 is tried through a browser by `tests/browser/matrix.py`.
//!
//! | Row | Surface | Where it is tried |
//! |---|---|---|
//! | E1, E2 | signing in; a second factor, or showing once more who one is | here |
//! | E3, E4 | sessions that are there, and the check of them | here |
//! | E5 to E11 | what an authorization server hands out: requests, codes, tokens, user info | comes with the OAuth provider |
//! | E12, E13 | recovery, verification | here |
//! | E14 | settings | here |
//! | E15 | signing up with an address that is known | here, and in `flows/claims.rs` |
//! | E16 | accounts at further providers | comes with signing in through other providers |
//! | E17, E18 | a password set by an operator; a longer session | here |
//! | E19, E20 | grants without a browser; consents | comes with the OAuth provider |

use serde_json::{Value, json};

use crate::support::smtp::Smtp;

use super::flows::{Browser, PASSWORD, Place, node, said, submit_path, token};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Active,
    Locked,
    Blocked,
    Expired,
    Invited,
}

use Status::{Active, Blocked, Expired, Invited, Locked};

const ALL: [Status; 5] = [Active, Locked, Blocked, Expired, Invited];
/// Those who could once sign in.
const CAME: [Status; 4] = [Active, Locked, Blocked, Expired];

impl Status {
    fn email(self) -> String {
        format!("{self:?}@example.com").to_lowercase()
    }
}

struct Matrix {
    place: Place,
}

impl Matrix {
    /// Everybody, active as yet; whoever is invited has not come.
    fn new(options: &str) -> Self {
        let place = Place::with(options);
        for status in CAME {
            super::sessions::person(&place.d, &status.email());
        }
        let url = format!("{}/admin/doorward/invitations", place.server.admin);
        let body = json!({"email": Invited.email()}).to_string();
        place.server.ask("POST", &url, &[], &body).must(201);
        Self { place }
    }

    fn id(&self, who: Status) -> String {
        let query = format!("/admin/identities?credentials_identifier={}", who.email());
        let found = self.place.server.admin("GET", &query).must(200).json();
        found[0]["id"].as_str().unwrap().to_owned()
    }

    /// Gives everybody the status after which they are called.
    fn settle(&self) {
        for (who, change) in [(Locked, "lock"), (Blocked, "block")] {
            let path = format!("/admin/doorward/identities/{}/{change}", self.id(who));
            self.place.server.admin("POST", &path).must(200);
        }
        let id = self.id(Expired);
        self.place.meddle(&format!("UPDATE identities SET expires_at = 1 WHERE id = '{id}'"));
        for who in ALL {
            assert_eq!(self.status(who), format!("{who:?}").to_lowercase());
        }
    }

    fn status(&self, who: Status) -> String {
        let path = format!("/admin/doorward/identities/{}", self.id(who));
        let shown = self.place.server.admin("GET", &path).must(200).json();
        shown["status"].as_str().unwrap().to_owned()
    }

    /// What the mails to somebody are, oldest first.
    fn templates(&self, who: Status) -> Vec<String> {
        let text = "SELECT template FROM messages WHERE recipient = $1 ORDER BY n";
        let read = |tx: &doorward::store::Tx<'_>| tx.all(text, &[who.email().into()]);
        let rows = self.place.d.store.read(read).unwrap();
        rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
    }

    fn sign_in(&self, who: Status) -> super::server::Answer {
        self.place.browser().sign_in(&who.email(), PASSWORD)
    }

    /// A browser in which somebody is signed in.
    fn signed_in(&self, who: Status) -> Browser<'_> {
        let mut browser = self.place.browser();
        browser.sign_in(&who.email(), PASSWORD).must(200);
        browser
    }

    /// The session of a program.
    fn token(&self, who: Status) -> String {
        let flow = self.place.program("GET", "/self-service/login/api", &Value::Null).json();
        let body = json!({"method": "password", "identifier": who.email(), "password": PASSWORD});
        let signed = self.place.program("POST", &submit_path(&flow), &body).must(200).json();
        signed["session_token"].as_str().unwrap().to_owned()
    }
}

const OPTIONS: &str = "{login_style: unified, registration: open}";

/// Hands a form in, as a page's script does.
fn send(browser: &mut Browser<'_>, flow: &Value, fields: Value) -> super::server::Answer {
    let mut body = fields;
    body["csrf_token"] = token(flow).into();
    browser.send(&submit_path(flow), &body)
}

/// Without what differs from flow to flow.
fn alike(flow: &Value, email: &str) -> Value {
    let id = flow["id"].as_str().unwrap();
    let text = flow.to_string().replace(id, "ID").replace(email, "EMAIL");
    let mut flow: Value = serde_json::from_str(&text.replace(&token(flow), "TOKEN")).unwrap();
    // What a browser asks of a passkey is another each time.
    for node in flow["ui"]["nodes"].as_array_mut().unwrap() {
        if node["attributes"]["name"] == "passkey_challenge" {
            node["attributes"]["value"].take();
        }
    }
    for time in ["issued_at", "expires_at", "created_at", "updated_at"] {
        flow[time].take();
    }
    flow
}

#[test]
fn e1_only_whoever_is_active_signs_in_and_all_others_are_answered_alike() {
    let matrix = Matrix::new(OPTIONS);
    matrix.settle();
    matrix.sign_in(Active).must(200);
    let refused = [Locked, Blocked, Expired, Invited].map(|who| {
        let flow = matrix.sign_in(who).must(400).json();
        assert_eq!(said(&flow), [4_000_006], "{who:?}");
        alike(&flow, &who.email())
    });
    assert!(refused.iter().all(|one| *one == refused[0]), "{refused:?}");
    // The ledger knows why.
    let path = "/admin/doorward/audit/events?type=auth.login.failure";
    let history = matrix.place.server.admin("GET", path).must(200).text;
    for reason in ["locked", "blocked", "expired"] {
        assert!(history.contains(&format!("\"reason\":\"{reason}\"")), "{reason} in {history}");
    }
}

#[test]
fn e2_a_second_step_is_a_sign_in_too() {
    let matrix = Matrix::new(OPTIONS);
    let mut begun = Vec::new();
    for who in CAME {
        let mut browser = matrix.signed_in(who);
        let again = browser.begin("login", "?refresh=true");
        let settings = browser.begin("settings", "");
        let codes = json!({"lookup_secret_regenerate": true});
        let shown = send(&mut browser, &settings, codes).must(200).json();
        let all = &node(&shown, "lookup_secret_codes")["attributes"]["text"]["context"]["secrets"];
        let code = all[0]["context"]["secret"].clone();
        send(&mut browser, &settings, json!({"lookup_secret_confirm": true})).must(200);
        let mut half = matrix.place.browser();
        half.sign_in(&who.email(), PASSWORD).must(422);
        let second = half.begin("login", "?aal=aal2");
        begun.push((who, browser, again, half, second, code));
    }
    matrix.settle();
    for (who, mut browser, again, mut half, second, code) in begun {
        let body = json!({"method": "password", "identifier": who.email(), "password": PASSWORD});
        let again = send(&mut browser, &again, body);
        let second =
            send(&mut half, &second, json!({"method": "lookup_secret", "lookup_secret": code}));
        match who {
            Active => assert_eq!((again.code, second.code), (200, 200)),
            // As if they had mistyped.
            Locked | Expired => {
                assert_eq!(said(&again.must(400).json()), [4_000_006], "{who:?}");
                assert_eq!(said(&second.must(400).json()), [4_000_016], "{who:?}");
            }
            // What they had begun is gone.
            Blocked | Invited => assert_eq!((again.code, second.code), (404, 404), "{who:?}"),
        }
    }
}

#[test]
fn e3_e4_a_lock_leaves_sessions_alone_and_a_block_ends_them() {
    let matrix = Matrix::new(OPTIONS);
    let mut held: Vec<_> =
        CAME.map(|who| (who, matrix.signed_in(who), matrix.token(who))).into_iter().collect();
    let ends: Vec<Value> = held
        .iter_mut()
        .map(|(_, browser, _)| browser.whoami().must(200).json()["expires_at"].clone())
        .collect();
    matrix.settle();
    for ((who, browser, held), end) in held.iter_mut().zip(&ends) {
        let code = if matches!(who, Active | Locked) { 200 } else { 401 };
        let answer = browser.whoami().must(code);
        if code == 200 {
            assert_eq!(answer.json()["expires_at"], *end, "{who:?}: no longer than before");
        }
        let header = [("x-session-token", held.as_str())];
        matrix.place.server.public("GET", "/sessions/whoami", &header).must(code);
    }
    // An end is an end.
    let path = format!("/admin/doorward/identities/{}/unblock", matrix.id(Blocked));
    matrix.place.server.admin("POST", &path).must(200);
    held[2].1.whoami().must(401);
    matrix.sign_in(Blocked).must(200);
}

#[test]
fn e12_recovery_answers_everybody_alike_and_mails_only_those_who_may() {
    let smtp = Smtp::new();
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), smtp.secret()).unwrap();
    let options = json!({"smtp_secret_id": format!("file:{}", secret.path().display())});
    let matrix = Matrix::new(&options.to_string());
    matrix.settle();
    let mut seen = Vec::new();
    for who in ALL {
        let before = matrix.templates(who).len();
        let mut browser = matrix.place.browser();
        let flow = browser.begin("recovery", "");
        let body = json!({"method": "code", "email": who.email()});
        let sent = send(&mut browser, &flow, body).must(200).json();
        seen.push(alike(&sent, &who.email()));
        let mails = matrix.templates(who);
        let last = mails.get(before).map(String::as_str);
        let expected = match who {
            Active => Some("recovery_code_valid"),
            // The link once more.
            Invited => Some("invitation"),
            Locked | Blocked | Expired => None,
        };
        assert_eq!(last, expected, "{who:?}: {mails:?}");
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
}

#[test]
fn e13_an_address_is_verified_by_whoever_is_active_or_invited() {
    let matrix = Matrix::new(OPTIONS);
    let ask = |who: Status| {
        let mut browser = matrix.place.browser();
        let flow = browser.begin("verification", "");
        let body = json!({"method": "code", "email": who.email()});
        let sent = send(&mut browser, &flow, body).must(200).json();
        (browser, sent)
    };
    let before = CAME.map(ask);
    let codes = CAME.map(|who| matrix.place.mail(&who.email())["VerificationCode"].clone());
    matrix.settle();
    let mut seen = Vec::new();
    for who in ALL {
        let count = matrix.place.mails(&who.email()).len();
        let (_, sent) = ask(who);
        seen.push(alike(&sent, &who.email()));
        let more = matrix.place.mails(&who.email()).len() - count;
        assert_eq!(more, usize::from(matches!(who, Active | Invited)), "{who:?}");
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    // Nor is a code good that was sent before.
    for ((who, (mut browser, flow)), code) in CAME.into_iter().zip(before).zip(codes) {
        let answer = send(&mut browser, &flow, json!({"method": "code", "code": code}));
        match who {
            Active => assert_eq!(answer.must(200).json()["state"], "passed_challenge"),
            _ => assert_eq!(said(&answer.must(200).json()), [4_070_006]),
        }
    }
}

#[test]
fn e14_settings_without_a_sign_in_change_only_what_does_not_protect_the_account() {
    let matrix = Matrix::new(OPTIONS);
    let begun = CAME.map(|who| {
        let mut browser = matrix.signed_in(who);
        let flow = browser.begin("settings", "");
        (who, browser, flow)
    });
    matrix.settle();
    for (who, mut browser, flow) in begun {
        let name = json!({"method": "profile", "traits": {"email": who.email(), "name": "New"}});
        let password = json!({"method": "password", "password": "a walk along the river"});
        let codes = [name, password].map(|body| send(&mut browser, &flow, body).code);
        let expected = match who {
            Active => [200, 200],
            Locked => [200, 403],
            Expired => [401, 401],
            Blocked | Invited => [404, 404],
        };
        assert_eq!(codes, expected, "{who:?}");
        let begins = browser.json("/self-service/settings/browser").code;
        assert_eq!(begins, if matches!(who, Active | Locked) { 200 } else { 401 }, "{who:?}");
    }
}

#[test]
fn e15_a_known_address_is_taken_unless_an_invitation_waits_for_it() {
    let matrix = Matrix::new(OPTIONS);
    matrix.settle();
    for who in ALL {
        let mut browser = matrix.place.browser();
        let flow = browser.begin("registration", "");
        let traits = json!({"email": who.email()});
        let body = json!({
            "method": "password", "traits": traits, "password": "a long way to the sea"
        });
        let answer = send(&mut browser, &flow, body);
        if who == Invited {
            assert!(answer.must(422).text.contains("/ui/verification?flow="));
        } else {
            assert_eq!(said(&answer.must(400).json()), [4_000_007], "{who:?}");
        }
    }
}

#[test]
fn e17_an_operator_helps_in_every_status_and_changes_none_but_that_of_the_invited() {
    let matrix = Matrix::new(OPTIONS);
    matrix.settle();
    for who in ALL {
        let url = format!("{}/admin/recovery/code", matrix.place.server.admin);
        let body = json!({"identity_id": matrix.id(who)}).to_string();
        matrix.place.server.ask("POST", &url, &[], &body).must(201);
        let before = matrix.status(who);
        assert_eq!(before, format!("{who:?}").to_lowercase());
        let new = "a walk along the river";
        let file = matrix.place.server.laptop.file("password", new);
        let secret = format!("password-secret-id=file:{file}");
        let whose = format!("identity-id={}", matrix.id(who));
        matrix.place.server.laptop.action(&["reset-password", &whose, &secret]);
        let after = matrix.status(who);
        assert_eq!(after, if who == Invited { "active".to_owned() } else { before }, "{who:?}");
        let code = matrix.place.browser().sign_in(&who.email(), new).code;
        assert_eq!(code, if matches!(who, Active | Invited) { 200 } else { 400 }, "{who:?}");
    }
}

#[test]
fn e18_only_the_sessions_of_whoever_is_active_last_longer() {
    let matrix = Matrix::new(OPTIONS);
    let held = CAME.map(|who| {
        let session = matrix.signed_in(who).whoami().must(200).json();
        (who, session["id"].as_str().unwrap().to_owned())
    });
    matrix.settle();
    for (who, session) in held {
        let path = format!("/admin/sessions/{session}/extend");
        let code = matrix.place.server.admin("PATCH", &path).code;
        match who {
            Active => assert_eq!(code, 200),
            // The block left nothing that could.
            Blocked => assert_eq!(code, 404),
            _ => assert_eq!(code, 409, "{who:?}"),
        }
    }
}
