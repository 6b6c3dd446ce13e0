//! Sessions. Every one is read together with what decides whether its owner may have any.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::statements;
use crate::args;
use crate::domain::authority::Authority;
use crate::domain::session::{Aal, Session};
use crate::domain::status::{Standing, Status};
use crate::store::{Sight, StoreError, Tx, WriteTx};

statements! {
    FIND = "SELECT s.id, i.id, s.active, s.aal, s.methods, s.authenticated_at, s.issued_at,
        s.expires_at, s.devices, i.status, i.status_until, i.expires_at, s.n, s.identity,
        s.authorities, w.at
        FROM sessions s JOIN identities i ON i.n = s.identity
        LEFT JOIN sightings w ON w.session = s.n WHERE s.id = $1";
    OF = "SELECT s.id, i.id, s.active, s.aal, s.methods, s.authenticated_at, s.issued_at,
        s.expires_at, s.devices, i.status, i.status_until, i.expires_at, s.n, s.identity,
        s.authorities, w.at
        FROM sessions s JOIN identities i ON i.n = s.identity
        LEFT JOIN sightings w ON w.session = s.n
        WHERE s.identity = $1 AND s.id <> $2
        AND ($3 = 2 OR CASE WHEN s.active = 1 AND s.expires_at > $4 THEN 1 ELSE 0 END = $3)
        ORDER BY s.n DESC LIMIT $5 OFFSET $6";
    COUNT_OF = "SELECT count(*) FROM sessions s WHERE s.identity = $1 AND s.id <> $2
        AND ($3 = 2 OR CASE WHEN s.active = 1 AND s.expires_at > $4 THEN 1 ELSE 0 END = $3)";
    PAGE = "SELECT s.id, i.id, s.active, s.aal, s.methods, s.authenticated_at, s.issued_at,
        s.expires_at, s.devices, i.status, i.status_until, i.expires_at, s.n, s.identity,
        s.authorities, w.at
        FROM sessions s JOIN identities i ON i.n = s.identity
        LEFT JOIN sightings w ON w.session = s.n
        WHERE s.n < $1 ORDER BY s.n DESC LIMIT $2";
    PAGE_BY_ACTIVE = "SELECT s.id, i.id, s.active, s.aal, s.methods, s.authenticated_at, s.issued_at,
        s.expires_at, s.devices, i.status, i.status_until, i.expires_at, s.n, s.identity,
        s.authorities, w.at
        FROM sessions s JOIN identities i ON i.n = s.identity
        LEFT JOIN sightings w ON w.session = s.n
        WHERE s.n < $1 AND CASE WHEN s.active = 1 AND s.expires_at > $3
        AND (i.expires_at IS NULL OR i.expires_at > $3)
        AND (i.status IN ('active', 'locked') OR (i.status = 'blocked' AND i.status_until <= $3))
        THEN 1 ELSE 0 END = $4
        ORDER BY s.n DESC LIMIT $2";
    INSERT = "INSERT INTO sessions (id, identity, token_digest, active, aal, methods,
        authenticated_at, issued_at, expires_at, devices, authorities)
        VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10)";
    DISABLE = "UPDATE sessions SET active = 0 WHERE id = $1 AND active = 1";
    DISABLE_OTHERS = "UPDATE sessions SET active = 0 WHERE identity = $1 AND id <> $2
        AND active = 1 AND expires_at > $3";
    RAISE = "UPDATE sessions SET token_digest = $2, aal = $3, methods = $4, authenticated_at = $5,
        devices = $6, authorities = $7 WHERE id = $1 AND active = 1";
    EXTEND = "UPDATE sessions SET expires_at = $2 WHERE id = $1";
    ACTIVE_IDS = "SELECT id FROM sessions WHERE identity = $1 AND active = 1 AND expires_at > $2
        AND id <> $3 ORDER BY n";
    HAS_EXPIRED = "SELECT n FROM sessions WHERE expires_at < $1 AND active = 1 LIMIT 1";
    EXPIRED = "SELECT n, id FROM sessions WHERE expires_at < $1 AND active = 1
        ORDER BY expires_at LIMIT $2";
    DELETE_ONE = "DELETE FROM sessions WHERE n = $1";
    DELETE_ALL = "DELETE FROM sessions WHERE identity = $1";
}

