//! How a verification that runs in the background stands.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::Report;

/// The verification that runs, or the last one that did, since the service started.
#[derive(Debug, Default)]
pub struct Verifying(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    running: bool,
    last: Option<Verification>,
}

/// How a verification stands.
#[derive(Clone, Debug)]
pub struct Verification {
    /// When it began.
    pub started_at: Timestamp,
    /// Who asked for it, as `kind:id`.
    pub by: String,
    /// How many entries are done.
    pub done: u64,
    /// Of how many, once that is known.
    pub of: Option<u64>,
    /// When it ended, and what came of it; nothing while it runs.
    pub ended: Option<(Timestamp, Outcome)>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It says this of the ledger.
    Report(Report),
    /// It could not be done, for this reason; nothing is said about the ledger.
    Failed(String),
}

/// The right to verify; there is one.
#[derive(Debug)]
pub struct Turn(Arc<Verifying>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.inner().running = false;
    }
}

impl Verifying {
    /// A new one begins.
    pub fn begin(&self, begun: Verification) {
        self.inner().last = Some(begun);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the turn, unless somebody has it.
    pub fn turn(self: &Arc<Self>) -> Option<Turn> {
        let mut inner = self.inner();
        if std::mem::replace(&mut inner.running, true) {
            return None;
        }
        drop(inner);
        Some(Turn(Arc::clone(self)))
    }

    /// How the one that runs stands, or the last one.
    #[must_use]
    pub fn look(&self) -> Option<Verification> {
        self.inner().last.clone()
    }

    /// Changes what is known of it.
    pub fn change(&self, change: impl FnOnce(&mut Verification)) {
        if let Some(last) = &mut self.inner().last {
            change(last);
        }
    }
}
