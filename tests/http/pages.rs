//! Our own pages, as a browser gets them.

use doorward::domain::ledger::event::{Actor, ActorKind};
use doorward::domain::session::{Aal, Method, MethodKind};
use doorward::service::sessions::{self, Carrier, SignIn};
use doorward::service::{Caller, Origin};
use secrecy::ExposeSecret as _;
use serde_json::json;
use uuid::Uuid;

use super::server::{Answer, Server, plain};
use super::sessions::person;

const FORM: &str = "application/x-www-form-urlencoded";
const OPTIONS: &str = "{enforce_mfa: false, brand_name: \"A <b> & Co\"}";
/// Below `/ui`, for people who are signed in.
const OWN: [&str; 4] = ["/ui/welcome", "/ui/accounts", "/ui/sessions", "/ui/activity"];

struct Site {
    server: Server,
    ada: Uuid,
}

impl Site {
    fn new() -> Self {
        let server = Server::with(OPTIONS);
        let ada = person(&server.library(), "ada@example.com");
        Self { server, ada }
    }

    /// A session of somebody with this browser; its id and its cookie.
    fn sign_in(&self, who: Uuid, agent: &str) -> (Uuid, String) {
        let d = self.server.library();
        let origin = Origin { ip: Some("192.0.2.7".into()), user_agent: Some(agent.into()) };
        let by = Caller { origin, ..Caller::local(Actor::new(ActorKind::System, "test")) };
        let methods = vec![Method::new(MethodKind::Password, Aal::One, d.clock.now())];
        let carrier = Carrier::Cookie;
        let sign_in = SignIn { identity_id: who, methods, carrier, lifespan: None };
        let issued = sessions::issue(&d, &by, &sign_in).unwrap();
        (issued.session.id, format!("ory_kratos_session={}", issued.secret.expose_secret()))
    }

    fn get(&self, path: &str, cookie: &str) -> Answer {
        let headers = [("cookie", cookie), ("accept", "text/html,*/*;q=0.8")];
        self.server.public("GET", path, &headers)
    }

    /// Sends a form; the status, and where it leads.
    fn send(&self, cookie: &str, form: &str) -> (String, String) {
        self.send_to("/ui/sessions/end", cookie, form)
    }

    fn send_to(&self, path: &str, cookie: &str, form: &str) -> (String, String) {
        let kind = format!("{FORM}\r\nCookie: {cookie}");
        let answer = plain(&self.server.public, "POST", path, &kind, form);
        let line = |name: &str| {
            let found = answer.lines().find_map(|line| line.strip_prefix(name));
            found.unwrap_or_default().trim().to_owned()
        };
        (line("HTTP/1.1 "), line("location:"))
    }
}

/// The value of the first hidden input of this name.
fn hidden(page: &str, name: &str) -> String {
    let part = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    part.split('"').next().unwrap().to_owned()
}

#[test]
fn pages_say_with_every_answer_what_a_browser_may_do_with_them() {
    let site = Site::new();
    let (_, cookie) = site.sign_in(site.ada, "Firefox");
    let begun = site.get("/self-service/login/browser", "").must(303);
    let flow = begun.header("location").split("/ui/").nth(1).unwrap().to_owned();
    let binding = begun.header("set-cookie").split(';').next().unwrap().to_owned();
    let login = site.get(&format!("/ui/{flow}"), &binding).must(200);
    let missing = site.get("/ui/nothing", "").must(404);
    let error = site.get("/ui/error?id=stub:500", "").must(200);
    let own = OWN.map(|path| site.get(path, &cookie).must(200));
    for answer in [login, missing, error].iter().chain(&own) {
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "style-src 'self';",
            "img-src 'self' data:;",
            "form-action 'self' http://localhost:",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert!(answer.text.len() < 50_000);
        assert!(answer.text.contains("A &lt;b&gt; &amp; Co</title>"), "{}", answer.text);
        for odd in ["<b>", " style=\"", "<style", " onclick", "http://"] {
            assert!(!answer.text.contains(odd), "{odd} in {}", answer.text);
        }
    }
}

