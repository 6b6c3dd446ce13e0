//! `doorward audit prune`: the oldest entries go.

use serde_json::json;

use super::list::time;
use crate::cli::args::{Global, Prune};
use crate::cli::exit::Stop;
use crate::cli::place::Place;
use crate::cli::{open, output};
use crate::service::pruning::{self, Before};

/// Drops them, or says which would go.
///
/// # Errors
/// When there is no database, or nothing that can go.
pub fn run(global: &Global, args: &Prune) -> Result<(), Stop> {
    let usage = || Stop::Usage("--until takes a time such as 2030-01-31T08:00:00Z".to_owned());
    let until = time("--until", Some(&args.until))?.ok_or_else(usage)?;
    let before = Before::Time(until);
    let done = if args.dry_run {
        pruning::preview(&open::untouched(&Place::of(global)?)?, before)?
    } else {
        let (deps, by) = open::existing(&Place::of(global)?)?;
        let done = pruning::prune(&deps, &by, before, "request")?;
        while pruning::step(&deps)? {}
        done
    };
    if args.json {
        let document = json!({
            "before": done.before, "count": done.count, "disclosures": done.disclosures,
            "root": done.root, "held": done.held,
            "kept_since": done.kept_since.map(|time| time.to_string()),
        });
        return output::print(&format!("{document}\n"));
    }
    let verb = if args.dry_run { "would go" } else { "are gone" };
    let (count, values) = (done.count, done.disclosures);
    output::print(&format!("{count} entries and {values} personal values {verb}\n"))?;
    output::print(&format!("The ledger is kept from entry {} on\n", done.before))?;
    if done.held {
        output::note("More would go if nobody's personal values were held.");
    }
    Ok(())
}
