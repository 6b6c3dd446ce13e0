//! What people answered to the terms of service.

use super::{many, statements};
use crate::args;
use crate::domain::terms::{Answer, Answered};
use crate::store::{Sight, StoreError, Tx, WriteTx};

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
    Ok(tx.rows(OF, args![identity], |row| answered(row, 0))?.pop())
}

/// The last answers of many identities, each with the number of its identity's row.
///
/// # Errors
/// A failure of the store.
pub fn of_many(tx: &Tx<'_>, identities: &[i64]) -> Result<Vec<(i64, Answered)>, StoreError> {
    let text = "SELECT identity, answer, version, answered_at FROM terms WHERE identity IN ({})";
    many::rows(tx, text, identities, |row| Ok((row.int(0)?, answered(row, 1)?)))
}

fn answered(row: Sight<'_>, first: usize) -> Result<Answered, StoreError> {
    let answer = Answer::parse(row.text(first)?);
    let answer = answer.ok_or(StoreError::Row { column: first, expected: "an answer" })?;
    Ok(Answered { answer, version: row.text(first + 1)?.to_owned(), at: row.time(first + 2)? })
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
