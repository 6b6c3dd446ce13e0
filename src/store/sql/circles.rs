//! Roles and groups themselves: what they are called, what they permit, which roles a group carries.
//! Who is in them is next door.

use std::collections::BTreeSet;

use super::{leftovers, statements};
use crate::args;
use crate::domain::access::{Circle, CircleKind};
use crate::store::{Sight, StoreError, Tx, WriteTx};

statements! {
    BY_ID = "SELECT n, kind, id, word, name, description, permissions, created_at, updated_at
        FROM circles WHERE id = $1 AND kind = $2";
    BY_WORD = "SELECT n, kind, id, word, name, description, permissions, created_at, updated_at
        FROM circles WHERE word = $1 AND kind = $2";
    PAGE = "SELECT n, kind, id, word, name, description, permissions, created_at, updated_at
        FROM circles WHERE kind = $1 AND word > $2 ORDER BY word LIMIT $3";
    EXISTS = "SELECT 1 FROM circles WHERE n = $1 AND kind <> 'gone'";
    COUNT = "SELECT count(*) FROM circles WHERE kind = $1";
    INSERT = "INSERT INTO circles (kind, id, word, name, description, permissions, created_at,
        updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    UPDATE = "UPDATE circles SET word = $2, name = $3, description = $4, permissions = $5,
        updated_at = $6 WHERE n = $1";
    DELETE = "DELETE FROM circles WHERE n = $1";
    RETIRE = "UPDATE circles SET kind = 'gone', word = id WHERE n = $1";
    DROP_ROLES = "DELETE FROM circle_roles WHERE holder = $1";
    DROP_CARRIERS = "DELETE FROM circle_roles WHERE role = $1";
    CARRIED = "SELECT c.n, c.kind, c.id, c.word, c.name, c.description, c.permissions, c.created_at,
        c.updated_at FROM circle_roles r JOIN circles c ON c.n = r.role
        WHERE r.holder = $1 ORDER BY c.word";
    CARRIERS = "SELECT c.n, c.kind, c.id, c.word, c.name, c.description, c.permissions,
        c.created_at, c.updated_at FROM circle_roles r JOIN circles c ON c.n = r.holder
        WHERE r.role = $1 ORDER BY c.word";
    CARRY = "INSERT INTO circle_roles (holder, role) VALUES ($1, $2)";
    DROP = "DELETE FROM circle_roles WHERE holder = $1 AND role = $2";
}

/// How many members go together with their role or group.
const AT_ONCE: i64 = 500;

/// A role or group with its row number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Row number.
    pub n: i64,
    /// What it is.
    pub circle: Circle,
}

/// The one with this id.
///
/// # Errors
/// A failure of the store.
pub fn by_id(tx: &Tx<'_>, kind: CircleKind, id: &str) -> Result<Option<Kept>, StoreError> {
    Ok(tx.rows(BY_ID, args![id, kind.as_str()], kept)?.pop())
}

/// The one with this word.
///
/// # Errors
/// A failure of the store.
pub fn by_word(tx: &Tx<'_>, kind: CircleKind, word: &str) -> Result<Option<Kept>, StoreError> {
    Ok(tx.rows(BY_WORD, args![word, kind.as_str()], kept)?.pop())
}

/// Those whose words come after `after`.
///
/// # Errors
/// A failure of the store.
pub fn page(
    tx: &Tx<'_>,
    kind: CircleKind,
    after: &str,
    limit: u64,
) -> Result<Vec<Kept>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.rows(PAGE, args![kind.as_str(), after, limit], kept)
}

/// Whether there is one in this row.
///
/// # Errors
/// A failure of the store.
pub fn exists(tx: &Tx<'_>, n: i64) -> Result<bool, StoreError> {
    Ok(tx.opt(EXISTS, args![n])?.is_some())
}

/// How many there are of a kind.
///
/// # Errors
/// A failure of the store.
pub fn count(tx: &Tx<'_>, kind: CircleKind) -> Result<u64, StoreError> {
    tx.one(COUNT, args![kind.as_str()])?.count(0)
}

/// Writes a new one and gives its row number.
///
/// # Errors
/// `Conflict` when its word is taken.
pub fn insert(tx: &WriteTx<'_>, one: &Circle) -> Result<i64, StoreError> {
    let values = args![
        one.kind.as_str(),
        one.id.as_str(),
        one.word.as_str(),
        one.name.as_str(),
        one.description.as_str(),
        list(&one.permissions),
        one.created_at,
        one.updated_at,
    ];
    tx.insert(INSERT, values)?.ok_or(StoreError::RowsAffected(0))
}

/// Writes it again.
///
/// # Errors
/// `Conflict` when its word is taken.
pub fn update(tx: &WriteTx<'_>, n: i64, one: &Circle) -> Result<(), StoreError> {
    tx.exec_one(
        UPDATE,
        args![
            n,
            one.word.as_str(),
            one.name.as_str(),
            one.description.as_str(),
            list(&one.permissions),
            one.updated_at,
        ],
    )
}

/// Removes one: from now on nobody is in it and nothing finds it. Of very many members the rows go
/// later, some at a time; see [`leftovers::circles`].
///
/// # Errors
/// `RowsAffected` when it is gone already.
pub fn delete(tx: &WriteTx<'_>, n: i64) -> Result<(), StoreError> {
    if leftovers::members_of(tx, n, AT_ONCE)? < AT_ONCE.unsigned_abs() {
        return tx.exec_one(DELETE, args![n]);
    }
    tx.exec(DROP_ROLES, args![n])?;
    tx.exec(DROP_CARRIERS, args![n])?;
    tx.exec_one(RETIRE, args![n])
}

/// The roles that a group carries.
///
/// # Errors
/// A failure of the store.
pub fn carried(tx: &Tx<'_>, group: i64) -> Result<Vec<Kept>, StoreError> {
    tx.rows(CARRIED, args![group], kept)
}

/// The groups that carry a role.
///
/// # Errors
/// A failure of the store.
pub fn carriers(tx: &Tx<'_>, role: i64) -> Result<Vec<Kept>, StoreError> {
    tx.rows(CARRIERS, args![role], kept)
}

/// Lets a group carry a role.
///
/// # Errors
/// `Conflict` when it does already.
pub fn carry(tx: &WriteTx<'_>, group: i64, role: i64) -> Result<(), StoreError> {
    tx.exec_one(CARRY, args![group, role])
}

/// Takes a role from a group.
///
/// # Errors
/// `RowsAffected` when the group does not carry it.
pub fn drop_role(tx: &WriteTx<'_>, group: i64, role: i64) -> Result<(), StoreError> {
    tx.exec_one(DROP, args![group, role])
}

fn list(permissions: &BTreeSet<String>) -> String {
    permissions.iter().map(String::as_str).collect::<serde_json::Value>().to_string()
}

/// From the columns in the order of the statements above.
pub(super) fn kept(row: Sight<'_>) -> Result<Kept, StoreError> {
    let kind = CircleKind::parse(row.text(1)?)
        .ok_or(StoreError::Row { column: 1, expected: "a role or a group" })?;
    Ok(Kept {
        n: row.int(0)?,
        circle: Circle {
            kind,
            id: row.text(2)?.to_owned(),
            word: row.text(3)?.to_owned(),
            name: row.text(4)?.to_owned(),
            description: row.text(5)?.to_owned(),
            permissions: row.json(6)?,
            created_at: row.time(7)?,
            updated_at: row.time(8)?,
        },
    })
}
