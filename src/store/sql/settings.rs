//! Facts about the deployment that live with the data.

use super::statements;
use crate::args;
use crate::store::{StoreError, Tx, WriteTx};

statements! {
    GET = "SELECT value FROM settings WHERE name = $1";
    SET = "INSERT INTO settings (name, value) VALUES ($1, $2)
           ON CONFLICT (name) DO UPDATE SET value = excluded.value";
}

/// A setting, if it was ever set.
///
/// # Errors
/// A failure of the store.
pub fn get(tx: &Tx<'_>, name: &str) -> Result<Option<String>, StoreError> {
    tx.opt(GET, args![name])?.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Sets a setting.
///
/// # Errors
/// A failure of the store.
pub fn set(tx: &WriteTx<'_>, name: &str, value: &str) -> Result<(), StoreError> {
    tx.exec_one(SET, args![name, value])
}

/// The ledger's origin: the name under which its checkpoints are signed.
///
/// # Errors
/// A failure of the store, or `Corrupt` for a database without one.
pub fn origin(tx: &Tx<'_>) -> Result<String, StoreError> {
    get(tx, "ledger_origin")?
        .ok_or_else(|| StoreError::Corrupt("the ledger has no origin".to_owned()))
}
