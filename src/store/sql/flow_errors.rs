//! What went wrong in a browser, kept for the page it was sent to.

use jiff::Timestamp;
use serde_json::Value as Json;
use uuid::Uuid;

use super::statements;
use crate::args;
use crate::domain::flow_error::FlowError;
use crate::store::{ScratchTx, StoreError, Tx};

statements! {
    FIND = "SELECT error, created_at FROM flow_errors WHERE id = $1 AND expires_at > $2";
    INSERT = "INSERT INTO flow_errors (id, error, created_at, expires_at) VALUES ($1, $2, $3, $4)";
}

/// The error with this id, unless its time is over at `now`.
///
/// # Errors
/// A failure of the store.
pub fn find(tx: &Tx<'_>, id: Uuid, now: Timestamp) -> Result<Option<FlowError>, StoreError> {
    let Some(row) = tx.opt(FIND, args![id, now])? else { return Ok(None) };
    Ok(Some(FlowError { id, error: row.json(0)?, created_at: row.time(1)? }))
}

/// Keeps an error until `expires_at`.
///
/// # Errors
/// `Conflict` for an id that exists.
pub fn insert(
    tx: &ScratchTx<'_>,
    id: Uuid,
    error: &Json,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.exec_one(INSERT, args![id, error.to_string(), now, expires_at])
}