#[test]
fn pages_are_in_the_language_that_is_wished_for_or_chosen() {
    let site = Site::new();
    let ask = |path: &str, headers: &[(&str, &str)]| site.server.public("GET", path, headers);
    let page = ask("/ui/nothing", &[]);
    assert!(page.text.contains("<html lang=\"en\">") && page.text.contains("does not exist"));
    let page = ask("/ui/nothing", &[("accept-language", "it, de-AT;q=0.8, en;q=0.3")]);
    assert!(page.text.contains("<html lang=\"de\">") && page.text.contains("gibt es nicht"));
    let page = ask("/ui/nothing?lang=fr&x=1%262", &[("accept-language", "de")]);
    assert!(page.text.contains("<html lang=\"fr\">"));
    assert!(page.text.contains("href=\"?x=1%262&amp;lang=es\""), "{}", page.text);
    let kept = page.header("set-cookie");
    assert!(kept.starts_with("doorward_lang=fr; Path=/;") && kept.contains("HttpOnly"), "{kept}");
    let page = ask("/ui/nothing", &[("accept-language", "de"), ("cookie", "doorward_lang=es")]);
    assert!(page.text.contains("<html lang=\"es\">") && page.header("set-cookie").is_empty());
    let page = ask("/ui/nothing", &[("cookie", "doorward_lang=../en")]);
    assert!(page.text.contains("<html lang=\"en\">"));
    assert!(page.header("vary").contains("accept-language"));
}

#[test]
fn what_pages_load_is_kept_by_browsers_until_it_changes() {
    let site = Site::new();
    let page = site.get("/ui/nothing", "").text;
    let mut seen = 0;
    for part in page.replace("&#x2f;", "/").split("/ui/assets/").skip(1) {
        let address = format!("/ui/assets/{}", part.split('"').next().unwrap());
        let asset = site.get(&address, "").must(200);
        seen += 1;
        assert!(asset.header("cache-control").contains("immutable"), "{address}");
        let tag = asset.header("etag").to_owned();
        let again = site.server.public("GET", &address, &[("if-none-match", &tag)]).must(304);
        assert!(again.text.is_empty());
        let old = address.split('?').next().unwrap();
        let asset = site.get(&format!("{old}?v=other"), "").must(200);
        assert_eq!(asset.header("cache-control"), "no-cache", "another version is not kept");
        assert!(asset.text.len() < 12_000, "{address} weighs {}", asset.text.len());
    }
    assert!(seen >= 3, "{page}");
    let script = site.get("/.well-known/ory/webauthn.js", "").must(200);
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    for name in ["oryWebAuthnLogin", "oryWebAuthnRegistration", "__oryWebAuthnInitialized"] {
        assert!(script.text.contains(name));
    }
    assert_eq!(script.text, site.get("/ui/assets/webauthn.js", "").must(200).text);
    for path in ["/ui/assets/other.css", "/ui/assets/..%2fstyle.css", "/ui/logo"] {
        site.get(path, "").must(404);
    }
}

#[test]
fn a_brand_has_its_colour_and_its_logo() {
    let mut server = Server::with("{brand_color: '#ffee00', support_url: 'https://example.org/h'}");
    let sheet = server.public("GET", "/ui/assets/brand.css", &[]).must(200).text;
    assert!(sheet.contains("--on-brand:#000000"), "black can be read on yellow: {sheet}");
    let page = server.public("GET", "/ui/nothing", &[]).text;
    assert!(page.contains("href=\"https:&#x2f;&#x2f;example.org&#x2f;h\">Help"), "{page}");
    let picture = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    let file = server.laptop.file("logo.svg", picture);
    server.reconfigure(&format!("brand_logo: {file}"));
    let logo = server.public("GET", "/ui/logo", &[]).must(200);
    assert_eq!((logo.text.as_str(), logo.header("content-type")), (picture, "image/svg+xml"));
    assert!(logo.header("content-security-policy").contains("sandbox"));
    std::fs::remove_file(file).unwrap();
    server.public("GET", "/ui/logo", &[]).must(404);
}

