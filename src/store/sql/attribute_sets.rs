//! Definitions of attribute sets, and who has values of one.

use serde_json::Value as Json;

use super::statements;
use crate::args;
use crate::domain::attributes::AttributeSet;
use crate::store::{Sight, StoreError, Tx, Value, WriteTx};

statements! {
    BY_IDENTIFIER = "SELECT identifier, name, description, attributes, created_at, updated_at
        FROM attribute_sets WHERE identifier = $1";
    ALL = "SELECT identifier, name, description, attributes, created_at, updated_at
        FROM attribute_sets ORDER BY identifier";
    COUNT = "SELECT count(*) FROM attribute_sets";
    INSERT = "INSERT INTO attribute_sets (identifier, name, description, attributes, created_at,
        updated_at) VALUES ($1, $2, $3, $4, $5, $6)";
    UPDATE = "UPDATE attribute_sets SET name = $2, description = $3, attributes = $4,
        updated_at = $5 WHERE identifier = $1";
    DELETE = "DELETE FROM attribute_sets WHERE identifier = $1";
    HOLDING = "SELECT n, metadata_admin FROM identities WHERE n > $1
        AND metadata_admin LIKE $2 ESCAPE '\\' ORDER BY n LIMIT $3";
}

/// The set of this identifier.
///
/// # Errors
/// A failure of the store.
pub fn find(tx: &Tx<'_>, identifier: &str) -> Result<Option<AttributeSet>, StoreError> {
    Ok(tx.rows(BY_IDENTIFIER, args![identifier], set)?.pop())
}

/// All sets, by their identifiers.
///
/// # Errors
/// A failure of the store.
pub fn all(tx: &Tx<'_>) -> Result<Vec<AttributeSet>, StoreError> {
    tx.rows(ALL, args![], set)
}

/// How many there are.
///
/// # Errors
/// A failure of the store.
pub fn count(tx: &Tx<'_>) -> Result<u64, StoreError> {
    tx.one(COUNT, args![])?.count(0)
}

/// Writes a new one.
///
/// # Errors
/// `Conflict` when its identifier is taken.
pub fn insert(tx: &WriteTx<'_>, one: &AttributeSet) -> Result<(), StoreError> {
    tx.exec_one(
        INSERT,
        args![
            one.identifier.as_str(),
            one.name.as_str(),
            one.description.as_str(),
            attributes(one)?,
            one.created_at,
            one.updated_at,
        ],
    )
}

/// Writes it again.
///
/// # Errors
/// `RowsAffected` when there is none.
pub fn update(tx: &WriteTx<'_>, one: &AttributeSet) -> Result<(), StoreError> {
    tx.exec_one(
        UPDATE,
        args![
            one.identifier.as_str(),
            one.name.as_str(),
            one.description.as_str(),
            attributes(one)?,
            one.updated_at,
        ],
    )
}

/// Removes one; values stay where they are.
///
/// # Errors
/// `RowsAffected` when there is none.
pub fn delete(tx: &WriteTx<'_>, identifier: &str) -> Result<(), StoreError> {
    tx.exec_one(DELETE, args![identifier])
}

/// Rows of identities after the row `after` whose administrators' metadata may hold values of a set.
/// No index helps; the whole table is looked through once.
///
/// # Errors
/// A failure of the store.
pub fn maybe_holding(
    tx: &Tx<'_>,
    identifier: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Json)>, StoreError> {
    let escaped = identifier.replace('_', "\\_");
    let pattern = format!("%\"{escaped}\"%");
    tx.rows(HOLDING, args![after, pattern, limit], |row| Ok((row.int(0)?, row.json(1)?)))
}

fn attributes(one: &AttributeSet) -> Result<Value, StoreError> {
    let text = serde_json::to_string(&one.attributes);
    let text = text.map_err(|_| StoreError::Row { column: 3, expected: "attributes" })?;
    Ok(Value::from(text))
}

fn set(row: Sight<'_>) -> Result<AttributeSet, StoreError> {
    Ok(AttributeSet {
        identifier: row.text(0)?.to_owned(),
        name: row.text(1)?.to_owned(),
        description: row.text(2)?.to_owned(),
        attributes: row.json(3)?,
        created_at: row.time(4)?,
        updated_at: row.time(5)?,
    })
}
