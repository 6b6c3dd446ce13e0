//! Help for `doorward run --list` and `doorward run ACTION --help`, made from `actions.yaml`.

use super::definitions::{self, Definition, Parameter, Type};

/// Every action's name with one sentence about it, in the order of `actions.yaml`.
#[must_use]
pub fn list() -> Vec<(&'static str, &'static str)> {
    definitions::all().iter().map(|action| (action.name.as_str(), action.summary())).collect()
}

/// What `action` does and takes; `None` when there is no such action.
#[must_use]
pub fn help(action: &str) -> Option<String> {
    definitions::all().get(action).map(render)
}

fn render(action: &Definition) -> String {
    let mut text = format!("{}\n\n{}", action.name, wrapped(&action.description, ""));
    if action.parameters.is_empty() {
        text.push_str("\nParameters: none\n");
        return text;
    }
    text.push_str("\nParameters:\n");
    for parameter in &action.parameters {
        text.push_str(&format!("  {} ({})\n", parameter.name, notes(parameter)));
        text.push_str(&wrapped(&parameter.description, "      "));
    }
    text
}

/// Type, choices, bounds and default in a few words.
fn notes(parameter: &Parameter) -> String {
    // A number for a text is a courtesy to YAML, not something to tell people about.
    let text = parameter.is(Type::String);
    let shown = parameter.types.iter().filter(|kind| !text || **kind != Type::Integer);
    let types: Vec<&str> = shown.map(|kind| kind.as_str()).collect();
    let mut notes = vec![types.join(" or ")];
    if parameter.required {
        notes.push("required".to_owned());
    }
    if !parameter.choices.is_empty() {
        notes.push(format!("one of {}", parameter.choices.join(", ")));
    }
    if let (Some(low), Some(high)) = (parameter.minimum, parameter.maximum) {
        notes.push(format!("{low} to {high}"));
    }
    if let Some(default) = &parameter.default {
        let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        notes.push(format!("default {default}"));
    }
    notes.join("; ")
}

/// Breaks a text into lines of at most 80 columns.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent.len() + line.chars().count() + 1 + word.chars().count() > 80 {
            lines.push_str(&format!("{indent}{line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push_str(&format!("{indent}{line}\n"));
    }
    lines
}