#[test]
fn whoever_is_not_signed_in_is_led_to_sign_in_and_back() {
    let site = Site::new();
    for path in OWN {
        let answer = site.get(path, "").must(303);
        let place = answer.header("location");
        assert!(place.contains("/self-service/login/browser?return_to=http"), "{place}");
        assert!(place.ends_with(&path.replace('/', "%2F")), "{place}");
    }
    for (path, place) in [
        ("/", "/ui/welcome"),
        ("/ui", "/ui/welcome"),
        ("/ui/login?return_to=/x&other=1", "/self-service/login/browser?return_to=%2Fx"),
        ("/ui/login?refresh=true&aal=aal2", "/self-service/login/browser?refresh=true&aal=aal2"),
        ("/ui/reset_email", "/self-service/recovery/browser"),
        ("/ui/setup_secure", "/self-service/settings/browser"),
        ("/ui/reset_password", "/self-service/settings/browser"),
        ("/ui/terms?return_to=/x", "/self-service/settings/browser?return_to=%2Fx"),
        ("/ui/registration", "/self-service/registration/browser"),
        ("/ui/verification", "/self-service/verification/browser"),
    ] {
        assert_eq!(site.get(path, "").must(303).header("location"), place, "{path}");
    }
}

#[test]
fn the_page_for_those_who_do_not_accept_the_terms_leads_only_to_where_they_sign_in() {
    let site = Site::new();
    let shown = |path: &str| site.get(path, "").must(200).text.replace("&#x2f;", "/");
    let page = shown("/ui/terms/rejected");
    assert!(page.contains("You have not accepted"), "{page}");
    assert!(page.contains("href=\"/self-service/login/browser\""), "{page}");
    let place = "https://evil.example/%22%3E%3Cscript%3E";
    let page = shown(&format!("/ui/terms/rejected?return_to={place}"));
    assert!(!page.contains("<script>") && !page.contains("href=\"https"), "{page}");
    site.get(&format!("/self-service/login/browser?return_to={place}"), "").must(400);
}

#[test]
fn a_flow_that_is_gone_leads_to_another_with_a_word_about_it() {
    let site = Site::new();
    for (id, told) in [(Uuid::now_v7().to_string(), "flow.lost"), ("nonsense".into(), "4010001")] {
        let gone = site.get(&format!("/ui/login?flow={id}"), "").must(303);
        assert_eq!(gone.header("location"), "/self-service/login/browser");
        let notice = gone.header("set-cookie");
        let expected = format!("doorward_notice={told}; Path=/; Max-Age=60");
        assert!(notice.starts_with(&expected), "{notice}");
    }
    let told = site.get("/ui/nothing", "doorward_notice=4010001");
    assert!(told.text.contains("The time to sign in was over."), "{}", told.text);
    assert!(told.header("set-cookie").contains("doorward_notice=; Path=/; Max-Age=0"));
    let forged = site.get("/ui/nothing", "doorward_notice=<b>4000001</b>");
    assert!(!forged.text.contains("role=\"alert\""), "only what we say ourselves");
}

#[test]
fn sess_07_people_see_where_they_are_signed_in_and_end_it() {
    let site = Site::new();
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let (_, cookie) = site.sign_in(site.ada, firefox);
    let (other, other_cookie) = site.sign_in(site.ada, "tool/1 <script>alert(1)</script>");
    let eve = person(&site.server.library(), "eve@example.com");
    let (foreign, foreign_cookie) = site.sign_in(eve, firefox);
    let page = site.get("/ui/sessions", &cookie).must(200).text;
    assert!(page.contains("Firefox on Linux") && page.contains("tool&#x2f;1"), "{page}");
    assert!(page.contains("192.0.2.7") && page.contains("This browser"));
    assert_eq!(page.matches("last used").count(), 1, "of the others: {page}");
    assert!(page.contains(&other.to_string()) && !page.contains(&foreign.to_string()));
    assert!(!page.contains("<script>"), "{page}");
    let token = hidden(&page, "csrf_token");
    let works = |cookie: &str| site.get("/ui/welcome", cookie).code == 200;
    let end = |id: Uuid| format!("csrf_token={token}&session={id}");
    let (status, place) = site.send(&cookie, &end(foreign));
    assert!(status.starts_with("303") && place == "/ui/sessions", "{status} {place}");
    assert!(works(&foreign_cookie), "only one's own");
    site.send(&cookie, &end(other));
    assert!(!works(&other_cookie) && works(&cookie));
    let (_, third) = site.sign_in(site.ada, firefox);
    site.send(&cookie, &format!("csrf_token={token}&session=others"));
    assert!(!works(&third) && works(&cookie) && works(&foreign_cookie));
    let (_, fourth) = site.sign_in(site.ada, firefox);
    let (_, place) = site.send(&cookie, &format!("csrf_token={token}&session=all"));
    assert_eq!(place, "/self-service/login/browser");
    assert!(!works(&fourth) && !works(&cookie) && works(&foreign_cookie));
}

