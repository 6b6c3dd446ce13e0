//! `doorward audit checkpoint`: the signed state of the ledger, to be kept elsewhere.

use serde_json::json;

use crate::cli::args::{Checkpoint, Global};
use crate::cli::exit::Stop;
use crate::cli::place::Place;
use crate::cli::{open, output};
use crate::service::ledger;

/// Prints the checkpoint, and nothing else to stdout, so that a file of it serves `--since`.
///
/// # Errors
/// When there is no database or it cannot be signed.
pub fn run(global: &Global, args: &Checkpoint) -> Result<(), Stop> {
    let (deps, by) = open::existing(&Place::of(global)?)?;
    let info = ledger::checkpoint(&deps, &by)?;
    if args.json {
        let document = json!({
            "checkpoint": info.note, "verifier_key": info.verifier_key,
            "size": info.size, "root": info.root,
        });
        return output::print(&format!("{document}\n"));
    }
    output::print(&info.note)?;
    output::note(&format!("Verifier key: {}", info.verifier_key));
    Ok(())
}
