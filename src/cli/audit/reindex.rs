//! `doorward audit reindex`: the index that the history is searched by is made again.

use crate::cli::args::{Global, Reindex};
use crate::cli::exit::Stop;
use crate::cli::place::Place;
use crate::cli::{open, output};
use crate::service::reindex::reindex;

/// Makes what is missing of it.
///
/// # Errors
/// When there is no database.
pub fn run(global: &Global, _: &Reindex) -> Result<(), Stop> {
    let (deps, by) = open::existing(&Place::of(global)?)?;
    let count = reindex(&deps, &by)?;
    output::print(&format!("{count} marks were missing and are there again\n"))
}
