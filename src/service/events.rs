//! The history, page by page.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::Page;
use super::listing::{after, token};
use crate::app::Deps;
use crate::domain::ledger::event::Outcome;
use crate::domain::ledger::{EventType, StoredEntry};
use crate::error::{Error, ErrorCode};
use crate::store::Tx;
use crate::store::sql::ledger::{self, Of};

/// How many entries a page has when nothing is said.
pub const PAGE_SIZE: u64 = 50;
/// How many it has at the most.
pub const PAGE_SIZE_MAX: u64 = 1000;
/// How many entries are looked at for one page. What only few entries fit would otherwise read the
/// whole ledger; such a page is short, or even empty, and says that there is more.
const LOOKED_AT_MAX: u64 = 20_000;
/// How many entries are read at once.
const BATCH: u64 = 500;
/// How far a clock may have been set back. Beyond it, what comes later was made later.
const MARGIN: SignedDuration = SignedDuration::from_hours(1);

/// Which entries; every condition that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// About this identity.
    pub principal: Option<Uuid>,
    /// Of one of these types, or of a family written as `user.*`; of any type when empty.
    pub kinds: Vec<String>,
    /// By this actor's id.
    pub actor: Option<String>,
    /// In this realm.
    pub realm: Option<String>,
    /// About this application.
    pub client: Option<String>,
    /// In this session.
    pub session: Option<String>,
    /// Of this request or task.
    pub tx: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// 1 to [`PAGE_SIZE_MAX`].
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

/// A page of entries, newest first.
///
/// # Errors
/// `Invalid` for a type, size or token that does not exist.
pub fn list(d: &Deps, filter: &EventFilter) -> Result<Page<EventRow>, Error> {
    let size = page_size(filter.page_size)?;
    let source = Source { principal: filter.principal, kinds: kinds(&filter.kinds)? };
    let start = after(filter.page_token.as_deref())?.unsigned_abs();
    let mut page = Page { items: Vec::new(), next_page_token: None };
    d.store.read(|tx| {
        let mut before = if start == 0 { newest_start(tx, filter)? } else { start };
        let mut looked_at = 0;
        loop {
            let batch = source.batch(tx, before, BATCH.min(size + 1))?;
            looked_at += batch.len() as u64;
            if batch.is_empty() {
                return Ok::<_, Error>(());
            }
            for entry in batch {
                match fits(&entry, filter, &source.kinds)? {
                    Fit::Older => return Ok(()),
                    Fit::No => {}
                    Fit::Yes if page.items.len() as u64 == size => {
                        page.next_page_token = Some(token_before(before));
                        return Ok(());
                    }
                    Fit::Yes => page.items.push(EventRow { seq: entry.seq, json: entry.json }),
                }
                before = entry.seq;
            }
            if looked_at >= LOOKED_AT_MAX && before > 0 {
                page.next_page_token = Some(token_before(before));
                return Ok(());
            }
        }
    })?;
    Ok(page)
}

fn page_size(asked: Option<u64>) -> Result<u64, Error> {
    match asked {
        None => Ok(PAGE_SIZE),
        Some(size @ 1..=PAGE_SIZE_MAX) => Ok(size),
        Some(_) => {
            Err(Error::new(ErrorCode::Invalid, format!("A page has 1 to {PAGE_SIZE_MAX} entries.")))
        }
    }
}

fn token_before(seq: u64) -> String {
    token(i64::try_from(seq).unwrap_or(i64::MAX))
}

/// Where entries are drawn from: the most selective index serves them, newest first.
struct Source {
    principal: Option<Uuid>,
    /// Any, when empty.
    kinds: Vec<EventType>,
}

impl Source {
    fn batch(&self, tx: &Tx<'_>, before: u64, limit: u64) -> Result<Vec<StoredEntry>, Error> {
        if let Some(id) = self.principal {
            return Ok(ledger::newest(tx, Of::Principal(id), before, limit)?);
        }
        if self.kinds.is_empty() || self.kinds.len() == EventType::ALL.len() {
            return Ok(ledger::newest(tx, Of::All, before, limit)?);
        }
        let mut all = Vec::new();
        for kind in &self.kinds {
            all.extend(ledger::newest(tx, Of::Type(kind.as_str()), before, limit)?);
        }
        // The newest of all kinds are among the newest of each.
        all.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.seq));
        all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(all)
    }
}

/// Below which entry the search begins: with an end in time, not at the newest one.
fn newest_start(tx: &Tx<'_>, filter: &EventFilter) -> Result<u64, Error> {
    let size = ledger::size_and_root(tx)?.0;
    let Some(end) = filter.until.and_then(|until| until.checked_add(MARGIN).ok()) else {
        return Ok(size);
    };
    let (mut low, mut high) = (0, size);
    while low < high {
        let middle = low + (high - low) / 2;
        match ledger::time_of(tx, middle)? {
            Some(time) if time < end => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

enum Fit {
    Yes,
    No,
    /// Before the window, and so is everything after it.
    Older,
}

fn fits(entry: &StoredEntry, filter: &EventFilter, kinds: &[EventType]) -> Result<Fit, Error> {
    let unreadable = || {
        let message = format!("Ledger entry {} cannot be read; run audit-verify.", entry.seq);
        Error::new(ErrorCode::Corrupt, message)
    };
    let fields: Value = serde_json::from_str(&entry.json).map_err(|_| unreadable())?;
    let text = |pointer: &str| fields.pointer(pointer).and_then(Value::as_str);
    let time: Timestamp = text("/time").unwrap_or_default().parse().map_err(|_| unreadable())?;
    if filter.since.is_some_and(|since| time < since) {
        let cut = filter.since.and_then(|since| since.checked_sub(MARGIN).ok());
        return Ok(if cut.is_some_and(|cut| time < cut) { Fit::Older } else { Fit::No });
    }
    let wanted = [
        ("/actor/id", filter.actor.as_deref()),
        ("/realm", filter.realm.as_deref()),
        ("/client", filter.client.as_deref()),
        ("/session", filter.session.as_deref()),
        ("/tx", filter.tx.as_deref()),
        ("/outcome", filter.outcome.map(Outcome::as_str)),
    ];
    let same = |(pointer, wanted): &(&str, Option<&str>)| {
        wanted.is_none_or(|wanted| text(pointer) == Some(wanted))
    };
    let kind = text("/type").unwrap_or_default();
    let right_kind = kinds.is_empty() || kinds.iter().any(|one| one.as_str() == kind);
    let in_time = filter.until.is_none_or(|until| time < until);
    Ok(if in_time && right_kind && wanted.iter().all(same) { Fit::Yes } else { Fit::No })
}

fn kinds(patterns: &[String]) -> Result<Vec<EventType>, Error> {
    let mut wanted = Vec::new();
    for pattern in patterns {
        let known = wanted.len();
        match pattern.strip_suffix(".*") {
            Some(family) => {
                let begins = format!("{family}.");
                wanted
                    .extend(EventType::ALL.iter().filter(|one| one.as_str().starts_with(&begins)));
            }
            None => wanted.extend(EventType::parse(pattern)),
        }
        if wanted.len() == known {
            return Err(Error::new(
                ErrorCode::Invalid,
                "There is no such event type; a type looks like user.blocked, a family like user.*.",
            ));
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    Ok(wanted)
}
