//! The history: reading it, verifying it, signing its state.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::listing::{after, page_size, token};
use super::{Caller, Page};
use crate::app::Deps;
use crate::domain::ledger::event::{Event, Outcome};
use crate::domain::ledger::{EventType, StoredEntry};
use crate::error::{Error, ErrorCode};
use crate::store::Change;
use crate::store::sql::ledger::{self, Of};

/// Which entries; every condition that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// About this identity.
    pub principal: Option<Uuid>,
    /// Of this type, or of a family written as `user.*`.
    pub kind: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// 1 to 500.
    pub page_size: Option<u64>,
    /// What the page before gave.
    pub page_token: Option<String>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its place.
    pub seq: u64,
    /// Its exact canonical JSON.
    pub json: String,
}

/// A signed state of the ledger, and the key that checks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointInfo {
    /// The signed note (C2SP tlog-checkpoint).
    pub note: String,
    /// The verifier key (C2SP signed-note).
    pub verifier_key: String,
    /// How many entries it covers.
    pub size: u64,
    /// The root over them, in hex.
    pub root: String,
}

/// How many entries are read at once while a filter is applied.
const BATCH: u64 = 500;

/// A page of entries, newest first.
///
/// # Errors
/// `Invalid` for a type, size or token that does not exist.
pub fn list(d: &Deps, filter: &EventFilter) -> Result<Page<EventRow>, Error> {
    let size = page_size(filter.page_size)?;
    let kinds = filter.kind.as_deref().map(kinds).transpose()?;
    let mut before = match after(filter.page_token.as_deref())? {
        0 => u64::MAX >> 1,
        seq => seq.unsigned_abs(),
    };
    let of = match (&filter.principal, kinds.as_deref()) {
        (Some(id), _) => Of::Principal(*id),
        (None, Some([kind])) => Of::Type(kind.as_str()),
        _ => Of::All,
    };
    let mut items: Vec<EventRow> = Vec::new();
    d.store.read(|tx| {
        loop {
            let batch = ledger::newest(tx, of, before, BATCH)?;
            let last = (batch.len() as u64) < BATCH;
            for entry in batch {
                before = entry.seq;
                match fits(&entry, filter, kinds.as_deref())? {
                    Fit::Yes => items.push(EventRow { seq: entry.seq, json: entry.json }),
                    Fit::No => {}
                    Fit::Older => return Ok::<_, Error>(()),
                }
                if items.len() as u64 > size {
                    return Ok(());
                }
            }
            if last {
                return Ok(());
            }
        }
    })?;
    let more = items.len() as u64 > size;
    items.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let next_page_token = items
        .last()
        .filter(|_| more)
        .map(|last| token(i64::try_from(last.seq).unwrap_or(i64::MAX)));
    Ok(Page { items, next_page_token })
}

enum Fit {
    Yes,
    No,
    /// Before the window, and so is everything after it.
    Older,
}

fn fits(
    entry: &StoredEntry,
    filter: &EventFilter,
    kinds: Option<&[EventType]>,
) -> Result<Fit, Error> {
    let unreadable = || {
        let message = format!("Ledger entry {} cannot be read; run audit-verify.", entry.seq);
        Error::new(ErrorCode::Corrupt, message)
    };
    let fields: Value = serde_json::from_str(&entry.json).map_err(|_| unreadable())?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let time: Timestamp = text("time").parse().map_err(|_| unreadable())?;
    if filter.since.is_some_and(|since| time < since) {
        // The clock may have been set back by an hour at worst; beyond that nothing older follows.
        let margin = jiff::SignedDuration::from_hours(1);
        let cut = filter.since.and_then(|since| since.checked_sub(margin).ok());
        return Ok(if cut.is_some_and(|cut| time < cut) { Fit::Older } else { Fit::No });
    }
    let in_time = filter.until.is_none_or(|until| time < until);
    let right_kind =
        kinds.is_none_or(|kinds| kinds.iter().any(|kind| kind.as_str() == text("type")));
    Ok(if in_time && right_kind { Fit::Yes } else { Fit::No })
}

fn kinds(pattern: &str) -> Result<Vec<EventType>, Error> {
    let wanted: Vec<EventType> = match pattern.strip_suffix(".*") {
        Some(family) => {
            let begins = format!("{family}.");
            EventType::ALL
                .iter()
                .filter(|kind| kind.as_str().starts_with(&begins))
                .copied()
                .collect()
        }
        None => EventType::parse(pattern).into_iter().collect(),
    };
    if wanted.is_empty() {
        return Err(Error::new(
            ErrorCode::Invalid,
            "There is no such event type; a type looks like user.blocked, a family like user.*.",
        ));
    }
    Ok(wanted)
}

/// Records that an action ran, when nothing else did.
///
/// # Errors
/// A failure of the store.
pub fn record_action(d: &Deps, by: &Caller, outcome: Outcome) -> Result<(), Error> {
    let Some(event) = by.action_event() else { return Ok(()) };
    let event = if outcome == Outcome::Success { event } else { event.failed() };
    d.store.write(&by.author(), |_| Ok::<_, Error>(Change::of((), event, [])))
}

/// Signs the entries that no checkpoint covers yet, if there are any (AL-08).
///
/// # Errors
/// A failure of the store or of the signing key.
pub fn cover(d: &Deps) -> Result<(), Error> {
    d.store.checkpoint()?;
    Ok(())
}

/// Signs the present state of the ledger and records that it was handed out.
///
/// # Errors
/// A failure of the store or of the signing key.
pub fn checkpoint(d: &Deps, by: &Caller) -> Result<CheckpointInfo, Error> {
    let key = d.ledger_key()?;
    let (size, root, _) = d.store.read(ledger::size_and_root)?;
    d.store.write(&by.author(), |_| {
        let event = Event::new(EventType::LedgerCheckpointExported)
            .data("size", size)
            .data("root", hex::encode(root));
        Ok::<_, Error>(by.change((), event, Vec::new()))
    })?;
    let made = d.store.checkpoint()?.ok_or_else(|| {
        Error::new(ErrorCode::NotReady, "The ledger has no key to sign a checkpoint with.")
    })?;
    let origin = d.store.read(ledger::origin)?;
    let verifier_key = key.verifier_key(&origin).map_err(|error| {
        Error::new(ErrorCode::Internal, "The verifier key cannot be written down.").because(error)
    })?;
    Ok(CheckpointInfo {
        note: made.note,
        verifier_key,
        size: made.size,
        root: hex::encode(made.root),
    })
}
