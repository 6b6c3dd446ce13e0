//! `doorward export`: all identities, one JSON document per line.

use std::fs::{self, File};
use std::io;

use super::args::{Export, Global};
use super::exit::Stop;
use super::open;
use super::output::{self, Progress};
use super::place::{self, Place};
use crate::service::transfer;

/// Writes the identities to the file, or to stdout.
///
/// # Errors
/// When there is no database, the file exists, or it cannot be written.
pub fn run(global: &Global, args: &Export) -> Result<(), Stop> {
    let place = Place::of(global)?;
    let path = match &args.file {
        Some(file) => place::absolute(file)?,
        None => place.state_dir().join(format!("export-{}.partial", std::process::id())),
    };
    let (deps, by) = open::existing(&place)?;
    let mut progress = Progress::new("identities");
    let credentials = args.include_credentials;
    let done = transfer::export_with(&deps, &by, &path, credentials, &mut |n| progress.at(n, None));
    drop(progress);
    let count = done?;
    if args.file.is_some() {
        output::note("The file is confidential.");
        return output::print(&format!("{count} identities\n"));
    }
    let file = File::open(&path);
    // The name goes first, so that no interruption leaves the file behind.
    let _ = fs::remove_file(&path);
    let mut file = file.map_err(|error| Stop::file("read", &path, &error))?;
    io::copy(&mut file, &mut io::stdout().lock())?;
    Ok(())
}
