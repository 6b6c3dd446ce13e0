//! What went wrong in a browser, for the page it was sent to.

use jiff::SignedDuration;
use serde_json::Value;
use uuid::Uuid;

use crate::app::Deps;
use crate::domain::flow_error::FlowError;
use crate::error::{Error, ErrorCode};
use crate::store::sql::flow_errors;

/// How long an error can be looked at.
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// The error with this id.
///
/// # Errors
/// `NotFound` when there is none, or its time is over.
pub fn find(d: &Deps, id: Uuid) -> Result<FlowError, Error> {
    let found = d.store.read(|tx| flow_errors::find(tx, id, d.clock.now()))?;
    found.ok_or_else(|| Error::new(ErrorCode::NotFound, "There is no such error."))
}

/// Keeps an error for the page a browser is sent to; gives its id.
///
/// # Errors
/// A failure of the store.
pub fn keep(d: &Deps, error: &Value) -> Result<Uuid, Error> {
    let now = d.clock.now();
    let id = d.rng.uuid_v7(now)?;
    let until = now.checked_add(LIFETIME).map_err(|error| {
        Error::new(ErrorCode::Internal, "The error's end cannot be computed.").because(error)
    })?;
    d.store.fleeting(|tx| flow_errors::insert(tx, id, error, now, until))?;
    Ok(id)
}
