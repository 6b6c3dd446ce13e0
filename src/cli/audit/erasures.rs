//! `doorward audit erasures`: whose personal values are gone, and whose will be.

use serde_json::Value;

use super::list::time;
use crate::cli::args::{Erasures, Global};
use crate::cli::exit::Stop;
use crate::cli::place::Place;
use crate::cli::{open, output};
use crate::service::erasure;

/// Prints them.
///
/// # Errors
/// When a filter is malformed or there is no database.
pub fn run(global: &Global, args: &Erasures) -> Result<(), Stop> {
    let since = time("--since", args.since.as_deref())?;
    let deps = open::untouched(&Place::of(global)?)?;
    let found = erasure::list(&deps, since, args.page_token.clone())?;
    if args.json {
        for entry in &found.done.items {
            output::print(&format!("{}\n", entry.json))?;
        }
    } else {
        let mut rows = Vec::new();
        for entry in &found.done.items {
            let fields: Value = serde_json::from_str(&entry.json).unwrap_or_default();
            let text = |pointer: &str| {
                output::visible(fields.pointer(pointer).and_then(Value::as_str).unwrap_or("-"))
            };
            let count = fields.pointer("/data/count").map(ToString::to_string);
            rows.push(vec![text("/principal"), text("/time"), count.unwrap_or_default()]);
        }
        for (id, at) in &found.waiting {
            rows.push(vec![id.to_string(), at.to_string(), "waiting".to_owned()]);
        }
        output::print(&output::table(&["Identity", "Time", "Values"], &rows))?;
    }
    if let Some(token) = found.done.next_page_token {
        output::note(&format!("There is more: --page-token {token}"));
    }
    Ok(())
}
