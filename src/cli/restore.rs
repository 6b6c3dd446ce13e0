//! `doorward restore`: a backup in the place of the database.

use super::args::{Global, Restore};
use super::exit::Stop;
use super::place::{self, Place};
use super::{open, output, privilege, running};
use crate::app::DATABASE;
use crate::service::backup;

/// Puts the backup back.
///
/// # Errors
/// When the service runs, the file is no backup, or there is a database and nobody said to replace
/// it.
pub fn run(global: &Global, args: &Restore) -> Result<(), Stop> {
    let place = Place::of(global)?;
    let file = place::absolute(&args.file)?;
    let by = open::caller();
    if !args.replace && place.state_dir().join(DATABASE).exists() {
        let dir = place.state_dir().display();
        return Err(Stop::Failed(format!(
            "there is a database in {dir}; --replace puts it aside and takes the backup"
        )));
    }
    privilege::become_owner_of(place.state_dir())?;
    let _alone = running::alone(place.state_dir())?;
    let restored = backup::restore(&place.settings, &by, &file)?;
    if let Some(previous) = &restored.previous {
        output::note(&format!("The database that was there is now {}", previous.display()));
    }
    if restored.back > 0 {
        output::note(&format!(
            "WARNING It has {} people again who were deleted or erased since. Nobody is served before \
             'doorward audit repeat-erasures' has deleted and erased them again.",
            restored.back
        ));
    }
    output::print(&format!("Restored a database with {} ledger entries\n", restored.ledger_size))
}