/// A session with the row numbers by which it is found.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its own, in order of creation.
    pub n: i64,
    /// Its owner's.
    pub identity: i64,
    /// The session.
    pub session: Session,
}

/// Which sessions of an identity are meant.
#[derive(Clone, Copy, Debug)]
pub struct Which {
    /// Only those that are neither revoked nor over, or only the others.
    pub live: Option<bool>,
    /// All but this one; nil for all.
    pub except: Uuid,
    /// The moment at which they are judged.
    pub now: Timestamp,
}

/// The session with this id.
///
/// # Errors
/// A failure of the store.
pub fn find(tx: &Tx<'_>, id: Uuid) -> Result<Option<Stored>, StoreError> {
    Ok(tx.rows(FIND, args![id], stored)?.pop())
}

/// The sessions of an identity, newest first.
///
/// # Errors
/// A failure of the store.
pub fn of(
    tx: &Tx<'_>,
    identity: i64,
    which: Which,
    limit: i64,
    offset: i64,
) -> Result<Vec<Session>, StoreError> {
    let live = which.live.map_or(2, i64::from);
    tx.rows(OF, args![identity, which.except, live, which.now, limit, offset], listed)
}

/// How many sessions of an identity there are.
///
/// # Errors
/// A failure of the store.
pub fn count_of(tx: &Tx<'_>, identity: i64, which: Which) -> Result<u64, StoreError> {
    let live = which.live.map_or(2, i64::from);
    tx.one(COUNT_OF, args![identity, which.except, live, which.now])?.count(0)
}

/// A page of sessions below the row `before`, newest first; only those that work at `now`, or only
/// those that do not, when `active` says so.
///
/// # Errors
/// A failure of the store.
pub fn page(
    tx: &Tx<'_>,
    before: i64,
    limit: i64,
    active: Option<bool>,
    now: Timestamp,
) -> Result<Vec<Stored>, StoreError> {
    match active {
        None => tx.rows(PAGE, args![before, limit], stored),
        Some(active) => tx.rows(PAGE_BY_ACTIVE, args![before, limit, now, active], stored),
    }
}

/// Opens a session; only the digest of its secret is kept.
///
/// # Errors
/// `Conflict` for an id or secret that exists.
pub fn insert(
    tx: &WriteTx<'_>,
    identity: i64,
    session: &Session,
    digest: &[u8; 32],
) -> Result<(), StoreError> {
    tx.exec_one(
        INSERT,
        args![
            session.id,
            identity,
            digest,
            session.aal.as_str(),
            document(&session.methods)?,
            session.authenticated_at,
            session.issued_at,
            session.expires_at,
            document(&session.devices)?,
            words(&session.authorities),
        ],
    )
}

/// Revokes a session; says whether it was not revoked before.
///
/// # Errors
/// A failure of the store.
pub fn disable(tx: &WriteTx<'_>, id: Uuid) -> Result<bool, StoreError> {
    Ok(tx.exec(DISABLE, args![id])? > 0)
}

/// Revokes the live sessions of an identity, all but one; gives their ids.
///
/// # Errors
/// A failure of the store.
pub fn disable_others(
    tx: &WriteTx<'_>,
    identity: i64,
    except: Uuid,
    now: Timestamp,
) -> Result<Vec<Uuid>, StoreError> {
    let live = tx.all(ACTIVE_IDS, args![identity, now, except])?;
    tx.exec(DISABLE_OTHERS, args![identity, except, now])?;
    live.iter().map(|row| row.uuid(0)).collect()
}

/// Keeps what a session has become by another step of signing in, under another secret.
///
/// # Errors
/// `RowsAffected` when it was revoked meanwhile.
pub fn raise(tx: &WriteTx<'_>, session: &Session, digest: &[u8; 32]) -> Result<(), StoreError> {
    tx.exec_one(
        RAISE,
        args![
            session.id,
            digest,
            session.aal.as_str(),
            document(&session.methods)?,
            session.authenticated_at,
            document(&session.devices)?,
            words(&session.authorities),
        ],
    )
}

