//! What of a list of deletions and erasures, which is kept outside the database, is in the database.

use jiff::Timestamp;
use uuid::Uuid;

use super::ledger::int;
use super::statements;
use crate::args;
use crate::domain::ledger::Hash;
use crate::store::{ScratchTx, StoreError, Tx};

statements! {
    MARK = "SELECT bytes, seq FROM erasure_lists WHERE list = $1";
    SET_MARK = "INSERT INTO erasure_lists (list, bytes, seq) VALUES ($1, $2, $3)
        ON CONFLICT (list) DO UPDATE SET bytes = excluded.bytes, seq = excluded.seq";
    OF_TYPE = "SELECT seq, entry, leaf FROM ledger_entries
        WHERE type = $1 AND seq >= $2 AND seq < $3 ORDER BY seq LIMIT $4";
    LEAF_OF = "SELECT leaf FROM ledger_entries WHERE seq = $1";
    CAME_BACK = "SELECT seq FROM ledger_entries WHERE principal = $1 AND time > $2
        AND type IN ('user.invited', 'user.registered') LIMIT 1";
}

/// How far a list is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Everything in so many bytes of it happened here, or was done again here.
    pub bytes: u64,
    /// Everything before this entry is in it.
    pub seq: u64,
}

/// How far a list is known, if it is known at all.
///
/// # Errors
/// A failure of the store.
pub fn mark(tx: &Tx<'_>, list: &str) -> Result<Option<Mark>, StoreError> {
    let Some(row) = tx.opt(MARK, args![list])? else { return Ok(None) };
    Ok(Some(Mark { bytes: row.count(0)?, seq: row.count(1)? }))
}

/// Remembers how far a list is known.
///
/// # Errors
/// A failure of the store.
pub fn set_mark(tx: &ScratchTx<'_>, list: &str, mark: Mark) -> Result<(), StoreError> {
    tx.exec_one(SET_MARK, args![list, int(mark.bytes), int(mark.seq)])
}

/// Entries of a type from `from` to before `to`, oldest first: place, text and leaf hash.
///
/// # Errors
/// A failure of the store.
pub fn of_type(
    tx: &Tx<'_>,
    kind: &str,
    (from, to): (u64, u64),
    most: u64,
) -> Result<Vec<(u64, String, Hash)>, StoreError> {
    let rows = tx.all(OF_TYPE, args![kind, int(from), int(to), int(most)])?;
    rows.iter().map(|row| Ok((row.count(0)?, row.text(1)?.to_owned(), row.hash(2)?))).collect()
}

/// The leaf hash of the entry at a place, if there is one.
///
/// # Errors
/// A failure of the store.
pub fn leaf_of(tx: &Tx<'_>, seq: u64) -> Result<Option<Hash>, StoreError> {
    tx.opt(LEAF_OF, args![int(seq)])?.map(|row| row.hash(0)).transpose()
}

/// Whether somebody was made, or brought back by an import, after a time.
///
/// # Errors
/// A failure of the store.
pub fn came_back(tx: &Tx<'_>, id: Uuid, after: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.opt(CAME_BACK, args![id, after])?.is_some())
}
