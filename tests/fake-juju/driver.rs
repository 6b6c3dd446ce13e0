//! The agent's procedure for one hook or action (9.2).

use crate::charm::Charm;
use crate::context::Context;
use crate::environment;
use crate::event::{ActionCall, Event};
use crate::faults::Faults;
use crate::model::{Model, Status, encode};
use crate::process::{self, Ended};
use crate::schema;
use crate::server::Server;
use crate::store::{Result, Store};
use crate::task::Task;
use crate::text::time;
use crate::tools;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fs;

/// How the agent treats what it runs.
#[derive(Clone, Copy, Default)]
pub struct Manner {
    /// Show `action-log` lines while the action runs.
    pub live: bool,
}

/// What became of a hook.
#[derive(Serialize)]
pub struct HookReport {
    pub hook: String,
    pub unit: String,
    pub ok: bool,
    pub skipped: bool,
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// Why the agent calls it failed.
    pub error: Option<String>,
    pub micros: u64,
    pub calls: usize,
}

struct Ran {
    ended: Ended,
    context: Context,
    calls: usize,
    commit_error: Option<String>,
}

/// Starts `dispatch`, answers its tools, commits or drops. `None`: the charm has no such hook.
fn dispatch(store: &Store, unit: &str, event: &Event, manner: Manner) -> Result<Option<Ran>> {
    let model = store.load()?;
    let charm_dir = store.charm_dir(unit);
    let Some(program) = process::executable(&charm_dir, &event.dispatch_path())? else {
        return Ok(None);
    };
    let charm = Charm::read(&charm_dir)?;
    let faults = Faults::load(store);
    place_tools(store, unit, &model, &faults)?;
    let id = format!("{unit}-{}-{:032x}", event.name, unique());
    let context = Context {
        id,
        unit: unit.to_string(),
        store: store.clone(),
        event: event.clone(),
        charm,
        pending: Vec::new(),
        results: Map::new(),
        failure: None,
        log: Vec::new(),
        config: None,
        notice: String::new(),
        live: manner.live,
    };
    let socket = crate::store::socket_path(&store.unit_dir(unit));
    let env = environment::build(&context, &model, &socket);
    let commit_fault = faults.commit.clone();
    let server = Server::open(context, faults)?;
    debug_assert_eq!(server.address(), socket);
    let ended = process::run(&program, &model.wrap, &charm_dir, &env, &server);
    let (context, calls) = server.close().ok_or("the context is gone")?;
    let ended = ended?;
    log_streams(&context, &ended);
    let mut commit_error = None;
    if ended.code == Some(0) {
        commit_error = commit(&context, commit_fault).err();
    }
    Ok(Some(Ran { ended, context, calls, commit_error }))
}

fn unique() -> u128 {
    let now = Timestamp::now().as_nanosecond() as u128;
    now << 32 | u128::from(std::process::id())
}

/// All pending changes or none.
fn commit(cx: &Context, fault: Option<String>) -> Result<()> {
    if let Some(text) = fault {
        return Err(text);
    }
    if cx.pending.is_empty() {
        return Ok(());
    }
    cx.store.update(|model| cx.pending.iter().try_for_each(|op| op.apply(model, &cx.unit)))
}

/// Links the tools of this Juju, but for those a fault takes away.
pub fn place_tools(store: &Store, unit: &str, model: &Model, faults: &Faults) -> Result<()> {
    let dir = store.tools_dir(unit);
    let own = store.dir.join("fake-juju");
    let all = tools::NAMES.iter().chain(crate::machine::NAMES);
    for name in all {
        let link = dir.join(name);
        let dropped = model.mode >= 4 && tools::ONLY_IN_3.contains(name);
        let wanted = !dropped && !faults.missing(name);
        match (wanted, link.exists()) {
            (true, false) => {
                fs::hard_link(&own, &link).map_err(|e| format!("{}: {e}", link.display()))?;
            }
            (false, true) => fs::remove_file(&link).map_err(|e| e.to_string())?,
            _ => {}
        }
    }
    Ok(())
}

