//! Counters of failures and of mails, and the sources that somebody signed in from. The keys are
//! digests: nothing here says who or where.

use jiff::Timestamp;

use super::statements;
use crate::args;
use crate::domain::throttle::Count;
use crate::store::{ScratchTx, StoreError, Tx};

statements! {
    FIND = "SELECT count, last_at, expires_at FROM throttle WHERE key = $1";
    PUT = "INSERT INTO throttle (key, count, last_at, expires_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (key) DO UPDATE SET count = $2, last_at = $3, expires_at = $4";
    DELETE = "DELETE FROM throttle WHERE key = $1";
}

/// What is counted under a key.
///
/// # Errors
/// A failure of the store.
pub fn find(tx: &Tx<'_>, key: &str) -> Result<Option<Count>, StoreError> {
    let Some(row) = tx.opt(FIND, args![key])? else { return Ok(None) };
    Ok(Some(Count { count: row.int(0)?, last_at: row.time(1)?, expires_at: row.time(2)? }))
}

/// Keeps a count in place of what there is under its key.
///
/// # Errors
/// A failure of the store.
pub fn put(tx: &ScratchTx<'_>, key: &str, count: &Count) -> Result<(), StoreError> {
    tx.exec_one(PUT, args![key, count.count, count.last_at, count.expires_at])
}

/// Counts one more, which is forgotten together with those before it `until` then; says how many
/// there are.
///
/// # Errors
/// A failure of the store.
pub fn add(
    tx: &ScratchTx<'_>,
    key: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<i64, StoreError> {
    let before = find(tx, key)?.map_or(0, |count| count.at(now));
    let count = before.saturating_add(1);
    put(tx, key, &Count { count, last_at: now, expires_at: until })?;
    Ok(count)
}

/// Forgets what is counted under a key.
///
/// # Errors
/// A failure of the store.
pub fn forget(tx: &ScratchTx<'_>, key: &str) -> Result<(), StoreError> {
    tx.exec(DELETE, args![key]).map(drop)
}
