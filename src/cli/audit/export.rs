//! `doorward audit export`: the ledger in files that can be verified on any machine.

use crate::cli::args::{AuditExport, Global};
use crate::cli::exit::Stop;
use crate::cli::open;
use crate::cli::output::{self, Progress};
use crate::cli::place::{self, Place};
use crate::service::verification;

/// Writes the files and says how many entries they hold.
///
/// # Errors
/// When there is no database, or a file exists or cannot be written.
pub fn run(global: &Global, args: &AuditExport) -> Result<(), Stop> {
    let file = place::absolute(&args.file)?;
    if file.exists() {
        return Err(Stop::Failed(format!("{} exists already; name another file", file.display())));
    }
    let (deps, by) = open::existing(&Place::of(global)?)?;
    let mut progress = Progress::new("entries written");
    let mut show = |done, of| progress.at(done, of);
    let done = verification::export(&deps, &by, &file, args.disclosures, &mut show);
    drop(progress);
    let done = done?;
    output::print(&format!("{} entries\n", done.size - done.pruned))
}
