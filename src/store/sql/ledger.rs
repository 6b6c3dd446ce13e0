//! Entries, their personal values, checkpoints and the head of the ledger.

use jiff::Timestamp;

use super::statements;
use crate::args;
use crate::domain::ledger::entry::Sealed;
use crate::domain::ledger::event::Event;
use crate::domain::ledger::merkle::{Frontier, Hash};
use crate::domain::ledger::stored::{
    SeenDisclosure, SeenEntry, StoredCheckpoint, StoredDisclosure, StoredEntry, Stretch,
};
use crate::store::ledger::Head;
use crate::store::{Row, Seen, StoreError, Tx, WriteTx};

statements! {
    HEAD = "SELECT size, leaf, frontier, time, signed_size, signed_at, realm FROM ledger_head";
    INSERT_HEAD = "INSERT INTO ledger_head (size, leaf, frontier, time, signed_size, signed_at, realm)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    UPDATE_HEAD = "UPDATE ledger_head SET size = $1, leaf = $2, frontier = $3, time = $4,
        signed_size = $5, signed_at = $6, realm = $7";
    TOUCH = "UPDATE ledger_head SET size = size";
    INSERT = "INSERT INTO ledger_entries (seq, entry, leaf, time, type, principal)
        VALUES ($1, $2, $3, $4, $5, $6)";
    INSERT_DISCLOSURE = "INSERT INTO ledger_disclosures (seq, name, encoded)
        VALUES ($1, $2, $3)";
    INSERT_CHECKPOINT = "INSERT INTO ledger_checkpoints (size, root, frontier, note, time)
        VALUES ($1, $2, $3, $4, $5)";
    INSERT_NODE = "INSERT INTO ledger_nodes (height, place, hash) VALUES ($1, $2, $3)";
    NODES = "SELECT hash FROM ledger_nodes WHERE height = $1 AND place >= $2 AND place < $3
        ORDER BY place";
    LAST_EDGE = "SELECT size, root, note, frontier FROM ledger_checkpoints
        ORDER BY size DESC LIMIT 1";
    LEAVES = "SELECT leaf FROM ledger_entries WHERE seq >= $1 ORDER BY seq LIMIT $2";
    SCAN = "SELECT seq, entry, leaf, type, principal FROM ledger_entries WHERE seq >= $1 ORDER BY seq LIMIT $2";
    TIME_OF = "SELECT time FROM ledger_entries WHERE seq = $1";
    CHECKPOINT_OF = "SELECT size, root, note FROM ledger_checkpoints WHERE size = $1";
    CHECKPOINTS = "SELECT size, root, note FROM ledger_checkpoints ORDER BY size";
    LAST_CHECKPOINT = "SELECT size, root, note FROM ledger_checkpoints ORDER BY size DESC LIMIT 1";
    DISCLOSURES = "SELECT seq, name, encoded FROM ledger_disclosures WHERE seq >= $1
        ORDER BY seq, name LIMIT $2";
    DISCLOSURES_BETWEEN = "SELECT seq, name, encoded FROM ledger_disclosures
        WHERE seq >= $1 AND seq <= $2 ORDER BY seq, name";
}

/// Sequence numbers and sizes are kept as 64-bit signed numbers.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The ledger's origin.
///
/// # Errors
/// A failure of the store.
pub fn origin(tx: &Tx<'_>) -> Result<String, StoreError> {
    super::settings::origin(tx)
}

pub(in crate::store) fn head(tx: &Tx<'_>) -> Result<Head, StoreError> {
    let row = tx.one(HEAD, args![])?;
    let frontier = Frontier::from_bytes(row.count(0)?, row.blob(2)?)
        .ok_or(StoreError::Row { column: 2, expected: "the edge of the ledger's tree" })?;
    Ok(Head {
        leaf: row.hash(1)?,
        frontier,
        time: row.time(3)?,
        signed_size: row.count(4)?,
        signed_at: row.time(5)?,
        realm: row.text(6)?.to_owned(),
    })
}

/// How many entries there are, the root over them, and how many a checkpoint covers.
///
/// # Errors
/// A failure of the store.
pub fn size_and_root(tx: &Tx<'_>) -> Result<(u64, Hash, u64), StoreError> {
    let head = head(tx)?;
    Ok((head.frontier.size(), head.frontier.root(), head.signed_size))
}

/// When a checkpoint was last made; when the ledger began, if none was.
///
/// # Errors
/// A failure of the store.
pub fn signed_at(tx: &Tx<'_>) -> Result<Timestamp, StoreError> {
    Ok(head(tx)?.signed_at)
}

