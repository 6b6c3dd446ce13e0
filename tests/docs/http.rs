//! docs/reference/openapi.json and http-routes.md, from the handlers.

use std::fmt::Write as _;

use doorward::http::openapi;
use serde_json::{Map, Value};

use super::{cell, check};

const DOCUMENT: &str = "docs/reference/openapi.json";

const HEAD: &str = "\
# HTTP routes

<!-- Made by scripts/docs from the handlers, by way of openapi.json. -->

Every route of both listeners. [openapi.json](openapi.json) says the same for programs, with every
document; the service answers it at `/openapi.json`.

On the admin listener every path works with and without `/admin` in front. Failures have one form, whatever
the route:

```json
{\"error\": {\"code\": 404, \"status\": \"Not Found\", \"message\": \"Unable to locate the resource\"}}
```
";

#[test]
fn the_description_of_the_api_is_fresh() {
    check(DOCUMENT, &openapi::text(&openapi::whole()));
}

#[test]
fn the_page_of_routes_is_fresh() {
    let document: Value = serde_json::from_str(&openapi::text(&openapi::whole())).unwrap();
    let mut page = HEAD.to_owned();
    for tag in document["tags"].as_array().unwrap() {
        let (name, description) = (text(tag, "name"), text(tag, "description"));
        let _ = write!(page, "\n## {}\n\n{description}\n\n", title(name));
        page +=
            "| Route | What it does | Parameters | Answers | Listener |\n|---|---|---|---|---|\n";
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let tags = operation["tags"].as_array().unwrap();
                if tags.iter().any(|tag| tag == name) {
                    page += &row(method, path, operation);
                }
            }
        }
    }
    check("docs/reference/http-routes.md", &page);
}

fn row(method: &str, path: &str, operation: &Value) -> String {
    let route = format!("`{} {path}`", method.to_uppercase());
    let what = format!("{} (`{}`)", text(operation, "summary"), text(operation, "operationId"));
    let mut parameters: Vec<String> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["in"] != "path")
        .map(|one| format!("`{}`", text(one, "name")))
        .collect();
    if !operation["requestBody"].is_null() {
        parameters.push("a body".to_owned());
    }
    let responses = operation["responses"].as_object().unwrap();
    let answers: Vec<&str> =
        responses.keys().map(String::as_str).filter(|status| *status != "default").collect();
    let servers = operation["servers"].as_array().unwrap().iter();
    let listeners: Vec<&str> = servers
        .map(|server| if text(server, "url").ends_with("4433") { "public" } else { "admin" })
        .collect();
    let cells = [route, what, parameters.join(", "), answers.join(", "), listeners.join(", ")];
    format!("| {} |\n", cells.map(|text| cell(&text)).join(" | "))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn title(tag: &str) -> String {
    let mut letters = tag.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Every operation, with where it is.
fn operations(document: &Value) -> Vec<(String, &Map<String, Value>)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap().iter();
        item.map(move |(method, one)| (format!("{method} {path}"), one.as_object().unwrap()))
    });
    all.collect()
}

#[test]
fn every_operation_says_what_it_does_and_has_a_name_of_its_own() {
    for part in [openapi::public_part(), openapi::admin_part()] {
        let document: Value = serde_json::from_str(&openapi::text(&part)).unwrap();
        let mut names = Vec::new();
        for (place, operation) in operations(&document) {
            let has = |name: &str| operation.get(name).is_some_and(|value| !value.is_null());
            assert!(has("summary") && has("operationId") && has("tags"), "{place}");
            assert!(has("servers") && operation["responses"].get("default").is_some(), "{place}");
            names.push(operation["operationId"].as_str().unwrap().to_owned());
        }
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
    }
}

#[test]
fn every_reference_inside_the_document_leads_somewhere() {
    let document: Value = serde_json::from_str(&openapi::text(&openapi::whole())).unwrap();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("inside the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            references.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|one| collect(one, references));
        }
        Value::Array(items) => items.iter().for_each(|one| collect(one, references)),
        _ => {}
    }
}
