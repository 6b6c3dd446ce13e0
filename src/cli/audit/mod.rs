//! `doorward audit`: the ledger of who changed what.

mod checkpoint;
mod list;

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
        _ => Err(Stop::Failed("not in this build".to_owned())),
    }
}
