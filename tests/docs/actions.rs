//! docs/reference/actions.md, from actions.yaml and from what the program prints.

use serde_json::{Map, Value};

use super::examples::{Example, run_all};
use super::{cell, check, read};

const HEAD: &str = "\
# Actions

<!-- Made by scripts/docs from actions.yaml and from the program's own output. -->

On Juju: `juju run doorward/leader ACTION key=value…`. Without Juju: `doorward run ACTION key=value…`,
which runs the same code and prints the same. The examples are one story that the program was told;
ids, times, codes and hashes are replaced by fixed ones.

An action that fails prints one sentence and changes nothing.

";

#[test]
fn the_page_of_actions_is_fresh() {
    let actions: Map<String, Value> = doorward::yaml::from_str(&read("actions.yaml")).unwrap();
    let examples = run_all();
    let mut page = HEAD.to_owned();
    for name in actions.keys() {
        page += &format!("- [{name}](#{name})\n");
    }
    for (name, action) in &actions {
        let shown: Vec<&Example> = examples.iter().filter(|shown| shown.action == name).collect();
        assert!(!shown.is_empty(), "{name} has no example");
        page += &section(name, action, &shown);
    }
    check("docs/reference/actions.md", &page);
}

fn section(name: &str, action: &Value, examples: &[&Example]) -> String {
    let mut text = format!("\n## {name}\n\n{}\n", action["description"].as_str().unwrap().trim());
    let required: Vec<&str> = action["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let parameters = action["params"].as_object().unwrap();
    if !parameters.is_empty() {
        text += "\n| Parameter | Type | Default | What it is |\n|---|---|---|---|\n";
    }
    for (key, parameter) in parameters {
        let default = match &parameter["default"] {
            Value::Null if required.contains(&key.as_str()) => "required".to_owned(),
            Value::Null => String::new(),
            Value::String(value) => format!("`{value}`"),
            other => format!("`{other}`"),
        };
        let description = cell(parameter["description"].as_str().unwrap());
        let limits = limits(parameter);
        text += &format!("| `{key}` | {} | {default} | {description}{limits} |\n", kind(parameter));
    }
    for example in examples {
        text += &format!("\n```text\n{}```\n", example.transcript);
    }
    text
}

/// The type; text that may look like a number is text.
fn kind(parameter: &Value) -> String {
    match &parameter["type"] {
        Value::Array(kinds) if kinds.contains(&Value::from("array")) => "text or list".to_owned(),
        Value::Array(_) => "text".to_owned(),
        kind => match kind.as_str().unwrap() {
            "string" => "text".to_owned(),
            "object" => "map".to_owned(),
            other => other.to_owned(),
        },
    }
}

fn limits(parameter: &Value) -> String {
    if let Some(values) = parameter["enum"].as_array() {
        let values: Vec<String> =
            values.iter().map(|value| format!("`{}`", value.as_str().unwrap())).collect();
        return format!(" One of {}.", values.join(", "));
    }
    match (&parameter["minimum"], &parameter["maximum"]) {
        (Value::Number(least), Value::Number(most)) => format!(" From {least} to {most}."),
        _ => String::new(),
    }
}
