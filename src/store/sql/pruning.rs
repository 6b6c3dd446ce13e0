//! The beginning of what is kept of the ledger, and removing what lies before it.

use serde_json::Value as Json;

use super::history::{MARKING, Run, What};
use super::ledger::int;
use super::statements;
use crate::args;
use crate::domain::ledger::merkle::{Frontier, Hash};
use crate::store::{Row, ScratchTx, StoreError, Tx, WriteTx};

statements! {
    BASE = "SELECT before, frontier, leaf FROM ledger_base";
    KEPT_FROM = "SELECT before FROM ledger_base";
    INSERT_BASE = "INSERT INTO ledger_base (before, frontier, leaf) VALUES ($1, $2, $3)";
    UPDATE_BASE = "UPDATE ledger_base SET before = $1, frontier = $2, leaf = $3";
    EDGE = "SELECT size, frontier FROM ledger_checkpoints WHERE size <= $1
        ORDER BY size DESC LIMIT 1";
    OLDEST = "SELECT seq, entry FROM ledger_entries WHERE seq < $1 ORDER BY seq LIMIT $2";
    REMOVE_ENTRIES = "DELETE FROM ledger_entries WHERE seq < $1";
    REMOVE_DISCLOSURES = "DELETE FROM ledger_disclosures WHERE seq < $1";
    REMOVE_MARK = "DELETE FROM ledger_marks
        WHERE what = $1 AND value = $2 AND first = $3 AND past <= $4";
    SHORTEN_MARK = "UPDATE ledger_marks SET first = $4
        WHERE what = $1 AND value = $2 AND first = $3 AND past > $4";
    OPEN_REALM = "UPDATE ledger_marks SET past = 9223372036854775807
        WHERE what = 'realm' AND value = (SELECT realm FROM ledger_head) AND first =
            (SELECT max(first) FROM ledger_marks WHERE what = 'realm'
             AND value = (SELECT realm FROM ledger_head)
             AND first < (SELECT size FROM ledger_head))";
    HELD_DISCLOSURES = "SELECT count(*) FROM ledger_disclosures WHERE seq >= $1 AND seq < $2";
}

/// Where what is kept begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The tree of everything before it.
    pub frontier: Frontier,
    /// The hash of the last entry before it.
    pub leaf: Hash,
}

/// Where what is kept begins, once something was pruned.
///
/// # Errors
/// A failure of the store.
pub fn base(tx: &Tx<'_>) -> Result<Option<Base>, StoreError> {
    let Some(row) = tx.opt(BASE, args![])? else { return Ok(None) };
    Ok(Some(Base { frontier: edge(&row)?, leaf: row.hash(2)? }))
}

/// The first entry that is kept.
///
/// # Errors
/// A failure of the store.
pub fn kept_from(tx: &Tx<'_>) -> Result<u64, StoreError> {
    tx.opt(KEPT_FROM, args![])?.map_or(Ok(0), |row| row.count(0))
}

/// The tree under the newest checkpoint over at most `size` entries.
///
/// # Errors
/// A failure of the store.
pub fn signed_edge(tx: &Tx<'_>, size: u64) -> Result<Option<Frontier>, StoreError> {
    tx.opt(EDGE, args![int(size)])?.as_ref().map(edge).transpose()
}

fn edge(row: &Row) -> Result<Frontier, StoreError> {
    Frontier::from_bytes(row.count(0)?, row.blob(1)?)
        .ok_or(StoreError::Row { column: 1, expected: "the edge of a tree" })
}

/// How many personal values the entries `from` to before `to` still have.
///
/// # Errors
/// A failure of the store.
pub fn disclosures_in(tx: &Tx<'_>, from: u64, to: u64) -> Result<u64, StoreError> {
    tx.one(HELD_DISCLOSURES, args![int(from), int(to)])?.count(0)
}

/// From now on nothing before this is kept. Its rows go by [`remove`].
///
/// # Errors
/// A failure of the store.
pub fn set_base(tx: &WriteTx<'_>, base: &Base) -> Result<(), StoreError> {
    let (edge, before) = (base.frontier.to_bytes(), int(base.frontier.size()));
    let row = args![before, edge.as_slice(), &base.leaf];
    match tx.exec(UPDATE_BASE, row)? {
        0 => tx.exec_one(INSERT_BASE, row),
        _ => Ok(()),
    }
}

/// Removes the oldest of the entries that are no longer kept, with everything that belongs to them: at
/// least one, and otherwise at most so many rows. Says whether there may be others.
///
/// # Errors
/// A failure of the store.
pub fn remove(tx: &ScratchTx<'_>, most: u64) -> Result<bool, StoreError> {
    let base = kept_from(tx)?;
    let (mut end, mut rows) = (0, 0);
    let mut oldest = Vec::new();
    for row in tx.all(OLDEST, args![int(base), int(most)])? {
        let entry: Json = serde_json::from_str(row.text(1)?).unwrap_or_default();
        let values = entry.pointer("/sd").and_then(Json::as_object).map_or(0, serde_json::Map::len);
        rows += (1 + values + MARKED.len()) as u64;
        if rows > most && !oldest.is_empty() {
            break;
        }
        end = row.count(0)? + 1;
        oldest.push((row.int(0)?, entry));
    }
    for (seq, entry) in &oldest {
        for (what, pointer) in MARKED {
            if let Some(value) = entry.pointer(pointer).and_then(Json::as_str) {
                let mark = args![what, value, *seq, int(end)];
                if tx.exec(REMOVE_MARK, mark)? == 0 {
                    tx.exec(SHORTEN_MARK, mark)?;
                }
            }
        }
    }
    tx.exec(REMOVE_DISCLOSURES, args![int(end)])?;
    Ok(tx.exec(REMOVE_ENTRIES, args![int(end)])? > 0)
}

/// Writes a mark that is missing.
///
/// # Errors
/// A failure of the store.
pub fn mend(tx: &ScratchTx<'_>, what: What, value: &str, run: Run) -> Result<(), StoreError> {
    tx.exec_one(MARKING, args![what.as_str(), value, int(run.first), int(run.past)])
}

/// Lets the mark of the realm of the newest entry go on: entries to come are of it too, and have none of
/// their own.
///
/// # Errors
/// A failure of the store.
pub fn open_realm(tx: &ScratchTx<'_>) -> Result<(), StoreError> {
    tx.exec(OPEN_REALM, args![]).map(drop)
}

/// What marks are about, and where it is in the entry; see [`What`].
const MARKED: [(&str, &str); 5] = [
    ("actor", "/actor/id"),
    ("client", "/client"),
    ("outcome", "/outcome"),
    ("session", "/session"),
    ("tx", "/tx"),
];
