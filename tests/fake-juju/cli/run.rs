//! `juju run` and `juju exec` (4.2, 4.7).

use super::{Answer, Command, Done, Refusal};
use crate::action::{self, Refused};
use crate::charm::valid_name;
use crate::driver::Manner;
use crate::text::yaml_in;
use serde_json::{Map, Value, json};
use std::fs;

/// `run UNIT ACTION [k=v ...] [--params FILE] [--string-args] [--format plain|yaml|json]`
pub fn run(c: &Command) -> Done {
    let unit_name = c.need(0, "unit")?;
    let name = c.need(1, "action")?.to_owned();
    let parameters = parameters(c)?;
    let format = c.flags.get("format").unwrap_or("plain").to_owned();
    if !["plain", "yaml", "json"].contains(&format.as_str()) {
        let text =
            format!("invalid value {format:?} for option --format: unknown format {format:?}");
        return Err(Refusal { text, code: 2 });
    }
    let model = c.store.load()?;
    let Some(unit) = model.resolve(unit_name) else {
        return Err(format!("unit {unit_name:?} not found").into());
    };
    let background = c.flags.has("background");
    let plain = format == "plain" && !background;
    let show = |task: &crate::task::Task| {
        let unit_tag = format!("unit-{}", task.unit.replace('/', "-"));
        if background {
            eprintln!("Scheduled operation {} with task {}", task.operation, task.id);
            eprintln!("Check operation status with 'juju show-operation {}'", task.operation);
            eprintln!("Check task status with 'juju show-task {}'", task.id);
        } else {
            eprintln!("Running operation {} with 1 task", task.operation);
            eprintln!("  - task {} on {unit_tag}\n", task.id);
            eprintln!("Waiting for task {}...", task.id);
        }
    };
    let ran = action::run(&c.store, &unit, &name, &parameters, Manner { live: plain }, show);
    let task = match ran {
        Ok(task) => task,
        Err(Refused::Broken(text)) => return Err(text.into()),
        Err(Refused::NotQueued(text)) if model.mode >= 4 => return Err(text.into()),
        Err(Refused::NotQueued(text)) => {
            // Juju 3 says so on stderr only, and exits 0.
            let operation = c.store.update(|m| {
                m.sequence += 1;
                Ok(m.sequence)
            })?;
            eprintln!("Operation {operation} failed to schedule any tasks:\n{text}");
            return super::say("");
        }
    };
    if background {
        return super::say("");
    }
    if plain && !task.log.is_empty() {
        eprintln!();
    }
    let stdout = task.print(&format, true);
    let code = match task.complaint() {
        Some(text) => {
            print!("{stdout}");
            eprint!("{text}");
            return Ok(Answer { stdout: String::new(), code: 1 });
        }
        None => 0,
    };
    Ok(Answer { stdout, code })
}

/// `--params` first, then the typed arguments over it.
fn parameters(c: &Command) -> Result<Value, Refusal> {
    let mut map = Map::new();
    if let Some(path) = c.flags.get("params") {
        let text = fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
        match yaml_in::block(&text)? {
            Value::Object(given) => map = given,
            Value::Null => {}
            _ => return Err("params must be a YAML map".into()),
        }
    }
    for arg in c.rest(2) {
        let Some((key, text)) = arg.split_once('=') else {
            let text = format!("argument {arg:?} must be of the form key.key.key...=value");
            return Err(Refusal { text, code: 2 });
        };
        let path: Vec<&str> = key.split('.').collect();
        for part in &path {
            if !valid_name(part) {
                let text = format!(
                    "key {part:?} must start and end with lowercase alphanumeric, and contain \
                     only lowercase alphanumeric and hyphens"
                );
                return Err(Refusal { text, code: 2 });
            }
        }
        let value = if c.flags.has("string-args") { json!(text) } else { yaml_in::parse(text)? };
        insert(&mut map, &path, value);
    }
    Ok(Value::Object(map))
}

fn insert(map: &mut Map<String, Value>, path: &[&str], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        map.insert(first.to_string(), value);
        return;
    }
    let entry = map.entry(first.to_string()).or_insert(json!({}));
    if !entry.is_object() {
        *entry = json!({});
    }
    if let Value::Object(inner) = entry {
        insert(inner, rest, value);
    }
}

/// `exec --unit U -- COMMAND...`: a shell in the charm directory, with hook tools.
pub fn exec(c: &Command) -> Done {
    let unit = c.unit()?;
    let task = action::exec(&c.store, &unit, &c.rest(0).join(" "))?;
    let stdout = task.print(c.flags.get("format").unwrap_or("plain"), true);
    if let Some(text) = task.complaint() {
        print!("{stdout}");
        eprint!("{text}");
        return Ok(Answer { stdout: String::new(), code: 1 });
    }
    super::say(stdout)
}
