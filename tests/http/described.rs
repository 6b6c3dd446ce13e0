//! The description of the API against the service that answers: nothing is described that is not
//! there, and nothing is there that is not described.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::admin::Admin;

/// Answers every method alike, as the peer's does; the description names one of them.
const WHOAMI: (&str, &str) = ("/sessions/whoami", "public/sessions.rs");

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// (method, path) of everything a description names.
fn described(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(move |method| (method.to_uppercase(), path.clone()))
    });
    all.collect()
}

fn without_parameters(path: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { "nothing-of-this-name" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

#[test]
fn each_listener_has_what_its_description_says_and_no_other_method() {
    let server = Admin::start();
    let admin = server.get("/openapi.json").says(200);
    let public = server.0.public("GET", "/openapi.json", &[]).says(200);
    assert_eq!(admin["openapi"], "3.1.0");
    assert_eq!(server.get("/admin/openapi.json").says(200), admin);
    for (listener, document) in [("4434", &admin), ("4433", &public)] {
        let paths = document["paths"].as_object().unwrap();
        for (path, item) in paths {
            let known: BTreeSet<String> = item
                .as_object()
                .unwrap()
                .iter()
                .filter(|(_, operation)| {
                    let mut servers = operation["servers"].as_array().unwrap().iter();
                    servers.any(|server| server["url"].as_str().unwrap().ends_with(listener))
                })
                .map(|(method, _)| method.to_uppercase())
                .collect();
            if known.is_empty() {
                continue;
            }
            let path = without_parameters(path);
            for method in METHODS {
                let answer = match listener {
                    "4434" => server.ask(method, &path, None),
                    _ => server.0.public(method, &path, &[]),
                };
                let there = answer.code != 405 && answer.text != "404 page not found\n";
                let wanted = known.contains(method) || path == WHOAMI.0;
                assert_eq!(there, wanted, "{method} {path}: {answer:?}");
            }
        }
        assert!(described(document).len() > 3);
    }
}

#[test]
fn the_public_description_is_the_public_part_of_the_whole_one() {
    let server = Admin::start();
    let whole = described(&server.get("/openapi.json").says(200));
    let public = described(&server.0.public("GET", "/openapi.json", &[]).says(200));
    assert!(public.is_subset(&whole));
    assert!(public.iter().all(|(_, path)| !path.starts_with("/admin/")), "{public:?}");
}

/// A route that is registered past the description would be in neither document.
#[test]
fn handlers_are_registered_only_in_the_way_that_describes_them() {
    fn look(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("src/http/pages") || path.ends_with("src/http/console") {
                // Pages are for people; no program reads what they say.
                continue;
            }
            if path.is_dir() {
                look(&path, found);
                continue;
            }
            if path.ends_with(WHOAMI.1) {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for way in [".route(", ".route_service(", ".nest_service(", "axum::routing::"] {
                if code.contains(way) {
                    found.push(format!("{}: {way}", path.display()));
                }
            }
        }
    }
    let mut found = Vec::new();
    look(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http"), &mut found);
    assert!(found.is_empty(), "{found:#?}");
}
