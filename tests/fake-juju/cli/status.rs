//! `juju status` and the log.

use super::{Command, Done, say};
use crate::charm::Charm;
use crate::model::{Model, Status};
use crate::text::{go_json, time, yaml_out};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

fn shown(status: &Status, since: &str) -> Value {
    let mut value = json!({"current": status.status, "since": since});
    if !status.message.is_empty() {
        value["message"] = json!(status.message);
    }
    value
}

/// What the charm set, or the worst of its units.
fn application_status(model: &Model) -> Status {
    const WORST: [&str; 6] = ["error", "blocked", "waiting", "maintenance", "active", "unknown"];
    let rank = |s: &Status| WORST.iter().position(|w| *w == s.status).unwrap_or(WORST.len());
    let units = model.units.values().map(workload);
    let worst = units.min_by_key(rank).unwrap_or_default();
    model.app_status.clone().unwrap_or(worst)
}

fn workload(unit: &crate::model::Unit) -> Status {
    match &unit.error {
        Some(e) => Status { status: "error".into(), message: format!("hook failed: {:?}", e.name) },
        None => unit.status.clone(),
    }
}

/// `status [--format yaml|json|tabular]`
pub fn status(c: &Command) -> Done {
    // A harness may deploy its other applications first.
    let model = c.store.load().unwrap_or_default();
    let whole = || -> Result<Value, String> {
        let mut value = full(&model);
        if let Some(apps) = value["applications"].as_object_mut() {
            apps.extend(super::foreign::applications(&c.store)?);
        }
        Ok(value)
    };
    match c.flags.get("format").unwrap_or("tabular") {
        "json" => say(format!("{}\n", go_json::to_string(&whole()?))),
        "yaml" => say(yaml_out::document(&whole()?)),
        _ => say(table(&model)),
    }
}

fn table(model: &Model) -> String {
    let app = application_status(model);
    let mut out = format!(
        "App\tVersion\tStatus\tScale\tMessage\n{}\t{}\t{}\t{}\t{}\n\n\
         Unit\tWorkload\tAgent\tMachine\tPorts\tMessage\n",
        model.app,
        model.app_version,
        app.status,
        model.units.len(),
        app.message
    );
    for (name, unit) in &model.units {
        let star = if model.is_leader(name) { "*" } else { "" };
        let workload = workload(unit);
        let ports: Vec<&str> = unit.ports.iter().map(String::as_str).collect();
        out.push_str(&format!(
            "{name}{star}\t{}\tidle\t{}\t{}\t{}\n",
            workload.status,
            unit.machine,
            ports.join(","),
            workload.message
        ));
    }
    out
}

fn full(model: &Model) -> Value {
    let since = time::since(Timestamp::now());
    let since = since.as_str();
    let charm = Charm::read(&model.charm).ok();
    let name = charm.and_then(|c| c.metadata.get("name").cloned()).unwrap_or(json!(""));
    let idle = Status { status: "idle".into(), message: String::new() };
    let mut units = Map::new();
    let mut machines = Map::new();
    for (unit_name, unit) in &model.units {
        let address = unit.addresses.first().cloned().unwrap_or_default();
        let mut one = json!({
            "workload-status": shown(&workload(unit), since),
            "juju-status": shown(&idle, since),
            "machine": unit.machine.to_string(),
            "public-address": address,
        });
        if model.is_leader(unit_name) {
            one["leader"] = json!(true);
        }
        if !unit.ports.is_empty() {
            one["open-ports"] = json!(unit.ports);
        }
        units.insert(unit_name.clone(), one);
        let machine = json!({
            "juju-status": {"current": "started", "since": since},
            "dns-name": address, "ip-addresses": unit.addresses,
            "instance-id": format!("fake-{}", unit.machine),
            "machine-status": {"current": "running", "since": since},
            "modification-status": {"current": "idle", "since": since},
            "base": {"name": "ubuntu", "channel": "24.04"},
        });
        machines.insert(unit.machine.to_string(), machine);
    }
    let mut relations: Map<String, Value> = Map::new();
    for relation in model.relations.values() {
        let one =
            json!({"related-application": relation.remote_app, "interface": "", "scope": "global"});
        relations.insert(relation.endpoint.clone(), json!([one]));
    }
    let app = json!({
        "charm": name, "charm-origin": "local", "charm-name": name, "charm-rev": 0,
        "base": {"name": "ubuntu", "channel": "24.04"}, "exposed": false,
        "application-status": shown(&application_status(model), since),
        "relations": relations, "units": units, "version": model.app_version,
    });
    let mut applications = Map::new();
    if !model.app.is_empty() {
        applications.insert(model.app.clone(), app);
    }
    json!({
        "model": {
            "name": model.name, "type": "iaas", "controller": "fake", "cloud": "localhost",
            "version": model.version, "model-status": {"current": "available", "since": since},
        },
        "machines": machines,
        "applications": applications,
        "controller": {"timestamp": time::clock(Timestamp::now())},
    })
}

/// All lines of the log, oldest first.
pub fn debug_log(c: &Command) -> Done {
    let text = std::fs::read_to_string(c.store.dir.join("log.jsonl")).unwrap_or_default();
    let mut out = String::new();
    for line in text.lines() {
        let Ok(v) = serde_json::from_str::<Value>(line) else { continue };
        let field = |name: &str| v.get(name).and_then(Value::as_str).unwrap_or_default();
        let unit = field("unit").replace('/', "-");
        out.push_str(&format!(
            "unit-{unit}: {} {} unit.{}.{} {}\n",
            field("time").get(11..19).unwrap_or_default(),
            field("level"),
            field("unit"),
            field("event"),
            field("message"),
        ));
    }
    say(out)
}
