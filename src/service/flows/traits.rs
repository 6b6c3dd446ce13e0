//! Traits in forms: the fields that a schema asks for, what was typed into them as the schema's
//! types, and beside which field a mistake is told.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::flow::Form;
use crate::domain::flow::text::{self, Text};
use crate::domain::flow::ui::{Attributes, Group, Input, InputType, Node};
use crate::domain::schema::Violation;

/// Deepest field of a form; as deep as the names of fields are taken apart.
const DEEPEST: usize = 15;
/// Longest way along references within a schema.
const FARTHEST: usize = 8;

/// The fields for the traits of a schema, as the settings show them. `values` are the traits,
/// `messages` what is wrong with fields, by their names.
#[must_use]
pub fn nodes(
    document: &Value,
    values: &Value,
    messages: &BTreeMap<String, Vec<Text>>,
) -> Vec<Node> {
    nodes_of(Group::Profile, document, values, messages)
}

/// As [`nodes`], in a group.
#[must_use]
pub fn nodes_of(
    group: Group,
    document: &Value,
    values: &Value,
    messages: &BTreeMap<String, Vec<Text>>,
) -> Vec<Node> {
    let mut walk = Walk { document, group, nodes: Vec::new() };
    if let Some(shape) = document.pointer("/properties/traits") {
        walk.object("traits", shape, values, DEEPEST);
    }
    for node in &mut walk.nodes {
        if let Some(told) = node.name().and_then(|name| messages.get(name)) {
            node.messages.clone_from(told);
        }
    }
    walk.nodes
}

/// The same fields, to be sent along unseen.
#[must_use]
pub fn hidden(mut nodes: Vec<Node>) -> Vec<Node> {
    for node in &mut nodes {
        if let Attributes::Input(input) = &mut node.attributes {
            input.kind = InputType::Hidden;
        }
    }
    // What is empty is not sent at all: nothing was typed there.
    nodes
        .retain(|node| matches!(&node.attributes, Attributes::Input(Input { value: Some(_), .. })));
    nodes
}

struct Walk<'d> {
    document: &'d Value,
    group: Group,
    nodes: Vec<Node>,
}

impl Walk<'_> {
    fn object(&mut self, name: &str, shape: &Value, values: &Value, depth: usize) {
        let shape = resolved(self.document, shape);
        let Some(properties) = shape.get("properties").and_then(Value::as_object) else { return };
        let required = shape.get("required").and_then(Value::as_array);
        for (key, shape) in properties {
            let shape = resolved(self.document, shape);
            let name = format!("{name}.{key}");
            let value = values.get(key).unwrap_or(&Value::Null);
            let needed = required.is_some_and(|all| all.iter().any(|one| one == key));
            match type_of(shape) {
                // A key with a dot in it could not be told from a place in a document.
                _ if key.contains('.') => {}
                "object" if depth > 0 => self.object(&name, shape, value, depth.saturating_sub(1)),
                // Lists have no place in a form; programs send them.
                "object" | "array" | "null" => {}
                kind => self.nodes.push(field(self.group, &name, key, kind, shape, value, needed)),
            }
        }
    }
}

fn field(
    group: Group,
    name: &str,
    key: &str,
    kind: &str,
    shape: &Value,
    value: &Value,
    needed: bool,
) -> Node {
    let word = |key: &str| shape.get(key).and_then(Value::as_str);
    let input_type = match (kind, word("format")) {
        ("boolean", _) => InputType::Checkbox,
        ("number" | "integer", _) => InputType::Number,
        (_, Some("email")) => InputType::Email,
        (_, Some("date")) => InputType::Date,
        (_, Some("date-time")) => InputType::DatetimeLocal,
        (_, Some("tel")) => InputType::Tel,
        (_, Some("uri")) => InputType::Url,
        _ => InputType::Text,
    };
    let mut node = Node::input(group, name, input_type);
    if let Attributes::Input(input) = &mut node.attributes {
        input.required = needed;
        input.value = Some(value).filter(|value| !value.is_null()).cloned();
        input.autocomplete = match input_type {
            InputType::Email => Some("email"),
            InputType::Tel => Some("tel"),
            InputType::Url => Some("url"),
            _ => None,
        };
        input.maxlength = shape.get("maxLength").and_then(Value::as_u64);
        // A schema's pattern may match anywhere in the text, that of a field must match all of it:
        // the one is the other only where it says so itself.
        let whole = |pattern: &&str| pattern.starts_with('^') && pattern.ends_with('$');
        input.pattern = word("pattern").filter(whole).map(ToOwned::to_owned);
    }
    let title = word("title").unwrap_or(key);
    let context = [("title", title), ("name", name)];
    let context = context.map(|(name, value)| (name.to_owned(), value.into()));
    node.label(text::TRAIT.with(Map::from_iter(context)))
}

