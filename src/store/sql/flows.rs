//! Flows on their way.

use jiff::Timestamp;
use uuid::Uuid;

use super::statements;
use crate::args;
use crate::domain::flow::{Flow, FlowKind};
use crate::store::{Row, ScratchTx, StoreError, Tx};

statements! {
    FIND = "SELECT id, kind, identity, attempts, form, sealed, issued_at, expires_at FROM flows
        WHERE id = $1 AND kind = $2";
    INSERT = "INSERT INTO flows (id, kind, identity, attempts, form, sealed, issued_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    UPDATE = "UPDATE flows SET identity = $2, attempts = $3, form = $4, sealed = $5, expires_at = $6
        WHERE id = $1";
    DELETE = "DELETE FROM flows WHERE id = $1";
    COUNT = "SELECT count(*) FROM flows WHERE identity = $1 AND expires_at > $2";
    DELETE_OF = "DELETE FROM flows WHERE identity = $1";
    DELETE_EXPIRED = "DELETE FROM flows WHERE id IN
        (SELECT id FROM flows WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
}

/// The flow of this kind with this id, whether or not its time is over.
///
/// # Errors
/// A failure of the store.
pub fn find(tx: &Tx<'_>, kind: FlowKind, id: Uuid) -> Result<Option<Flow>, StoreError> {
    tx.opt(FIND, args![id, kind.as_str()])?.as_ref().map(flow).transpose()
}

/// Keeps a new flow.
///
/// # Errors
/// `Conflict` for an id that exists.
pub fn insert(tx: &ScratchTx<'_>, flow: &Flow) -> Result<(), StoreError> {
    let form = form(flow)?;
    tx.exec_one(
        INSERT,
        args![
            flow.id,
            flow.kind.as_str(),
            flow.identity_id,
            i64::from(flow.attempts),
            form,
            flow.sealed.as_deref(),
            flow.issued_at,
            flow.expires_at
        ],
    )
}

/// Keeps what became of a flow.
///
/// # Errors
/// `RowsAffected` when it is gone.
pub fn update(tx: &ScratchTx<'_>, flow: &Flow) -> Result<(), StoreError> {
    let form = form(flow)?;
    tx.exec_one(
        UPDATE,
        args![
            flow.id,
            flow.identity_id,
            i64::from(flow.attempts),
            form,
            flow.sealed.as_deref(),
            flow.expires_at
        ],
    )
}

/// Removes a flow; `false` when it was gone, which means that somebody else has completed it.
///
/// # Errors
/// A failure of the store.
pub fn delete(tx: &ScratchTx<'_>, id: Uuid) -> Result<bool, StoreError> {
    Ok(tx.exec(DELETE, args![id])? > 0)
}

/// Removes the flows in which an identity is known.
///
/// # Errors
/// A failure of the store.
pub fn delete_of(tx: &ScratchTx<'_>, identity: Uuid) -> Result<u64, StoreError> {
    tx.exec(DELETE_OF, args![identity])
}

/// How many flows in which an identity is known can still be completed.
///
/// # Errors
/// A failure of the store.
pub fn count(tx: &Tx<'_>, identity: Uuid, now: Timestamp) -> Result<u64, StoreError> {
    tx.one(COUNT, args![identity, now])?.count(0)
}

/// Removes at most `most` flows whose time was over before `now`; says how many.
///
/// # Errors
/// A failure of the store.
pub fn delete_expired(tx: &ScratchTx<'_>, now: Timestamp, most: i64) -> Result<u64, StoreError> {
    tx.exec(DELETE_EXPIRED, args![now, most])
}

fn form(flow: &Flow) -> Result<String, StoreError> {
    serde_json::to_string(&flow.form).map_err(|_| unreadable(4, "a form"))
}

const fn unreadable(column: usize, expected: &'static str) -> StoreError {
    StoreError::Row { column, expected }
}

fn flow(row: &Row) -> Result<Flow, StoreError> {
    let kind = FlowKind::parse(row.text(1)?).ok_or_else(|| unreadable(1, "a kind of flow"))?;
    let form = serde_json::from_str(row.text(4)?).map_err(|_| unreadable(4, "a form"))?;
    Ok(Flow {
        id: row.uuid(0)?,
        kind,
        identity_id: row.opt_text(2)?.and_then(|id| Uuid::parse_str(id).ok()),
        attempts: u32::try_from(row.int(3)?).unwrap_or(u32::MAX),
        form,
        sealed: row.opt_text(5)?.map(ToOwned::to_owned),
        issued_at: row.time(6)?,
        expires_at: row.time(7)?,
    })
}
