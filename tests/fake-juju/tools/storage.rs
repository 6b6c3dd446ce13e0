//! Storage instances and resources (3.6).

use super::{Call, Done, FORMAT, OUTPUT, emit, parse};
use crate::context::Context;
use crate::op::Op;
use crate::text::flags::{Format, failed, usage};
use serde_json::json;

pub fn list(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[FORMAT, OUTPUT])?;
    parsed.at_most(1)?;
    let of = |id: &String| parsed.arg(0).is_none_or(|n| id.split('/').next() == Some(n));
    let ids: Vec<String> = cx.me()?.storage.keys().filter(|id| of(id)).cloned().collect();
    emit(call, &parsed, Format::Smart, &json!(ids))
}

pub fn get(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[FORMAT, OUTPUT, &["s"]])?;
    parsed.at_most(1)?;
    let Some(id) = parsed.get("s").map(str::to_owned).or(cx.event.storage.clone()) else {
        return usage("no storage instance specified");
    };
    let me = cx.me()?;
    let Some(storage) = me.storage.get(&id) else {
        let text = format!("invalid value {id:?} for option -s: storage not found");
        return usage(text);
    };
    let value = match parsed.arg(0) {
        None => json!({"kind": storage.kind, "location": storage.location}),
        Some("kind") => json!(storage.kind),
        Some("location") => json!(storage.location),
        Some(other) => return failed(format!("invalid storage attribute {other:?}")),
    };
    emit(call, &parsed, Format::Smart, &value)
}

pub fn add(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[])?;
    if parsed.rest.is_empty() {
        return usage("storage add requires a storage directive");
    }
    for arg in &parsed.rest {
        let (name, count) = arg.split_once('=').unwrap_or((arg, "1"));
        if !cx.charm.storage().contains_key(name) {
            return failed(format!("charm storage {name:?} not found"));
        }
        let count = count.parse().unwrap_or(1);
        cx.pending.push(Op::StorageAdd { name: name.to_owned(), count });
    }
    Ok(String::new())
}

pub fn resource(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[])?;
    let Some(name) = parsed.arg(0) else { return usage("missing required resource name") };
    parsed.at_most(1)?;
    match cx.model()?.resources.get(name) {
        // No newline: the path is used as `$(resource-get x)`.
        Some(path) => Ok(path.display().to_string()),
        None => failed(format!("could not download resource: resource#{name} not found")),
    }
}
