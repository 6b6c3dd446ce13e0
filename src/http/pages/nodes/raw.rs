//! A node as the API gives it, read without trust.

use serde_json::{Map, Value};

use super::shapes::Hidden;

/// A node as it came.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a> {
    pub node: &'a Value,
    pub attributes: &'a Map<String, Value>,
}

impl<'a> Raw<'a> {
    pub fn of(node: &'a Value) -> Option<Self> {
        Some(Self { node, attributes: node.get("attributes")?.as_object()? })
    }

    pub fn text(self, key: &str) -> &'a str {
        self.attributes.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn some(self, key: &str) -> Option<String> {
        Some(written(self.text(key))).filter(|text| !text.is_empty())
    }

    pub fn flag(self, key: &str) -> bool {
        self.attributes.get(key).and_then(Value::as_bool).unwrap_or_default()
    }

    pub fn number(self, key: &str) -> Option<u64> {
        self.attributes.get(key).and_then(Value::as_u64)
    }

    pub fn group(self) -> &'a str {
        self.node.get("group").and_then(Value::as_str).unwrap_or("default")
    }

    pub fn kind(self) -> &'a str {
        self.node.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    pub fn input(self) -> &'a str {
        if self.kind() == "input" { self.text("type") } else { "" }
    }

    pub fn value(self) -> String {
        match self.attributes.get("value") {
            Some(Value::String(text)) => written(text),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(flag)) => flag.to_string(),
            Some(Value::Object(object)) => Value::Object(object.clone()).to_string(),
            _ => String::new(),
        }
    }

    pub fn hidden(self) -> Hidden {
        Hidden {
            name: written(self.text("name")),
            value: self.value(),
            load: self.some("onloadTrigger"),
        }
    }
}

/// An id that is one in the whole page: a group has each name once, but for buttons.
pub(super) fn id_of(raw: Raw<'_>) -> String {
    let own = raw.some("id").unwrap_or_else(|| raw.text("name").to_owned());
    let text = format!("{}-{own}", raw.group());
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// A value as HTML can hold it: it has no way to write most control characters.
pub(super) fn written(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
