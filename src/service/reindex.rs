//! Making the index again that the history is searched by, where it was altered.

use super::Caller;
use crate::app::Deps;
use crate::audit::index::Index;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::Error;
use crate::store::sql::{ledger, pruning};

/// Entries that are looked at in one transaction.
const BATCH: u64 = 500;

/// Writes the marks that entries lack; says how many. Those that are there stay: one too many makes a
/// search slower and its result no different.
///
/// # Errors
/// A failure of the store.
pub fn reindex(d: &Deps, by: &Caller) -> Result<u64, Error> {
    let (mut index, mut count) = (Index::default(), 0);
    let mut from = d.store.read(pruning::kept_from)?;
    loop {
        let (lacking, last) = d.store.read_long(|tx| {
            let stretch = ledger::stretch(tx, from, BATCH)?;
            Ok::<_, Error>((index.look(tx, &stretch)?, stretch.ends().map(|(_, last)| last)))
        })?;
        if !lacking.is_empty() {
            count += lacking.len() as u64;
            d.store.scratch(|tx| {
                lacking.iter().try_for_each(|one| pruning::mend(tx, one.what, &one.value, one.run))
            })?;
        }
        let Some(last) = last else { break };
        from = last + 1;
    }
    if count == 0 {
        return Ok(0);
    }
    d.store.scratch(pruning::open_realm)?;
    d.store.write(&by.author(), |_| {
        let event = Event::new(EventType::LedgerReindexed).data("count", count);
        Ok::<_, Error>(by.change(count, event, []))
    })
}
