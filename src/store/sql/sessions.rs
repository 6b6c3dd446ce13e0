//! Sessions.

use jiff::Timestamp;
use uuid::Uuid;

use super::statements;
use crate::args;
use crate::domain::session::Session;
use crate::store::{Row, StoreError, Tx, WriteTx};

statements! {
    LIST = "SELECT s.id, i.id, s.active, s.aal, s.methods, s.authenticated_at, s.issued_at,
        s.expires_at, s.ip, s.user_agent
        FROM sessions s JOIN identities i ON i.n = s.identity
        WHERE s.identity = $1 ORDER BY s.issued_at DESC, s.id";
    INSERT = "INSERT INTO sessions (id, identity, token_digest, active, aal, methods,
        authenticated_at, issued_at, expires_at, ip, user_agent)
        VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10)";
    ACTIVE_IDS = "SELECT id FROM sessions WHERE identity = $1 AND active = 1 AND expires_at > $2";
    DELETE_ALL = "DELETE FROM sessions WHERE identity = $1";
}

/// The sessions of an identity, newest first.
///
/// # Errors
/// A failure of the store.
pub fn list(tx: &Tx<'_>, identity: i64) -> Result<Vec<Session>, StoreError> {
    tx.all(LIST, args![identity])?.iter().map(session).collect()
}

/// Opens a session; only the digest of its token is kept.
///
/// # Errors
/// `Conflict` for an id or token that exists.
pub fn insert(
    tx: &WriteTx<'_>,
    identity: i64,
    session: &Session,
    token_digest: &str,
) -> Result<(), StoreError> {
    tx.exec_one(
        INSERT,
        args![
            session.id,
            identity,
            token_digest,
            session.aal.as_str(),
            session.methods.as_str(),
            session.authenticated_at,
            session.issued_at,
            session.expires_at,
            session.ip.as_deref(),
            session.user_agent.as_deref(),
        ],
    )
}

/// Removes every session of an identity; returns the ids of those that were live at `now`.
///
/// # Errors
/// A failure of the store.
pub fn delete_all(
    tx: &WriteTx<'_>,
    identity: i64,
    now: Timestamp,
) -> Result<Vec<Uuid>, StoreError> {
    let live = tx.all(ACTIVE_IDS, args![identity, now])?;
    tx.exec(DELETE_ALL, args![identity])?;
    live.iter().map(|row| row.uuid(0)).collect()
}

fn session(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.uuid(0)?,
        identity_id: row.uuid(1)?,
        active: row.flag(2)?,
        aal: row.text(3)?.to_owned(),
        methods: row.text(4)?.to_owned(),
        authenticated_at: row.time(5)?,
        issued_at: row.time(6)?,
        expires_at: row.time(7)?,
        ip: row.opt_text(8)?.map(str::to_owned),
        user_agent: row.opt_text(9)?.map(str::to_owned),
    })
}
