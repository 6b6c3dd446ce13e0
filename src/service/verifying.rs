//! Verifying the ledger in the background, one at a time: it reads every entry, and whoever asked for
//! it looks from time to time how far it is.

use super::Caller;
use super::verification::{self, Proof};
use crate::app::Deps;
use crate::error::{Error, ErrorCode};

pub use crate::audit::running::{Outcome, Verification};

/// Begins to verify; comes back at once.
///
/// # Errors
/// `Conflict` while one runs, `Invalid` when the proof is of no use.
pub fn start(d: &Deps, by: &Caller, proof: Proof) -> Result<Verification, Error> {
    verification::check(&proof)?;
    let turn = d.verifying.turn().ok_or_else(busy)?;
    let begun =
        Verification { started_at: d.clock.now(), by: by.label(), done: 0, of: None, ended: None };
    d.verifying.begin(begun.clone());
    // What it records is not what the page of the one who asks shows a receipt of.
    let (deps, by) = (d.clone(), Caller { places: None, ..by.clone() });
    let job = move || {
        run(&deps, &by, &proof);
        drop(turn);
    };
    let thread = std::thread::Builder::new().name("verify".to_owned());
    thread.spawn(job).map_err(|error| {
        Error::new(ErrorCode::Busy, "The verification could not be begun.").because(error)
    })?;
    Ok(begun)
}

fn run(d: &Deps, by: &Caller, proof: &Proof) {
    let verifying = &d.verifying;
    let mut show = |done, of| verifying.change(|last| (last.done, last.of) = (done, of));
    let outcome = match verification::verify_recorded(d, by, proof, &mut show) {
        Ok(report) => Outcome::Report(report),
        Err(error) => Outcome::Failed(error.message().to_owned()),
    };
    let now = d.clock.now();
    verifying.change(|last| last.ended = Some((now, outcome)));
}

/// Somebody else verifies now.
#[must_use]
pub fn busy() -> Error {
    Error::new(ErrorCode::Conflict, "The ledger is being verified already; look again in a moment.")
}
