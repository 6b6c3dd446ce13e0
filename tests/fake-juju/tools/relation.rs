//! Relations and their databags (3.4).

use super::{Call, Done, FORMAT, OUTPUT, emit, file_text, file_values, key_values, parse};
use crate::context::Context;
use crate::model::{Model, application_of};
use crate::op::Op;
use crate::text::flags::{Fail, Format, Parsed, failed, usage};
use serde_json::{Map, Value, json};

const RELATION: &[&str] = &["relation", "r"];

/// The relation of `-r`, or of the event.
fn relation_id(parsed: &Parsed, cx: &Context, model: &Model) -> Result<u32, Fail> {
    let Some(text) = parsed.get("relation") else {
        let here = cx.event.relation.as_ref().map(|r| r.id);
        return here.map_or_else(|| usage("no relation id specified"), Ok);
    };
    let (endpoint, digits) = match text.rsplit_once(':') {
        Some((endpoint, digits)) => (Some(endpoint), digits),
        None => (None, text),
    };
    let Ok(id) = digits.parse::<u32>() else {
        return usage(format!("invalid value {text:?} for option -r: invalid relation id"));
    };
    match model.relations.get(&id) {
        Some(r) if endpoint.is_none_or(|e| e == r.endpoint) => Ok(id),
        _ => usage(format!("invalid value {text:?} for option -r: relation not found")),
    }
}

/// The other units, sorted.
fn members(model: &Model, id: u32, me: &str) -> Vec<String> {
    let Some(relation) = model.relations.get(&id) else { return Vec::new() };
    let mut units = relation.remote_units.clone();
    if relation.peer {
        units.extend(model.units.keys().filter(|u| *u != me).cloned());
    }
    units.sort();
    units.dedup();
    units
}

pub fn ids(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[FORMAT, OUTPUT])?;
    parsed.at_most(1)?;
    let model = cx.model()?;
    let here = cx.event.relation.as_ref().and_then(|r| model.relations.get(&r.id));
    let Some(endpoint) = parsed.arg(0).or(here.map(|r| r.endpoint.as_str())) else {
        return usage("no endpoint name specified");
    };
    let mut ids: Vec<String> = model
        .relations
        .iter()
        .filter(|(_, r)| r.endpoint == endpoint)
        .map(|(id, r)| format!("{}:{id}", r.endpoint))
        .collect();
    ids.sort();
    emit(call, &parsed, Format::Smart, &json!(ids))
}

pub fn list(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[&["app"]], &[FORMAT, OUTPUT, RELATION])?;
    parsed.at_most(0)?;
    let model = cx.model()?;
    let id = relation_id(&parsed, cx, &model)?;
    let value = if parsed.has("app") {
        json!(model.relations.get(&id).map(|r| r.remote_app.clone()))
    } else {
        json!(members(&model, id, &cx.unit))
    };
    emit(call, &parsed, Format::Smart, &value)
}

pub fn get(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[&["app"]], &[FORMAT, OUTPUT, RELATION])?;
    parsed.at_most(2)?;
    let model = cx.view()?;
    let id = relation_id(&parsed, cx, &model)?;
    let event = cx.event.relation.clone().unwrap_or_default();
    let whose = parsed.arg(1).map(str::to_owned);
    let member = if parsed.has("app") {
        let name = whose.unwrap_or(event.app);
        if name.is_empty() {
            return usage("no unit or application specified");
        }
        application_of(&name).to_owned()
    } else {
        let name = whose.unwrap_or(event.unit);
        if name.is_empty() {
            return usage("no unit or application specified");
        }
        if !name.contains('/') {
            return usage(format!("expected unit name, got application name {name:?}"));
        }
        name
    };
    let Some(relation) = model.relations.get(&id) else { return failed("relation not found") };
    let own_app = member == application_of(&cx.unit);
    if own_app && !relation.peer && !model.is_leader(&cx.unit) {
        return failed("permission denied");
    }
    let bag = relation.data.get(&member).cloned().unwrap_or_default();
    let value = match parsed.arg(0).filter(|k| *k != "-" && !k.is_empty()) {
        Some(key) => bag.get(key).map_or(Value::Null, |v| json!(v)),
        None => json!(bag),
    };
    emit(call, &parsed, Format::Smart, &value)
}

pub fn set(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[&["app"]], &[FORMAT, RELATION, &["file"]])?;
    let model = cx.model()?;
    let id = relation_id(&parsed, cx, &model)?;
    let positional = key_values(&parsed.rest)?;
    let mut pairs = match parsed.get("file") {
        Some(path) => file_values(&file_text(call, path)?)?,
        None => Vec::new(),
    };
    pairs.extend(positional);
    if parsed.get("format").is_some() {
        cx.notice = "--format flag deprecated for command \"relation-set\"".into();
    }
    let member = if parsed.has("app") {
        if !model.is_leader(&cx.unit) {
            return failed("cannot write relation settings");
        }
        application_of(&cx.unit).to_owned()
    } else {
        cx.unit.clone()
    };
    for (key, value) in pairs {
        cx.pending.push(Op::RelationSet { id, member: member.clone(), key, value });
    }
    Ok(String::new())
}

pub fn model_get(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[FORMAT, OUTPUT, RELATION])?;
    let model = cx.model()?;
    relation_id(&parsed, cx, &model)?;
    let value = Map::from_iter([("uuid".to_owned(), json!(model.uuid))]);
    emit(call, &parsed, Format::Smart, &Value::Object(value))
}
