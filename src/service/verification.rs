//! Proving the history: verifying it where it is or from an export, and exporting it.

use std::path::Path;

use super::Caller;
use crate::app::Deps;
use crate::audit::verify::Evidence;
use crate::audit::{export, offline, verify};
use crate::crypto::sign::VerifierKey;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::{Error, ErrorCode};
use crate::store::Store;
use crate::store::sql::ledger;

pub use crate::audit::export::Exported;
pub use crate::audit::{Progress, Report, Verdict};

/// What is brought to the proof from outside.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// Verifier keys kept elsewhere; without one the deployment's own key is used.
    pub keys: Vec<String>,
    /// A checkpoint kept elsewhere: the ledger must have grown from it.
    pub since: Option<String>,
}

/// Whether a proof can be used at all.
pub(super) fn check(proof: &Proof) -> Result<(), Error> {
    evidence(proof).map(drop)
}

/// Recomputes the whole ledger of a deployment.
///
/// # Errors
/// When it cannot be read or the proof is of no use; nothing is said about the ledger then.
pub fn verify(d: &Deps, proof: &Proof, progress: Progress<'_>) -> Result<Report, Error> {
    let mut evidence = evidence(proof)?;
    if evidence.keys.is_empty() {
        let origin = d.store.read(ledger::origin)?;
        let own = d.ledger_key()?.verifier_key(&origin).map_err(unusable)?;
        evidence.keys.push(VerifierKey::parse(&own).map_err(unusable)?);
    }
    Ok(verify::verify(&d.store, &evidence, progress)?)
}

/// The same, and records what came of it, so that the history says when it was last looked at.
///
/// # Errors
/// As [`verify()`].
pub fn verify_recorded(
    d: &Deps,
    by: &Caller,
    proof: &Proof,
    progress: Progress<'_>,
) -> Result<Report, Error> {
    let report = verify(d, proof, progress)?;
    record(d, by, &report)?;
    Ok(report)
}

/// Records what a verification found.
fn record(d: &Deps, by: &Caller, report: &Report) -> Result<(), Error> {
    let event = Event::new(EventType::LedgerVerified)
        .data("checked", report.checked)
        .data("last_good_checkpoint", report.last_good_checkpoint)
        .data("ok", report.first_bad.is_none())
        .data("size", report.size)
        .data("verdict", report.verdict().as_str())
        .data("warnings", report.warnings.len() as u64 + report.more_warnings);
    let event = match &report.first_bad {
        Some(bad) => event.data("first_bad", bad.seq).failed(),
        None => event,
    };
    d.store.write(&by.author(), |_| Ok::<_, Error>(by.change((), event, [])))
}

/// Recomputes the ledger of a database by itself, without a key.
pub(super) fn verify_store(store: &Store) -> Result<Report, Error> {
    Ok(verify::verify(store, &Evidence { keys: Vec::new(), since: None }, &mut |_, _| {})?)
}

/// Recomputes an exported ledger, without database or service.
///
/// # Errors
/// As [`verify()`].
pub fn verify_export(
    entries: &Path,
    proof: &Proof,
    progress: Progress<'_>,
) -> Result<Report, Error> {
    Ok(offline::verify(entries, &evidence(proof)?, progress)?)
}

/// Writes the ledger into new files, `entries` and its companions; with the personal values only
/// when asked. The export is itself recorded.
///
/// # Errors
/// `Conflict` when a file exists, `Invalid` when one cannot be written.
pub fn export(
    d: &Deps,
    by: &Caller,
    entries: &Path,
    personal: bool,
    progress: Progress<'_>,
) -> Result<Exported, Error> {
    if let Some(path) = export::Files::beside(entries).existing() {
        let message = format!("{} exists already; name another file.", path.display());
        return Err(Error::new(ErrorCode::Conflict, message));
    }
    super::backup::make_room(entries)?;
    // Recorded first, so that the export holds its own record and a checkpoint covers it.
    d.store.write(&by.author(), |_| {
        let event = Event::new(EventType::AdminExport)
            .data("what", "ledger")
            .data("format", "jsonl")
            .data("personal", personal);
        Ok::<_, Error>(by.change((), event, Vec::new()))
    })?;
    d.store.checkpoint()?;
    Ok(export::export(&d.store, entries, personal, progress)?)
}

/// A part of an export; each is a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The entries.
    Entries,
    /// The signed checkpoints.
    Checkpoints,
    /// The personal values.
    Disclosures,
    /// The tree of what was pruned.
    Pruned,
}

/// Records that a part of the ledger is handed out; says how many entries it is about. Without a
/// `size` it is about everything there is, which is signed first.
///
/// # Errors
/// `Invalid` when there are not as many entries.
pub fn begin_export(d: &Deps, by: &Caller, part: Part, size: Option<u64>) -> Result<u64, Error> {
    let there = d.store.read(ledger::size_and_root)?.0;
    if let Some(size) = size.filter(|size| *size > there) {
        let message = format!("The ledger has {there} entries, not {size}.");
        return Err(Error::new(ErrorCode::Invalid, message));
    }
    d.store.write(&by.author(), |_| {
        let event = Event::new(EventType::AdminExport)
            .data("what", "ledger")
            .data("format", "jsonl")
            .data("personal", part == Part::Disclosures);
        let event = match size {
            Some(size) => event.data("to", size),
            None => event,
        };
        Ok::<_, Error>(by.change((), event, Vec::new()))
    })?;
    match size {
        Some(size) => Ok(size),
        None => Ok(d.store.checkpoint()?.map_or(there + 1, |made| made.size)),
    }
}

/// Some lines of a part about the first `size` entries, from the entry `from` on, and where to go
/// on: `size` when that was all. What was added meanwhile changes nothing.
///
/// # Errors
/// When the store fails.
pub fn export_lines(d: &Deps, part: Part, from: u64, size: u64) -> Result<(String, u64), Error> {
    d.store.read(|tx| {
        Ok(match part {
            Part::Entries => export::entries(tx, from, size)?,
            Part::Checkpoints => (export::checkpoints(tx, size)?, size),
            Part::Disclosures => export::disclosures(tx, from, size)?,
            Part::Pruned => (export::pruned(tx)?, size),
        })
    })
}

fn evidence(proof: &Proof) -> Result<Evidence, Error> {
    let keys = proof.keys.iter().map(|key| VerifierKey::parse(key.trim()));
    Ok(Evidence {
        keys: keys.collect::<Result<_, _>>().map_err(unusable)?,
        since: proof.since.clone(),
    })
}

fn unusable(error: crate::crypto::sign::SignError) -> Error {
    Error::new(ErrorCode::Invalid, format!("The verifier key cannot be used: {error}."))
        .because(error)
}
