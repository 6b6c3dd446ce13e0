//! `doorward audit list`: entries of the ledger, the newest first.

use jiff::Timestamp;
use serde_json::Value;

use crate::cli::args::{Global, List};
use crate::cli::exit::Stop;
use crate::cli::place::Place;
use crate::cli::{open, output};
use crate::service::ledger::{self, EventFilter, EventRow};

/// Prints a page of entries.
///
/// # Errors
/// When a filter is malformed or there is no database.
pub fn run(global: &Global, args: &List) -> Result<(), Stop> {
    let filter = filter(args)?;
    let deps = open::untouched(&Place::of(global)?)?;
    let page = ledger::list(&deps, &filter)?;
    if args.json {
        for entry in &page.items {
            output::print(&format!("{}\n", entry.json))?;
        }
    } else {
        let rows: Vec<Vec<String>> = page.items.iter().map(row).collect();
        let header = ["Entry", "Time", "Type", "Outcome", "Actor", "Identity"];
        output::print(&output::table(&header, &rows))?;
    }
    if let Some(token) = page.next_page_token {
        output::note(&format!("There is more: --page-token {token}"));
    }
    Ok(())
}

fn filter(args: &List) -> Result<EventFilter, Stop> {
    let principal = args.identity.as_deref().map(|id| {
        id.parse().map_err(|_| Stop::Usage(format!("--identity takes an id (a UUID), not {id:?}")))
    });
    let kinds = args
        .kind
        .iter()
        .map(|kind| if kind.contains('.') { kind.clone() } else { format!("{kind}.*") })
        .collect();
    Ok(EventFilter {
        principal: principal.transpose()?,
        kinds,
        since: time("--since", args.since.as_deref())?,
        until: time("--until", args.until.as_deref())?,
        page_size: Some(u64::from(args.limit)),
        page_token: args.page_token.clone(),
        ..EventFilter::default()
    })
}

pub(super) fn time(flag: &str, text: Option<&str>) -> Result<Option<Timestamp>, Stop> {
    let parse = |text: &str| {
        text.parse().map_err(|_| {
            Stop::Usage(format!("{flag} takes a time such as 2030-01-31T08:00:00Z, not {text:?}"))
        })
    };
    text.map(parse).transpose()
}

fn row(entry: &EventRow) -> Vec<String> {
    let fields: Value = serde_json::from_str(&entry.json).unwrap_or_default();
    let text = |pointer: &str| {
        output::visible(fields.pointer(pointer).and_then(Value::as_str).unwrap_or("-"))
    };
    vec![
        entry.seq.to_string(),
        text("/time"),
        text("/type"),
        text("/outcome"),
        format!("{}:{}", text("/actor/kind"), text("/actor/id")),
        text("/principal"),
    ]
}
