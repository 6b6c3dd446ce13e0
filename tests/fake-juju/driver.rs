//! The agent's procedure for one hook or action (9.2).

use crate::charm::Charm;
use crate::context::Context;
use crate::environment;
use crate::event::Event;
use crate::faults::Faults;
use crate::model::{Model, Status};
use crate::process::{self, Ended};
use crate::server::Server;
use crate::store::{Result, Store};
use crate::tools;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Map;
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

/// A process that has ended, with what it left in its context.
pub struct Ran {
    pub ended: Ended,
    pub context: Context,
    pub calls: usize,
    pub commit_error: Option<String>,
}

/// Starts `dispatch`, answers its tools, commits or drops. `None`: the charm has no such hook.
pub fn dispatch(store: &Store, unit: &str, event: &Event, manner: Manner) -> Result<Option<Ran>> {
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
        unit: unit.to_owned(),
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
    let wrap = match &event.command {
        // The path of `dispatch` follows and is the shell's own name.
        Some(command) => vec!["/bin/sh".into(), "-c".into(), command.clone()],
        None => model.wrap.clone(),
    };
    let ended = process::run(&program, &wrap, &charm_dir, &env, &server);
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
        unit: unit.to_owned(),
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
