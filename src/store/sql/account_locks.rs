//! Accounts of people through which nobody may sign in for now.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::statements;
use crate::args;
use crate::store::{StoreError, Tx, WriteTx};

statements! {
    OF = "SELECT account, locked_at FROM account_locks WHERE identity = $1";
    IS_LOCKED = "SELECT 1 FROM account_locks WHERE identity = $1 AND account = $2";
    IS_LOCKED_OF = "SELECT 1 FROM account_locks l JOIN identities i ON i.n = l.identity
        WHERE i.id = $1 AND l.account = $2";
    LOCK = "INSERT INTO account_locks (identity, account, locked_at) VALUES ($1, $2, $3)";
    UNLOCK = "DELETE FROM account_locks WHERE identity = $1 AND account = $2";
}

/// The locked accounts of an identity, each with since when.
///
/// # Errors
/// A failure of the store.
pub fn of(tx: &Tx<'_>, identity: i64) -> Result<BTreeMap<String, Timestamp>, StoreError> {
    let all = tx.rows(OF, args![identity], |row| Ok((row.text(0)?.to_owned(), row.time(1)?)))?;
    Ok(all.into_iter().collect())
}

/// Whether an account is locked.
///
/// # Errors
/// A failure of the store.
pub fn is_locked(tx: &Tx<'_>, identity: i64, account: &str) -> Result<bool, StoreError> {
    Ok(tx.opt(IS_LOCKED, args![identity, account])?.is_some())
}

/// As [`is_locked`], by the id of the identity.
///
/// # Errors
/// A failure of the store.
pub fn is_locked_of(tx: &Tx<'_>, id: Uuid, account: &str) -> Result<bool, StoreError> {
    Ok(tx.opt(IS_LOCKED_OF, args![id, account])?.is_some())
}

/// Locks an account.
///
/// # Errors
/// `Conflict` when it is locked already.
pub fn lock(
    tx: &WriteTx<'_>,
    identity: i64,
    account: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.exec_one(LOCK, args![identity, account, now])
}

/// Unlocks an account; says whether it was locked.
///
/// # Errors
/// A failure of the store.
pub fn unlock(tx: &WriteTx<'_>, identity: i64, account: &str) -> Result<bool, StoreError> {
    Ok(tx.exec(UNLOCK, args![identity, account])? > 0)
}
