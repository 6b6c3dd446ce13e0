//! The values of attribute sets: the one place that changes them, and that judges changes which
//! come with other metadata.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{PLACE, held, sets, values_of};
use crate::app::Deps;
use crate::domain::attributes::{AttributeSet, ValueProblem};
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::{Error, ErrorCode};
use crate::service::Caller;
use crate::service::shape::check_documents;
use crate::service::unchanged::find_to_change;
use crate::store::sql::attribute_sets;
use crate::store::sql::identities::{self, Stored};
use crate::store::{Change, Tx, WriteTx};

/// Everything that is wrong with values of a set, for a form that shows it at the fields.
///
/// # Errors
/// `NotFound`.
pub fn problems(
    d: &Deps,
    identifier: &str,
    values: &Map<String, Value>,
) -> Result<Vec<ValueProblem>, Error> {
    Ok(sets::get(d, identifier)?.problems(values))
}

/// Makes the values of a set exactly those that are given; null is no value. Says whether they were
/// others.
///
/// # Errors
/// `NotFound`, `Invalid` for what does not fit the definition.
pub fn set(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    identifier: &str,
    mut values: Map<String, Value>,
) -> Result<(Identity, bool), Error> {
    values.retain(|_, value| !value.is_null());
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let stored = find_to_change(tx, by, id)?;
        let set = sets::find(tx, identifier)?;
        must_fit(&set, &values)?;
        let old = values_of(&stored.identity.metadata_admin, identifier);
        if old == Some(&values) {
            return Ok(Change::none((stored.identity, false)));
        }
        let event = set_event(id, identifier, old, &values);
        let mut new = stored.identity.clone();
        let all = place(&mut new.metadata_admin)?;
        all.insert(identifier.to_owned(), Value::Object(values));
        check_documents(&new.traits, &new.metadata_public, &new.metadata_admin)?;
        new.updated_at = now;
        identities::update(tx, &stored, &new)?;
        Ok(by.change((new, true), event, []))
    })
}

/// Takes all values of a set away; says whether there were any. The set need not be defined.
///
/// # Errors
/// `NotFound`.
pub fn remove(d: &Deps, by: &Caller, id: Uuid, identifier: &str) -> Result<bool, Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let stored = find_to_change(tx, by, id)?;
        Ok(match take_away(tx, &stored, identifier, now)? {
            None => Change::none(false),
            Some(event) => by.change(true, event, []),
        })
    })
}

/// Takes the values of a set from somebody within a transaction; nothing when they have none.
pub(super) fn take_away(
    tx: &WriteTx<'_>,
    stored: &Stored,
    identifier: &str,
    now: Timestamp,
) -> Result<Option<Event>, Error> {
    let mut new = stored.identity.clone();
    let Some(Value::Object(all)) = new.metadata_admin.get_mut(PLACE) else { return Ok(None) };
    let Some(old) = all.shift_remove(identifier) else { return Ok(None) };
    let event = removed_event(stored.identity.id, identifier, &old);
    if all.is_empty()
        && let Value::Object(metadata) = &mut new.metadata_admin
    {
        metadata.shift_remove(PLACE);
        if metadata.is_empty() {
            new.metadata_admin = Value::Null;
        }
    }
    new.updated_at = now;
    identities::update(tx, stored, &new)?;
    Ok(Some(event))
}

/// Where the values are, made if it is not there.
fn place(metadata: &mut Value) -> Result<&mut Map<String, Value>, Error> {
    if metadata.is_null() {
        *metadata = json!({});
    }
    let all = metadata.as_object_mut();
    let all = all.map(|all| all.entry(PLACE).or_insert_with(|| json!({})));
    all.and_then(Value::as_object_mut).ok_or_else(|| {
        let message = "The administrators' metadata holds something else where attributes would be: it \
                       must be an object, and `attributes` in it an object too.";
        Error::new(ErrorCode::Invalid, message)
    })
}