#[test]
fn authz_05_a_form_needs_the_token_of_the_session_it_acts_for() {
    let site = Site::new();
    let (_, cookie) = site.sign_in(site.ada, "Firefox");
    let (other, other_cookie) = site.sign_in(site.ada, "Firefox");
    let eve = person(&site.server.library(), "eve@example.com");
    let (_, foreign) = site.sign_in(eve, "Firefox");
    let token = |cookie: &str| hidden(&site.get("/ui/sessions", cookie).text, "csrf_token");
    let mine = token(&cookie);
    for wrong in ["", "x", &token(&foreign), &token(&other_cookie), &format!("{mine}x")] {
        let (status, place) = site.send(&cookie, &format!("csrf_token={wrong}&session={other}"));
        assert!(status.starts_with("303") && place == "/ui/sessions", "{status} {place}");
        assert_eq!(site.get("/ui/welcome", &other_cookie).code, 200, "nothing happened");
    }
    let (status, place) = site.send("a=b", &format!("csrf_token={mine}&session={other}"));
    assert!(status.starts_with("303") && place.contains("/self-service/login/browser"));
    let path = format!("/ui/sessions/end?csrf_token={mine}&session={other}");
    site.get(&path, &cookie).must(405);
    let (status, _) = site.send(&cookie, &format!("csrf_token={mine}&session=nonsense"));
    assert!(status.starts_with("400"), "{status}");
    assert_eq!(site.get("/ui/welcome", &other_cookie).code, 200);
}

#[test]
fn own_activity_is_the_ledgers_and_only_ones_own() {
    let site = Site::new();
    let (_, cookie) = site.sign_in(site.ada, "Firefox");
    person(&site.server.library(), "eve@example.com");
    let page = site.get("/ui/activity", &cookie).must(200).text;
    assert!(page.contains("Account created") && page.contains("Session begun"), "{page}");
    assert_eq!(page.matches("Account created").count(), 1, "not that of Eve");
    assert!(!page.contains("Older"));
    for _ in 0..30 {
        site.sign_in(site.ada, "Firefox");
    }
    let page = site.get("/ui/activity", &cookie).must(200).text;
    let older = page.split("page_token=").nth(1).unwrap().split('"').next().unwrap();
    let page = site.get(&format!("/ui/activity?page_token={older}"), &cookie).must(200).text;
    assert!(page.contains("Account created") && page.contains("Newest"), "{page}");
    site.get("/ui/activity?page_token=forged!", &cookie).must(400);
}

#[test]
fn authz_06_signing_out_from_a_page_ends_the_session_and_stays_here() {
    let site = Site::new();
    let (_, cookie) = site.sign_in(site.ada, "Firefox");
    let page = site.get("/ui/welcome", &cookie).must(200).text;
    let link = page.split("self-service&#x2f;logout?").nth(1).unwrap().split('"').next().unwrap();
    let link = link.replace("&amp;", "&").replace("&#x2f;", "/");
    let out = site.get(&format!("/self-service/logout?{link}"), &cookie).must(303);
    assert!(out.header("location").ends_with("/self-service/login/browser"), "{out:?}");
    site.get("/ui/welcome", &cookie).must(303);
}

#[test]
fn an_error_page_says_what_to_do_and_nothing_of_the_inside() {
    let site = Site::new();
    let page = site.get("/ui/error?id=stub:500", "").must(200).text;
    assert!(page.contains("Something went wrong") && page.contains("stub:500"), "{page}");
    for id in [Uuid::now_v7().to_string(), "x".to_owned(), String::new()] {
        site.get(&format!("/ui/error?id={id}"), "").must(404);
    }
}

/// Somebody with an account at a provider, and perhaps a password.
fn linked(site: &Site, email: &str, password: Option<&str>) -> Uuid {
    let oidc = json!({"config": {"providers": [{"provider": "github", "subject": email}]}});
    let mut credentials = json!({"oidc": oidc});
    if let Some(password) = password {
        credentials["password"] = json!({"config": {"password": password}});
    }
    let body = json!({
        "schema_id": "social_user_v0", "traits": {"email": email}, "credentials": credentials
    });
    let url = format!("{}/identities", site.server.admin);
    let made = site.server.ask("POST", &url, &[], &body.to_string()).must(201).json();
    made["id"].as_str().unwrap().parse().unwrap()
}