/// Whether the ledger ends where its head says it does.
///
/// # Errors
/// A failure of the store.
pub fn ends_at_head(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let head = head(tx)?;
    let Some(last) = head.frontier.size().checked_sub(1) else {
        return Ok(scan(tx, 0, 1)?.is_empty());
    };
    let tail = scan(tx, last, 2)?;
    Ok(matches!(tail.as_slice(), [entry] if entry.seq == last && entry.leaf == head.leaf))
}

/// Writes the head as it is.
pub(in crate::store) fn touch(tx: &WriteTx<'_>) -> Result<(), StoreError> {
    tx.exec_one(TOUCH, args![])
}

pub(in crate::store) fn insert_head(tx: &WriteTx<'_>, head: &Head) -> Result<(), StoreError> {
    tx.exec_one(INSERT_HEAD, &head_args(head))
}

pub(in crate::store) fn update_head(tx: &WriteTx<'_>, head: &Head) -> Result<(), StoreError> {
    tx.exec_one(UPDATE_HEAD, &head_args(head))
}

fn head_args(head: &Head) -> [crate::store::Value; 7] {
    [
        int(head.frontier.size()).into(),
        (&head.leaf).into(),
        head.frontier.to_bytes().as_slice().into(),
        head.time.into(),
        int(head.signed_size).into(),
        head.signed_at.into(),
        head.realm.as_str().into(),
    ]
}

pub(in crate::store) fn insert_entry(
    tx: &WriteTx<'_>,
    sealed: &Sealed,
    event: &Event,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (seq, kind) = (int(sealed.seq), event.kind.as_str());
    tx.exec_one(
        INSERT,
        args![seq, sealed.json.as_str(), &sealed.leaf, now, kind, event.principal],
    )?;
    for disclosure in &sealed.disclosures {
        tx.exec_one(INSERT_DISCLOSURE, args![seq, &disclosure.name, &disclosure.encoded])?;
    }
    Ok(())
}

pub(in crate::store) fn insert_checkpoint(
    tx: &WriteTx<'_>,
    edge: &Frontier,
    note: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (size, root, edge) = (int(edge.size()), edge.root(), edge.to_bytes());
    tx.exec_one(INSERT_CHECKPOINT, args![size, &root, edge.as_slice(), note, now])
}

/// The newest checkpoint with the edge of the tree it covers.
pub(in crate::store) fn last_edge(
    tx: &Tx<'_>,
) -> Result<Option<(StoredCheckpoint, Frontier)>, StoreError> {
    let Some(row) = tx.opt(LAST_EDGE, args![])? else { return Ok(None) };
    let edge = Frontier::from_bytes(row.count(0)?, row.blob(3)?)
        .ok_or(StoreError::Row { column: 3, expected: "the edge of a checkpoint's tree" })?;
    Ok(Some((checkpoint(&row)?, edge)))
}

/// Keeps the hash of the whole subtree of 2^`height` entries, the `place`-th of its height.
pub(in crate::store) fn insert_node(
    tx: &WriteTx<'_>,
    height: u32,
    place: u64,
    hash: &Hash,
) -> Result<(), StoreError> {
    tx.exec_one(INSERT_NODE, args![i64::from(height), int(place), hash])
}

/// The hashes of the whole subtrees of 2^`height` entries from the `from`-th to before the `to`-th;
/// `height` is one of [`NODE_HEIGHTS`](crate::store::NODE_HEIGHTS).
///
/// # Errors
/// A failure of the store.
pub fn nodes(tx: &Tx<'_>, height: u32, from: u64, to: u64) -> Result<Vec<Hash>, StoreError> {
    let rows = tx.all(NODES, args![i64::from(height), int(from), int(to)])?;
    rows.iter().map(|row| row.hash(0)).collect()
}

/// Leaf hashes from the entry `from` on.
///
/// # Errors
/// A failure of the store.
pub fn leaves(tx: &Tx<'_>, from: u64, limit: u64) -> Result<Vec<Hash>, StoreError> {
    tx.all(LEAVES, args![int(from), int(limit)])?.iter().map(|row| row.hash(0)).collect()
}

/// Entries from `from` on, oldest first.
///
/// # Errors
/// A failure of the store.
pub fn scan(tx: &Tx<'_>, from: u64, limit: u64) -> Result<Vec<StoredEntry>, StoreError> {
    tx.all(SCAN, args![int(from), int(limit)])?.iter().map(entry).collect()
}

