//! One-time codes; only a keyed digest of each is kept.

use jiff::Timestamp;
use uuid::Uuid;

use super::statements;
use crate::args;
use crate::store::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO codes (id, identity, purpose, digest, attempts, created_at, expires_at)
        VALUES ($1, $2, $3, $4, 0, $5, $6)";
    DELETE = "DELETE FROM codes WHERE id = $1";
    DELETE_PURPOSE = "DELETE FROM codes WHERE identity = $1 AND purpose = $2";
    COUNT = "SELECT count(*) FROM codes WHERE identity = $1 AND purpose = $2 AND used_at IS NULL
        AND expires_at > $3";
    FIND = "SELECT c.digest, i.id, c.attempts, c.expires_at FROM codes c
        JOIN identities i ON i.n = c.identity
        WHERE c.id = $1 AND c.purpose = $2 AND c.used_at IS NULL";
}

/// A code that was handed out and not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCode {
    /// Keyed digest, in hex.
    pub digest: String,
    /// Whose it is.
    pub identity_id: Uuid,
    /// Wrong tries so far.
    pub attempts: i64,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// How many codes of a purpose still work.
///
/// # Errors
/// A failure of the store.
pub fn count(tx: &Tx<'_>, identity: i64, purpose: &str, now: Timestamp) -> Result<u64, StoreError> {
    tx.one(COUNT, args![identity, purpose, now])?.count(0)
}

/// Records a code for the flow `id`; earlier ones of the same purpose die.
///
/// # Errors
/// A failure of the store.
pub fn replace(
    tx: &WriteTx<'_>,
    id: Uuid,
    identity: i64,
    purpose: &str,
    digest: &str,
    created_at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.exec(DELETE_PURPOSE, args![identity, purpose])?;
    tx.exec_one(INSERT, args![id, identity, purpose, digest, created_at, expires_at])
}

/// Records a code for the flow `id`, in place of the one it had; those of other flows stay.
///
/// # Errors
/// A failure of the store.
pub fn put(
    tx: &WriteTx<'_>,
    id: Uuid,
    identity: i64,
    purpose: &str,
    digest: &str,
    created_at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.exec(DELETE, args![id])?;
    tx.exec_one(INSERT, args![id, identity, purpose, digest, created_at, expires_at])
}

/// Removes the code of a flow; `false` when it had none, which means that somebody else has used it.
///
/// # Errors
/// A failure of the store.
pub fn remove(tx: &WriteTx<'_>, id: Uuid) -> Result<bool, StoreError> {
    Ok(tx.exec(DELETE, args![id])? > 0)
}

/// Withdraws the codes of one purpose.
///
/// # Errors
/// A failure of the store.
pub fn withdraw(tx: &WriteTx<'_>, identity: i64, purpose: &str) -> Result<u64, StoreError> {
    tx.exec(DELETE_PURPOSE, args![identity, purpose])
}

/// The open code of a flow.
///
/// # Errors
/// A failure of the store.
pub fn find(tx: &Tx<'_>, id: Uuid, purpose: &str) -> Result<Option<OpenCode>, StoreError> {
    let Some(row) = tx.opt(FIND, args![id, purpose])? else { return Ok(None) };
    Ok(Some(OpenCode {
        digest: row.text(0)?.to_owned(),
        identity_id: row.uuid(1)?,
        attempts: row.int(2)?,
        expires_at: row.time(3)?,
    }))
}
