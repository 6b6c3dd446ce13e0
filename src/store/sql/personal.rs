//! Personal values of the ledger and how long they are kept: removing them, who is to be erased, and
//! whose are held.

use jiff::Timestamp;
use uuid::Uuid;

use super::ledger::int;
use super::statements;
use crate::args;
use crate::store::{Row, ScratchTx, StoreError, Tx, WriteTx};

statements! {
    WITH_ENTRY = "SELECT d.seq, d.name, e.type, e.entry FROM ledger_disclosures d
        JOIN ledger_entries e ON e.seq = d.seq
        WHERE d.seq >= $1 AND d.seq < $2 ORDER BY d.seq, d.name LIMIT $3";
    OF_PRINCIPAL = "SELECT d.seq, d.name FROM ledger_entries e
        JOIN ledger_disclosures d ON d.seq = e.seq WHERE e.principal = $1 LIMIT $2";
    OF_ACTOR = "SELECT d.seq, d.name FROM ledger_marks m
        JOIN ledger_disclosures d ON d.seq >= m.first AND d.seq < m.past
        WHERE m.what = 'actor' AND m.value = $1 LIMIT $2";
    REMOVE = "DELETE FROM ledger_disclosures WHERE seq = $1 AND name = $2";
    KNOWN = "SELECT seq FROM ledger_entries WHERE principal = $1 ORDER BY seq DESC LIMIT 1";
    FIRST_OF_PRINCIPAL = "SELECT seq FROM ledger_entries
        WHERE principal = $1 AND seq >= $2 ORDER BY seq LIMIT 1";
    FIRST_OF_ACTOR = "SELECT first FROM ledger_marks
        WHERE what = 'actor' AND value = $1 AND past > $2 ORDER BY first LIMIT 1";
    DONE = "SELECT done FROM ledger_retention WHERE class = $1 AND rule = $2";
    FORGET_DONE = "DELETE FROM ledger_retention WHERE class = $1";
    FORGET_ALL_DONE = "DELETE FROM ledger_retention";
    SET_DONE = "INSERT INTO ledger_retention (class, rule, done) VALUES ($1, $2, $3)";
    SCHEDULE = "INSERT INTO erasures (identity, due_at) VALUES ($1, $2)
        ON CONFLICT (identity) DO NOTHING";
    UNSCHEDULE = "DELETE FROM erasures WHERE identity = $1";
    DUE = "SELECT identity FROM erasures WHERE due_at <= $1
        AND identity NOT IN (SELECT identity FROM legal_holds)
        AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.id = erasures.identity)
        ORDER BY due_at LIMIT 1";
    WAITING = "SELECT identity, due_at FROM erasures WHERE due_at > $1 ORDER BY due_at LIMIT $2";
    DUE_AT = "SELECT due_at FROM erasures WHERE identity = $1";
    HOLD = "INSERT INTO legal_holds (identity, held_at) VALUES ($1, $2)
        ON CONFLICT (identity) DO NOTHING";
    RELEASE = "DELETE FROM legal_holds WHERE identity = $1";
    HOLDS = "SELECT identity FROM legal_holds ORDER BY identity";
    HELD_SINCE = "SELECT held_at FROM legal_holds WHERE identity = $1";
}

/// A personal value, by the entry that it belongs to and its name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The entry.
    pub seq: u64,
    /// The name.
    pub name: String,
}

/// A personal value and what its entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aged {
    /// Which.
    pub place: Place,
    /// The type of the entry.
    pub kind: String,
    /// The entry.
    pub json: String,
}

/// Values of the entries `from` to before `to`, oldest first.
///
/// # Errors
/// A failure of the store.
pub fn between(tx: &Tx<'_>, from: u64, to: u64, most: u64) -> Result<Vec<Aged>, StoreError> {
    let rows = tx.all(WITH_ENTRY, args![int(from), int(to), int(most)])?;
    let aged = |row: &Row| {
        let (kind, json) = (row.text(2)?.to_owned(), row.text(3)?.to_owned());
        Ok(Aged { place: place(row)?, kind, json })
    };
    rows.iter().map(aged).collect()
}

/// Values of entries about somebody, and of those in which they act; at most `most` of each.
///
/// # Errors
/// A failure of the store.
pub fn of(tx: &Tx<'_>, id: Uuid, most: u64) -> Result<Vec<Place>, StoreError> {
    let mut rows = tx.all(OF_PRINCIPAL, args![id, int(most)])?;
    rows.extend(tx.all(OF_ACTOR, args![id, int(most)])?);
    rows.iter().map(place).collect()
}

fn place(row: &Row) -> Result<Place, StoreError> {
    Ok(Place { seq: row.count(0)?, name: row.text(1)?.to_owned() })
}