fn log_streams(cx: &Context, ended: &Ended) {
    for (bytes, level) in [(&ended.stdout, "DEBUG"), (&ended.stderr, "WARNING")] {
        for line in String::from_utf8_lossy(bytes).lines() {
            // Pieces of 4096 bytes, as the log has them.
            for piece in line.as_bytes().chunks(4096) {
                cx.juju_log(level, &String::from_utf8_lossy(piece));
            }
        }
    }
}

/// Runs a hook; a unit in error runs only the hook that failed.
pub fn hook(store: &Store, unit: &str, event: &Event, manner: Manner) -> Result<HookReport> {
    let model = store.load()?;
    let state = model.units.get(unit).ok_or_else(|| format!("unit {unit:?} not found"))?;
    let _machine = store.lock(&format!("machine-{}", state.machine))?;
    let failed = store.load()?.units.get(unit).and_then(|u| u.error.clone());
    if let Some(failed) = failed.filter(|f| f != event) {
        return Err(format!("hook failed: {:?}; resolve {unit} first", failed.name));
    }
    before(store, unit, event)?;
    let mut report = HookReport {
        hook: event.name.clone(),
        unit: unit.to_string(),
        ok: true,
        skipped: false,
        code: None,
        signal: None,
        stdout: String::new(),
        stderr: String::new(),
        error: None,
        micros: 0,
        calls: 0,
    };
    match dispatch(store, unit, event, manner) {
        Ok(None) => report.skipped = true,
        Ok(Some(ran)) => {
            let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
            report.code = ran.ended.code;
            report.signal = ran.ended.signal;
            report.stdout = text(&ran.ended.stdout);
            report.stderr = text(&ran.ended.stderr);
            report.micros = ran.ended.took.as_micros() as u64;
            report.calls = ran.calls;
            report.error = match (ran.ended.code, ran.commit_error) {
                (Some(0), None) => None,
                (Some(0), Some(e)) => Some(format!("committing requested changes failed: {e}")),
                (Some(code), _) => Some(format!("exit status {code}")),
                (None, _) => Some("terminated".into()),
            };
        }
        Err(e) => report.error = Some(e),
    }
    report.ok = report.error.is_none();
    after(store, unit, event, report.ok)?;
    let line = serde_json::to_value(&report).unwrap_or_default();
    store.record("events", &line);
    Ok(report)
}

/// What Juju itself says around some hooks (2.3).
fn before(store: &Store, unit: &str, event: &Event) -> Result<()> {
    let message = match event.name.as_str() {
        "install" => "installing charm software",
        "stop" => "stopping charm software",
        "remove" => "cleaning up prior to charm deletion",
        _ => return Ok(()),
    };
    set_status(store, unit, "maintenance", message)
}

fn set_status(store: &Store, unit: &str, status: &str, message: &str) -> Result<()> {
    store.update(|model| {
        if let Some(unit) = model.units.get_mut(unit) {
            unit.status = Status { status: status.into(), message: message.into() };
        }
        Ok(())
    })
}

fn after(store: &Store, unit: &str, event: &Event, ok: bool) -> Result<()> {
    store.update(|model| {
        let Some(unit) = model.units.get_mut(unit) else { return Ok(()) };
        unit.error = (!ok).then(|| event.clone());
        if !ok {
            return Ok(());
        }
        match event.name.as_str() {
            "start" => {
                unit.started = true;
                if !unit.status_set {
                    unit.status = Status { status: "unknown".into(), message: String::new() };
                }
            }
            "remove" => {
                unit.status = Status { status: "terminated".into(), message: String::new() };
            }
            _ => {}
        }
        Ok(())
    })
}

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
pub fn action(
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
    let lock = if parallel { format!("parallel-{}", task.id) } else { format!("machine-{machine}") };
    let _lock = store.lock(&lock)?;
    let event = Event {
        name: name.to_string(),
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
    store.record("events", &json!({
        "action": name, "unit": unit, "task": task.id, "status": task.status,
        "message": task.message, "micros": task.micros, "calls": task.calls,
    }));
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
    match std::str::from_utf8(bytes) {
        Ok(text) => drop(results.insert(name.into(), json!(text))),
        Err(_) => {
            results.insert(name.into(), json!(encode(bytes)));
            results.insert(format!("{name}-encoding"), json!("base64"));
        }
    }
}
