//! Sample flows of every kind, as pages in every language.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::app::{Deps, Settings, prepare};
use crate::config::Options;
use crate::domain::ledger::event::{Actor, ActorKind};
use crate::http::pages::engine;
use crate::http::pages::texts::Language;
use crate::http::pages::visit::Visit;
use crate::http::query::Query;
use crate::service::Caller;

/// Something that looks like a code to scan.
const PICTURE: &str = "data:image/png;base64,\
    iVBORw0KGgoAAAANSUhEUgAAAB0AAAAdCAAAAABz+DjTAAAAIklEQVR42mNg+P+f4T8uArcMhPjPQD5BwOJRV426\
    ati4CgCLvQIbiNXrMAAAAABJRU5ErkJggg==";

/// A service that has a brand, below a path.
fn service() -> (TempDir, Deps) {
    let folder = tempfile::tempdir().unwrap();
    let map = json!({
        "external_url": "https://id.example.org/auth", "brand_name": "Example & Co",
        "brand_color": "#7a1f5c", "support_email": "help@example.org",
    });
    let options = Options::from_map(map.as_object().unwrap()).unwrap();
    let by = Caller::local(Actor::new(ActorKind::System, "test"));
    let settings = Settings::embedded(folder.path(), options);
    let d = prepare(&settings, &by.author()).unwrap().0;
    (folder, d)
}

fn text(id: u64, english: &str, context: Value) -> Value {
    json!({"id": id, "text": english, "type": if id < 4_000_000 { "info" } else { "error" },
           "context": context})
}

fn input(group: &str, attributes: Value, label: u64, said: &str) -> Value {
    let kind = attributes["node_type"].as_str().unwrap_or("input").to_owned();
    json!({"type": kind, "group": group, "attributes": attributes, "messages": [],
           "meta": {"label": text(label, said, json!({}))}})
}

fn submit(group: &str, name: &str, value: &str, label: u64) -> Value {
    input(group, json!({"name": name, "type": "submit", "value": value}), label, "Go")
}

