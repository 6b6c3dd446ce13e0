//! Reading paths, queries and bodies, with a sentence for what cannot be read.

use std::str::FromStr;

use axum::body::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::http::strict;

/// The id in a path; what is no id is the id of nothing.
pub fn id(text: &str) -> Result<Uuid, Failure> {
    text.parse().map_err(|_| Failure::missing())
}

/// A number in a path.
pub fn number_in_path(text: &str) -> Result<u64, Failure> {
    digits(text).ok_or_else(Failure::missing)
}

/// A number in a query.
pub fn number(query: &Query, name: &str) -> Result<Option<u64>, Failure> {
    parsed(query, name, digits, "a number such as 25")
}

/// A yes or no in a query; no when it is not there.
pub fn flag(query: &Query, name: &str) -> Result<bool, Failure> {
    let word = |text: &str| bool::from_str(text).ok();
    Ok(parsed(query, name, word, "true or false")?.unwrap_or_default())
}

/// A time in a query.
pub fn time(query: &Query, name: &str) -> Result<Option<Timestamp>, Failure> {
    parsed(query, name, |text| text.parse().ok(), "a time such as 2030-01-31T08:00:00Z")
}

/// A parameter of a query, where it is given.
pub fn parsed<T>(
    query: &Query,
    name: &str,
    read: impl FnOnce(&str) -> Option<T>,
    form: &str,
) -> Result<Option<T>, Failure> {
    let Some(text) = query.first(name) else { return Ok(None) };
    let read = read(text).map(Some);
    read.ok_or_else(|| Failure::invalid(format!("The parameter {name} takes {form}.")))
}

/// A text of a query, where it is given and not empty.
pub fn text(query: &Query, name: &str) -> Option<String> {
    query.text(name).map(str::to_owned)
}

/// A JSON body; none at all says nothing.
pub fn body<T: DeserializeOwned + Default>(bytes: &Bytes) -> Result<T, Failure> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(T::default());
    }
    required(bytes)
}

/// A JSON body that must be there.
pub fn required<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Failure> {
    let unfit = |error: serde_json::Error| {
        Failure::invalid(format!("The body is not as it should be: {error}."))
    };
    // The text itself is read as well: only there can be seen where something is, or is twice.
    serde_json::from_slice::<T>(bytes).map_err(unfit)?;
    strict::read(serde_json::from_slice(bytes).map_err(unfit)?).map_err(unfit)
}

/// Digits only: `parse` alone would take a plus sign.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