/// At most `limit` entries from `from` on, oldest first, with their personal values and whatever
/// values lie between them and belong to none.
///
/// # Errors
/// A failure of the store.
pub fn stretch(tx: &Tx<'_>, from: u64, limit: u64) -> Result<Stretch, StoreError> {
    let mut stretch = Stretch::default();
    tx.each(SCAN, args![int(from), int(limit)], &mut |row| {
        let [Seen::Int(seq), Seen::Text(json), Seen::Blob(leaf), Seen::Text(kind), principal] = row
        else {
            return Err(StoreError::Row { column: 0, expected: "an entry" });
        };
        let leaf = leaf
            .first_chunk()
            .filter(|_| leaf.len() == 32)
            .ok_or(StoreError::Row { column: 2, expected: "a 32-byte hash" })?;
        let principal = match principal {
            Seen::Text(id) => Some(*id),
            _ => None,
        };
        stretch.add(SeenEntry { seq: seen_seq(*seq)?, json, leaf, kind, principal });
        Ok(())
    })?;
    let Some((first, last)) = stretch.ends() else { return Ok(stretch) };
    let places = args![int(from.min(first)), int(last)];
    tx.each(DISCLOSURES_BETWEEN, places, &mut |row| {
        let [Seen::Int(seq), Seen::Text(name), Seen::Text(encoded)] = row else {
            return Err(StoreError::Row { column: 0, expected: "a personal value" });
        };
        stretch.add_disclosure(SeenDisclosure { seq: seen_seq(*seq)?, name, encoded });
        Ok(())
    })?;
    Ok(stretch)
}

fn seen_seq(seq: i64) -> Result<u64, StoreError> {
    u64::try_from(seq).map_err(|_| StoreError::Row { column: 0, expected: "a count" })
}

/// All checkpoints, oldest first.
///
/// # Errors
/// A failure of the store.
pub fn checkpoints(tx: &Tx<'_>) -> Result<Vec<StoredCheckpoint>, StoreError> {
    tx.all(CHECKPOINTS, args![])?.iter().map(checkpoint).collect()
}

/// When the entry `seq` was made, if there is one.
///
/// # Errors
/// A failure of the store.
pub fn time_of(tx: &Tx<'_>, seq: u64) -> Result<Option<Timestamp>, StoreError> {
    tx.opt(TIME_OF, args![int(seq)])?.map(|row| row.time(0)).transpose()
}

/// The checkpoint over the first `size` entries, if that was signed.
///
/// # Errors
/// A failure of the store.
pub fn checkpoint_of(tx: &Tx<'_>, size: u64) -> Result<Option<StoredCheckpoint>, StoreError> {
    tx.opt(CHECKPOINT_OF, args![int(size)])?.as_ref().map(checkpoint).transpose()
}

/// The newest checkpoint, if there is one.
///
/// # Errors
/// A failure of the store.
pub fn last_checkpoint(tx: &Tx<'_>) -> Result<Option<StoredCheckpoint>, StoreError> {
    tx.opt(LAST_CHECKPOINT, args![])?.as_ref().map(checkpoint).transpose()
}

/// Personal values from the entry `from` on, in the order of their entries.
///
/// # Errors
/// A failure of the store.
pub fn disclosures(
    tx: &Tx<'_>,
    from: u64,
    limit: u64,
) -> Result<Vec<StoredDisclosure>, StoreError> {
    tx.all(DISCLOSURES, args![int(from), int(limit)])?.iter().map(disclosure).collect()
}

/// Personal values of the entries `from` to `to`, both included.
///
/// # Errors
/// A failure of the store.
pub fn disclosures_between(
    tx: &Tx<'_>,
    from: u64,
    to: u64,
) -> Result<Vec<StoredDisclosure>, StoreError> {
    tx.all(DISCLOSURES_BETWEEN, args![int(from), int(to)])?.iter().map(disclosure).collect()
}

pub(super) fn entry(row: &Row) -> Result<StoredEntry, StoreError> {
    Ok(StoredEntry {
        seq: row.count(0)?,
        json: row.text(1)?.to_owned(),
        leaf: row.hash(2)?,
        kind: row.text(3)?.to_owned(),
        principal: row.opt_text(4)?.map(str::to_owned),
    })
}

fn checkpoint(row: &Row) -> Result<StoredCheckpoint, StoreError> {
    Ok(StoredCheckpoint { size: row.count(0)?, root: row.hash(1)?, note: row.text(2)?.to_owned() })
}

fn disclosure(row: &Row) -> Result<StoredDisclosure, StoreError> {
    Ok(StoredDisclosure {
        seq: row.count(0)?,
        name: row.text(1)?.to_owned(),
        encoded: row.text(2)?.to_owned(),
    })
}
