//! Who is in which role or group, and the permissions that somebody was given themselves.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::circles::{Kept, kept};
use super::{many, statements};
use crate::args;
use crate::store::{Sight, StoreError, Tx, WriteTx};

statements! {
    OF = "SELECT c.n, c.kind, c.id, c.word, c.name, c.description, c.permissions, c.created_at,
        c.updated_at FROM circle_members m JOIN circles c ON c.n = m.circle
        WHERE m.identity = $1 AND c.kind <> 'gone' ORDER BY c.kind, c.word";
    CARRIED_FOR = "SELECT c.n, c.kind, c.id, c.word, c.name, c.description, c.permissions,
        c.created_at, c.updated_at, r.holder FROM circle_members m
        JOIN circle_roles r ON r.holder = m.circle JOIN circles c ON c.n = r.role
        WHERE m.identity = $1 ORDER BY c.word";
    JOIN = "INSERT INTO circle_members (identity, circle, granted_at) VALUES ($1, $2, $3)";
    LEAVE = "DELETE FROM circle_members WHERE identity = $1 AND circle = $2";
    AFTER = "SELECT identity FROM circle_members WHERE circle = $1 AND identity > $2
        ORDER BY identity LIMIT $3";
    BEFORE = "SELECT identity FROM circle_members WHERE circle = $1 AND identity < $2
        ORDER BY identity DESC LIMIT $3";
    COUNT = "SELECT count(*) FROM circle_members WHERE circle = $1";
    COUNT_UP_TO = "SELECT count(*) FROM
        (SELECT 1 AS one FROM circle_members WHERE circle = $1 LIMIT $2) found";
    MEMBERS_UP_TO = "SELECT count(*) FROM (SELECT 1 AS one FROM circle_roles r
        JOIN circle_members m ON m.circle = r.holder WHERE r.role = $1 LIMIT $2) found";
    HOLDERS = "SELECT count(*) FROM (SELECT identity FROM circle_members WHERE circle = $1
        UNION SELECT m.identity FROM circle_roles r JOIN circle_members m ON m.circle = r.holder
        WHERE r.role = $1) everybody";
    PERMISSIONS_OF = "SELECT permission FROM permissions WHERE identity = $1 ORDER BY permission";
    GRANT = "INSERT INTO permissions (identity, permission, granted_at) VALUES ($1, $2, $3)";
    WITHDRAW = "DELETE FROM permissions WHERE identity = $1 AND permission = $2";
}

/// The roles and groups that an identity is in itself.
///
/// # Errors
/// A failure of the store.
pub fn of(tx: &Tx<'_>, identity: i64) -> Result<Vec<Kept>, StoreError> {
    tx.rows(OF, args![identity], kept)
}

/// The roles that the groups of an identity carry, each with the row number of the group.
///
/// # Errors
/// A failure of the store.
pub fn carried_for(tx: &Tx<'_>, identity: i64) -> Result<Vec<(i64, Kept)>, StoreError> {
    tx.rows(CARRIED_FOR, args![identity], |row| Ok((row.int(9)?, kept(row)?)))
}

/// The roles and groups of many identities, each with the number of its identity's row.
///
/// # Errors
/// A failure of the store.
pub fn of_many(tx: &Tx<'_>, identities: &[i64]) -> Result<Vec<(i64, Kept)>, StoreError> {
    let text = "SELECT c.n, c.kind, c.id, c.word, c.name, c.description, c.permissions,
        c.created_at, c.updated_at, m.identity FROM circle_members m
        JOIN circles c ON c.n = m.circle WHERE c.kind <> 'gone' AND m.identity IN ({})";
    let read = |row: Sight<'_>| Ok((row.int(9)?, kept(row)?));
    many::of_few(tx, text, identities, read)
}

/// The roles that groups carry, each with the row number of its group.
///
/// # Errors
/// A failure of the store.
pub fn carried_by_many(tx: &Tx<'_>, groups: &[i64]) -> Result<Vec<(i64, Kept)>, StoreError> {
    let text = "SELECT c.n, c.kind, c.id, c.word, c.name, c.description, c.permissions,
        c.created_at, c.updated_at, r.holder FROM circle_roles r
        JOIN circles c ON c.n = r.role WHERE r.holder IN ({})";
    many::rows(tx, text, groups, |row| Ok((row.int(9)?, kept(row)?)))
}

