//! Who may see and do what, for every route there is: the table of routes is walked.

use doorward::domain::authority::Authority;
use doorward::http::{CONSOLE, ConsoleMethod, ConsoleRoute};
use doorward::service::console::{Need, Touch};

use super::{Office, PASSWORD, TOTP, form_token, give, signed_in};
use crate::http::server::Answer;

/// The path of a route, with somebody in it who is not there: nobody is harmed.
fn path(route: &ConsoleRoute) -> String {
    let parts = route.path.split('/').map(|part| match part {
        "{id}" => "00000000-0000-4000-8000-000000000000",
        part if part.starts_with('{') => "0",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn ask(office: &Office, cookie: &str, route: &ConsoleRoute, token: &str) -> Answer {
    match route.method {
        ConsoleMethod::Get => office.get(cookie, &path(route)),
        ConsoleMethod::Post => office.post(cookie, &path(route), &[("csrf_token", token)]),
    }
}

/// A token for forms of the session, from a page that whoever may enter sees.
fn token_of(office: &Office, cookie: &str) -> String {
    form_token(&office.get(cookie, "/ui/sessions").text)
}

fn leads_to<'a>(answer: &'a Answer, route: &ConsoleRoute) -> &'a str {
    assert_eq!(answer.code, 303, "{} {}", route.method.as_str(), route.path);
    answer.header("location")
}

#[test]
fn only_the_administrators_of_the_service_see_and_change_people() {
    let office = Office::new();
    let d = &office.d;
    let both = &[PASSWORD, TOTP];
    let nobody = signed_in(d, office.person("nobody@example.com"), both);
    let ada = office.person("dev@example.com");
    give(d, ada, &[Authority::Developer]);
    let developer = signed_in(d, ada, both);
    // A right that was granted after signing in, and one that was withdrawn (A1, A2).
    let late = office.person("late@example.com");
    let later = signed_in(d, late, both);
    give(d, late, &[Authority::Administrator]);
    let gone = office.person("gone@example.com");
    give(d, gone, &[Authority::Administrator]);
    let withdrawn = signed_in(d, gone, both);
    give(d, gone, &[]);
    let blocked = office.person("blocked@example.com");
    give(d, blocked, &[Authority::Administrator]);
    let shut_out = signed_in(d, blocked, both);
    office.server.laptop.action(&["block-identity", &format!("identity-id={blocked}")]);
    let denied = |kind: &[&str]| {
        let ledger = office.ledger();
        let entries = ledger.iter().filter(|entry| entry["type"] == "authz.denied");
        entries.filter(|entry| kind.contains(&entry["data"]["reason"].as_str().unwrap())).count()
    };
    for route in CONSOLE {
        let name = format!("{} {}", route.method.as_str(), route.path);
        for cookie in ["", "ory_kratos_session=junk", shut_out.as_str()] {
            let answer = ask(&office, cookie, route, "x");
            assert!(leads_to(&answer, route).contains("/self-service/login/browser?"), "{name}");
        }
        let unable = [&nobody, &withdrawn, &later];
        for cookie in unable {
            let token = token_of(&office, cookie);
            let answer = ask(&office, cookie, route, &token).must(403);
            assert!(!answer.text.contains("href=\"/console"), "nothing leads on: {name}");
        }
        let token = token_of(&office, &developer);
        let answer = ask(&office, &developer, route, &token);
        let may = route.need == Need::Developer;
        assert_eq!(answer.code == 403, !may, "{name}: {}", answer.code);
        let token = token_of(&office, &office.cookie);
        let answer = ask(&office, &office.cookie, route, &token);
        assert!([200, 400, 404].contains(&answer.code), "{name}: {}", answer.text);
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{name}");
        assert_eq!(answer.header("cache-control"), "no-store", "{name}");
    }
    // AL-30, with flood control: all of them came from one address within a minute.
    assert!(denied(&["authority", "granted_later"]) >= 10);
    let ledger = office.ledger();
    let entry = ledger.iter().find(|entry| entry["type"] == "authz.denied").unwrap();
    assert_eq!(entry["actor"]["kind"], "user");
    assert_eq!(entry["outcome"], "denied");
    assert_eq!(entry["data"]["method"], "GET");
    assert_eq!(entry["data"]["resource"], "/console");
}

#[test]
fn one_factor_or_an_old_sign_in_is_not_enough() {
    let office = Office::with("{console_fresh_minutes: 5}");
    let one_factor = signed_in(&office.d, office.root, &[PASSWORD]);
    let stale = office.cookie.clone();
    office.age(6);
    for route in CONSOLE {
        let name = format!("{} {}", route.method.as_str(), route.path);
        let token = token_of(&office, &one_factor);
        let answer = ask(&office, &one_factor, route, &token).must(403);
        assert!(answer.text.contains("second factor"), "{name}: {}", answer.text);
        let token = token_of(&office, &stale);
        let answer = ask(&office, &stale, route, &token);
        if route.touch == Touch::Reads {
            assert!([200, 404].contains(&answer.code), "{name}: {}", answer.code);
            continue;
        }
        let place = leads_to(&answer, route);
        assert!(place.contains("/self-service/login/browser?refresh=true&return_to="), "{place}");
        let here = url::form_urlencoded::byte_serialize(path(route).as_bytes()).collect::<String>();
        assert!(place.ends_with(&here), "{place} comes back to {here}");
    }
}

#[test]
fn changes_come_from_the_forms_of_their_own_session() {
    let office = Office::new();
    let other = signed_in(&office.d, office.root, &[PASSWORD, TOTP]);
    let others = token_of(&office, &other);
    let own = token_of(&office, &office.cookie);
    let mut seen = 0;
    for route in CONSOLE.iter().filter(|route| route.method == ConsoleMethod::Post) {
        for token in ["", "junk", others.as_str()] {
            let answer = ask(&office, &office.cookie, route, token);
            assert_eq!(answer.code, 403, "{}", route.path);
        }
        let url = format!("{}{}", office.server.public, path(route));
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")]
        {
            let headers = [
                ("cookie", office.cookie.as_str()),
                ("content-type", "application/x-www-form-urlencoded"),
                (name, value),
            ];
            let body = format!("csrf_token={own}");
            let answer = office.server.ask_plainly("POST", &url, &headers, &body);
            assert_eq!(answer.code, 403, "{name}: {}", route.path);
        }
        seen += 1;
    }
    assert!(seen >= 4);
}

#[test]
fn whoever_may_enter_is_shown_the_way_and_nobody_else() {
    let office = Office::new();
    let nobody = signed_in(&office.d, office.person("nobody@example.com"), &[PASSWORD]);
    assert!(office.page("/ui/welcome").text.contains("href=\"/console\""));
    assert!(!office.get(&nobody, "/ui/welcome").text.contains("/console"));
    let page = office.page("/console").text;
    assert!(page.contains("href=\"/ui/welcome\""), "{page}");
}