fn flow(more: Value, messages: Value, nodes: Vec<Value>) -> Value {
    let token = json!({"type": "input", "group": "default", "messages": [], "meta": {},
        "attributes": {"name": "csrf_token", "type": "hidden", "value": "c5rf"}});
    let nodes: Vec<Value> = std::iter::once(token).chain(nodes).collect();
    let mut document = json!({
        "id": "0198f0aa-0000-7000-8000-000000000000", "state": "choose_method",
        "requested_aal": "aal1", "refresh": false,
        "ui": {"action": "https://id.example.org/auth/self-service/login?flow=0198f0aa",
               "method": "POST", "nodes": nodes, "messages": messages},
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}

fn password() -> Vec<Value> {
    vec![
        input(
            "default",
            json!({"name": "identifier", "type": "text", "required": true}),
            1_070_004,
            "ID",
        ),
        input(
            "password",
            json!({"name": "password", "type": "password", "required": true,
              "autocomplete": "current-password"}),
            1_070_001,
            "Password",
        ),
        submit("password", "method", "password", 1_010_022),
    ]
}

fn key(group: &str, call: &str, label: u64) -> Value {
    let options = json!({"publicKey": {"challenge": "AAAA"}}).to_string();
    input(
        group,
        json!({"name": format!("{group}_login_trigger"), "type": "button",
          "value": options, "onclickTrigger": call}),
        label,
        "Key",
    )
}

fn terms_nodes() -> Vec<Value> {
    let title = text(1_059_003, "x", json!({"version": "2026-05"}));
    let link = json!({"node_type": "a", "id": "terms_link", "title": title,
        "href": "https://example.org/terms"});
    vec![
        input("profile", json!({"name": "method", "type": "hidden", "value": "terms"}), 0, ""),
        input("profile", link, 1_059_003, "x"),
        submit("profile", "terms", "accept", 1_059_004),
        submit("profile", "terms", "reject", 1_059_005),
    ]
}

fn settings_nodes(set_up: bool) -> Vec<Value> {
    let mut nodes = vec![
        input(
            "profile",
            json!({"name": "traits.email", "type": "email", "value": "ada@example.org",
              "required": true, "autocomplete": "email"}),
            1_070_002,
            "Email",
        ),
        input(
            "profile",
            json!({"name": "traits.name", "type": "text", "value": "Ada Lovelace"}),
            1_070_002,
            "Name",
        ),
        input(
            "profile",
            json!({"name": "traits.news", "type": "checkbox", "value": true}),
            1_070_002,
            "Send me news",
        ),
        submit("profile", "method", "profile", 1_070_003),
        input(
            "password",
            json!({"name": "password", "type": "password", "required": true,
              "autocomplete": "new-password"}),
            1_070_001,
            "Password",
        ),
        submit("password", "method", "password", 1_070_003),
    ];
    if set_up {
        nodes.push(submit("totp", "totp_unlink", "true", 1_050_004));
        let secrets: Vec<Value> = (0..12)
            .map(|n| match n {
                3 => text(1_050_014, "x", json!({"used_at": "2026-11-20"})),
                _ => text(1_050_009, "x", json!({"secret": format!("ab{n:02}xy7z")})),
            })
            .collect();
        nodes.push(input(
            "lookup_secret",
            json!({"node_type": "text", "id": "lookup_secret_codes",
            "text": text(1_050_015, "x", json!({ "secrets": secrets }))}),
            1_050_010,
            "x",
        ));
        nodes.push(submit("lookup_secret", "lookup_secret_confirm", "true", 1_050_011));
        nodes.push(submit("lookup_secret", "lookup_secret_disable", "true", 1_050_016));
        let mut remove = submit("webauthn", "webauthn_remove", "00ff", 1_050_018);
        remove["meta"]["label"]["context"] = json!({"display_name": "Blue key"});
        nodes.push(remove);
    } else {
        nodes.extend([
            input("totp", json!({"node_type": "img", "id": "totp_qr", "src": PICTURE,
                  "width": 256, "height": 256}), 1_050_005, "QR"),
            input("totp", json!({"node_type": "text", "id": "totp_secret_key",
                  "text": text(1_050_006, "x", json!({"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}))}),
                  1_050_017, "Key"),
            input("totp", json!({"name": "totp_code", "type": "text", "required": true}), 1_070_006, "Code"),
            submit("totp", "method", "totp", 1_070_003),
            submit("lookup_secret", "lookup_secret_regenerate", "true", 1_050_008),
        ]);
    }
    nodes.push(input(
        "webauthn",
        json!({"name": "webauthn_register_displayname", "type": "text"}),
        1_050_013,
        "x",
    ));
    nodes.push(key("webauthn", "oryWebAuthnRegistration", 1_050_012));
    nodes
}

/// Sample flows, by the name of what they show.
fn samples() -> Vec<(&'static str, Value)> {
    let none = || json!({});
    let mut wrong = password();
    wrong[1]["messages"] = json!([text(4_000_002, "x", json!({}))]);
    let known = || {
        json!({"type": "input", "group": "default", "messages": [], "meta": {},
        "attributes": {"name": "identifier", "type": "hidden", "value": "ada@example.org"}})
    };
    let totp = || {
        vec![
            input(
                "totp",
                json!({"name": "totp_code", "type": "text", "required": true}),
                1_010_006,
                "x",
            ),
            submit("totp", "method", "totp", 1_010_009),
            input(
                "lookup_secret",
                json!({"name": "lookup_secret", "type": "text", "required": true}),
                1_010_007,
                "x",
            ),
            submit("lookup_secret", "method", "lookup_secret", 1_010_010),
            key("webauthn", "oryWebAuthnLogin", 1_010_008),
        ]
    };
    let second = json!({"requested_aal": "aal2"});
    let mut resend = submit("code", "email", "ada@example.org", 1_070_008);
    resend["attributes"]["required"] = json!(false);
    let code_nodes = vec![
        input(
            "code",
            json!({"name": "code", "type": "text", "required": true, "pattern": "[0-9]+",
              "maxlength": 6}),
            1_070_010,
            "x",
        ),
        submit("code", "method", "code", 1_070_009),
        resend,
    ];
    let asked = json!([text(1_059_002, "x", json!({}))]);
    let changed = json!([text(1_059_002, "x", json!({})), text(4_059_001, "x", json!({}))]);
    vec![
        (
            "login_first",
            flow(
                none(),
                json!([]),
                vec![
                    input(
                        "identifier_first",
                        json!({"name": "identifier", "type": "text", "required": true,
                  "autocomplete": "username webauthn"}),
                        1_070_004,
                        "ID",
                    ),
                    submit("identifier_first", "method", "identifier_first", 1_010_013),
                    key("passkey", "oryPasskeyLogin", 1_010_021),
                ],
            ),
        ),
        ("login", flow(none(), json!([]), password())),
        ("login_wrong", flow(none(), json!([text(4_000_006, "x", json!({}))]), wrong)),
        (
            "login_known",
            flow(none(), json!([]), {
                let mut nodes = password();
                nodes[0] = known();
                nodes
            }),
        ),
        (
            "login_again",
            flow(json!({"refresh": true}), json!([text(1_010_003, "x", json!({}))]), {
                let mut nodes = password();
                nodes[0] = known();
                nodes
            }),
        ),
        ("second", flow(second.clone(), json!([text(1_010_004, "x", json!({}))]), totp())),
        (
            "second_wrong",
            flow(
                json!({"requested_aal": "aal2", "active": "lookup_secret"}),
                json!([text(4_000_016, "x", json!({}))]),
                totp(),
            ),
        ),
        (
            "registration",
            flow(
                none(),
                json!([]),
                vec![
                    input(
                        "profile",
                        json!({"name": "traits.email", "type": "email", "required": true}),
                        1_070_002,
                        "Email",
                    ),
                    submit("profile", "method", "profile", 1_040_003),
                    submit("oidc", "provider", "github", 1_040_002),
                ],
            ),
        ),
        (
            "recovery",
            flow(
                none(),
                json!([]),
                vec![
                    input(
                        "code",
                        json!({"name": "email", "type": "email", "required": true}),
                        1_070_007,
                        "Email",
                    ),
                    submit("code", "method", "code", 1_070_009),
                ],
            ),
        ),
        (
            "recovery_code",
            flow(
                json!({"state": "sent_email"}),
                json!([text(1_060_003, "x", json!({}))]),
                code_nodes.clone(),
            ),
        ),
        (
            "verification_code",
            flow(
                json!({"state": "sent_email"}),
                json!([text(1_080_003, "x", json!({}))]),
                code_nodes,
            ),
        ),
        ("settings", flow(json!({"state": "show_form"}), json!([]), settings_nodes(false))),
        (
            "settings_set_up",
            flow(
                json!({"state": "success"}),
                json!([{"id": 1_050_001, "text": "x", "type": "success"}]),
                settings_nodes(true),
            ),
        ),
        (
            "reset",
            flow(
                json!({"state": "show_form"}),
                json!([{"id": 1_060_001, "text": "x",
            "type": "success"}]),
                settings_nodes(false),
            ),
        ),
        ("secure", flow(json!({"state": "show_form"}), json!([]), settings_nodes(false))),
        ("terms", flow(json!({"active": "terms"}), asked, terms_nodes())),
        ("terms_changed", flow(json!({"active": "terms"}), changed, terms_nodes())),
    ]
}

/// The page of a sample.
fn shown(d: &Deps, visit: &Visit, name: &str, document: &Value) -> String {
    let m = Making { d, visit };
    let flow = Flow::new(document, visit.language);
    let render = |(frame, card): (Frame, Card)| engine::render("flow.html", &frame, &card);
    let sections = |template: &str, (frame, sections): (Frame, Sections)| {
        engine::render(template, &frame, &sections)
    };
    let page = match name.split('_').next().unwrap() {
        "login" | "second" => render(login(&m, flow, Some("ory_lo_x"))),
        "registration" => render(registration(&m, flow)),
        "recovery" => render(code(&m, flow, "recovery")),
        "verification" => render(code(&m, flow, "verification")),
        "settings" => {
            sections("settings.html", settings(&m, flow, Frame::card(&m, "Settings"), "ada"))
        }
        "reset" => sections("steps.html", reset(&m, flow, "ada", None)),
        "terms" => {
            let (frame, card) = terms(&m, flow, Link::new("/out", "Out"));
            engine::render("terms.html", &frame, &card)
        }
        _ => sections("steps.html", secure(&m, flow, None)),
    };
    page.unwrap_or_else(|error| panic!("{name}: {error:#}"))
}

#[test]
fn every_page_of_a_flow_is_whole_in_every_language() {
    let (_folder, d) = service();
    // Whoever works on the look of the pages sets this to a folder and finds them there.
    let folder = std::env::var_os("DOORWARD_PAGES").map(PathBuf::from);
    for (name, document) in samples() {
        for language in Language::all() {
            let page = shown(&d, &Visit::sample(language), name, &document);
            let lang = format!("<html lang=\"{}\">", language.code());
            assert!(page.starts_with("<!doctype html>") && page.contains(&lang), "{name}");
            assert_eq!(page.matches("<h1").count(), 1, "{name}");
            assert_eq!(page.matches("<main").count(), 1, "{name}");
            assert!(page.contains("Example &amp; Co</title>"), "{name}");
            assert!(page.contains("mailto:help@example.org"), "{name}");
            assert!(page.len() < 50_000, "{name} weighs {}", page.len());
            for odd in [" style=", "<style", "onclick", "onload", "http://"] {
                assert!(!page.contains(odd), "{odd} in {name}");
            }
            assert!(page.matches("<script").count() <= 1, "{name}");
            // Ids are what labels and descriptions find their fields by.
            let mut ids: Vec<&str> =
                page.split(" id=\"").skip(1).filter_map(|part| part.split('"').next()).collect();
            let all = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), all, "an id is there twice in {name}: {page}");
            let fields = page.matches("<div class=\"field\">").count();
            assert_eq!(page.matches("<label ").count(), fields, "{name}: a field has a label");
            if let Some(folder) = &folder {
                std::fs::create_dir_all(folder).unwrap();
                let file = folder.join(format!("{name}.{}.html", language.code()));
                std::fs::write(file, &page).unwrap();
            }
        }
    }
}

#[test]
fn one_method_of_the_second_step_is_shown_and_leads_to_the_others() {
    let (_folder, d) = service();
    let all = samples();
    let page = |name: &str, query: &str| {
        let (_, document) = all.iter().find(|(known, _)| *known == name).unwrap();
        let mut visit = Visit::sample(Language::default());
        visit.query = Query::parse(query);
        shown(&d, &visit, name, document)
    };
    let first = page("second", "flow=0198f0aa");
    assert!(first.contains("name=\"totp_code\"") && !first.contains("name=\"lookup_secret\""));
    assert!(first.contains("method=lookup_secret\">Use a backup code instead</a>"), "{first}");
    assert!(first.contains("logout?token=ory_lo_x"));
    let other = page("second", "flow=0198f0aa&method=lookup_secret");
    assert!(!other.contains("name=\"totp_code\"") && other.contains("name=\"lookup_secret\""));
    let used = page("second_wrong", "flow=0198f0aa");
    assert!(used.contains("name=\"lookup_secret\""), "the method that was used comes again");
    assert!(used.contains("role=\"alert\">This backup code is not right.</p>"));
    let odd = page("second", "flow=0198f0aa&method=password");
    assert!(odd.contains("name=\"totp_code\""));
}

#[test]
fn the_cursor_is_where_people_begin() {
    let (_folder, d) = service();
    for (name, document) in samples() {
        let page = shown(&d, &Visit::sample(Language::default()), name, &document);
        assert!(page.matches(" autofocus").count() <= 1, "{name}");
        let card = !matches!(name.split('_').next(), Some("settings" | "secure" | "terms"));
        assert_eq!(page.contains(" autofocus"), card, "{name}");
    }
}

#[test]
fn the_terms_are_asked_for_in_one_form_with_one_main_button() {
    let (_folder, d) = service();
    for (name, document) in samples().into_iter().filter(|(name, _)| name.starts_with("terms")) {
        let page = shown(&d, &Visit::sample(Language::default()), name, &document);
        assert_eq!(page.matches("<form").count(), 1, "{page}");
        assert_eq!(page.matches("class=\"main\"").count(), 1, "{page}");
        assert!(page.contains("https:&#x2f;&#x2f;example.org&#x2f;terms\">Read"), "{page}");
        assert!(page.contains("(version 2026-05)"), "{page}");
        assert_eq!(page.matches("name=\"method\" value=\"terms\"").count(), 1, "{page}");
        let asked = "To go on, please read the terms of service and accept them.";
        assert_eq!(page.matches(asked).count(), 1, "{page}");
        assert_eq!(page.contains("role=\"alert\""), name == "terms_changed", "{page}");
    }
}
