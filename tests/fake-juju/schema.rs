//! Action parameters against `actions.yaml`, as Juju's draft-4 validator sees them (4.3).

use crate::charm::map;
use crate::text::{go_json, pattern};
use serde_json::{Map, Number, Value, json};

/// The JSON schema of an action; `mode` 4 closes it unless it says otherwise.
pub fn of_action(action: &Value, mode: u8) -> Value {
    let mut schema = map(action);
    let properties = schema.remove("params").unwrap_or(json!({}));
    for key in ["description", "title", "parallel", "execution-group"] {
        schema.remove(key);
    }
    schema.insert("type".into(), json!("object"));
    schema.insert("properties".into(), properties);
    if mode >= 4 {
        schema.entry("additionalProperties").or_insert(json!(false));
    }
    Value::Object(schema)
}

/// Every complaint, joined as Juju joins them.
pub fn validate(schema: &Value, value: &Value) -> Result<(), String> {
    let mut errors = Vec::new();
    check(schema, value, "(root)", &mut errors);
    if errors.is_empty() {
        Ok(())
    } else {
        Err(format!("validation failed: {}", errors.join("; ")))
    }
}

/// Juju hands numbers around as floats, so integers above 2^53 are not exact.
pub fn as_floats(value: &Value) -> Value {
    match value {
        Value::Number(n) => {
            n.as_f64().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
        }
        Value::Array(items) => items.iter().map(as_floats).collect(),
        Value::Object(m) => m.iter().map(|(k, v)| (k.clone(), as_floats(v))).collect(),
        other => other.clone(),
    }
}

/// Fills in defaults as the controller of Juju 3 does, with its panics.
pub fn insert_defaults(schema: &Value, value: &mut Map<String, Value>) -> Result<(), String> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Err("schema error caused a panic: interface conversion: interface {} is nil, \
                    not map[string]interface {}"
            .into());
    };
    for (key, property) in properties {
        match value.get_mut(key) {
            Some(Value::Object(inner)) => insert_defaults(property, inner)?,
            Some(_) => {}
            None if property.get("default").is_some() => {
                value.insert(key.clone(), as_floats(&property["default"]));
            }
            None if property.get("properties").is_some() => {
                let mut inner = Map::new();
                insert_defaults(property, &mut inner)?;
                if !inner.is_empty() {
                    value.insert(key.clone(), Value::Object(inner));
                }
            }
            None => {}
        }
    }
    Ok(())
}

fn check(schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
    let given = go_json::to_string(value);
    if let Some(kinds) = schema.get("type") {
        let kinds: Vec<&str> = match kinds {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        if !kinds.iter().any(|k| is(k, value)) {
            errors.push(format!("{at} : must be of type {}, given {given}", kinds.join(", ")));
            return;
        }
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.iter().any(|a| as_floats(a) == as_floats(value))
    {
        let list = go_json::to_string(&schema["enum"]);
        errors.push(format!("{at} : must match one of the enum values {list}, given {given}"));
    }
    match value {
        Value::String(text) => check_text(schema, text, at, errors),
        Value::Number(n) => check_number(schema, n.as_f64().unwrap_or_default(), at, errors),
        Value::Array(items) => check_list(schema, items, at, errors),
        Value::Object(members) => check_map(schema, members, at, errors),
        _ => {}
    }
    check_combinations(schema, value, at, errors);
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.as_f64().is_some_and(|f| f.fract() == 0.0),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        _ => false,
    }
}

fn check_text(schema: &Value, text: &str, at: &str, errors: &mut Vec<String>) {
    let given = go_json::to_string(&json!(text));
    let length = text.chars().count() as u64;
    if let Some(n) = schema.get("minLength").and_then(Value::as_u64).filter(|n| length < *n) {
        errors.push(format!("{at} : string length must be greater or equal to {n}, given {given}"));
    }
    if let Some(n) = schema.get("maxLength").and_then(Value::as_u64).filter(|n| length > *n) {
        errors.push(format!("{at} : string length must be lower or equal to {n}, given {given}"));
    }
    if let Some(wanted) = schema.get("pattern").and_then(Value::as_str)
        && !pattern::matches(wanted, text)
    {
        errors.push(format!("{at} : does not match pattern '{wanted}', given {given}"));
    }
}

fn check_number(schema: &Value, n: f64, at: &str, errors: &mut Vec<String>) {
    let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
    if let Some(max) = limit("maximum").filter(|max| n > *max) {
        errors.push(format!("{at} : must be lower than {max}, given \"{n}\""));
    }
    if let Some(min) = limit("minimum").filter(|min| n < *min) {
        errors.push(format!("{at} : must be greater than {min}, given \"{n}\""));
    }
    if let Some(step) = limit("multipleOf").filter(|step| n % step != 0.0) {
        errors.push(format!("{at} : must be a multiple of {step}, given \"{n}\""));
    }
}

fn check_list(schema: &Value, items: &[Value], at: &str, errors: &mut Vec<String>) {
    if let Some(item) = schema.get("items").filter(|i| i.is_object()) {
        for (n, value) in items.iter().enumerate() {
            check(item, value, &format!("{at}.{n}"), errors);
        }
    }
    let limit = |name: &str| schema.get(name).and_then(Value::as_u64);
    if let Some(n) = limit("minItems").filter(|n| (items.len() as u64) < *n) {
        errors.push(format!("{at} : array must have at least {n} items"));
    }
    if let Some(n) = limit("maxItems").filter(|n| (items.len() as u64) > *n) {
        errors.push(format!("{at} : array must have at the most {n} items"));
    }
}

fn check_map(schema: &Value, members: &Map<String, Value>, at: &str, errors: &mut Vec<String>) {
    let whole = || go_json::to_string(&Value::Object(members.clone()));
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        if !members.contains_key(name) {
            let given = whole();
            errors.push(format!("{at} : {name:?} property is missing and required, given {given}"));
        }
    }
    let properties = schema.get("properties").map(map).unwrap_or_default();
    for (name, value) in members {
        match (properties.get(name), schema.get("additionalProperties")) {
            (Some(property), _) => check(property, value, &format!("{at}.{name}"), errors),
            (None, Some(Value::Bool(false))) => {
                let given = whole();
                errors.push(format!(
                    "{at} : additional property {name:?} is not allowed, given {given}"
                ));
            }
            (None, Some(rest @ Value::Object(_))) => {
                check(rest, value, &format!("{at}.{name}"), errors);
            }
            (None, _) => {}
        }
    }
}

fn check_combinations(schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
    let passes = |s: &Value| {
        let mut inner = Vec::new();
        check(s, value, at, &mut inner);
        inner.is_empty()
    };
    let list = |name: &str| schema.get(name).and_then(Value::as_array);
    if let Some(all) = list("allOf") {
        for one in all {
            check(one, value, at, errors);
        }
    }
    if list("anyOf").is_some_and(|any| !any.iter().any(passes)) {
        errors.push(format!("{at} : must validate at least one schema (anyOf)"));
    }
    if list("oneOf").is_some_and(|one| one.iter().filter(|s| passes(s)).count() != 1) {
        errors.push(format!("{at} : must validate one and only one schema (oneOf)"));
    }
    if schema.get("not").is_some_and(passes) {
        errors.push(format!("{at} : must not validate the schema (not)"));
    }
}
