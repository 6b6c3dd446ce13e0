//! `doorward audit`: the ledger of who changed what.

mod checkpoint;
mod erasures;
mod export;
mod list;
mod prune;
mod reindex;
mod repeat;
mod verify;

use super::args::{Audit, Global};
use super::exit::Stop;

/// Runs one of the commands.
///
/// # Errors
/// As the command.
pub fn run(global: &Global, command: &Audit) -> Result<(), Stop> {
    match command {
        Audit::Checkpoint(args) => checkpoint::run(global, args),
        Audit::List(args) => list::run(global, args),
        Audit::Prune(args) => prune::run(global, args),
        Audit::Reindex(args) => reindex::run(global, args),
        Audit::Erasures(args) => erasures::run(global, args),
        Audit::RepeatErasures(args) => repeat::run(global, args),
        Audit::Export(args) => export::run(global, args),
        Audit::Verify(args) => verify::run(global, args),
    }
}
