//! When people last signed in.

use uuid::Uuid;

use super::{many, statements};
use crate::args;
use crate::domain::session::LastLogin;
use crate::store::{Sight, StoreError, Tx, WriteTx};

statements! {
    OF = "SELECT at, method, provider, ip FROM last_logins WHERE identity = $1";
    SET = "INSERT INTO last_logins (identity, at, method, provider, ip)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (identity) DO UPDATE SET at = excluded.at, method = excluded.method,
        provider = excluded.provider, ip = excluded.ip";
}

/// Writes a sign-in over the one before.
///
/// # Errors
/// A failure of the store.
pub fn set(tx: &WriteTx<'_>, identity: i64, login: &LastLogin) -> Result<(), StoreError> {
    let (method, provider, ip) =
        (login.method.as_str(), login.provider.as_deref(), login.ip.as_deref());
    tx.exec_one(SET, args![identity, login.at, method, provider, ip])
}

/// The last sign-in of an identity.
///
/// # Errors
/// A failure of the store.
pub fn of(tx: &Tx<'_>, identity: i64) -> Result<Option<LastLogin>, StoreError> {
    Ok(tx.rows(OF, args![identity], |row| login(row, 0))?.pop())
}

/// The last sign-ins of many identities, each with the number of its identity's row.
///
/// # Errors
/// A failure of the store.
pub fn of_many(tx: &Tx<'_>, identities: &[i64]) -> Result<Vec<(i64, LastLogin)>, StoreError> {
    let text = "SELECT identity, at, method, provider, ip FROM last_logins WHERE identity IN ({})";
    many::rows(tx, text, identities, |row| Ok((row.int(0)?, login(row, 1)?)))
}

/// The last sign-ins of the identities with these ids, each with its id.
///
/// # Errors
/// A failure of the store.
pub fn of_ids(tx: &Tx<'_>, ids: &[Uuid]) -> Result<Vec<(Uuid, LastLogin)>, StoreError> {
    let text = "SELECT i.id, l.at, l.method, l.provider, l.ip FROM identities i
        JOIN last_logins l ON l.identity = i.n WHERE i.id IN ({})";
    many::rows(tx, text, ids, |row| Ok((row.uuid(0)?, login(row, 1)?)))
}

fn login(row: Sight<'_>, first: usize) -> Result<LastLogin, StoreError> {
    Ok(LastLogin {
        at: row.time(first)?,
        method: row.text(first + 1)?.to_owned(),
        provider: row.opt_text(first + 2)?.map(str::to_owned),
        ip: row.opt_text(first + 3)?.map(str::to_owned),
    })
}