/// Puts an identity into a role or group.
///
/// # Errors
/// `Conflict` when it is in it already.
pub fn join(
    tx: &WriteTx<'_>,
    identity: i64,
    circle: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.exec_one(JOIN, args![identity, circle, now])
}

/// Takes an identity out of one.
///
/// # Errors
/// `RowsAffected` when it was not in it.
pub fn leave(tx: &WriteTx<'_>, identity: i64, circle: i64) -> Result<(), StoreError> {
    tx.exec_one(LEAVE, args![identity, circle])
}

/// Row numbers of the members after the row `after`, in order of creation.
///
/// # Errors
/// A failure of the store.
pub fn after(tx: &Tx<'_>, circle: i64, after: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
    tx.rows(AFTER, args![circle, after, limit], |row| row.int(0))
}

/// Row numbers of the members before the row `before`, the newest first.
///
/// # Errors
/// A failure of the store.
pub fn before(tx: &Tx<'_>, circle: i64, before: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
    tx.rows(BEFORE, args![circle, before, limit], |row| row.int(0))
}

/// How many members there are.
///
/// # Errors
/// A failure of the store.
pub fn count(tx: &Tx<'_>, circle: i64) -> Result<u64, StoreError> {
    tx.one(COUNT, args![circle])?.count(0)
}

/// How many members there are, or `most` if there are more.
///
/// # Errors
/// A failure of the store.
pub fn count_up_to(tx: &Tx<'_>, circle: i64, most: i64) -> Result<u64, StoreError> {
    tx.one(COUNT_UP_TO, args![circle, most])?.count(0)
}

/// How many people have a role, themselves or through a group, and whether there are no others. Those
/// of more than `most` are not told apart.
///
/// # Errors
/// A failure of the store.
pub fn holders(tx: &Tx<'_>, role: i64, most: i64) -> Result<(u64, bool), StoreError> {
    let direct = count_up_to(tx, role, most)?;
    let carried = tx.one(MEMBERS_UP_TO, args![role, most])?.count(0)?;
    let most = most.unsigned_abs();
    if direct >= most || carried >= most {
        return Ok((direct.max(count_of_largest(tx, role, most)?), false));
    }
    Ok((tx.one(HOLDERS, args![role])?.count(0)?, true))
}

/// How many members the largest group has that carries a role, as far as `most`.
fn count_of_largest(tx: &Tx<'_>, role: i64, most: u64) -> Result<u64, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut largest = 0;
    for group in super::circles::carriers(tx, role)? {
        largest = largest.max(count_up_to(tx, group.n, most)?);
    }
    Ok(largest)
}

/// The permissions that an identity was given itself.
///
/// # Errors
/// A failure of the store.
pub fn permissions_of(tx: &Tx<'_>, identity: i64) -> Result<BTreeSet<String>, StoreError> {
    let all = tx.rows(PERMISSIONS_OF, args![identity], |row| Ok(row.text(0)?.to_owned()))?;
    Ok(all.into_iter().collect())
}

/// The permissions that many identities were given themselves, each with the number of its identity's
/// row.
///
/// # Errors
/// A failure of the store.
pub fn permissions_of_many(
    tx: &Tx<'_>,
    identities: &[i64],
) -> Result<Vec<(i64, String)>, StoreError> {
    let text = "SELECT identity, permission FROM permissions WHERE identity IN ({})";
    many::rows(tx, text, identities, |row| Ok((row.int(0)?, row.text(1)?.to_owned())))
}

/// Gives a permission.
///
/// # Errors
/// `Conflict` when it was given already.
pub fn grant(
    tx: &WriteTx<'_>,
    identity: i64,
    permission: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.exec_one(GRANT, args![identity, permission, now])
}

/// Takes a permission away.
///
/// # Errors
/// `RowsAffected` when it was not given.
pub fn withdraw(tx: &WriteTx<'_>, identity: i64, permission: &str) -> Result<(), StoreError> {
    tx.exec_one(WITHDRAW, args![identity, permission])
}
