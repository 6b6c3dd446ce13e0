//! `doorward audit repeat-erasures`: who was deleted or erased since a backup that was restored goes
//! again.

use serde_json::json;

use crate::cli::args::{Global, RepeatErasures};
use crate::cli::exit::Stop;
use crate::cli::place::{self, Place};
use crate::cli::{open, output};
use crate::service::gone;

/// Deletes and erases them, or says who they are.
///
/// # Errors
/// When there is no database, or the list or the file cannot be read.
pub fn run(global: &Global, args: &RepeatErasures) -> Result<(), Stop> {
    let from = args.from.as_deref().map(place::absolute).transpose()?;
    let (deps, by) = open::existing(&Place::of(global)?)?;
    if let Some(from) = from {
        let learnt = gone::learn(&deps.state_dir, &from)?;
        output::note(&format!("{learnt} deletions and erasures were not on the list before"));
    }
    if args.dry_run {
        return show(&gone::missing(&deps)?, args.json);
    }
    let done = gone::again(&deps, &by)?;
    if args.json {
        let document =
            json!({"deleted": done.deleted, "erased": done.erased, "values": done.values});
        return output::print(&format!("{document}\n"));
    }
    output::print(&format!(
        "{} people were deleted again, and {} personal values of {} erased\n",
        done.deleted, done.values, done.erased
    ))
}

fn show(missing: &[gone::Departed], as_json: bool) -> Result<(), Stop> {
    if as_json {
        for one in missing {
            let deleted = one.deleted.map(|time| time.to_string());
            let line = json!({"id": one.id, "deleted": deleted, "erased": one.erased});
            output::print(&format!("{line}\n"))?;
        }
        return Ok(());
    }
    let row = |one: &gone::Departed| {
        let deleted = one.deleted.map_or_else(|| "-".to_owned(), |time| time.to_string());
        vec![one.id.to_string(), deleted, if one.erased { "yes" } else { "no" }.to_owned()]
    };
    let rows: Vec<_> = missing.iter().map(row).collect();
    output::print(&output::table(&["Identity", "Deleted", "Erased"], &rows))
}
