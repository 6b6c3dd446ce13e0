//! `doorward import`: identities from a file.

use super::args::{Global, Import};
use super::exit::Stop;
use super::open;
use super::output::{self, Progress};
use super::place::{self, Place};
use crate::service::transfer;

/// Creates the identities, or none of them.
///
/// # Errors
/// When the file cannot be read or one of the identities is refused.
pub fn run(global: &Global, args: &Import) -> Result<(), Stop> {
    let place = Place::of(global)?;
    let path = place::absolute(&args.file)?;
    let by = open::caller();
    let (deps, _) = open::prepared(&place, &by)?;
    let mut progress = Progress::new("identities");
    let done =
        transfer::import_with(&deps, &by, &path, args.dry_run, &mut |n| progress.at(n, None));
    drop(progress);
    let imported = done?;
    let would = if args.dry_run { "would be " } else { "" };
    output::print(&format!(
        "{} {would}created, {} {would}skipped because their id exists\n",
        imported.created, imported.skipped
    ))
}