/// Removes a value; says whether it was there.
///
/// # Errors
/// A failure of the store.
pub fn remove(tx: &WriteTx<'_>, place: &Place) -> Result<bool, StoreError> {
    Ok(tx.exec(REMOVE, args![int(place.seq), &place.name])? > 0)
}

/// Whether the ledger has an entry about somebody.
///
/// # Errors
/// A failure of the store.
pub fn is_known(tx: &Tx<'_>, id: Uuid) -> Result<bool, StoreError> {
    Ok(tx.opt(KNOWN, args![id])?.is_some())
}

/// The oldest kept entry that somebody is part of.
///
/// # Errors
/// A failure of the store.
pub fn first_of(tx: &Tx<'_>, id: Uuid, from: u64) -> Result<Option<u64>, StoreError> {
    let about = tx.opt(FIRST_OF_PRINCIPAL, args![id, int(from)])?;
    let by = tx.opt(FIRST_OF_ACTOR, args![id, int(from)])?;
    let mut places = Vec::new();
    for row in about.iter().chain(&by) {
        places.push(row.count(0)?);
    }
    Ok(places.into_iter().min())
}

/// Before which entry the values of a class have had their time under this rule.
///
/// # Errors
/// A failure of the store.
pub fn done(tx: &Tx<'_>, class: &str, rule: &str) -> Result<u64, StoreError> {
    tx.opt(DONE, args![class, rule])?.map_or(Ok(0), |row| row.count(0))
}

/// Remembers that.
///
/// # Errors
/// A failure of the store.
pub fn set_done(
    tx: &ScratchTx<'_>,
    class: &str,
    rule: &str,
    before: u64,
) -> Result<(), StoreError> {
    tx.exec(FORGET_DONE, args![class])?;
    tx.exec_one(SET_DONE, args![class, rule, int(before)])
}

/// Forgets it: what was passed over is looked at again.
///
/// # Errors
/// A failure of the store.
pub fn begin_again(tx: &ScratchTx<'_>) -> Result<(), StoreError> {
    tx.exec(FORGET_ALL_DONE, args![]).map(drop)
}

/// Has somebody erased at a time, unless that is planned already.
///
/// # Errors
/// A failure of the store.
pub fn schedule(tx: &WriteTx<'_>, id: Uuid, due: Timestamp) -> Result<(), StoreError> {
    tx.exec(SCHEDULE, args![id, due]).map(drop)
}

/// Somebody is erased.
///
/// # Errors
/// A failure of the store.
pub fn unschedule(tx: &WriteTx<'_>, id: Uuid) -> Result<(), StoreError> {
    tx.exec(UNSCHEDULE, args![id]).map(drop)
}

/// Somebody who is to be erased by now, is not held, and was not brought back by an import.
///
/// # Errors
/// A failure of the store.
pub fn due(tx: &Tx<'_>, now: Timestamp) -> Result<Option<Uuid>, StoreError> {
    tx.opt(DUE, args![now])?.map(|row| row.uuid(0)).transpose()
}

/// When somebody is to be erased, if that is planned.
///
/// # Errors
/// A failure of the store.
pub fn due_at(tx: &Tx<'_>, id: Uuid) -> Result<Option<Timestamp>, StoreError> {
    tx.opt(DUE_AT, args![id])?.map(|row| row.time(0)).transpose()
}

/// Who is to be erased after `then`, and when; the next first.
///
/// # Errors
/// A failure of the store.
pub fn waiting(
    tx: &Tx<'_>,
    then: Timestamp,
    most: u64,
) -> Result<Vec<(Uuid, Timestamp)>, StoreError> {
    let rows = tx.all(WAITING, args![then, int(most)])?;
    rows.iter().map(|row| Ok((row.uuid(0)?, row.time(1)?))).collect()
}

/// Holds somebody's values; says whether they were not held yet.
///
/// # Errors
/// A failure of the store.
pub fn hold(tx: &WriteTx<'_>, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.exec(HOLD, args![id, now])? > 0)
}

/// Ends that; says whether they were held.
///
/// # Errors
/// A failure of the store.
pub fn release(tx: &WriteTx<'_>, id: Uuid) -> Result<bool, StoreError> {
    Ok(tx.exec(RELEASE, args![id])? > 0)
}

/// Whose values are held.
///
/// # Errors
/// A failure of the store.
pub fn holds(tx: &Tx<'_>) -> Result<Vec<Uuid>, StoreError> {
    tx.all(HOLDS, args![])?.iter().map(|row| row.uuid(0)).collect()
}

/// Since when somebody's values are held, if they are.
///
/// # Errors
/// A failure of the store.
pub fn held_since(tx: &Tx<'_>, id: Uuid) -> Result<Option<Timestamp>, StoreError> {
    tx.opt(HELD_SINCE, args![id])?.map(|row| row.time(0)).transpose()
}
