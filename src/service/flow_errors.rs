//! What went wrong in a browser, for the page it was sent to.

use uuid::Uuid;

use crate::app::Deps;
use crate::domain::flow_error::FlowError;
use crate::error::{Error, ErrorCode};
use crate::store::sql::flow_errors;

/// The error with this id.
///
/// # Errors
/// `NotFound` when there is none, or its time is over.
pub fn find(d: &Deps, id: Uuid) -> Result<FlowError, Error> {
    let found = d.store.read(|tx| flow_errors::find(tx, id, d.clock.now()))?;
    found.ok_or_else(|| Error::new(ErrorCode::NotFound, "There is no such error."))
}