/// Puts the end of a session off.
///
/// # Errors
/// `RowsAffected` when there is no such session.
pub fn extend(tx: &WriteTx<'_>, id: Uuid, expires_at: Timestamp) -> Result<(), StoreError> {
    tx.exec_one(EXTEND, args![id, expires_at])
}

/// Whether there is a session that ended by itself before `then`.
///
/// # Errors
/// A failure of the store.
pub fn has_expired(tx: &Tx<'_>, then: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.opt(HAS_EXPIRED, args![then])?.is_some())
}

/// Removes the oldest sessions that ended by themselves before `then`; gives their ids.
///
/// # Errors
/// A failure of the store.
pub fn remove_expired(
    tx: &WriteTx<'_>,
    then: Timestamp,
    most: i64,
) -> Result<Vec<Uuid>, StoreError> {
    let ended = tx.all(EXPIRED, args![then, most])?;
    for row in &ended {
        tx.exec_one(DELETE_ONE, args![row.int(0)?])?;
    }
    ended.iter().map(|row| row.uuid(1)).collect()
}

/// What was removed.
#[derive(Clone, Debug, Default)]
pub struct Removed {
    /// How many rows there were.
    pub rows: u64,
    /// Which of them were live.
    pub live: Vec<Uuid>,
}

/// Removes every session of an identity; `now` is when they are judged.
///
/// # Errors
/// A failure of the store.
pub fn delete_all(tx: &WriteTx<'_>, identity: i64, now: Timestamp) -> Result<Removed, StoreError> {
    let live = tx.all(ACTIVE_IDS, args![identity, now, Uuid::nil()])?;
    let rows = tx.exec(DELETE_ALL, args![identity])?;
    Ok(Removed { rows, live: live.iter().map(|row| row.uuid(0)).collect::<Result<_, _>>()? })
}

fn stored(row: Sight<'_>) -> Result<Stored, StoreError> {
    Ok(Stored { n: row.int(12)?, identity: row.int(13)?, session: listed(row)? })
}

/// A session with when it was last used: at the latest when its owner last showed who they are.
fn listed(row: Sight<'_>) -> Result<Session, StoreError> {
    let session: Session = session(row, 14)?;
    let last_seen_at = Some(session.authenticated_at).max(row.opt_time(15)?);
    Ok(Session { last_seen_at, ..session })
}

/// A session from the first twelve columns, and the one with its authorities.
pub(super) fn session<M: DeserializeOwned, V: DeserializeOwned>(
    row: Sight<'_>,
    authorities: usize,
) -> Result<Session<M, V>, StoreError> {
    let status =
        Status::parse(row.text(9)?).ok_or(StoreError::Row { column: 9, expected: "a status" })?;
    Ok(Session {
        id: row.uuid(0)?,
        identity_id: row.uuid(1)?,
        owner: Standing { status, until: row.opt_time(10)?, expires_at: row.opt_time(11)? },
        active: row.flag(2)?,
        aal: Aal::parse(row.text(3)?)
            .ok_or(StoreError::Row { column: 3, expected: "a level of assurance" })?,
        methods: parsed(row, 4, "methods of a sign-in")?,
        authenticated_at: row.time(5)?,
        issued_at: row.time(6)?,
        expires_at: row.time(7)?,
        devices: parsed(row, 8, "devices")?,
        last_seen_at: None,
        authorities: row.text(authorities)?.split(' ').filter_map(Authority::parse).collect(),
    })
}

/// Rights between blanks; most sessions have none.
fn words(authorities: &BTreeSet<Authority>) -> String {
    let all: Vec<&str> = authorities.iter().map(|one| one.as_str()).collect();
    all.join(" ")
}

fn document(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Driver(error.into()))
}

fn parsed<T: DeserializeOwned>(
    row: Sight<'_>,
    column: usize,
    expected: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_str(row.text(column)?).map_err(|_| StoreError::Row { column, expected })
}
