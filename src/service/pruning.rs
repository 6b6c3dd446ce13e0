//! Dropping the oldest entries. Only what a checkpoint covers can go; its tree stays, so that the
//! rest proves itself as before.

use jiff::{SignedDuration, Timestamp};

use super::Caller;
use super::events::place_of;
use crate::app::Deps;
use crate::audit::proof;
use crate::domain::ledger::event::{Actor, ActorKind, Event};
use crate::domain::ledger::{EventType, Frontier};
use crate::error::{Error, ErrorCode};
use crate::store::Tx;
use crate::store::sql::pruning::Base;
use crate::store::sql::{ledger, personal, pruning};

/// Rows that one step removes at the most (AL-25).
const BATCH: u64 = 1000;
/// How young an entry may not be that goes (AL-25).
const YOUNGEST: SignedDuration = SignedDuration::from_hours(24);

/// Which entries shall go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Those before this one.
    Entry(u64),
    /// Those made before this time.
    Time(Timestamp),
}

/// What pruning takes away, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruning {
    /// The first entry that is kept: the size of a checkpoint.
    pub before: u64,
    /// How many entries go.
    pub count: u64,
    /// How many personal values go with them.
    pub disclosures: u64,
    /// The root over everything before the first entry that is kept, in hex.
    pub root: String,
    /// When the first entry that is kept was made.
    pub kept_since: Option<Timestamp>,
    /// Whether somebody's personal values are held in entries that would go otherwise.
    pub held: bool,
}

/// What would go.
///
/// # Errors
/// `Corrupt` when the ledger does not prove itself.
pub fn preview(d: &Deps, before: Before) -> Result<Pruning, Error> {
    let latest = latest(d);
    d.store.read(|tx| {
        let planned = plan(tx, before, latest)?.0;
        counted(tx, planned)
    })
}

/// With the personal values counted, for which everything that goes is looked through.
fn counted(tx: &Tx<'_>, planned: Pruning) -> Result<Pruning, Error> {
    let disclosures = pruning::disclosures_in(tx, planned.before - planned.count, planned.before)?;
    Ok(Pruning { disclosures, ..planned })
}

/// Drops entries: at once from every list and proof, and within minutes from the disk.
///
/// # Errors
/// `Invalid` when none can go, `Corrupt` when the ledger does not prove itself.
pub fn prune(d: &Deps, by: &Caller, before: Before, reason: &str) -> Result<Pruning, Error> {
    // Each deletion is on the list outside the database before its entry can go.
    super::gone::missing(d)?;
    let seen = preview(d, before)?;
    let latest = latest(d);
    let pruning = d.store.write(&by.author(), |tx| {
        let (pruning, base) = plan(tx, before, latest)?;
        let Some(base) = base else {
            let message = "No entry can be pruned: only entries that are older than a day, that a \
                           checkpoint covers and that belong to nobody whose values are held can.";
            return Err(Error::new(ErrorCode::Invalid, message));
        };
        pruning::set_base(tx, &base)?;
        let event = Event::new(EventType::LedgerPruned)
            .data("before", pruning.before)
            .data("count", pruning.count)
            .data("reason", reason)
            .data("root", pruning.root.as_str());
        Ok(by.change(pruning, event, []))
    })?;
    // Counted before, when nobody who writes had to wait for that.
    let pruning = if seen.before == pruning.before {
        Pruning { disclosures: seen.disclosures, ..pruning }
    } else {
        d.store.read(|tx| counted(tx, pruning))?
    };
    // A signature over the record itself: without one an old copy could do without it.
    d.store.checkpoint()?;
    Ok(pruning)
}

/// Prunes what `retention_leaves` says, if there is anything.
pub(super) fn by_age(d: &Deps) -> Result<(), Error> {
    let Some(age) = d.options.retention.leaves() else { return Ok(()) };
    let Some(then) = super::retention::days_before(d.clock.now(), age) else { return Ok(()) };
    let (before, latest) = (Before::Time(then), latest(d));
    if d.store.read(|tx| Ok::<_, Error>(plan(tx, before, latest)?.1.is_none()))? {
        return Ok(());
    }
    let by = Caller::local(Actor::new(ActorKind::System, "retention"));
    prune(d, &by, before, "retention").map(drop)
}

/// Removes a few rows of what was pruned; says whether there may be more.
///
/// # Errors
/// A failure of the store.
pub fn step(d: &Deps) -> Result<bool, Error> {
    Ok(d.store.scratch(|tx| pruning::remove(tx, BATCH))?)
}

fn latest(d: &Deps) -> Timestamp {
    d.clock.now().checked_sub(YOUNGEST).unwrap_or(Timestamp::MIN)
}

/// What goes, and where the ledger begins then, unless nothing does.
fn plan(tx: &Tx<'_>, before: Before, latest: Timestamp) -> Result<(Pruning, Option<Base>), Error> {
    let (size, begin) = (ledger::size_and_root(tx)?.0, pruning::kept_from(tx)?);
    let asked = match before {
        Before::Entry(seq) => seq,
        Before::Time(time) => place_of(tx, begin, size, time)?,
    };
    let free = asked.min(place_of(tx, begin, size, latest)?);
    let mut most = free;
    for id in personal::holds(tx)? {
        most = most.min(personal::first_of(tx, id, begin)?.unwrap_or(most));
    }
    let edge = pruning::signed_edge(tx, most)?.filter(|edge| edge.size() > begin);
    let end = edge.as_ref().map_or(begin, Frontier::size);
    let base = match edge {
        None => None,
        Some(frontier) => {
            // Never throw away what would have shown that it was altered.
            if proof::root(tx, end)? != frontier.root() {
                return Err(crate::audit::AuditError::Tree.into());
            }
            let leaf = ledger::leaves(tx, end - 1, 1)?;
            let leaf = *leaf.first().ok_or(crate::audit::AuditError::Tree)?;
            Some(Base { frontier, leaf })
        }
    };
    let root = match &base {
        Some(base) => hex::encode(base.frontier.root()),
        None => String::new(),
    };
    let pruning = Pruning {
        before: end,
        count: end - begin,
        disclosures: 0,
        root,
        kept_since: ledger::time_of(tx, end)?,
        held: most < free,
    };
    Ok((pruning, base))
}
