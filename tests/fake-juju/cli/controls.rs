//! What only tests can do: faults, leadership, remote units, a look inside.

use super::{Command, Done, Refusal, say, settle};
use crate::driver;
use crate::event::Event;
use crate::faults::{Faults, Kill};
use crate::model::Relation;
use crate::text::yaml_out;
use serde_json::Value;

/// Recorded tool calls, one JSON line each; `calls clear` forgets them.
pub fn calls(c: &Command) -> Done {
    let path = c.store.dir.join("calls.jsonl");
    if c.arg(0) == Some("clear") {
        let _ = std::fs::remove_file(path);
        return say("");
    }
    say(std::fs::read_to_string(path).unwrap_or_default())
}

/// `leader UNIT|none [--no-settle]`: without `--no-settle` the unit gets leader-elected.
pub fn leader(c: &Command) -> Done {
    let unit = c.need(0, "unit")?.to_owned();
    let elected = (unit != "none").then_some(unit);
    c.store.update(|m| {
        if let Some(unit) = &elected
            && !m.units.contains_key(unit)
        {
            return Err(format!("unit {unit:?} not found"));
        }
        m.leader = elected.clone();
        Ok(())
    })?;
    if let Some(unit) = elected.filter(|_| !c.flags.has("no-settle")) {
        driver::hook(&c.store, &unit, &Event::hook("leader-elected"), super::quiet())?;
    }
    say("")
}

/// `fault clear` | `fault commit TEXT` | `fault kill TOOL|* N [--before]` | `fault kill-after MICROS`
/// | `fault TOOL|* exit=1:text|missing|sleep=MS|stdout=T|answers=a,b|garbage=KIND [from=N] [times=N]`
pub fn fault(c: &Command) -> Done {
    let mut faults = Faults::load(&c.store);
    let number = |n: usize| -> Result<u64, Refusal> {
        c.need(n, "number")?.parse().map_err(|_| "not a number".into())
    };
    match c.need(0, "fault")? {
        "clear" => faults = Faults::default(),
        "commit" => faults.commit = Some(c.need(1, "text")?.to_owned()),
        "kill-after" => faults.kill = Some(Kill::After(number(1)?)),
        "kill" => {
            faults.kill = Some(Kill::Call {
                tool: c.need(1, "tool")?.to_owned(),
                n: number(2)? as usize,
                before: c.flags.has("before"),
            });
        }
        tool => faults.rules.push(Faults::parse_rule(tool, c.rest(1))?),
    }
    faults.save(&c.store)?;
    say("")
}

/// `env K=V ...`: variables that Juju would not set; `env clear`.
pub fn env(c: &Command) -> Done {
    c.store.update(|m| {
        for word in &c.flags.rest {
            match word.split_once('=') {
                Some((k, v)) => drop(m.extra_env.insert(k.into(), v.into())),
                None => m.extra_env.clear(),
            }
        }
        Ok(())
    })?;
    say("")
}

/// `wrap -- prlimit --fsize=4096`: words before the path of `dispatch`; none to take them away.
pub fn wrap(c: &Command) -> Done {
    c.store.update(|m| {
        m.wrap = c.flags.rest.clone();
        Ok(())
    })?;
    say("")
}

/// `address [A ...]`: the addresses of the unit; may be none.
pub fn address(c: &Command) -> Done {
    let unit = c.unit()?;
    c.store.update(|m| {
        if let Some(unit) = m.units.get_mut(&unit) {
            unit.addresses = c.flags.rest.clone();
        }
        Ok(())
    })?;
    say("")
}

/// `relate ENDPOINT REMOTE_APP [--num-units N]`: relation-created, then joined and changed.
pub fn relate(c: &Command) -> Done {
    let endpoint = c.need(0, "endpoint")?.rsplit(':').next().unwrap_or_default().to_owned();
    let app = c.need(1, "application")?.split(':').next().unwrap_or_default().to_owned();
    let count: u32 = c.flags.get("num-units").and_then(|n| n.parse().ok()).unwrap_or(1);
    let id = make_relation(c, &endpoint, &app, count)?;
    say(format!("{endpoint}:{id}\n"))
}

/// A relation with an application elsewhere, told to every unit.
pub fn make_relation(c: &Command, endpoint: &str, app: &str, count: u32) -> Result<u32, Refusal> {
    let id = c.store.update(|m| {
        let id = m.next_relation;
        m.next_relation += 1;
        let remote_units = (0..count).map(|n| format!("{app}/{n}")).collect();
        let relation = Relation {
            endpoint: endpoint.to_owned(),
            remote_app: app.to_owned(),
            remote_units,
            ..Relation::default()
        };
        m.relations.insert(id, relation);
        Ok(id)
    })?;
    for unit in c.store.load()?.units.keys() {
        let relation = crate::event::RelationEvent { id, app: app.into(), ..Default::default() };
        let event = Event {
            relation: Some(relation),
            ..Event::hook(&format!("{endpoint}-relation-created"))
        };
        driver::hook(&c.store, unit, &event, super::quiet())?;
    }
    settle::drain(&c.store)?;
    Ok(id)
}

/// `relation-data ID MEMBER [k=v ...]`: writes as that member would, or shows its databag.
pub fn relation_data(c: &Command) -> Done {
    let id = c.need(0, "relation")?.rsplit(':').next().and_then(|n| n.parse::<u32>().ok());
    let id = id.ok_or("bad relation id")?;
    let member = c.need(1, "member")?.to_owned();
    let bag = c.store.update(|m| {
        let relation = m.relations.get_mut(&id).ok_or("relation not found")?;
        for pair in c.rest(2) {
            let (key, value) = pair.split_once('=').ok_or("expected key=value")?;
            relation.set(&member, key, value);
        }
        Ok(relation.data.get(&member).cloned().unwrap_or_default())
    })?;
    if c.rest(2).is_empty() {
        return say(format!("{}\n", serde_json::to_string(&bag).unwrap_or_default()));
    }
    if !c.flags.has("no-settle") {
        settle::drain(&c.store)?;
    }
    say("")
}

/// `attach-resource APP NAME=PATH`; the hook that follows has to be sent by the test.
pub fn attach_resource(c: &Command) -> Done {
    let (name, path) = c.need(1, "resource")?.split_once('=').ok_or("expected name=path")?;
    c.store.update(|m| {
        m.resources.insert(name.to_owned(), path.into());
        Ok(())
    })?;
    say("")
}

/// The committed layer, for tests that look at effects.
pub fn state(c: &Command) -> Done {
    let value = serde_json::to_value(c.store.load()?).unwrap_or(Value::Null);
    match c.flags.get("format") {
        Some("yaml") => say(yaml_out::document(&value)),
        _ => say(format!("{value}\n")),
    }
}