fn must_fit(set: &AttributeSet, values: &Map<String, Value>) -> Result<(), Error> {
    let problems = set.problems(values);
    let Some(ValueProblem { key, problem }) = problems.first() else { return Ok(()) };
    let key: String = key.chars().filter(|c| !c.is_control()).take(64).collect();
    let more = match problems.len() {
        1 => String::new(),
        count => format!(" There are {} more mistakes.", count - 1),
    };
    let message = format!("The attribute {key} of {} {problem}.{more}", set.identifier);
    Err(Error::new(ErrorCode::Invalid, message))
}

/// Judges administrators' metadata that comes as a whole: where it changes values of a set that is
/// defined, they must fit. What is called like no set is nobody's business. Hands back what the
/// ledger is to say.
pub(in crate::service) fn judge(
    tx: &Tx<'_>,
    id: Uuid,
    before: &Value,
    after: &Value,
) -> Result<Vec<Event>, Error> {
    judge_with(id, before, after, |identifier| {
        if identifier.contains('\0') {
            return Ok(None);
        }
        Ok(attribute_sets::find(tx, identifier)?)
    })
}

fn judge_with(
    id: Uuid,
    before: &Value,
    after: &Value,
    find: impl Fn(&str) -> Result<Option<AttributeSet>, Error>,
) -> Result<Vec<Event>, Error> {
    let empty = Map::new();
    let (old, new) = (held(before).unwrap_or(&empty), held(after).unwrap_or(&empty));
    let mut events = Vec::new();
    for (identifier, value) in new {
        if old.get(identifier) == Some(value) {
            continue;
        }
        let Some(set) = find(identifier)? else { continue };
        let Value::Object(values) = value else {
            let message = format!("The attributes of {identifier} must be an object.");
            return Err(Error::new(ErrorCode::Invalid, message));
        };
        must_fit(&set, values)?;
        events.push(set_event(
            id,
            identifier,
            old.get(identifier).and_then(Value::as_object),
            values,
        ));
    }
    for (identifier, value) in old {
        if !new.contains_key(identifier) && find(identifier)?.is_some() {
            events.push(removed_event(id, identifier, value));
        }
    }
    Ok(events)
}

/// Definitions to judge many by, read once.
#[derive(Debug, Default)]
pub(in crate::service) struct Definitions(BTreeMap<String, AttributeSet>);

impl Definitions {
    /// As they are now.
    pub fn load(d: &Deps) -> Result<Self, Error> {
        let all = sets::list(d)?.into_iter().map(|set| (set.identifier.clone(), set));
        Ok(Self(all.collect()))
    }

    /// As [`judge`], for somebody who is new.
    pub fn judge(&self, identity: &Identity) -> Result<(), Error> {
        let find = |identifier: &str| Ok(self.0.get(identifier).cloned());
        judge_with(identity.id, &Value::Null, &identity.metadata_admin, find).map(drop)
    }
}

fn set_event(
    id: Uuid,
    identifier: &str,
    old: Option<&Map<String, Value>>,
    new: &Map<String, Value>,
) -> Event {
    let empty = Map::new();
    let old = old.unwrap_or(&empty);
    let mut changes = Map::new();
    for key in old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))) {
        let (from, to) = (old.get(key), new.get(key));
        if from != to {
            changes.insert(key.clone(), json!({"from": from, "to": to}));
        }
    }
    Event::new(EventType::AttributeSet)
        .principal(id)
        .data("set", identifier)
        .data("attributes", json!(new.keys().collect::<Vec<_>>()))
        .data("changed", json!(changes.keys().collect::<Vec<_>>()))
        .personal("changes", Value::Object(changes))
}

fn removed_event(id: Uuid, identifier: &str, old: &Value) -> Event {
    let keys = old.as_object().map(|old| old.keys().collect::<Vec<_>>()).unwrap_or_default();
    Event::new(EventType::AttributeRemoved)
        .principal(id)
        .data("set", identifier)
        .data("attributes", json!(keys))
        .personal("changes", json!({"from": old, "to": null}))
}
