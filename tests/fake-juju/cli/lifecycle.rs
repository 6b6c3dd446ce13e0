//! Hooks in the order in which Juju sends them (2.1).

use super::{Answer, Command, Done, Refusal, quiet, say};
use crate::charm::Charm;
use crate::driver::{self, HookReport};
use crate::event::{Event, RelationEvent, SecretEvent};
use crate::model::{Model, Storage, Unit, tag};
use crate::store::Store;
use serde_json::json;
use std::fs;
use std::path::Path;

/// Runs hooks until one fails; prints one JSON line each.
pub struct Sequence<'a> {
    pub store: &'a Store,
    pub unit: String,
    pub lines: String,
}

impl Sequence<'_> {
    pub fn run(&mut self, event: &Event) -> Result<bool, Refusal> {
        let report = driver::hook(self.store, &self.unit, event, quiet())?;
        self.lines.push_str(&line(&report));
        Ok(report.ok)
    }

    fn end(self, ok: bool) -> Done {
        Ok(Answer { stdout: self.lines, code: u8::from(!ok) })
    }
}

fn line(report: &HookReport) -> String {
    format!("{}\n", serde_json::to_string(report).unwrap_or_default())
}

/// Gives a unit an instance of the charm's storage.
pub fn attach(
    unit: &mut Unit,
    charm: &Charm,
    name: &str,
    tag: &str,
    root: &Path,
) -> Result<String, Refusal> {
    let storage = charm.storage();
    let definition =
        storage.get(name).ok_or_else(|| format!("charm storage {name:?} not found"))?;
    let kind = definition.get("type").and_then(|t| t.as_str()).unwrap_or("filesystem");
    let number = unit.storage.len();
    let id = format!("{name}/{number}");
    let location = root.join(format!("var/lib/juju/storage/{tag}-{name}/{number}"));
    fs::create_dir_all(&location).map_err(|e| e.to_string())?;
    unit.storage.insert(id.clone(), Storage { kind: kind.into(), location });
    Ok(id)
}

/// `deploy [CHARM [APP]] [--storage NAME]`: all hooks of a new unit up to `start`.
pub fn deploy(c: &Command) -> Done {
    if let Some(charm) = c.arg(0) {
        if !Path::new(charm).exists() {
            return super::foreign::deploy(c, charm);
        }
        if c.store.load().is_ok() {
            return Err("application already exists".into());
        }
        let flags = crate::text::flags::parse(&repeat(c), &super::all_flags())
            .map_err(|f| Refusal { text: f.text, code: 2 })?;
        let renamed = Command { store: c.store.clone(), flags };
        super::setup::make(&renamed, Path::new(charm))?;
        for pair in c.flags.all("config") {
            super::options::set_quietly(c, &pair)?;
        }
    }
    let units: Vec<String> = match c.flags.get("unit") {
        Some(_) => vec![c.unit()?],
        None => c.store.load()?.units.keys().cloned().collect(),
    };
    let mut lines = String::new();
    for unit in units {
        let mut sequence = Sequence { store: &c.store, unit, lines: String::new() };
        let ok = install(&mut sequence)?;
        lines.push_str(&sequence.lines);
        if !ok {
            return Ok(Answer { stdout: lines, code: 1 });
        }
    }
    lines.push_str(&super::settle::drain(&c.store)?.0);
    say(lines)
}

/// The flags of `deploy` with the second positional as `--app`.
fn repeat(c: &Command) -> Vec<String> {
    let mut words = Vec::new();
    for name in ["storage", "num-units", "app", "mode", "name", "model", "address", "dispatch"] {
        for value in c.flags.all(name) {
            words.extend([format!("--{name}"), value]);
        }
    }
    for name in ["same-machine", "real-services"] {
        if c.flags.has(name) {
            words.push(format!("--{name}"));
        }
    }
    if let Some(app) = c.arg(1) {
        words.extend(["--app".into(), app.to_owned()]);
    }
    words
}

