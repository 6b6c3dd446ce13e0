//! `doorward backup`: a consistent copy of the database while the service runs.

use super::args::{Backup, Global};
use super::exit::Stop;
use super::output::{self, Progress};
use super::place::{self, Place};
use super::{envelope, open};
use crate::service::backup;

/// Writes the copy and says where it is.
///
/// # Errors
/// When there is no database, the file exists, or it cannot be written.
pub fn run(global: &Global, args: &Backup) -> Result<(), Stop> {
    let place = Place::of(global)?;
    let path = match &args.file {
        Some(file) => place::absolute(file)?,
        None => place
            .state_dir()
            .join("backups")
            .join(format!("doorward-{}.db", envelope::stamp(place.now()))),
    };
    let (deps, by) = open::existing(&place)?;
    let mut progress = Progress::new("pages copied");
    let done = backup::create_with(&deps, &by, &path, &mut |done, of| progress.at(done, Some(of)));
    drop(progress);
    let info = done?;
    output::print(&format!("{}\n", path.display()))?;
    output::note(&format!(
        "{} bytes, schema version {}. The file is as confidential as the database; the keys are not in it.",
        info.bytes, info.schema_version
    ));
    Ok(())
}
