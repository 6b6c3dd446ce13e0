//! `action-get`, `action-set`, `action-fail`, `action-log` (3.2, 4.5).

use super::{Call, Done, FORMAT, OUTPUT, emit, parse};
use crate::charm::valid_name;
use crate::context::Context;
use crate::text::flags::{Fail, Format, failed, usage};
use serde_json::{Map, Value};

const RESERVED: [&str; 4] = ["stdout", "stdout-encoding", "stderr", "stderr-encoding"];

fn parameters(cx: &Context) -> Result<&Value, Fail> {
    let action = cx.event.action.as_ref().map(|a| &a.parameters);
    action.ok_or(Fail { code: 1, text: "not running an action".into() })
}

pub fn get(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[FORMAT, OUTPUT])?;
    parsed.at_most(1)?;
    parsed.format(Format::Smart)?;
    let mut value = parameters(cx)?;
    for part in parsed.arg(0).filter(|k| !k.is_empty()).into_iter().flat_map(|k| k.split('.')) {
        value = value.get(part).unwrap_or(&Value::Null);
    }
    emit(call, &parsed, Format::Smart, value)
}

pub fn set(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[])?;
    let mut pairs = Vec::new();
    for arg in &parsed.rest {
        let Some((key, value)) = arg.split_once('=') else {
            return usage(format!("argument {arg:?} must be of the form key...=value"));
        };
        let path: Vec<&str> = key.split('.').collect();
        for part in &path {
            if RESERVED.contains(part) {
                return usage(format!("cannot set reserved action key {part:?}"));
            }
            if !valid_name(part) {
                return usage(format!(
                    "key {part:?} must start and end with lowercase alphanumeric, and contain \
                     only lowercase alphanumeric, hyphens and periods"
                ));
            }
        }
        pairs.push((path, value));
    }
    parameters(cx)?;
    for (path, value) in pairs {
        insert(&mut cx.results, &path, value);
    }
    Ok(String::new())
}

/// A map replaces a scalar in its way and a scalar replaces a map.
fn insert(map: &mut Map<String, Value>, path: &[&str], value: &str) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        map.insert(first.to_string(), Value::String(value.to_owned()));
        return;
    }
    let entry = map.entry(first.to_string()).or_insert_with(|| Value::Object(Map::new()));
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    if let Value::Object(inner) = entry {
        insert(inner, rest, value);
    }
}

pub fn fail(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[])?;
    parsed.at_most(1)?;
    parameters(cx)?;
    let none = "action failed without reason given, check action for errors";
    cx.failure = Some(parsed.arg(0).filter(|m| !m.is_empty()).unwrap_or(none).to_owned());
    Ok(String::new())
}

pub fn log(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[])?;
    if parsed.rest.is_empty() {
        return usage("no message specified");
    }
    if cx.event.action.is_none() {
        return failed("not running an action");
    }
    cx.action_log(&parsed.rest.join(" "));
    Ok(String::new())
}
