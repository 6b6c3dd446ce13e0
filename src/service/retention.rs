//! How long personal values of the ledger are kept.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::Value;

use super::Caller;
use super::events::place_of;
use crate::app::Deps;
use crate::config::PersonalRule;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::{Actor, ActorKind, Event};
use crate::error::Error;
use crate::store::sql::personal::{self, Aged};
use crate::store::sql::{ledger, pruning};
use crate::store::{Change, Tx, WriteTx};

/// Values that one step looks at (AL-25).
const BATCH: u64 = 1000;

/// Removes some personal values that have had their time; says whether there may be more.
///
/// # Errors
/// A failure of the store.
pub fn step(d: &Deps) -> Result<bool, Error> {
    super::pruning::by_age(d)?;
    for rule in d.options.retention.personal_rules() {
        if one(d, &rule)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The beginning of the day so many days ago. Whole days, so that a busy ledger records one removal
/// a day and not one a minute.
pub(super) fn days_before(now: Timestamp, days: u32) -> Option<Timestamp> {
    let today = now.to_zoned(TimeZone::UTC).start_of_day().ok()?;
    Some(today.checked_sub(i64::from(days).days()).ok()?.timestamp())
}

fn one(d: &Deps, rule: &PersonalRule) -> Result<bool, Error> {
    let Some(then) = days_before(d.clock.now(), rule.days) else { return Ok(false) };
    let (from, end) = d.store.read(|tx| window(tx, rule, then))?;
    if from >= end {
        return Ok(false);
    }
    let by = Caller::local(Actor::new(ActorKind::System, "retention"));
    d.store
        .write(&by.author(), |tx| {
            let (from, end) = window(tx, rule, then)?;
            let batch = personal::between(tx, from, end, BATCH)?;
            let full = batch.len() as u64 >= BATCH;
            // The last entry may have more values than fit; the next step begins with it.
            let last = batch.last().map_or(0, |last| last.place.seq);
            let done = if full && batch.first().is_some_and(|first| first.place.seq < last) {
                last
            } else if full {
                last + 1
            } else {
                end
            };
            let removed = remove(tx, rule, batch.iter().filter(|one| one.place.seq < done))?;
            personal::set_done(tx, &rule.name, &rule.text(), done)?;
            let more = done < end;
            let Some((first, count)) = removed else {
                return Ok(Change::none((more, Some(done))));
            };
            let event = Event::new(EventType::LedgerRedacted)
                .data("count", count)
                .data("from", first)
                .data("to", done)
                .data("reason", "retention")
                .data("families", rule.families.clone())
                .data("except", rule.except.clone());
            Ok::<_, Error>(by.change((more, None), event, []))
        })
        .and_then(|(more, done)| {
            // What looked at values and removed none changed nobody's data, and takes no entry.
            if let Some(done) = done {
                d.store.scratch(|tx| personal::set_done(tx, &rule.name, &rule.text(), done))?;
            }
            Ok(more)
        })
}

/// The entries whose values may have had their time.
fn window(tx: &Tx<'_>, rule: &PersonalRule, then: Timestamp) -> Result<(u64, u64), Error> {
    let (size, begin) = (ledger::size_and_root(tx)?.0, pruning::kept_from(tx)?);
    let done = personal::done(tx, &rule.name, &rule.text())?;
    Ok((done.max(begin), place_of(tx, begin, size, then)?))
}

/// Removes the values that the rule is about and nobody holds; gives the first entry that lost one,
/// and how many were lost.
fn remove<'a>(
    tx: &WriteTx<'_>,
    rule: &PersonalRule,
    batch: impl Iterator<Item = &'a Aged>,
) -> Result<Option<(u64, u64)>, Error> {
    let holds: BTreeSet<String> = personal::holds(tx)?.iter().map(ToString::to_string).collect();
    let mut removed: Option<(u64, u64)> = None;
    for one in batch {
        let family = one.kind.split('.').next().unwrap_or_default();
        if !rule.covers(family) || is_held(&holds, &one.json) {
            continue;
        }
        personal::remove(tx, &one.place)?;
        let (first, count) = removed.unwrap_or((one.place.seq, 0));
        removed = Some((first, count + 1));
    }
    Ok(removed)
}

fn is_held(holds: &BTreeSet<String>, json: &str) -> bool {
    if holds.is_empty() {
        return false;
    }
    let entry: Value = serde_json::from_str(json).unwrap_or_default();
    ["/principal", "/actor/id"].iter().any(|place| {
        entry.pointer(place).and_then(Value::as_str).is_some_and(|id| holds.contains(id))
    })
}
