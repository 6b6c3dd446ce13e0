//! What people answered to the terms of service.

use super::statements;
use crate::args;
use crate::domain::terms::{Answer, Answered};
use crate::store::{StoreError, Tx, WriteTx};

statements! {
    OF = "SELECT answer, version, answered_at FROM terms WHERE identity = $1";
    SET = "INSERT INTO terms (identity, answer, version, answered_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (identity) DO UPDATE SET answer = excluded.answer,
        version = excluded.version, answered_at = excluded.answered_at";
    FORGET = "DELETE FROM terms WHERE identity = $1";
}

/// The last answer of an identity.
///
/// # Errors
/// A failure of the store.
pub fn of(tx: &Tx<'_>, identity: i64) -> Result<Option<Answered>, StoreError> {
    let Some(row) = tx.opt(OF, args![identity])? else { return Ok(None) };
    let answer = Answer::parse(row.text(0)?);
    let answer = answer.ok_or(StoreError::Row { column: 0, expected: "an answer" })?;
    Ok(Some(Answered { answer, version: row.text(1)?.to_owned(), at: row.time(2)? }))
}

/// Writes an answer over the one before.
///
/// # Errors
/// A failure of the store.
pub fn set(tx: &WriteTx<'_>, identity: i64, given: &Answered) -> Result<(), StoreError> {
    tx.exec_one(SET, args![identity, given.answer.as_str(), given.version.as_str(), given.at])
}

/// Forgets the answer; says whether there was one.
///
/// # Errors
/// A failure of the store.
pub fn forget(tx: &WriteTx<'_>, identity: i64) -> Result<bool, StoreError> {
    Ok(tx.exec(FORGET, args![identity])? > 0)
}