fn install(s: &mut Sequence) -> Result<bool, Refusal> {
    let model = s.store.load()?;
    let Some(unit) = model.units.get(&s.unit) else { return Err("unit not found".into()) };
    let mut events = Vec::new();
    for id in unit.storage.keys() {
        events.push(storage_event(id, "attached"));
    }
    events.push(Event::hook("install"));
    for (id, relation) in &model.relations {
        events.push(relation_event(&model, *id, "created", &relation.remote_app, ""));
    }
    if model.is_leader(&s.unit) {
        events.push(Event::hook("leader-elected"));
    } else if model.mode == 3 {
        events.push(Event::hook("leader-settings-changed"));
    }
    events.push(Event::hook("config-changed"));
    events.push(Event::hook("start"));
    for event in &events {
        if !s.run(event)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn storage_event(id: &str, what: &str) -> Event {
    let name = id.split('/').next().unwrap_or(id);
    let name = format!("{name}-storage-{what}");
    Event { storage: Some(id.to_owned()), ..Event::hook(&name) }
}

pub fn relation_event(model: &Model, id: u32, what: &str, app: &str, unit: &str) -> Event {
    let endpoint = model.relations.get(&id).map_or("", |r| &r.endpoint);
    let relation =
        RelationEvent { id, unit: unit.to_owned(), app: app.to_owned(), departing: None };
    Event { relation: Some(relation), ..Event::hook(&format!("{endpoint}-relation-{what}")) }
}

/// `hook NAME [--relation ID --remote-unit U --departing U] [--storage-id ID] [--secret URI]`
pub fn hook(c: &Command) -> Done {
    let model = c.store.load()?;
    let mut event = Event::hook(c.need(0, "hook")?);
    if let Some(relation) = c.flags.get("relation") {
        let id =
            relation.rsplit(':').next().and_then(|n| n.parse().ok()).ok_or("bad relation id")?;
        let unit = c.flags.get("remote-unit").unwrap_or_default();
        let app = c.flags.get("remote-app").map(str::to_owned);
        let app = app.or(model.relations.get(&id).map(|r| r.remote_app.clone()));
        event.relation = Some(RelationEvent {
            id,
            unit: unit.into(),
            app: app.unwrap_or_default(),
            departing: c.flags.get("departing").map(str::to_owned),
        });
    } else if event.name.contains("-relation-") {
        let named = |r: &&u32| {
            model
                .relations
                .get(*r)
                .is_some_and(|r| event.name.starts_with(&format!("{}-relation", r.endpoint)))
        };
        if let Some(id) = model.relations.keys().find(named) {
            let app = model.relations.get(id).map(|r| r.remote_app.clone()).unwrap_or_default();
            let unit = c.flags.get("remote-unit").unwrap_or_default().to_owned();
            event.relation = Some(RelationEvent { id: *id, unit, app, departing: None });
        }
    }
    let unit = c.unit()?;
    if event.name.contains("-storage-") {
        let first = model.units.get(&unit).and_then(|u| u.storage.keys().next().cloned());
        event.storage = c.flags.get("storage-id").map(str::to_owned).or(first);
    }
    if let Some(uri) = c.flags.get("secret") {
        let id = model.find_secret(uri).ok_or("secret not found")?;
        event.secret = Some(SecretEvent {
            id,
            label: c.flags.get("label").unwrap_or_default().into(),
            revision: c.flags.get("revision").and_then(|r| r.parse().ok()),
        });
    }
    let report = driver::hook(&c.store, &unit, &event, quiet())?;
    Ok(Answer { stdout: line(&report), code: u8::from(!report.ok) })
}

/// `resolved [UNIT] [--no-retry]`
pub fn resolved(c: &Command) -> Done {
    let unit = match c.arg(0) {
        Some(unit) => unit.to_owned(),
        None => c.unit()?,
    };
    let error = c.store.load()?.units.get(&unit).and_then(|u| u.error.clone());
    let event = error.ok_or_else(|| format!("unit {unit:?} is not in an error state"))?;
    if c.flags.has("no-retry") {
        c.store.update(|m| {
            if let Some(u) = m.units.get_mut(&unit) {
                u.error = None;
            }
            Ok(())
        })?;
        return say("");
    }
    let report = driver::hook(&c.store, &unit, &event, quiet())?;
    Ok(Answer { stdout: line(&report), code: u8::from(!report.ok) })
}

/// `refresh [--path CHARM]`: replaces the charm's files, then `upgrade-charm`, `config-changed`.
pub fn refresh(c: &Command) -> Done {
    if let Some(path) = c.flags.get("path").or(c.flags.get("charm")) {
        super::setup::charm_source(&c.store, Path::new(path))?;
    }
    let model = c.store.load()?;
    let mut lines = String::new();
    let mut ok = true;
    for (unit, state) in &model.units {
        super::setup::place_charm(&c.store, unit, &model.charm)?;
        let mut s = Sequence { store: &c.store, unit: unit.clone(), lines: String::new() };
        ok &= match &state.error {
            // From an error state the new code retries the failed hook; no upgrade-charm runs.
            Some(event) => s.run(event)?,
            None => {
                s.run(&Event::hook("upgrade-charm"))? && s.run(&Event::hook("config-changed"))?
            }
        };
        lines.push_str(&s.lines);
    }
    Ok(Answer { stdout: lines, code: u8::from(!ok) })
}

/// The machine of a unit restarts: `/run` is empty, enabled services run, `start` comes again.
pub fn reboot(c: &Command) -> Done {
    let unit = c.unit()?;
    let root = c.store.unit_dir(&unit).join("root");
    let _ = fs::remove_dir_all(root.join("run"));
    crate::machine::prepare(&root).map_err(|e| e.to_string())?;
    let wants = root.join("etc/systemd/system/multi-user.target.wants");
    for entry in fs::read_dir(wants).into_iter().flatten().flatten() {
        let service = entry.file_name().to_string_lossy().into_owned();
        crate::machine::run(&root, "systemctl", &["start".into(), service]);
    }
    let mut s = Sequence { store: &c.store, unit, lines: String::new() };
    let ok = s.run(&Event::hook("start"))?;
    s.end(ok)
}

/// The teardown of a unit: relations, `stop`, storage, `remove`.
pub fn remove_unit(c: &Command) -> Done {
    let unit = match c.arg(0).filter(|u| u.contains('/')) {
        Some(unit) => unit.to_owned(),
        None => c.unit()?,
    };
    let model = c.store.load()?;
    let storage = model.units.get(&unit).map(|u| u.storage.clone()).unwrap_or_default();
    let mut s = Sequence { store: &c.store, unit: unit.clone(), lines: String::new() };
    let mut events = Vec::new();
    for (id, relation) in &model.relations {
        for other in &relation.remote_units {
            events.push(relation_event(&model, *id, "departed", &relation.remote_app, other));
        }
        if !relation.peer {
            events.push(relation_event(&model, *id, "broken", &relation.remote_app, ""));
        }
    }
    events.push(Event::hook("stop"));
    events.extend(storage.keys().map(|id| storage_event(id, "detaching")));
    events.push(Event::hook("remove"));
    for event in &events {
        if !s.run(event)? {
            return s.end(false);
        }
    }
    c.store.update(|m| {
        m.units.remove(&unit);
        if m.is_leader(&unit) {
            m.leader = m.units.keys().next().cloned();
        }
        Ok(())
    })?;
    fs::write(c.store.dir.join(format!("removed-{}", tag(&unit))), json!({}).to_string())
        .map_err(|e| e.to_string())?;
    let _ = fs::remove_dir_all(c.store.unit_dir(&unit));
    s.end(true)
}
