//! Erasing what the ledger knows of somebody who was deleted, and holding it where the law says so.
//!
//! The entries stay as they are: they hold digests of personal values only, and the values lie
//! beside them.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::events::{EventFilter, EventRow};
use super::{Caller, Page, events, gone};
use crate::app::Deps;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::{Actor, ActorKind, Event};
use crate::error::{Error, ErrorCode};
use crate::store::sql::personal;
use crate::store::{Change, Tx, WriteTx};

/// How long after a deletion personal values go (aac-users section 2.4).
pub const DELAY: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Values that one transaction removes at the most.
const BATCH: u64 = 500;
/// How many erasures to come are listed.
const LISTED: u64 = 1000;

/// When the personal values of somebody who is deleted go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Erase {
    /// After [`DELAY`].
    #[default]
    Later,
    /// At once.
    Now,
}

/// What an erasure did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// How many values are gone.
    pub count: u64,
    /// Whether nothing of them is left in the log of the database either. Somebody who reads for a
    /// long time can be in the way; it is tried again every minute.
    pub wiped: bool,
}

/// Erasures that were done and that are to come.
#[derive(Clone, Debug)]
pub struct Erasures {
    /// The entries that record them, newest first.
    pub done: Page<EventRow>,
    /// Who is to be erased, and when; the next first.
    pub waiting: Vec<(Uuid, Timestamp)>,
}

/// When values go of somebody who is deleted now.
pub(super) fn due(d: &Deps, erase: Erase) -> Timestamp {
    let now = d.clock.now();
    match erase {
        Erase::Now => now,
        Erase::Later => now.checked_add(DELAY).unwrap_or(now),
    }
}

/// Plans the erasure of somebody who is being deleted; says for when.
pub(super) fn plan(tx: &WriteTx<'_>, id: Uuid, due: Timestamp) -> Result<Timestamp, Error> {
    personal::schedule(tx, id, due)?;
    Ok(due)
}

/// Erases every personal value of somebody who was deleted: as the one concerned and as the one who
/// acted.
///
/// # Errors
/// `NotFound` for somebody the ledger does not know, `Conflict` for somebody who is not deleted or
/// whose values are held.
pub fn erase(d: &Deps, by: &Caller, id: Uuid) -> Result<Erased, Error> {
    d.store.read(|tx| {
        may_erase(tx, id)?;
        must_be_known(tx, id)
    })?;
    let count = all(d, by, id, "request")?;
    Ok(Erased { count, wiped: d.store.wipe_log()? })
}

/// Erases somebody again whose values an older database brought back; says how many.
pub(super) fn erase_again(d: &Deps, by: &Caller, id: Uuid) -> Result<u64, Error> {
    all(d, by, id, "restored")
}

fn all(d: &Deps, by: &Caller, id: Uuid, reason: &str) -> Result<u64, Error> {
    let mut count = 0;
    loop {
        let (removed, more) = batch(d, by, id, reason)?;
        count += removed;
        if !more {
            return Ok(count);
        }
    }
}

fn may_erase(tx: &Tx<'_>, id: Uuid) -> Result<(), Error> {
    if super::identities::exists(tx, id)? {
        let message = "This person is not deleted. Delete the identity first.";
        return Err(Error::new(ErrorCode::Conflict, message));
    }
    if personal::held_since(tx, id)?.is_some() {
        let message = "The personal values of this person are held. Release them first.";
        return Err(Error::new(ErrorCode::Conflict, message));
    }
    Ok(())
}

fn must_be_known(tx: &Tx<'_>, id: Uuid) -> Result<(), Error> {
    if personal::is_known(tx, id)? {
        return Ok(());
    }
    Err(Error::new(ErrorCode::NotFound, "The ledger knows nobody with this id."))
}

