//! The parts of the search index. What is written together becomes a part of its own, and a search
//! looks into each of them; so small ones are merged to larger ones, a little at a time.

use crate::args;
use crate::store::{Dialect, ScratchTx, StoreError};

/// How many pages of 4 KiB one step writes at the most: some ten milliseconds.
pub const PAGES: i64 = 64;

/// Merges some parts as far as `pages` pages; says whether there was anything to merge. An index has
/// enough in common with another where there are four parts of a size (SQLite FTS5, section 6.9).
///
/// # Errors
/// A failure of the store.
pub fn merge(tx: &ScratchTx<'_>, pages: i64) -> Result<bool, StoreError> {
    if tx.dialect() != Dialect::Sqlite {
        return Ok(false);
    }
    let text = "INSERT INTO identity_search (identity_search, rank) VALUES ('merge', $1)";
    // The command itself counts as one change, also when it does nothing.
    Ok(tx.exec_deep(text, args![pages])? > 1)
}
