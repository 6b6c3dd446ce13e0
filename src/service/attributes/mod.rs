//! Attribute sets: what is kept about people beside what they say themselves.
//!
//! The values of a set that the realm defines stand in the administrators' metadata of an identity,
//! at `attributes.{identifier}`, and every change of them goes through [`values`].

pub mod sets;
pub mod values;
pub mod views;

use serde_json::{Map, Value};

/// Where the values of all sets are in the administrators' metadata.
const PLACE: &str = "attributes";

/// The values of all sets in administrators' metadata.
fn held(metadata: &Value) -> Option<&Map<String, Value>> {
    metadata.get(PLACE)?.as_object()
}

/// The values of one set.
fn values_of<'m>(metadata: &'m Value, identifier: &str) -> Option<&'m Map<String, Value>> {
    held(metadata)?.get(identifier)?.as_object()
}
