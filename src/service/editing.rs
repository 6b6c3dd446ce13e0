//! Somebody's traits in a form of an administrator: its fields, and what was typed into them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Caller;
use super::flows::traits;
use super::identities::{Patch, UpdateIdentity, update_with};
use crate::app::Deps;
use crate::domain::flow::text::Text;
use crate::domain::flow::ui::Node;
use crate::domain::identity::Identity;
use crate::domain::schema::Schema;
use crate::error::{Error, ErrorCode};

/// What is wrong with what was typed, by field; what belongs to no field is under the empty name.
pub type Problems = BTreeMap<String, Vec<Text>>;

/// The fields of a schema, with these traits in them.
#[must_use]
pub fn fields(schema: &Schema, values: &Value, problems: &Problems) -> Vec<Node> {
    traits::nodes(schema.document(), values, problems)
}

/// What was typed, as traits: with those that the form has no field for, as they were in `old`.
#[must_use]
pub fn typed(schema: &Schema, old: &Value, typed: &Value) -> Value {
    traits::kept(schema.document(), old, traits::coerce(schema.document(), typed))
}

/// What in the traits breaks the schema.
///
/// # Errors
/// When the schema is no good.
pub fn problems(schema: &Schema, wanted: &Value) -> Result<Problems, Error> {
    let known = fields(schema, &Value::Null, &Problems::new());
    let mut all = Problems::new();
    for violation in schema.violations(wanted)? {
        let name = format!("traits{}", violation.pointer.replace('/', "."));
        let known = known.iter().any(|field| field.name() == Some(name.as_str()));
        all.entry(if known { name } else { String::new() }).or_default().push(violation.text());
    }
    Ok(all)
}

/// Puts the traits in place if nobody has changed the person since `seen`; otherwise hands back how
/// they are now.
///
/// # Errors
/// As [`super::identities::update`].
pub fn change(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    wanted: Value,
    seen: Timestamp,
) -> Result<Result<Identity, Box<Identity>>, Error> {
    let mut meanwhile = None;
    let changed = update_with(d, by, id, |now| {
        if now.updated_at != seen {
            meanwhile = Some(Box::new(now.clone()));
            return Err(Error::new(ErrorCode::Conflict, "Somebody has changed this meanwhile."));
        }
        Ok(UpdateIdentity { traits: Some(Patch::Replace(wanted)), ..UpdateIdentity::default() })
    });
    match (changed, meanwhile) {
        (Ok(identity), _) => Ok(Ok(identity)),
        (Err(_), Some(now)) => Ok(Err(now)),
        (Err(error), None) => Err(error),
    }
}

/// The fields of a form as a document: `traits.name.first` is a place in it.
#[must_use]
pub fn nested<'f>(fields: impl Iterator<Item = (&'f str, &'f str)>) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in fields {
        put(&mut all, name, value.into());
    }
    all
}

fn put(fields: &mut Map<String, Value>, name: &str, value: Value) {
    // Deeper than any schema; the rest of such a name is one key.
    let mut steps: Vec<&str> = name.splitn(16, '.').collect();
    let Some(last) = steps.pop() else { return };
    let mut at = fields;
    for step in steps {
        let inner = at.entry(step.to_owned()).or_insert_with(|| Value::Object(Map::new()));
        if !inner.is_object() {
            *inner = Value::Object(Map::new());
        }
        let Value::Object(inner) = inner else { return };
        at = inner;
    }
    at.insert(last.to_owned(), value);
}
