//! Actions: what is queued, what is refused, and what becomes of a task (4.3, 4.6).

use crate::charm::Charm;
use crate::driver::{Manner, Ran, dispatch};
use crate::event::{ActionCall, Event};
use crate::model::encode;
use crate::schema;
use crate::store::{Result, Store};
use crate::task::Task;
use crate::text::time;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Why an action never started.
pub enum Refused {
    /// No such unit or action, or (in Juju 3) bad parameters.
    NotQueued(String),
    Broken(String),
}

impl From<String> for Refused {
    fn from(text: String) -> Refused {
        Refused::Broken(text)
    }
}

/// Queues and runs an action.
pub fn run(
    store: &Store,
    unit: &str,
    name: &str,
    parameters: &Value,
    manner: Manner,
    started: impl FnOnce(&Task),
) -> std::result::Result<Task, Refused> {
    let model = store.load()?;
    let charm = Charm::read(&store.charm_dir(unit))?;
    let Some(definition) = charm.actions.get(name) else {
        let text = match model.mode {
            3 => format!("action {name:?} not defined on unit {unit:?}"),
            _ => format!("action {name:?} not defined for unit {unit:?}. (not found)"),
        };
        return Err(Refused::NotQueued(text));
    };
    let (parameters, verdict) = admit(definition, parameters, model.mode);
    if let (3, Err(text)) = (model.mode, &verdict) {
        return Err(Refused::NotQueued(text.clone()));
    }
    let mut task = enqueue(store, unit, name, &parameters)?;
    started(&task);
    task.started = time::long(Timestamp::now());
    if let Err(text) = verdict {
        task.status = "error".into();
        task.message = format!("cannot run {name:?} action: {text}");
        task.completed = time::long(Timestamp::now());
        task.save(store)?;
        return Ok(task);
    }
    let parallel = definition.get("parallel").and_then(Value::as_bool).unwrap_or(false)
        && definition.get("execution-group").and_then(Value::as_str).is_none_or(str::is_empty);
    let machine = model.units.get(unit).map_or(0, |u| u.machine);
    // One thing at a time on a unit; on a machine too, unless the action says otherwise.
    let lock =
        if parallel { format!("parallel-{}", task.id) } else { format!("machine-{machine}") };
    let _lock = store.lock(&lock)?;
    let event = Event {
        name: name.to_owned(),
        action: Some(ActionCall { task: task.id, parameters }),
        ..Event::default()
    };
    match dispatch(store, unit, &event, manner) {
        Ok(Some(ran)) => finish(&mut task, ran),
        Ok(None) => {
            task.status = "failed".into();
            task.message = format!("action not implemented on unit {unit:?}");
        }
        Err(e) => {
            task.status = "failed".into();
            task.message = e;
        }
    }
    task.completed = time::long(Timestamp::now());
    task.save(store)?;
    store.record(
        "events",
        &json!({
            "action": name, "unit": unit, "task": task.id, "status": task.status,
            "message": task.message, "micros": task.micros, "calls": task.calls,
        }),
    );
    Ok(task)
}

/// `juju exec`: a command with the hook tools of the unit.
pub fn exec(store: &Store, unit: &str, command: &str) -> Result<Task> {
    let mut task = enqueue(store, unit, "juju-exec", &json!({"command": command}))?;
    let machine = store.load()?.units.get(unit).map_or(0, |u| u.machine);
    let _lock = store.lock(&format!("machine-{machine}"))?;
    let command = Some(command.to_owned());
    let event = Event { command, ..Event::hook("juju-exec") };
    task.started = time::long(Timestamp::now());
    if let Some(ran) = dispatch(store, unit, &event, Manner::default())? {
        finish(&mut task, ran);
    }
    // A command that fails is a completed task with its return code.
    task.status = "completed".into();
    task.message = String::new();
    task.completed = time::long(Timestamp::now());
    task.save(store)?;
    Ok(task)
}

/// The parameters as the charm will see them, and what the schema says of them.
fn admit(definition: &Value, parameters: &Value, mode: u8) -> (Value, Result<()>) {
    let schema = schema::of_action(definition, mode);
    let mut value = schema::as_floats(parameters);
    let mut verdict = schema::validate(&schema, &value);
    if mode == 3
        && verdict.is_ok()
        && let Value::Object(map) = &mut value
    {
        verdict = schema::insert_defaults(&schema, map);
        verdict = verdict.and_then(|()| schema::validate(&schema, &value));
    }
    (value, verdict)
}

fn enqueue(store: &Store, unit: &str, name: &str, parameters: &Value) -> Result<Task> {
    let (operation, id) = store.update(|model| {
        model.sequence += 2;
        Ok((model.sequence - 1, model.sequence))
    })?;
    let task = Task {
        id,
        operation,
        unit: unit.into(),
        action: name.into(),
        parameters: parameters.clone(),
        status: "pending".into(),
        enqueued: time::long(Timestamp::now()),
        ..Task::default()
    };
    task.save(store)?;
    Ok(task)
}

/// Status and message by the table of 4.6.
fn finish(task: &mut Task, ran: Ran) {
    task.micros = ran.ended.took.as_micros() as u64;
    task.calls = ran.calls;
    task.log = ran.context.log;
    task.results = ran.context.results;
    let code = ran.ended.code.unwrap_or(-1);
    task.results.insert("return-code".into(), json!(code));
    stream(&mut task.results, "stdout", &ran.ended.stdout);
    stream(&mut task.results, "stderr", &ran.ended.stderr);
    task.status = "failed".into();
    match (ran.ended.code, ran.context.failure, ran.commit_error) {
        (Some(0), None, None) => task.status = "completed".into(),
        (Some(0), failure, commit) => {
            if let Some(error) = &commit {
                let before = task.results.get("stderr").and_then(Value::as_str).unwrap_or("");
                let text = format!("{before}{error}");
                task.results.insert("stderr".into(), json!(text));
            }
            task.message = failure.unwrap_or("committing requested changes failed".into());
        }
        (Some(code), ..) => task.message = format!("exit status {code}"),
        (None, ..) => task.message = "terminated".into(),
    }
}

fn stream(results: &mut Map<String, Value>, name: &str, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        drop(results.insert(name.into(), json!(text)));
    } else {
        results.insert(name.into(), json!(encode(bytes)));
        results.insert(format!("{name}-encoding"), json!("base64"));
    }
}
