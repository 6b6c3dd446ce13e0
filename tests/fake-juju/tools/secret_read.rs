//! Reading secrets: `secret-get`, `secret-info-get`, `secret-ids` (3.5).

use super::{Call, Done, FORMAT, OUTPUT, emit, parse};
use crate::context::Context;
use crate::model::{Model, Owner, Secret, decode, secret_id};
use crate::op::Op;
use crate::text::flags::{Fail, Format, failed, usage};
use serde_json::{Map, Value, json};

pub fn get(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[&["peek"], &["refresh"]], &[FORMAT, OUTPUT, &["label"]])?;
    let format = parsed.format(Format::Yaml)?;
    let label = parsed.get("label").filter(|l| !l.is_empty());
    let mut rest = parsed.rest.iter();
    let uri = match rest.next() {
        Some(text) => match secret_id(text) {
            Some(id) => Some(id),
            None => return usage(format!("secret URI {text:?} not valid")),
        },
        None => None,
    };
    if uri.is_none() && label.is_none() {
        return usage("require either a secret URI or label");
    }
    if parsed.has("peek") && parsed.has("refresh") {
        return usage("specify one of --peek or --refresh but not both");
    }
    parsed.at_most(2)?;
    let view = cx.view()?;
    let id = match (&uri, label) {
        (Some(id), _) => id.clone(),
        (None, Some(label)) => match by_label(&view, &cx.unit, label) {
            Some(id) => id,
            None => return failed(format!("secret with label {label:?} not found")),
        },
        (None, None) => return usage("require either a secret URI or label"),
    };
    let Some(secret) = view.secrets.get(&id) else {
        return failed(format!("secret {id:?} not found"));
    };
    if !secret.readable_by(&cx.unit) {
        return failed("permission denied");
    }
    let revision = revision(cx, &view, &id, secret, parsed.has("peek"), parsed.has("refresh"))?;
    if let (Some(_), Some(label)) = (uri, label) {
        let (unit, label, id) = (cx.unit.clone(), label.to_owned(), id.clone());
        cx.now(|m| drop(m.units.entry(unit).or_default().labels.insert(label, id)))?;
    }
    let Some(content) = secret.revisions.get(&revision) else {
        return failed(format!("secret revision {id}/{revision} not found"));
    };
    let Some(key) = rest.next() else {
        let text = |v: &String| json!(String::from_utf8_lossy(&decode(v)));
        let map: Map<String, Value> = content.iter().map(|(k, v)| (k.clone(), text(v))).collect();
        return emit(call, &parsed, Format::Yaml, &Value::Object(map));
    };
    let (name, encoded) = match key.strip_suffix("#base64") {
        Some(name) => (name, true),
        None => (key.as_str(), false),
    };
    let Some(value) = content.get(name) else {
        return failed(format!("secret key value {name:?} not found"));
    };
    let text = if encoded { value.clone() } else { String::from_utf8_lossy(&decode(value)).into() };
    match format {
        // A single value is printed as it is, not as a YAML scalar.
        Format::Yaml if parsed.get("output").is_none() => Ok(format!("{text}\n")),
        _ => emit(call, &parsed, Format::Yaml, &json!(text)),
    }
}

/// The revision to show; the first read and a refresh move the tracked one at once.
fn revision(
    cx: &mut Context,
    view: &Model,
    id: &str,
    secret: &Secret,
    peek: bool,
    refresh: bool,
) -> Result<u64, Fail> {
    let tracked = view.units.get(&cx.unit).and_then(|u| u.tracked.get(id)).copied();
    let latest = secret.latest();
    let updated_here = cx.pending.iter().any(
        |op| matches!(op, Op::SecretSet { id: i, .. } | Op::SecretAdd { id: i, .. } if i == id),
    );
    match tracked {
        Some(revision) if !refresh => Ok(if peek { latest } else { revision }),
        None if peek => Ok(latest),
        _ if updated_here => {
            cx.pending.push(Op::Track { id: id.to_owned() });
            Ok(latest)
        }
        _ => {
            let (unit, id) = (cx.unit.clone(), id.to_owned());
            cx.now(|m| {
                m.units.entry(unit).or_default().tracked.insert(id, latest);
            })?;
            Ok(latest)
        }
    }
}

/// Own secrets by the owner's label, others by the label this unit gave them.
fn by_label(view: &Model, unit: &str, label: &str) -> Option<String> {
    let own = view.secrets.iter().find(|(_, s)| s.label == label && s.owned_by(unit));
    own.map(|(id, _)| id.clone())
        .or_else(|| view.units.get(unit).and_then(|u| u.labels.get(label)).cloned())
}

pub fn info(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[FORMAT, OUTPUT, &["label"]])?;
    parsed.at_most(1)?;
    let view = cx.view()?;
    let (shown, id) = match (parsed.arg(0), parsed.get("label")) {
        (Some(_), Some(_)) => return usage("specify either a secret URI or label but not both"),
        (Some(uri), None) => match secret_id(uri) {
            Some(id) => (id.clone(), Some(id)),
            None => return usage(format!("secret URI {uri:?} not valid")),
        },
        (None, Some(label)) => {
            let own = view.secrets.iter().find(|(_, s)| s.label == label && s.owned_by(&cx.unit));
            (label.to_owned(), own.map(|(id, _)| id.clone()))
        }
        (None, None) => return usage("require either a secret URI or label"),
    };
    let found = id.and_then(|id| view.secrets.get(&id).map(|s| (id, s)));
    let Some((id, secret)) = found.filter(|(_, s)| s.owned_by(&cx.unit)) else {
        return failed(format!("secret {shown:?} not found"));
    };
    let owner = if matches!(secret.owner, Owner::Unit(_)) { "unit" } else { "application" };
    let rotation = if secret.rotate.is_empty() { "never" } else { &secret.rotate };
    let mut value = json!({
        "revision": secret.latest(), "label": secret.label, "owner": owner, "rotation": rotation,
    });
    for (key, text) in [("description", &secret.description), ("expiry", &secret.expire)] {
        if !text.is_empty() {
            value[key] = json!(text);
        }
    }
    let value = Value::Object(Map::from_iter([(id, value)]));
    emit(call, &parsed, Format::Yaml, &value)
}

pub fn ids(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[FORMAT, OUTPUT])?;
    parsed.at_most(0)?;
    let view = cx.view()?;
    let leads = view.is_leader(&cx.unit);
    let mine = |s: &Secret| s.owned_by(&cx.unit) && (leads || matches!(s.owner, Owner::Unit(_)));
    let ids: Vec<&String> = view.secrets.iter().filter(|(_, s)| mine(s)).map(|(i, _)| i).collect();
    let value = if ids.is_empty() { Value::Null } else { json!(ids) };
    emit(call, &parsed, Format::Smart, &value)
}
