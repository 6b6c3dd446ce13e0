//! Options, the log, leadership, goal state and what else describes the unit (3.3).

use super::{Call, Done, FORMAT, OUTPUT, emit, parse};
use crate::context::Context;
use crate::op::Op;
use crate::text::flags::{Format, failed, usage};
use crate::text::time;
use serde_json::{Map, Value, json};

pub fn get(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[&["all", "a"]], &[FORMAT, OUTPUT])?;
    if let (Some(key), true) = (parsed.arg(0), parsed.has("all")) {
        return usage(format!("cannot use argument --all together with key {key:?}"));
    }
    parsed.at_most(1)?;
    if cx.config.is_none() {
        cx.config = Some(cx.charm.config(&cx.model()?));
    }
    let config = cx.config.clone().unwrap_or_default();
    let value = match parsed.arg(0) {
        Some(key) => config.get(key).cloned().unwrap_or(Value::Null),
        None if parsed.has("all") => Value::Object(config),
        None => Value::Object(config.into_iter().filter(|(_, v)| !v.is_null()).collect()),
    };
    emit(call, &parsed, Format::Smart, &value)
}

pub fn log(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[&["debug"]], &[&["log-level", "l"], FORMAT])?;
    if parsed.rest.is_empty() {
        return usage("no message specified");
    }
    let asked = parsed.get("log-level").unwrap_or("INFO").to_uppercase();
    let known = ["TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
    let level = if parsed.has("debug") {
        "DEBUG"
    } else if let Some(level) = known.into_iter().find(|l| *l == asked) {
        level
    } else {
        cx.juju_log("WARNING", &format!("Specified log level of {asked:?} is not valid"));
        "INFO"
    };
    if parsed.get("format").is_some() {
        cx.notice = "--format flag deprecated for command \"juju-log\"".into();
    }
    let message = parsed.rest.join(" ");
    let relation = cx.event.relation.as_ref().map(|r| r.id);
    let prefix = match relation {
        Some(id) => match cx.model()?.relations.get(&id) {
            Some(relation) => format!("{}:{id}: ", relation.endpoint),
            None => String::new(),
        },
        None => String::new(),
    };
    cx.juju_log(level, &format!("{prefix}{message}"));
    Ok(String::new())
}

pub fn is_leader(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[FORMAT, OUTPUT])?;
    parsed.at_most(0)?;
    let leads = cx.is_leader()?;
    emit(call, &parsed, Format::Smart, &Value::Bool(leads))
}

pub fn goal_state(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[FORMAT, OUTPUT])?;
    parsed.at_most(0)?;
    let model = cx.model()?;
    let since = time::long(jiff::Timestamp::now());
    let entry = |status: &str| json!({"status": status, "since": since});
    let units: Map<String, Value> =
        model.units.iter().map(|(n, u)| (n.clone(), entry(&u.status.status))).collect();
    let mut relations = Map::new();
    for relation in model.relations.values() {
        let mut members: Map<String, Value> =
            relation.remote_units.iter().map(|u| (u.clone(), entry("active"))).collect();
        if relation.peer {
            members.extend(
                units.iter().filter(|(n, _)| **n != cx.unit).map(|(n, v)| (n.clone(), v.clone())),
            );
        } else {
            members.insert(relation.remote_app.clone(), entry("joined"));
        }
        relations.insert(relation.endpoint.clone(), Value::Object(members));
    }
    let value = json!({"units": units, "relations": relations});
    emit(call, &parsed, Format::Yaml, &value)
}

pub fn credential_get(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[FORMAT, OUTPUT])?;
    if !cx.model()?.trusted {
        return failed("cannot access cloud credentials: permission denied");
    }
    let value = json!({"type": "lxd", "name": "localhost", "region": "localhost"});
    emit(call, &parsed, Format::Smart, &value)
}

pub fn reboot(call: &Call, cx: &mut Context) -> Done {
    parse(call, &[&["now"]], &[])?.at_most(0)?;
    if cx.event.action.is_some() {
        return failed("juju-reboot is not supported when running an action.");
    }
    cx.pending.push(Op::Reboot);
    Ok(String::new())
}
