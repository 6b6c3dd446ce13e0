//! The history: reading it, verifying it, signing its state.

use super::Caller;
use crate::app::Deps;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::{Event, Outcome};
use crate::error::{Error, ErrorCode};
use crate::store::Change;
use crate::store::sql::ledger;

pub use super::events::{EventFilter, EventRow, list};

/// A signed state of the ledger, and the key that checks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointInfo {
    /// The signed note (C2SP tlog-checkpoint).
    pub note: String,
    /// The verifier key (C2SP signed-note).
    pub verifier_key: String,
    /// How many entries it covers.
    pub size: u64,
    /// The root over them, in hex.
    pub root: String,
}

/// Records that an action ran, when nothing else did.
///
/// # Errors
/// A failure of the store.
pub fn record_action(d: &Deps, by: &Caller, outcome: Outcome) -> Result<(), Error> {
    let Some(event) = by.action_event() else { return Ok(()) };
    let event = if outcome == Outcome::Success { event } else { event.failed() };
    d.store.write(&by.author(), |_| Ok::<_, Error>(Change::of((), event, [])))
}

/// Signs the entries that no checkpoint covers yet, if there are any (AL-08).
///
/// # Errors
/// A failure of the store or of the signing key.
pub fn cover(d: &Deps) -> Result<(), Error> {
    d.store.checkpoint()?;
    Ok(())
}

/// Signs the present state of the ledger and records that it was handed out.
///
/// # Errors
/// A failure of the store or of the signing key.
pub fn checkpoint(d: &Deps, by: &Caller) -> Result<CheckpointInfo, Error> {
    let key = d.ledger_key()?;
    let (size, root, _) = d.store.read(ledger::size_and_root)?;
    d.store.write(&by.author(), |_| {
        let event = Event::new(EventType::LedgerCheckpointExported)
            .data("size", size)
            .data("root", hex::encode(root));
        Ok::<_, Error>(by.change((), event, Vec::new()))
    })?;
    let made = d.store.checkpoint()?.ok_or_else(|| {
        Error::new(ErrorCode::NotReady, "The ledger has no key to sign a checkpoint with.")
    })?;
    let origin = d.store.read(ledger::origin)?;
    let verifier_key = key.verifier_key(&origin).map_err(|error| {
        Error::new(ErrorCode::Internal, "The verifier key cannot be written down.").because(error)
    })?;
    Ok(CheckpointInfo {
        note: made.note,
        verifier_key,
        size: made.size,
        root: hex::encode(made.root),
    })
}
