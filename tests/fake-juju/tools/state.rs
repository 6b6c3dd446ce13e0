//! The unit's store on the controller (3.6).

use super::{Call, Done, FORMAT, OUTPUT, emit, file_text, file_values, key_values, parse};
use crate::context::Context;
use crate::op::Op;
use crate::text::flags::{Format, failed, usage};
use serde_json::{Value, json};

pub fn get(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[&["strict"]], &[FORMAT, OUTPUT])?;
    parsed.at_most(1)?;
    let state = cx.me()?.state;
    let value = match parsed.arg(0).filter(|k| *k != "-" && !k.is_empty()) {
        Some(key) => match state.get(key) {
            Some(value) => json!(value),
            None if parsed.has("strict") => return failed(format!("{key:?} not found")),
            None => json!(""),
        },
        None if state.is_empty() => Value::Null,
        None => json!(state),
    };
    emit(call, &parsed, Format::Smart, &value)
}

pub fn set(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[&["file"]])?;
    let positional = key_values(&parsed.rest)?;
    let mut pairs = match parsed.get("file") {
        Some(path) => file_values(&file_text(call, path)?)?,
        None => Vec::new(),
    };
    pairs.extend(positional);
    for (key, value) in &pairs {
        if key.len() > 256 {
            return failed(format!("max allowed key length (256) exceeded, got {}", key.len()));
        }
        if value.len() > 65536 {
            return failed(format!(
                "max allowed value length (65536) exceeded, got {}",
                value.len()
            ));
        }
    }
    cx.pending.extend(pairs.into_iter().map(|(key, value)| Op::StateSet { key, value }));
    Ok(String::new())
}

pub fn delete(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[])?;
    let Some(key) = parsed.arg(0) else { return usage("no key specified") };
    parsed.at_most(1)?;
    cx.pending.push(Op::StateDelete { key: key.to_owned() });
    Ok(String::new())
}