/// Removes some values and records that they are gone; says how many, and whether there may be more.
fn batch(d: &Deps, by: &Caller, id: Uuid, reason: &str) -> Result<(u64, bool), Error> {
    let by = by.noting();
    // Looked up before, because who acted much has many entries without a value that is left.
    let places = d.store.read(|tx| personal::of(tx, id, BATCH))?;
    let done = d.store.write(&by.author(), |tx| {
        may_erase(tx, id)?;
        let mut count = 0_u64;
        for place in &places {
            count += u64::from(personal::remove(tx, place)?);
        }
        let more = places.len() as u64 >= BATCH;
        if !more {
            personal::unschedule(tx, id)?;
        }
        let event = Event::new(EventType::UserErased)
            .principal(id)
            .data("count", count)
            .data("reason", reason);
        // Where it came from would be a personal value of the erased.
        let change = match by.action_event() {
            Some(run) => Change::of((count, more), run, [event]),
            None => Change::of((count, more), event, []),
        };
        Ok::<_, Error>(change.noted(by.places.clone()))
    })?;
    gone::note(d, by.places.as_ref());
    Ok(done)
}

/// Erases somebody whose time has come; says whether there may be more.
///
/// # Errors
/// A failure of the store.
pub fn step(d: &Deps) -> Result<bool, Error> {
    let now = d.clock.now();
    let Some(id) = d.store.read(|tx| personal::due(tx, now))? else { return Ok(false) };
    let by = Caller::local(Actor::new(ActorKind::System, "erasure"));
    let (_, more) = batch(d, &by, id, "deleted")?;
    if !more {
        d.store.wipe_log()?;
    }
    Ok(true)
}

/// What was erased since a time, and who is to be erased. After a backup was restored, whatever was
/// erased after it must be erased again.
///
/// # Errors
/// `Invalid` for a token that does not exist.
pub fn list(
    d: &Deps,
    since: Option<Timestamp>,
    page_token: Option<String>,
) -> Result<Erasures, Error> {
    let filter = EventFilter {
        kinds: vec![EventType::UserErased.as_str().to_owned()],
        since,
        page_size: Some(events::PAGE_SIZE_MAX),
        page_token,
        ..EventFilter::default()
    };
    let done = events::list(d, &filter)?;
    let waiting = d.store.read(|tx| personal::waiting(tx, Timestamp::MIN, LISTED))?;
    Ok(Erasures { done, waiting })
}

/// Keeps the personal values of somebody, deleted or not, whatever retention and erasure say; says
/// whether they were not held yet.
///
/// # Errors
/// `NotFound` for somebody the ledger does not know.
pub fn hold(d: &Deps, by: &Caller, id: Uuid, reason: Option<&str>) -> Result<bool, Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        must_be_known(tx, id)?;
        if !personal::hold(tx, id, now)? {
            return Ok(Change::none(false));
        }
        let event = Event::new(EventType::UserHeld).principal(id).personal("note", reason);
        Ok(by.change(true, event, []))
    })
}

/// Ends that: what would have gone meanwhile goes soon. Says whether they were held.
///
/// # Errors
/// A failure of the store.
pub fn release(d: &Deps, by: &Caller, id: Uuid, reason: Option<&str>) -> Result<bool, Error> {
    d.store.write(&by.author(), |tx| {
        if !personal::release(tx, id)? {
            return Ok(Change::none(false));
        }
        personal::begin_again(tx)?;
        let event = Event::new(EventType::UserReleased).principal(id).personal("note", reason);
        Ok::<_, Error>(by.change(true, event, []))
    })
}

/// Whose values are held.
///
/// # Errors
/// A failure of the store.
pub fn held(d: &Deps) -> Result<Vec<Uuid>, Error> {
    Ok(d.store.read(personal::holds)?)
}

/// Since when the values of somebody are held, and when they are to be erased.
///
/// # Errors
/// A failure of the store.
pub fn state(d: &Deps, id: Uuid) -> Result<(Option<Timestamp>, Option<Timestamp>), Error> {
    d.store.read(|tx| Ok((personal::held_since(tx, id)?, personal::due_at(tx, id)?)))
}
