//! What has had its time and is about nobody's account any more. Each statement takes a few rows, so
//! that nobody who wants to write waits for long.

use jiff::Timestamp;

use super::statements;
use crate::args;
use crate::store::{ScratchTx, StoreError};

statements! {
    FLOW_ERRORS = "DELETE FROM flow_errors WHERE id IN
        (SELECT id FROM flow_errors WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    CODES = "DELETE FROM codes WHERE id IN
        (SELECT id FROM codes WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    COUNTERS = "DELETE FROM throttle WHERE key IN
        (SELECT key FROM throttle WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    SENT_MESSAGES = "DELETE FROM messages WHERE updated_at < $1 AND n IN
        (SELECT n FROM messages WHERE status = 'sent' ORDER BY n LIMIT $2)";
    ABANDONED_MESSAGES = "DELETE FROM messages WHERE updated_at < $1 AND n IN
        (SELECT n FROM messages WHERE status = 'abandoned' ORDER BY n LIMIT $2)";
    GONE_CIRCLE = "SELECT n FROM circles WHERE kind = 'gone' ORDER BY word LIMIT 1";
    GONE_MEMBERS = "DELETE FROM circle_members WHERE circle = $1 AND identity IN
        (SELECT identity FROM circle_members WHERE circle = $1 ORDER BY identity LIMIT $2)";
    REMOVE_GONE = "DELETE FROM circles WHERE n = $1 AND kind = 'gone'";
    REVOKED_SESSIONS = "DELETE FROM sessions WHERE n IN
        (SELECT n FROM sessions WHERE active = 0 AND expires_at < $1 ORDER BY expires_at LIMIT $2)";
}

/// Removes errors that were kept for a page and ended before `then`; says how many.
///
/// # Errors
/// A failure of the store.
pub fn flow_errors(tx: &ScratchTx<'_>, then: Timestamp, most: i64) -> Result<u64, StoreError> {
    tx.exec(FLOW_ERRORS, args![then, most])
}

/// Removes one-time codes that ended before `then`; says how many.
///
/// # Errors
/// A failure of the store.
pub fn codes(tx: &ScratchTx<'_>, then: Timestamp, most: i64) -> Result<u64, StoreError> {
    tx.exec(CODES, args![then, most])
}

/// Removes counters that ended before `then`; says how many.
///
/// # Errors
/// A failure of the store.
pub fn counters(tx: &ScratchTx<'_>, then: Timestamp, most: i64) -> Result<u64, StoreError> {
    tx.exec(COUNTERS, args![then, most])
}

/// Removes messages that are done with since before `then`; says how many.
///
/// # Errors
/// A failure of the store.
pub fn messages(tx: &ScratchTx<'_>, then: Timestamp, most: i64) -> Result<u64, StoreError> {
    let sent = tx.exec(SENT_MESSAGES, args![then, most])?;
    Ok(sent + tx.exec(ABANDONED_MESSAGES, args![then, most])?)
}

/// Removes sessions that were revoked, as the ledger says, and would have ended before `then`; says
/// how many.
///
/// # Errors
/// A failure of the store.
pub fn revoked_sessions(tx: &ScratchTx<'_>, then: Timestamp, most: i64) -> Result<u64, StoreError> {
    tx.exec(REVOKED_SESSIONS, args![then, most])
}

/// Removes members of a role or group that was deleted, as the ledger says, and in the end what is left
/// of itself; says how many rows of `most`, and `most` when there may be others.
///
/// # Errors
/// A failure of the store.
pub fn circles(tx: &ScratchTx<'_>, _: Timestamp, most: i64) -> Result<u64, StoreError> {
    let Some(row) = tx.opt(GONE_CIRCLE, args![])? else { return Ok(0) };
    let n = row.int(0)?;
    if members_of(tx, n, most)? < most.unsigned_abs() {
        tx.exec(REMOVE_GONE, args![n])?;
    }
    Ok(most.unsigned_abs())
}

/// Removes members of a role or group that goes; says how many.
///
/// # Errors
/// A failure of the store.
pub(super) fn members_of(tx: &ScratchTx<'_>, circle: i64, most: i64) -> Result<u64, StoreError> {
    tx.exec(GONE_MEMBERS, args![circle, most])
}
