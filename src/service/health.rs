//! Whether the store can do its work right now.

use crate::app::Deps;
use crate::error::Error;
use crate::store::sql::ledger;

/// Whether the store can be read and its write lock taken.
///
/// # Errors
/// What stands in the way.
pub fn ready(d: &Deps) -> Result<(), Error> {
    d.store.read(|tx| ledger::size_and_root(tx).map(drop))?;
    Ok(d.store.can_write()?)
}
