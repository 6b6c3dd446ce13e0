//! `actions.yaml` and the code say the same, and the file is one that Juju accepts.

use std::collections::BTreeSet;

use doorward::actions::params::Params;
use doorward::actions::table::{self, TABLE};
use doorward::actions::{Definition, Parameter, Type, definitions, help, list};
use serde_json::{Map, Value, json};

/// A value that fits a parameter.
fn sample(parameter: &Parameter) -> Value {
    if let Some(choice) = parameter.choices.first() {
        return json!(choice);
    }
    match parameter.name.as_str() {
        "identity-id" | "message-id" | "token-id" => json!("9f425a8d-7efc-4768-8f23-7647a74fdf13"),
        "email" => json!("user@example.com"),
        "since" | "until" | "expires-at" => json!("2030-01-31T08:00:00Z"),
        "path" => json!("/some/file"),
        "authorities" => json!("ROLE_DEVELOPER"),
        "attributes" => json!({"a": "string"}),
        _ if parameter.is(Type::String) => json!("x"),
        _ if parameter.is(Type::Boolean) => json!(true),
        _ if parameter.is(Type::Object) => json!({"a": 1}),
        _ => json!(parameter.minimum.unwrap_or(1.0)),
    }
}

fn given(definition: &Definition, without: &[&str]) -> Map<String, Value> {
    definition
        .parameters
        .iter()
        .filter(|parameter| !without.contains(&parameter.name.as_str()))
        .map(|parameter| (parameter.name.clone(), sample(parameter)))
        .collect()
}

#[test]
fn every_action_of_the_file_has_code_and_every_code_is_in_the_file() {
    let file: Vec<&str> = definitions().iter().map(|definition| definition.name.as_str()).collect();
    let code: Vec<&str> = TABLE.iter().map(|entry| entry.name).collect();
    assert_eq!(file, code);
}

#[test]
fn every_parameter_that_is_declared_is_read_and_every_one_read_is_declared() {
    for definition in definitions().iter() {
        let entry = table::find(&definition.name).unwrap();
        let mut read = BTreeSet::new();
        // Some parameters exclude each other.
        for without in [
            ["email", "phone_number", "password"],
            ["identity-id", "phone-number", "password-secret-id"],
        ] {
            let without: Vec<&str> = without
                .into_iter()
                .filter(|name| {
                    definition.parameter(name).is_some_and(|parameter| !parameter.required)
                })
                .collect();
            let params = Params::check(definition, given(definition, &without)).unwrap();
            (entry.parse)(&params).unwrap_or_else(|e| panic!("{}: {e}", definition.name));
            read.extend(params.read());
        }
        let declared: BTreeSet<&str> =
            definition.parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(read, declared, "{}", definition.name);
    }
}

#[test]
fn juju_accepts_the_file() {
    let file: Map<String, Value> =
        doorward::yaml::from_str(doorward::actions::definitions::TEXT).unwrap();
    for (action, body) in &file {
        assert!(is_name(action) && !action.starts_with("juju"), "{action}");
        assert_eq!(body["additionalProperties"], json!(false), "{action}");
        for (name, schema) in body["params"].as_object().unwrap() {
            assert!(is_name(name) || name == "phone_number", "{action} {name}");
            assert!(
                schema["description"].as_str().is_some_and(|text| text.ends_with('.')),
                "{action} {name}"
            );
            assert!(
                schema.get("$ref").is_none() && schema.get("required").is_none(),
                "{action} {name}"
            );
            if schema["type"] == "object" {
                assert_eq!(schema["properties"], json!({}), "{action} {name}: Juju panics without");
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(inner) && text.ends_with(inner) && text.chars().all(|c| inner(c) || c == '-')
}

#[test]
fn every_default_fits_its_parameter() {
    for definition in definitions().iter() {
        for parameter in &definition.parameters {
            let Some(default) = &parameter.default else { continue };
            let fits = match default {
                Value::String(text) => {
                    parameter.is(Type::String)
                        && (parameter.choices.is_empty() || parameter.choices.contains(text))
                }
                Value::Bool(_) => parameter.is(Type::Boolean),
                Value::Number(_) => parameter.is(Type::Integer) || parameter.is(Type::Number),
                _ => false,
            };
            assert!(fits && !parameter.required, "{} {}", definition.name, parameter.name);
        }
    }
}

#[test]
fn help_names_every_action_and_every_parameter() {
    assert_eq!(list().len(), TABLE.len());
    for (name, summary) in list() {
        assert!(!summary.is_empty() && !summary.ends_with('.'), "{name}: {summary}");
        let text = help(name).unwrap();
        for parameter in &definitions().get(name).unwrap().parameters {
            assert!(text.contains(&format!("  {} (", parameter.name)), "{name} {}", parameter.name);
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
    assert_eq!(help("no-such-action"), None);
}
