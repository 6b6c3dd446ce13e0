//! What hooks and actions ask of the rest of the program, in one place.

use std::path::Path;

use serde_json::{Map, Value};

use super::context::UnitName;
use crate::app::{self, Deps, Migrated, Settings};
use crate::config::{Options, Problem};
use crate::domain::ledger::event::{Actor, ActorKind};
use crate::error::Error;
use crate::service::Caller;

/// The release of this binary.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Checks the options of the application as far as that is possible without the data.
///
/// # Errors
/// Each option that cannot be used.
pub fn check_options(options: &Map<String, Value>) -> Result<Options, Vec<Problem>> {
    let options = Options::from_map(options)?;
    options.check_schemas().map_err(|problem| vec![problem])?;
    Ok(options)
}

/// The options that were in force when the record was written.
#[must_use]
pub fn recorded(options: &Map<String, Value>) -> Options {
    // They were valid once; an older release may have allowed what this one does not.
    Options::from_map(options).unwrap_or_default()
}

/// Makes or upgrades the database in `state_dir`, with an entry in its ledger.
///
/// # Errors
/// `NewerDatabase` when a later release wrote it; the data are then untouched.
pub fn migrate(
    state_dir: &Path,
    options: &Map<String, Value>,
    caller: &Caller,
) -> Result<(Deps, Migrated), Error> {
    app::prepare(&Settings::embedded(state_dir, recorded(options)), &caller.author())
}

/// A hook of this unit, as the ledger names it.
#[must_use]
pub fn hook(unit: &UnitName) -> Caller {
    Caller::local(Actor::new(ActorKind::System, unit.to_string()))
}

/// Opens the database in `state_dir`.
///
/// # Errors
/// When it is missing, damaged or newer than this release.
pub fn open(state_dir: &Path, options: &Map<String, Value>) -> Result<Deps, Error> {
    app::open(&Settings::embedded(state_dir, recorded(options)))
}

/// Whether `state_dir` holds a database.
#[must_use]
pub fn has_database(state_dir: &Path) -> bool {
    state_dir.join(app::DATABASE).exists()
}

/// An error with its causes, for the log.
#[must_use]
pub fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