#[test]
fn people_see_their_own_accounts_and_disconnect_one_but_not_the_last() {
    let site = Site::new();
    let bob = linked(&site, "bob@example.com", Some("correct horse battery"));
    let (_, cookie) = site.sign_in(bob, "Firefox");
    let page = site.get("/ui/accounts", &cookie).must(200).text;
    assert!(page.contains("<bdi>github</bdi>") && page.contains("Your account here"), "{page}");
    assert!(page.contains("bob@example.com</bdi> - not confirmed"), "{page}");
    assert!(page.contains("No application is connected") && page.contains("Disconnect"));
    let token = hidden(&page, "csrf_token");
    let account = "github:bob@example.com";
    let unlink = |cookie: &str, form: String| site.send_to("/ui/accounts/unlink", cookie, &form);
    let is_linked = |id: Uuid| {
        let path = format!("/admin/doorward/identities/{id}/accounts");
        let all = site.server.admin("GET", &path).must(200).json();
        all["accounts"].as_array().unwrap().len() == 2
    };
    let (_, foreign) = site.sign_in(site.ada, "Firefox");
    for (cookie, form) in [
        (&cookie, format!("account={account}")),
        (&cookie, format!("csrf_token=x&account={account}")),
        (&foreign, format!("csrf_token={token}&account={account}")),
        (&cookie, format!("csrf_token={token}&account=internal")),
        (&cookie, format!("csrf_token={token}&account=github:eve")),
        (&cookie, format!("csrf_token={token}")),
    ] {
        let (status, place) = unlink(cookie, form.clone());
        assert!(status.starts_with("303") && place == "/ui/accounts", "{form}: {status} {place}");
        assert!(is_linked(bob), "{form}");
    }
    let (status, place) = unlink("a=b", format!("csrf_token={token}&account={account}"));
    assert!(status.starts_with("303") && place.contains("/self-service/login/browser"));
    // What an administrator has closed is not to be dropped, and its lock with it.
    let lock = format!("/admin/doorward/identities/{bob}/accounts/{account}/lock");
    let url = format!("{}{lock}", site.server.admin);
    site.server.ask("PUT", &url, &[], "{}").must(200);
    unlink(&cookie, format!("csrf_token={token}&account={account}"));
    assert!(is_linked(bob));
    site.server.ask("DELETE", &url, &[], "").must(200);
    // Whoever has not shown for a while who they are does so first.
    let file = site.server.laptop.home().join("state").join(doorward::app::DATABASE);
    let store = rusqlite::Connection::open(file).unwrap();
    let age = |by: &str| {
        let text =
            format!("UPDATE sessions SET authenticated_at = authenticated_at {by} 3600000000");
        store.execute_batch(&text).unwrap();
    };
    age("-");
    let (_, place) = unlink(&cookie, format!("csrf_token={token}&account={account}"));
    assert!(place.contains("refresh=true") && place.contains("%2Fui%2Faccounts"), "{place}");
    assert!(is_linked(bob));
    age("+");
    let (status, place) = unlink(&cookie, format!("csrf_token={token}&account={account}"));
    assert!(status.starts_with("303") && place == "/ui/accounts", "{status} {place}");
    assert!(!is_linked(bob));
    let entry = crate::support::ledger::documents(&site.server.library()).pop().unwrap();
    assert_eq!(
        (&entry["type"], &entry["data"]["reason"]),
        (&json!("account.unlinked"), &json!("owner"))
    );
    assert_eq!(entry["actor"]["id"], bob.to_string());
    let told = site.get("/ui/accounts", &format!("{cookie}; doorward_notice=accounts.ended"));
    assert!(told.must(200).text.contains("That account is disconnected."));
    // The last way in stays.
    let eve = linked(&site, "eve@example.com", None);
    let (_, cookie) = site.sign_in(eve, "Firefox");
    let page = site.get("/ui/accounts", &cookie).must(200).text;
    assert!(
        page.contains("the only way you can sign in") && !page.contains(">Disconnect<"),
        "{page}"
    );
    assert!(!page.contains(">Password<"), "what is not set up is not shown: {page}");
    let token = hidden(&site.get("/ui/sessions", &cookie).text, "csrf_token");
    unlink(&cookie, format!("csrf_token={token}&account=github:eve@example.com"));
    assert!(is_linked(eve));
}
