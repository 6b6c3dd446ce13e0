//! `juju config` and `juju trust`.

use super::{Answer, Command, Done, Refusal, quiet, say};
use crate::charm::Charm;
use crate::driver;
use crate::event::Event;
use crate::text::{go_json, yaml_out};
use serde_json::{Map, Value, json};

/// `config [APP] [k=v ...] [--reset k,k]`; a change is followed by config-changed on each unit.
pub fn config(c: &Command) -> Done {
    let app = c.store.load()?.app;
    let words: Vec<&String> = c.flags.rest.iter().filter(|w| **w != app).collect();
    let changes: Vec<&String> = words.iter().copied().filter(|w| w.contains('=')).collect();
    let resets = c.flags.all("reset");
    if changes.is_empty() && resets.is_empty() {
        return show(c, words.first().map(|w| w.as_str()));
    }
    let before = c.store.load()?.config;
    for pair in changes {
        set_quietly(c, pair)?;
    }
    for name in resets.iter().flat_map(|r| r.split(',')) {
        c.store.update(|m| {
            let _: () = drop(m.config.remove(name));
            Ok(())
        })?;
    }
    if c.store.load()?.config == before || c.flags.has("no-settle") {
        return say("");
    }
    changed(c)
}

/// Sets one option without telling anybody.
pub fn set_quietly(c: &Command, pair: &str) -> Result<(), Refusal> {
    let (name, text) = pair.split_once('=').ok_or("expected key=value")?;
    let read = |text: &str| std::fs::read_to_string(text).map_err(|e| format!("{text}: {e}"));
    let text = match text.strip_prefix('@') {
        Some(path) => read(path)?,
        None => text.to_owned(),
    };
    let value = Charm::read(&c.store.load()?.charm)?.option_value(name, &text)?;
    c.store.update(|m| {
        let _: () = drop(m.config.insert(name.to_owned(), value));
        Ok(())
    })?;
    Ok(())
}

/// config-changed on each unit that can take it now.
fn changed(c: &Command) -> Done {
    let mut answer = Answer { stdout: String::new(), code: 0 };
    for (unit, state) in c.store.load()?.units {
        if state.error.is_none() && state.started {
            let report = driver::hook(&c.store, &unit, &Event::hook("config-changed"), quiet())?;
            if !report.ok {
                eprintln!("{unit}: hook failed: \"config-changed\"");
            }
        }
    }
    answer.stdout.push_str("");
    Ok(answer)
}

fn show(c: &Command, only: Option<&str>) -> Done {
    let model = c.store.load()?;
    let charm = Charm::read(&model.charm)?;
    let values = charm.config(&model);
    if let Some(name) = only {
        let value = values.get(name).ok_or_else(|| {
            format!(
                "key {name:?} not found in {:?} application config or charm settings.",
                model.app
            )
        })?;
        return say(yaml_out::smart(value));
    }
    let mut settings = Map::new();
    for (name, option) in &charm.options {
        let kind = option.get("type").and_then(Value::as_str).unwrap_or("string");
        let mut entry = json!({
            "type": kind,
            "description": option.get("description").cloned().unwrap_or(json!("")),
            "source": if model.config.contains_key(name) { "user" } else { "default" },
        });
        if let Some(default) = option.get("default").filter(|d| !d.is_null()) {
            entry["default"] = default.clone();
        } else if !model.config.contains_key(name) {
            entry["source"] = json!("unset");
        }
        if let Some(value) = values.get(name).filter(|v| !v.is_null()) {
            entry["value"] = value.clone();
        }
        settings.insert(name.clone(), entry);
    }
    let value =
        json!({"application": model.app, "charm": charm.metadata["name"], "settings": settings});
    match c.flags.get("format") {
        Some("json") => say(format!("{}\n", go_json::to_string(&value))),
        _ => say(yaml_out::document(&value)),
    }
}

pub fn trust(c: &Command) -> Done {
    c.store.update(|m| {
        m.trusted = true;
        Ok(())
    })?;
    changed(c)
}
