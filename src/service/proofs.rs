//! Proofs about the history, for people who do not want to take our word for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::app::Deps;
use crate::audit::proof;
use crate::domain::ledger::{Hash, StoredDisclosure};
use crate::error::{Error, ErrorCode};
use crate::store::Tx;
use crate::store::sql::{ledger, pruning};

pub use crate::audit::proof::{Consistency, Inclusion};

/// An entry with everything that is known about it.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// Its exact canonical JSON: the bytes under its leaf hash.
    pub json: String,
    /// Its leaf hash.
    pub leaf: Hash,
    /// The personal values that are still kept for it.
    pub disclosures: Vec<StoredDisclosure>,
    /// A proof against the newest checkpoint (C2SP tlog-proof); nothing until one covers it.
    pub proof: Option<String>,
}

/// One entry.
///
/// # Errors
/// `NotFound` when there is none of this number.
pub fn entry(d: &Deps, seq: u64) -> Result<Inspected, Error> {
    d.store.read(|tx| {
        must_be_kept(tx, seq)?;
        let found = ledger::scan(tx, seq, 1)?.into_iter().next().filter(|entry| entry.seq == seq);
        let entry = found.ok_or_else(no_entry)?;
        let signed = ledger::last_checkpoint(tx)?.filter(|newest| newest.size > seq);
        let proof = match signed {
            None => None,
            Some(newest) => Some(text(&proof::inclusion(tx, seq, newest.size)?, &newest.note)),
        };
        let disclosures = ledger::disclosures_between(tx, seq, seq)?;
        Ok(Inspected { json: entry.json, leaf: entry.leaf, disclosures, proof })
    })
}

/// Proves that the entry `seq` is among the first `size`; without a size, among those that the
/// newest checkpoint covers, or among all when it is too young for that.
///
/// # Errors
/// `NotFound` when there is no such entry or not as many.
pub fn inclusion(d: &Deps, seq: u64, size: Option<u64>) -> Result<Inclusion, Error> {
    d.store.read(|tx| {
        let size = match size {
            Some(size) => size,
            None => match ledger::last_checkpoint(tx)? {
                Some(newest) if newest.size > seq => newest.size,
                _ => ledger::size_and_root(tx)?.0,
            },
        };
        must_have(tx, size)?;
        if seq >= size {
            return Err(no_entry());
        }
        must_be_kept(tx, seq)?;
        Ok(proof::inclusion(tx, seq, size)?)
    })
}

/// Proves that the first `to` entries begin with the first `from`; without `to`, that everything
/// which the newest checkpoint covers does.
///
/// # Errors
/// `Invalid` unless 0 < `from` <= `to`, `NotFound` when there are not as many entries.
pub fn consistency(d: &Deps, from: u64, to: Option<u64>) -> Result<Consistency, Error> {
    d.store.read(|tx| {
        let to = match to {
            Some(to) => to,
            None => match ledger::last_checkpoint(tx)? {
                Some(newest) if newest.size >= from => newest.size,
                _ => ledger::size_and_root(tx)?.0,
            },
        };
        must_have(tx, to.max(from))?;
        if from == 0 || from > to {
            let message = "A ledger grows from one entry at least to as many or more.";
            return Err(Error::new(ErrorCode::Invalid, message));
        }
        Ok(proof::consistency(tx, from, to)?)
    })
}

/// The newest signed note, if there is one yet.
///
/// # Errors
/// A failure of the store.
pub fn newest_checkpoint(d: &Deps) -> Result<Option<String>, Error> {
    Ok(d.store.read(ledger::last_checkpoint)?.map(|newest| newest.note))
}

fn must_have(tx: &Tx<'_>, size: u64) -> Result<(), Error> {
    let there = ledger::size_and_root(tx)?.0;
    if size <= there {
        return Ok(());
    }
    let message = format!("The ledger has {there} entries, not {size}.");
    Err(Error::new(ErrorCode::NotFound, message))
}

fn must_be_kept(tx: &Tx<'_>, seq: u64) -> Result<(), Error> {
    let begin = pruning::kept_from(tx)?;
    if seq >= begin {
        return Ok(());
    }
    let message = format!("This entry was pruned; the ledger is kept from entry {begin} on.");
    Err(Error::new(ErrorCode::NotFound, message))
}

fn no_entry() -> Error {
    Error::new(ErrorCode::NotFound, "There is no such entry.")
}

/// The proof as text (C2SP tlog-proof).
fn text(proof: &Inclusion, note: &str) -> String {
    let mut lines = format!("c2sp.org/tlog-proof@v1\nindex {}\n", proof.seq);
    for hash in &proof.path {
        lines.push_str(&STANDARD.encode(hash));
        lines.push('\n');
    }
    lines.push('\n');
    lines.push_str(note);
    lines
}
