//! Defining attribute sets.

use jiff::Timestamp;
use serde_json::json;

use super::{held, values};
use crate::app::Deps;
use crate::domain::attributes::{Attribute, AttributeSet, SETS_MAX};
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::{Error, ErrorCode};
use crate::service::Caller;
use crate::store::sql::{attribute_sets as rows, identities};
use crate::store::{Change, Tx};

/// How many identities are looked at in one reading.
const BATCH: i64 = 200;

/// What a set is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// What people call it; the identifier where there is nothing.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What is in it.
    pub attributes: Vec<Attribute>,
}

/// What becomes of values when their set is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Nothing may have any.
    Refuse,
    /// They are removed first.
    Remove,
}

/// All sets of the realm, by their identifiers.
///
/// # Errors
/// A failure of the store.
pub fn list(d: &Deps) -> Result<Vec<AttributeSet>, Error> {
    Ok(d.store.read(rows::all)?)
}

/// One set.
///
/// # Errors
/// `NotFound`.
pub fn get(d: &Deps, identifier: &str) -> Result<AttributeSet, Error> {
    d.store.read(|tx| find(tx, identifier))
}

pub(super) fn find(tx: &Tx<'_>, identifier: &str) -> Result<AttributeSet, Error> {
    // Nobody has one with a NUL, and PostgreSQL cannot even be asked.
    let found = if identifier.contains('\0') { None } else { rows::find(tx, identifier)? };
    found.ok_or_else(|| Error::new(ErrorCode::NotFound, "There is no such attribute set."))
}

/// Defines a set.
///
/// # Errors
/// `Invalid` for what cannot be, `Conflict` for an identifier that is taken.
pub fn create(
    d: &Deps,
    by: &Caller,
    identifier: &str,
    definition: Definition,
) -> Result<AttributeSet, Error> {
    let now = d.clock.now();
    let set = set(identifier, definition, now, now);
    set.check()?;
    d.store.write(&by.author(), |tx| {
        if rows::count(tx)? >= SETS_MAX {
            let message = format!("There may be at most {SETS_MAX} attribute sets.");
            return Err(Error::new(ErrorCode::Invalid, message));
        }
        if rows::find(tx, identifier)?.is_some() {
            let message = format!("There is an attribute set '{identifier}' already.");
            return Err(Error::new(ErrorCode::Conflict, message));
        }
        rows::insert(tx, &set)?;
        let event = event(EventType::SchemaCreated, &set);
        Ok(by.change(set, event, []))
    })
}

fn set(
    identifier: &str,
    definition: Definition,
    created_at: Timestamp,
    updated_at: Timestamp,
) -> AttributeSet {
    let Definition { name, description, mut attributes } = definition;
    let or_word = |name: &str, word: &str| match name.trim() {
        "" => word.to_owned(),
        name => name.to_owned(),
    };
    for attribute in &mut attributes {
        attribute.name = or_word(&attribute.name, &attribute.key);
    }
    AttributeSet {
        identifier: identifier.to_owned(),
        name: or_word(&name, identifier),
        description: description.trim().to_owned(),
        attributes,
        created_at,
        updated_at,
    }
}

fn event(kind: EventType, set: &AttributeSet) -> Event {
    let keys: Vec<&str> = set.attributes.iter().map(|one| one.key.as_str()).collect();
    Event::new(kind)
        .data("source", "attribute_set")
        .data("schema", set.identifier.as_str())
        .data("attributes", json!(keys))
}

/// Defines a set otherwise; says whether it was otherwise before. Values that do not fit any more
/// stay until somebody changes them.
///
/// # Errors
/// `NotFound`, `Invalid` for what cannot be, `Conflict` when it was changed since `seen`.
pub fn update(
    d: &Deps,
    by: &Caller,
    identifier: &str,
    definition: Definition,
    seen: Option<Timestamp>,
) -> Result<(AttributeSet, bool), Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let old = find(tx, identifier)?;
        if seen.is_some_and(|seen| seen.as_microsecond() != old.updated_at.as_microsecond()) {
            let message = "Somebody else has changed it meanwhile; look at it again first.";
            return Err(Error::new(ErrorCode::Conflict, message));
        }
        // Never the same moment twice, so that whoever saw it before is told.
        let least = old.updated_at.checked_add(jiff::SignedDuration::from_micros(1));
        let at = least.map_or(now, |least| now.max(least));
        let new = set(identifier, definition, old.created_at, at);
        new.check()?;
        let same = (&old.name, &old.description, &old.attributes)
            == (&new.name, &new.description, &new.attributes);
        if same {
            return Ok(Change::none((old, false)));
        }
        rows::update(tx, &new)?;
        let fields = [
            ("name", old.name != new.name),
            ("description", old.description != new.description),
            ("attributes", old.attributes != new.attributes),
        ];
        let changed = fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name);
        let changed: Vec<&str> = changed.collect();
        let event = event(EventType::SchemaUpdated, &new).data("changed", json!(changed));
        Ok(by.change((new, true), event, []))
    })
}

/// How many people have values of a set. Looks through everybody.
///
/// # Errors
/// A failure of the store.
pub fn holders(d: &Deps, identifier: &str) -> Result<u64, Error> {
    d.store.read_long(|tx| {
        let (mut after, mut count) = (0, 0);
        loop {
            let page = rows::maybe_holding(tx, identifier, after, BATCH)?;
            let Some((last, _)) = page.last() else { return Ok(count) };
            after = *last;
            let has = |metadata| held(metadata).is_some_and(|all| all.contains_key(identifier));
            count += page.iter().filter(|(_, metadata)| has(metadata)).count() as u64;
        }
    })
}

/// Removes a set, and says how many people had values of it.
///
/// # Errors
/// `NotFound`, `Conflict` when people have values and those are to stay.
pub fn delete(d: &Deps, by: &Caller, identifier: &str, then: Values) -> Result<u64, Error> {
    get(d, identifier)?;
    let held = holders(d, identifier)?;
    if held > 0 && then == Values::Refuse {
        let message = format!(
            "{held} people have values of it; remove them with it, or take them away first."
        );
        return Err(Error::new(ErrorCode::Conflict, message));
    }
    let removed = if held > 0 { remove_all(d, by, identifier)? } else { 0 };
    d.store.write(&by.author(), |tx| {
        let set = find(tx, identifier)?;
        rows::delete(tx, identifier)?;
        let event = event(EventType::SchemaDeleted, &set).data("count", removed);
        Ok::<_, Error>(by.change((), event, []))
    })?;
    Ok(removed)
}

/// Takes the values of a set from everybody, some people at a time, so that nobody waits long.
fn remove_all(d: &Deps, by: &Caller, identifier: &str) -> Result<u64, Error> {
    let (mut after, mut removed) = (0, 0);
    loop {
        let page = d.store.read(|tx| rows::maybe_holding(tx, identifier, after, BATCH))?;
        let Some((last, _)) = page.last() else { return Ok(removed) };
        after = *last;
        let now = d.clock.now();
        removed += d.store.write(&by.author(), |tx| {
            let mut events = Vec::new();
            for (n, _) in &page {
                if let Some(stored) = identities::find_row(tx, *n)? {
                    events.extend(values::take_away(tx, &stored, identifier, now)?);
                }
            }
            let count = events.len() as u64;
            let mut events = events.into_iter();
            Ok::<_, Error>(match events.next() {
                None => Change::none(0),
                Some(first) => by.change(count, first, events),
            })
        })?;
    }
}
