//! Tokens for the admin port; only the digest of each is kept.

use jiff::Timestamp;
use uuid::Uuid;

use super::statements;
use crate::args;
use crate::domain::api_token::{ApiToken, Scope};
use crate::store::{Row, StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO api_tokens (id, name, scope, digest, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    LIST = "SELECT id, name, scope, created_at, expires_at, last_used_at, revoked_at
        FROM api_tokens ORDER BY created_at DESC, id DESC LIMIT $1";
    BY_ID = "SELECT id, name, scope, created_at, expires_at, last_used_at, revoked_at
        FROM api_tokens WHERE id = $1";
    BY_DIGEST = "SELECT id, name, scope, created_at, expires_at, last_used_at, revoked_at
        FROM api_tokens WHERE digest = $1";
    REVOKE = "UPDATE api_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    USE = "UPDATE api_tokens SET last_used_at = $2
        WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)";
}

/// Keeps a new token.
///
/// # Errors
/// `Conflict` when the same token is there already.
pub fn insert(tx: &WriteTx<'_>, token: &ApiToken, digest: &str) -> Result<(), StoreError> {
    tx.exec_one(
        INSERT,
        args![
            token.id,
            token.name.as_str(),
            token.scope.as_str(),
            digest,
            token.created_at,
            token.expires_at,
        ],
    )
}

/// The newest tokens, whatever their state.
///
/// # Errors
/// A failure of the store.
pub fn newest(tx: &Tx<'_>, limit: i64) -> Result<Vec<ApiToken>, StoreError> {
    tx.all(LIST, args![limit])?.iter().map(token).collect()
}

/// The token with this id.
///
/// # Errors
/// A failure of the store.
pub fn by_id(tx: &Tx<'_>, id: Uuid) -> Result<Option<ApiToken>, StoreError> {
    tx.opt(BY_ID, args![id])?.as_ref().map(token).transpose()
}

/// The token whose digest this is. Looking it up takes a time that says nothing about the token:
/// whoever guesses does not choose the digest.
///
/// # Errors
/// A failure of the store.
pub fn by_digest(tx: &Tx<'_>, digest: &str) -> Result<Option<ApiToken>, StoreError> {
    tx.opt(BY_DIGEST, args![digest])?.as_ref().map(token).transpose()
}

/// Withdraws a token; `false` when it was withdrawn before.
///
/// # Errors
/// A failure of the store.
pub fn revoke(tx: &WriteTx<'_>, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.exec(REVOKE, args![id, now])? == 1)
}

/// Notes that a token was used, unless that was noted after `before`; says whether it was.
///
/// # Errors
/// A failure of the store.
pub fn used(
    tx: &WriteTx<'_>,
    id: Uuid,
    now: Timestamp,
    before: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.exec(USE, args![id, now, before])? == 1)
}

fn token(row: &Row) -> Result<ApiToken, StoreError> {
    Ok(ApiToken {
        id: row.uuid(0)?,
        name: row.text(1)?.to_owned(),
        scope: Scope::parse(row.text(2)?)
            .ok_or(StoreError::Row { column: 2, expected: "a scope" })?,
        created_at: row.time(3)?,
        expires_at: row.opt_time(4)?,
        last_used_at: row.opt_time(5)?,
        revoked_at: row.opt_time(6)?,
    })
}
