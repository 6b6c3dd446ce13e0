//! Rights of identities.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{many, statements};
use crate::args;
use crate::domain::authority::Authority;
use crate::store::{Sight, StoreError, Tx, WriteTx};

statements! {
    OF = "SELECT authority FROM authorities WHERE identity = $1 ORDER BY authority";
    GRANT = "INSERT INTO authorities (identity, authority, granted_at) VALUES ($1, $2, $3)";
    WITHDRAW = "DELETE FROM authorities WHERE identity = $1 AND authority = $2";
    OTHER_HOLDERS = "SELECT count(*) FROM authorities a JOIN identities i ON i.n = a.identity
        WHERE a.authority = $1 AND a.identity <> $2 AND (i.status IN ('active', 'invited')
            OR i.status_until <= $3)
        AND (i.expires_at IS NULL OR i.expires_at > $3)";
}

/// The rights of an identity.
///
/// # Errors
/// A failure of the store.
pub fn of(tx: &Tx<'_>, identity: i64) -> Result<BTreeSet<Authority>, StoreError> {
    Ok(tx.rows(OF, args![identity], authority)?.into_iter().collect())
}

/// The rights of many identities, each with the number of its identity's row.
///
/// # Errors
/// A failure of the store.
pub fn of_many(tx: &Tx<'_>, identities: &[i64]) -> Result<Vec<(i64, Authority)>, StoreError> {
    let text = "SELECT authority, identity FROM authorities WHERE identity IN ({})";
    let read = |row: Sight<'_>| Ok((row.int(1)?, authority(row)?));
    many::of_few(tx, text, identities, read)
}

fn authority(row: Sight<'_>) -> Result<Authority, StoreError> {
    Authority::parse(row.text(0)?).ok_or(StoreError::Row { column: 0, expected: "an authority" })
}

/// Grants a right.
///
/// # Errors
/// `Conflict` when it is held already.
pub fn grant(
    tx: &WriteTx<'_>,
    identity: i64,
    authority: Authority,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.exec_one(GRANT, args![identity, authority.as_str(), now])
}

/// Withdraws a right.
///
/// # Errors
/// `RowsAffected` when it was not held.
pub fn withdraw(tx: &WriteTx<'_>, identity: i64, authority: Authority) -> Result<(), StoreError> {
    tx.exec_one(WITHDRAW, args![identity, authority.as_str()])
}

/// How many other identities that are not shut out hold a right.
///
/// # Errors
/// A failure of the store.
pub fn other_holders(
    tx: &Tx<'_>,
    authority: Authority,
    identity: i64,
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.one(OTHER_HOLDERS, args![authority.as_str(), identity, now])?.count(0)
}