/// A part of a schema, at the end of the references that lead to it.
fn resolved<'s>(document: &'s Value, shape: &'s Value) -> &'s Value {
    let mut shape = shape;
    for _ in 0..FARTHEST {
        let target = shape.get("$ref").and_then(Value::as_str);
        match target.and_then(|target| document.pointer(target.strip_prefix('#')?)) {
            Some(next) => shape = next,
            None => break,
        }
    }
    shape
}

/// What a value is to be: the first type that is not null, or what its keywords speak of.
fn type_of(shape: &Value) -> &str {
    let named = match shape.get("type") {
        Some(Value::String(one)) => Some(one.as_str()),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).find(|one| *one != "null"),
        _ => None,
    };
    let implied = if shape.get("properties").is_some() { "object" } else { "string" };
    named.unwrap_or(implied)
}

/// What was typed, as the types of the schema: forms know only text. Space around it is nobody's
/// intention, and a field that was left empty is left out. What does not fit stays as it is, for the schema to refuse.
#[must_use]
pub fn coerce(document: &Value, typed: &Value) -> Value {
    match document.pointer("/properties/traits") {
        Some(shape) => coerced(document, shape, typed, DEEPEST).unwrap_or_else(empty),
        None => typed.clone(),
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

fn coerced(document: &Value, shape: &Value, typed: &Value, depth: usize) -> Option<Value> {
    let shape = resolved(document, shape);
    match (typed, type_of(shape)) {
        (Value::String(text), kind) => scalar(text, kind),
        (Value::Object(fields), "object") if depth > 0 => {
            let inner = fields.iter().filter_map(|(key, value)| {
                let shape = shape.get("properties").and_then(|all| all.get(key));
                let value = match shape {
                    Some(shape) => coerced(document, shape, value, depth.saturating_sub(1))?,
                    None => value.clone(),
                };
                Some((key.clone(), value))
            });
            Some(Value::Object(inner.collect()))
        }
        _ => Some(typed.clone()),
    }
}

fn scalar(text: &str, kind: &str) -> Option<Value> {
    let trimmed = text.trim();
    if kind == "boolean" {
        return Some(match trimmed {
            "true" | "on" | "1" => true.into(),
            "false" | "off" | "0" | "" => false.into(),
            _ => text.into(),
        });
    }
    if trimmed.is_empty() {
        return None;
    }
    let number = match kind {
        "integer" => trimmed.parse::<i64>().ok().map(Value::from),
        "number" => {
            let whole = trimmed.parse::<i64>().ok().map(Value::from);
            let fraction = || trimmed.parse::<f64>().ok().map(Value::from);
            // What is too large to be a number becomes null, which is not what was typed.
            whole.or_else(fraction).filter(|value| !value.is_null())
        }
        _ => None,
    };
    Some(number.unwrap_or_else(|| trimmed.into()))
}

/// What was typed, with the traits for which the form has no field.
#[must_use]
pub fn kept(document: &Value, old: &Value, typed: Value) -> Value {
    let Value::Object(mut all) = typed else { return typed };
    let fields = nodes(document, old, &BTreeMap::new());
    let has_field = |key: &str| {
        let (own, inner) = (format!("traits.{key}"), format!("traits.{key}."));
        let mut names = fields.iter().filter_map(|field| field.name());
        names.any(|name| name == own || name.starts_with(&inner))
    };
    let none = Map::new();
    for (key, value) in old.as_object().unwrap_or(&none) {
        if !has_field(key) && !all.contains_key(key) {
            all.insert(key.clone(), value.clone());
        }
    }
    Value::Object(all)
}

/// Keeps what was typed with the form, to be shown again.
pub fn remember(form: &mut Form, traits: &Value) {
    form.values.insert("traits".to_owned(), traits.clone());
}

/// Tells of each violation beside its field, or of the whole where the form has no such field.
pub fn complain(form: &mut Form, document: &Value, violations: &[Violation]) {
    let fields = nodes(document, &Value::Null, &BTreeMap::new());
    for violation in violations {
        let name = format!("traits{}", violation.pointer.replace('/', "."));
        let known = fields.iter().any(|field| field.name() == Some(name.as_str()));
        if known {
            form.complain(&name, violation.text());
        } else {
            form.messages.push(violation.text());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "definitions": {"place": {"type": "object", "properties": {
                "zip": {"type": "string", "pattern": "^[0-9]{5}$", "maxLength": 5},
                "near": {"type": "string", "pattern": "sea"}
            }}},
            "properties": {"traits": {
                "type": "object", "required": ["email", "name"],
                "properties": {
                    "email": {"type": "string", "format": "email", "title": "E-Mail"},
                    "name": {"type": "object", "required": ["first"], "properties": {
                        "first": {"type": "string", "title": "First name"},
                        "last": {"type": ["null", "string"]}
                    }},
                    "age": {"type": "integer"},
                    "weight": {"type": "number"},
                    "news": {"type": "boolean"},
                    "born": {"type": "string", "format": "date"},
                    "met": {"type": "string", "format": "date-time"},
                    "site": {"type": "string", "format": "uri"},
                    "place": {"$ref": "#/definitions/place"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "loop": {"$ref": "#/properties/traits/properties/loop"}
                }
            }}
        })
    }

    #[test]
    fn a_schema_becomes_fields() {
        let values = json!({"email": "a@example.com", "news": true, "name": {"first": "Ada"}});
        let mut messages = BTreeMap::new();
        messages.insert("traits.name.first".to_owned(), vec![text::PATTERN.text()]);
        let nodes = nodes(&document(), &values, &messages);
        let all: Vec<Value> =
            nodes.iter().map(|node| serde_json::to_value(node).unwrap()).collect();
        let kinds: Vec<String> = all
            .iter()
            .map(|node| &node["attributes"])
            .map(|field| format!("{} {}", field["name"], field["type"]).replace('"', ""))
            .collect();
        assert_eq!(
            kinds,
            [
                "traits.email email",
                "traits.name.first text",
                "traits.name.last text",
                "traits.age number",
                "traits.weight number",
                "traits.news checkbox",
                "traits.born date",
                "traits.met datetime-local",
                "traits.site url",
                "traits.place.zip text",
                "traits.place.near text",
                "traits.loop text",
            ]
        );
        assert_eq!(all[0]["group"], "profile");
        assert_eq!(all[0]["attributes"]["value"], "a@example.com");
        assert_eq!(all[0]["attributes"]["required"], true);
        let label = &all[0]["meta"]["label"];
        assert_eq!(
            (&label["id"], &label["text"], &label["context"]),
            (
                &json!(1_070_002),
                &json!("E-Mail"),
                &json!({"title": "E-Mail", "name": "traits.email"})
            )
        );
        assert_eq!(all[1]["messages"][0]["id"], 4_000_004);
        assert_eq!(all[2]["meta"]["label"]["text"], "last");
        assert_eq!(all[5]["attributes"]["value"], true);
        assert_eq!(all[9]["attributes"]["pattern"], "^[0-9]{5}$");
        assert_eq!(all[9]["attributes"]["maxlength"], 5);
        assert!(all[10]["attributes"].get("pattern").is_none());
        let sent: Vec<_> =
            hidden(nodes).iter().map(|node| node.name().unwrap().to_owned()).collect();
        assert_eq!(sent, ["traits.email", "traits.name.first", "traits.news"]);
    }

    #[test]
    fn what_forms_send_becomes_what_the_schema_wants() {
        let typed = json!({
            "email": " a@example.com", "name": {"first": "Ada", "last": " "}, "age": "7",
            "weight": "1.5", "news": "on", "born": "", "place": {"zip": "12345"},
            "tags": ["x"], "more": "1"
        });
        assert_eq!(
            coerce(&document(), &typed),
            json!({
                "email": "a@example.com", "name": {"first": "Ada"}, "age": 7, "weight": 1.5,
                "news": true, "place": {"zip": "12345"}, "tags": ["x"], "more": "1"
            })
        );
        for text in ["seven", "1e999", "NaN", "7.5", "0x7"] {
            assert_eq!(coerce(&document(), &json!({"age": text}))["age"], text);
        }
        assert_eq!(coerce(&document(), &json!({"weight": "1e999"}))["weight"], "1e999");
        assert_eq!(coerce(&document(), &json!({"news": "maybe"}))["news"], "maybe");
        for odd in [json!("text"), json!([1]), json!(null), json!({"name": "x", "email": {}})] {
            let _ = coerce(&document(), &odd);
        }
    }
}
