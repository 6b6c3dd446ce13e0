//! What is kept of actions: `show-task`, `show-operation`, `actions`.

use super::{Command, Done, say};
use crate::charm::Charm;
use crate::task::Task;
use crate::text::{go_json, yaml_out};
use serde_json::{Map, Value, json};

pub fn show_task(c: &Command) -> Done {
    let id: u32 = c.need(0, "task ID")?.parse().map_err(|_| "task ID not valid")?;
    let task = Task::load(&c.store, id)?;
    say(task.print(c.flags.get("format").unwrap_or("plain"), false))
}

/// Parameters are in clear here, as Juju shows them.
pub fn show_operation(c: &Command) -> Done {
    let id: u32 = c.need(0, "operation ID")?.parse().map_err(|_| "operation ID not valid")?;
    let task = Task::load(&c.store, id + 1).map_err(|_| format!("operation \"{id}\" not found"))?;
    let mut inner = task.to_value();
    inner["host"] = inner["unit"].take();
    if let Some(map) = inner.as_object_mut() {
        map.remove("unit");
        map.remove("id");
    }
    let value = json!({
        "summary": format!("{} run on unit-{}", task.action, task.unit.replace('/', "-")),
        "status": task.status,
        "action": {"name": task.action, "parameters": task.parameters},
        "timing": inner["timing"],
        "tasks": {task.id.to_string(): inner},
    });
    match c.flags.get("format") {
        Some("json") => say(format!("{}\n", go_json::to_string(&value))),
        _ => say(yaml_out::document(&value)),
    }
}

pub fn actions(c: &Command) -> Done {
    let charm = Charm::read(&c.store.load()?.charm)?;
    let about = |v: &Value| v.get("description").cloned().unwrap_or(json!("No description"));
    let shown: Map<String, Value> = if c.flags.has("schema") {
        charm.actions
    } else {
        charm.actions.iter().map(|(k, v)| (k.clone(), about(v))).collect()
    };
    match c.flags.get("format") {
        Some("json") => say(format!("{}\n", go_json::to_string(&Value::Object(shown)))),
        _ => say(yaml_out::document(&Value::Object(shown))),
    }
}
