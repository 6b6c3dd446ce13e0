//! What people type, and what others say about them, on our own pages: it is text there and nothing
//! else (INPUT-05).

use serde_json::json;

use super::flows::{Browser, PASSWORD, Place, submit_path, token};

/// Text that means something to a browser, a template, a script or an address.
pub const CORPUS: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' autofocus onfocus='alert(1)",
    "</title><svg/onload=alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "javascript:alert(1)",
    "{{ 104729 * 1299709 }}{% raw %}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u{202e}<b>\u{0}\u{7f}</b>",
];

/// What a template would make of the sum above; too long for an id or a hash to hold it by chance.
const PRODUCT: &str = "136117223861";

/// Nothing of a page comes from the corpus but text.
pub fn harmless(page: &str, place: &str) {
    for raw in
        ["<script>alert", "<img src=x", "<svg/onload", "<b>", "<a href=\"javascript", PRODUCT]
    {
        assert!(!page.contains(raw), "{raw} at {place}: {page}");
    }
    // No attribute begins where none of ours does.
    for part in page.split('<').skip(1) {
        let tag = part.split('>').next().unwrap();
        let outside: String = tag.split('"').step_by(2).collect();
        let quiet = !outside.contains(" on") && !outside.contains('\'');
        let leads = ["href", "src", "action"].map(|name| format!("{name}=\"javascript:"));
        let leads = leads.iter().any(|lead| tag.contains(lead));
        assert!(quiet && !leads, "{tag} at {place}");
    }
}

fn look(browser: &mut Browser<'_>, path: &str) {
    let answer = browser.get(path);
    if answer.code == 303 {
        let to = answer.header("location").to_owned();
        assert!(!to.starts_with("javascript:"), "{to} from {path}");
        return;
    }
    harmless(&answer.text, path);
}

#[test]
fn input_05_whatever_is_in_an_account_is_text_on_its_pages() {
    let place = Place::with("login_style: unified");
    let mut browser = place.browser();
    browser.sign_in("ada@example.com", PASSWORD).must(200);
    for hostile in CORPUS {
        let change = json!([{"op": "add", "path": "/traits/name", "value": hostile}]).to_string();
        let url = format!("{}/admin/identities/{}", place.server.admin, place.ada);
        let changed = place.server.ask("PATCH", &url, &[], &change);
        // Some of it is in no name at all.
        assert!([200, 400].contains(&changed.code), "{changed:?}");
        for page in ["welcome", "sessions", "activity"] {
            look(&mut browser, &format!("/ui/{page}"));
        }
        let settings = browser.begin("settings", "");
        let id = settings["id"].as_str().unwrap().to_owned();
        for page in ["settings", "reset_password", "setup_secure"] {
            look(&mut browser, &format!("/ui/{page}?flow={id}"));
        }
        // And where it was typed and refused.
        let traits = json!({"email": hostile, "name": hostile});
        let body = json!({"method": "profile", "traits": traits, "csrf_token": token(&settings)});
        browser.send(&submit_path(&settings), &body);
        look(&mut browser, &format!("/ui/settings?flow={id}"));
    }
}

#[test]
fn input_05_whatever_is_typed_into_a_form_or_an_address_is_text_on_the_page() {
    let place = Place::with("{login_style: unified, registration: open}");
    for hostile in CORPUS {
        let mut browser = place.browser();
        let typed = [
            ("login", json!({"method": "password", "identifier": hostile, "password": "x"})),
            ("recovery", json!({"method": "code", "email": hostile})),
            ("verification", json!({"method": "code", "email": hostile})),
            (
                "registration",
                json!({"method": "profile", "traits": {"email": hostile, "name": hostile}}),
            ),
        ];
        for (kind, mut body) in typed {
            let flow = browser.begin(kind, "");
            body["csrf_token"] = token(&flow).into();
            let answer = browser.send(&submit_path(&flow), &body);
            assert!([200, 400].contains(&answer.code), "{kind}: {answer:?}");
            let id = flow["id"].as_str().unwrap();
            look(&mut browser, &format!("/ui/{kind}?flow={id}"));
        }
        let text: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
        for path in [
            format!("/ui/error?id={text}"),
            format!("/ui/activation?token={text}"),
            format!("/ui/login?flow={text}&lang={text}"),
            format!("/ui/login?return_to={text}"),
            format!("/ui/nothing/{text}"),
            format!("/ui/activity?page_token={text}"),
            format!("/self-service/login/browser?return_to={text}&aal={text}"),
            format!("/self-service/verification?flow={text}&code={text}"),
        ] {
            look(&mut browser, &path);
        }
    }
}
