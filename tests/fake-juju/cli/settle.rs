//! What units are due to hear: peers that joined or changed, new revisions of secrets.

use super::lifecycle::{Sequence, relation_event};
use super::{Answer, Command, Done, Refusal};
use crate::event::{Event, SecretEvent};
use crate::model::{Model, Unit, application_of};
use crate::store::Store;

/// Sends every event that is due: peers that joined or changed, new secret revisions.
pub fn settle(c: &Command) -> Done {
    let (lines, ok) = drain(&c.store)?;
    Ok(Answer { stdout: lines, code: u8::from(!ok) })
}

/// At most a thousand events, so that two units cannot keep each other busy for ever.
pub fn drain(store: &Store) -> Result<(String, bool), Refusal> {
    let mut lines = String::new();
    for _ in 0..1000 {
        let Some((unit, event)) = next_due(store)? else { return Ok((lines, true)) };
        let mut sequence = Sequence { store, unit, lines: String::new() };
        let ok = sequence.run(&event)?;
        lines.push_str(&sequence.lines);
        if !ok {
            return Ok((lines, false));
        }
    }
    Err("units do not settle".into())
}

/// The next event that some started unit has not been told, now marked as told.
fn next_due(store: &Store) -> Result<Option<(String, Event)>, Refusal> {
    let found = store.update(|model| {
        let before = model.clone();
        for (name, unit) in &mut model.units {
            if unit.error.is_some() || !unit.started {
                continue;
            }
            if let Some((mark, version, event)) = due(&before, name, unit) {
                unit.seen.insert(mark, version);
                return Ok(Some((name.clone(), event)));
            }
        }
        Ok(None)
    })?;
    Ok(found)
}

fn due(model: &Model, me: &str, unit: &Unit) -> Option<(String, u64, Event)> {
    for (id, relation) in &model.relations {
        let mut members = relation.remote_units.clone();
        if relation.peer {
            let started = |(n, u): &(&String, &Unit)| n.as_str() != me && u.started;
            members.extend(model.units.iter().filter(started).map(|(n, _)| n.clone()));
        }
        for member in members {
            let version = relation.versions.get(&member).copied().unwrap_or(0) + 1;
            let (joined, changed) = (format!("{id} {member} joined"), format!("{id} {member}"));
            let app = application_of(&member).to_owned();
            if !unit.seen.contains_key(&joined) {
                return Some((joined, 1, relation_event(model, *id, "joined", &app, &member)));
            }
            if unit.seen.get(&changed) != Some(&version) {
                return Some((
                    changed,
                    version,
                    relation_event(model, *id, "changed", &app, &member),
                ));
            }
        }
        let app = relation.remote_app.clone();
        let version = relation.versions.get(&app).copied().unwrap_or(0);
        let mark = format!("{id} {app}");
        // The leader is not told of its own application's data.
        let own = relation.peer && model.is_leader(me);
        if !own && version > 0 && unit.seen.get(&mark) != Some(&version) {
            return Some((mark, version, relation_event(model, *id, "changed", &app, "")));
        }
    }
    for (id, tracked) in &unit.tracked {
        let Some(secret) = model.secrets.get(id).filter(|s| !s.owned_by(me)) else { continue };
        let latest = secret.latest();
        let mark = format!("secret {id}");
        if latest > *tracked && unit.seen.get(&mark) != Some(&latest) {
            let label = unit.labels.iter().find(|(_, i)| *i == id).map(|(l, _)| l.clone());
            let secret =
                SecretEvent { id: id.clone(), label: label.unwrap_or_default(), revision: None };
            let event = Event { secret: Some(secret), ..Event::hook("secret-changed") };
            return Some((mark, latest, event));
        }
    }
    None
}
